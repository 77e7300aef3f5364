-- The tables of the ledger. Everything but findings, runs, managed lines and locks is written once.

-- Which ledger this is: one row, made with the tables, so that tasks of one run notice when they open different ones.
CREATE TABLE billing_ledger_identity (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    ledger_id TEXT NOT NULL
);

CREATE TABLE billing_snapshots (
    snapshot_id      TEXT PRIMARY KEY,
    integration      TEXT NOT NULL,
    source           TEXT NOT NULL,
    period_start     TEXT NOT NULL,
    period_end       TEXT NOT NULL,
    taken_at         TEXT NOT NULL,
    complete         INTEGER NOT NULL CHECK (complete IN (0, 1)),
    incomplete_why   TEXT NOT NULL,
    record_count     INTEGER NOT NULL,
    malformed_count  INTEGER NOT NULL,
    failed_customers TEXT NOT NULL,
    control_total    TEXT,
    digest           TEXT NOT NULL,
    origin           TEXT NOT NULL
);

-- Every pull, also one that found what was stored before: which integration saw which content when.
CREATE TABLE billing_snapshot_pulls (
    snapshot_id TEXT NOT NULL REFERENCES billing_snapshots (snapshot_id),
    integration TEXT NOT NULL,
    taken_at    TEXT NOT NULL,
    PRIMARY KEY (snapshot_id, integration, taken_at)
);

CREATE INDEX billing_snapshot_pulls_of_integration ON billing_snapshot_pulls (integration, taken_at);

CREATE TABLE billing_usage_records (
    snapshot_id        TEXT NOT NULL REFERENCES billing_snapshots (snapshot_id),
    row_no             INTEGER NOT NULL,
    source             TEXT NOT NULL,
    position           TEXT NOT NULL,
    record_id          TEXT NOT NULL,
    customer_code      TEXT NOT NULL,
    customer_name      TEXT NOT NULL,
    billing_identifier TEXT NOT NULL,
    sku                TEXT NOT NULL,
    description        TEXT NOT NULL,
    summary            TEXT NOT NULL,
    term               TEXT NOT NULL,
    billing_cycle      TEXT NOT NULL,
    item_id            TEXT NOT NULL,
    kind               TEXT NOT NULL CHECK (kind IN ('recurring', 'usage', 'setup', 'credit', 'unknown')),
    quantity           TEXT,
    assigned           TEXT,
    enabled            TEXT,
    total              TEXT,
    unit               TEXT NOT NULL,
    unit_cost          TEXT,
    unit_price         TEXT,
    currency           TEXT NOT NULL,
    billable           INTEGER NOT NULL CHECK (billable IN (0, 1)),
    period_start       TEXT,
    period_end         TEXT,
    actor              TEXT NOT NULL,
    plan               TEXT NOT NULL,
    attributes         TEXT NOT NULL,
    total_cost         TEXT,
    total_price        TEXT,
    covers_from        TEXT,
    covers_until       TEXT,
    PRIMARY KEY (snapshot_id, row_no)
);

CREATE TABLE billing_charge_sets (
    charge_set_id  TEXT PRIMARY KEY,
    snapshot_id    TEXT NOT NULL,
    rules_digest   TEXT NOT NULL,
    rules_source   TEXT NOT NULL,
    rows_in        INTEGER NOT NULL,
    rows_counted   INTEGER NOT NULL,
    rows_excluded  INTEGER NOT NULL,
    charge_count   INTEGER NOT NULL,
    effects        TEXT NOT NULL,
    held_customers TEXT NOT NULL
);

CREATE TABLE billing_charge_lines (
    charge_set_id      TEXT NOT NULL REFERENCES billing_charge_sets (charge_set_id),
    charge_no          INTEGER NOT NULL,
    customer_code      TEXT NOT NULL,
    customer_name      TEXT NOT NULL,
    billing_identifier TEXT NOT NULL,
    sku                TEXT NOT NULL,
    term               TEXT NOT NULL,
    billing_cycle      TEXT NOT NULL,
    item_id            TEXT NOT NULL,
    description        TEXT NOT NULL,
    summary            TEXT NOT NULL,
    unit               TEXT NOT NULL,
    quantity           TEXT NOT NULL,
    unit_cost          TEXT,
    unit_price         TEXT,
    currency           TEXT NOT NULL,
    record_count       INTEGER NOT NULL,
    attributes         TEXT NOT NULL,
    total_cost         TEXT,
    total_price        TEXT,
    steps              TEXT NOT NULL,
    PRIMARY KEY (charge_set_id, charge_no)
);

CREATE TABLE billing_row_outcomes (
    charge_set_id TEXT NOT NULL REFERENCES billing_charge_sets (charge_set_id),
    row_no        INTEGER NOT NULL,
    position      TEXT NOT NULL,
    charge_no     INTEGER,
    quantity      TEXT,
    rule          TEXT NOT NULL,
    reason        TEXT NOT NULL,
    cost          TEXT,
    PRIMARY KEY (charge_set_id, row_no)
);

CREATE TABLE billing_diffs (
    digest          TEXT PRIMARY KEY,
    integration     TEXT NOT NULL,
    psa             TEXT NOT NULL,
    tenant          TEXT NOT NULL,
    period_start    TEXT NOT NULL,
    period_end      TEXT NOT NULL,
    timezone        TEXT NOT NULL,
    complete        INTEGER NOT NULL CHECK (complete IN (0, 1)),
    applicable      INTEGER NOT NULL CHECK (applicable IN (0, 1)),
    unchanged_count INTEGER NOT NULL,
    inputs          TEXT NOT NULL,
    strategy        TEXT NOT NULL,
    snapshot_id     TEXT NOT NULL,
    charge_set_id   TEXT NOT NULL,
    counts          TEXT NOT NULL,
    totals          TEXT NOT NULL
);

-- Which runs came to which diff; the same content has the same digest whoever plans it.
CREATE TABLE billing_diff_runs (
    digest  TEXT NOT NULL REFERENCES billing_diffs (digest),
    run_key TEXT NOT NULL,
    PRIMARY KEY (digest, run_key)
);

CREATE TABLE billing_diff_changes (
    digest          TEXT NOT NULL REFERENCES billing_diffs (digest),
    row_no          INTEGER NOT NULL,
    change_id       TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('set_quantity', 'set_fields', 'add_line', 'zero', 'end_line')),
    customer_codes  TEXT NOT NULL,
    customer_names  TEXT NOT NULL,
    account_id      TEXT NOT NULL,
    account_name    TEXT NOT NULL,
    contract_id     TEXT NOT NULL,
    contract_name   TEXT NOT NULL,
    service_id      TEXT NOT NULL,
    service_name    TEXT NOT NULL,
    line_id         TEXT NOT NULL,
    skus            TEXT NOT NULL,
    quantity_before TEXT,
    quantity_after  TEXT NOT NULL,
    unit_cost       TEXT,
    unit_price      TEXT,
    effective_date  TEXT NOT NULL,
    line_version    TEXT NOT NULL,
    reason          TEXT NOT NULL,
    charge_nos      TEXT NOT NULL,
    fields          TEXT NOT NULL,
    held_by         TEXT NOT NULL,
    step            INTEGER NOT NULL,
    PRIMARY KEY (digest, row_no)
);

CREATE TABLE billing_diff_matched (
    digest        TEXT NOT NULL REFERENCES billing_diffs (digest),
    row_no        INTEGER NOT NULL,
    line_id       TEXT NOT NULL,
    contract_id   TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    service_id    TEXT NOT NULL,
    customer_code TEXT NOT NULL,
    sku           TEXT NOT NULL,
    quantity      TEXT NOT NULL,
    billing_cycle TEXT NOT NULL,
    holds_from    TEXT,
    last_day      TEXT,
    included      TEXT,
    charge_nos    TEXT NOT NULL,
    PRIMARY KEY (digest, row_no)
);

-- The contract lines that a plan saw, reached by usage or not, as they were before it.
CREATE TABLE billing_diff_lines (
    digest        TEXT NOT NULL REFERENCES billing_diffs (digest),
    row_no        INTEGER NOT NULL,
    line_id       TEXT NOT NULL,
    contract_id   TEXT NOT NULL,
    contract_name TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    account_name  TEXT NOT NULL,
    service_id    TEXT NOT NULL,
    service_name  TEXT NOT NULL,
    quantity      TEXT,
    unit_cost     TEXT,
    unit_price    TEXT,
    included      TEXT,
    last_day      TEXT,
    billable      INTEGER NOT NULL CHECK (billable IN (0, 1)),
    PRIMARY KEY (digest, row_no)
);

CREATE TABLE billing_diff_findings (
    digest     TEXT NOT NULL REFERENCES billing_diffs (digest),
    row_no     INTEGER NOT NULL,
    code       TEXT NOT NULL,
    number     INTEGER NOT NULL,
    level      TEXT NOT NULL CHECK (level IN ('verbose', 'info', 'warning', 'error')),
    scope      TEXT NOT NULL CHECK (scope IN ('run', 'customer', 'item', 'line')),
    subject    TEXT NOT NULL,
    message    TEXT NOT NULL,
    resolution TEXT NOT NULL,
    PRIMARY KEY (digest, row_no)
);

CREATE TABLE billing_approvals (
    digest     TEXT NOT NULL REFERENCES billing_diffs (digest),
    run_key    TEXT NOT NULL,
    decision   TEXT NOT NULL CHECK (decision IN ('approved', 'rejected', 'not_needed')),
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (digest, decided_at, run_key, decision, decided_by)
);

-- The journal: one row per step of one line change. hash = SHA-256 over prev_hash and every other column.
CREATE TABLE billing_journal (
    tenant          TEXT NOT NULL,
    seq             INTEGER NOT NULL,
    integration     TEXT NOT NULL,
    period_start    TEXT NOT NULL,
    run_key         TEXT NOT NULL,
    digest          TEXT NOT NULL,
    change_id       TEXT NOT NULL,
    line_id         TEXT NOT NULL,
    contract_id     TEXT NOT NULL,
    customer_codes  TEXT NOT NULL,
    skus            TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (
        state IN ('intended', 'sent', 'confirmed', 'verified', 'failed', 'unknown', 'stale', 'mismatch')
    ),
    at              TEXT NOT NULL,
    quantity_before TEXT,
    quantity_after  TEXT NOT NULL,
    observed        TEXT,
    request_id      TEXT NOT NULL,
    detail          TEXT NOT NULL,
    prev_hash       TEXT NOT NULL,
    hash            TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX billing_journal_of_diff ON billing_journal (digest);

CREATE INDEX billing_journal_of_period ON billing_journal (tenant, period_start, integration);

CREATE INDEX billing_journal_by_time ON billing_journal (tenant, at);

-- Where each tenant's chain ends; its row is the lock under which the chain grows.
CREATE TABLE billing_journal_heads (
    tenant TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL,
    hash   TEXT NOT NULL
);

CREATE TABLE billing_managed_lines (
    tenant        TEXT NOT NULL,
    integration   TEXT NOT NULL,
    line_id       TEXT NOT NULL,
    customer_code TEXT NOT NULL,
    sku           TEXT NOT NULL,
    contract_id   TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    service_id    TEXT NOT NULL,
    quantity      TEXT NOT NULL,
    period_start  TEXT NOT NULL,
    billing_cycle TEXT NOT NULL,
    holds_from    TEXT,
    last_day      TEXT,
    run_key       TEXT NOT NULL,
    confirmed_at  TEXT,
    PRIMARY KEY (tenant, integration, line_id)
);

-- The stages of a run that reported, in the order in which they first did; its row is the lock of a replacement.
CREATE TABLE billing_finding_stages (
    run_key  TEXT NOT NULL,
    stage    TEXT NOT NULL,
    stage_no INTEGER NOT NULL,
    PRIMARY KEY (run_key, stage)
);

CREATE TABLE billing_findings (
    run_key    TEXT NOT NULL,
    stage      TEXT NOT NULL,
    row_no     INTEGER NOT NULL,
    code       TEXT NOT NULL,
    number     INTEGER NOT NULL,
    level      TEXT NOT NULL CHECK (level IN ('verbose', 'info', 'warning', 'error')),
    scope      TEXT NOT NULL CHECK (scope IN ('run', 'customer', 'item', 'line')),
    subject    TEXT NOT NULL,
    message    TEXT NOT NULL,
    resolution TEXT NOT NULL,
    PRIMARY KEY (run_key, stage, row_no),
    FOREIGN KEY (run_key, stage) REFERENCES billing_finding_stages (run_key, stage)
);

CREATE TABLE billing_runs (
    run_key       TEXT PRIMARY KEY,
    integration   TEXT NOT NULL,
    tenant        TEXT NOT NULL,
    period_start  TEXT NOT NULL,
    period_end    TEXT NOT NULL,
    started_at    TEXT NOT NULL,
    finished_at   TEXT,
    result        TEXT CHECK (
        result IN (
            'Succeeded', 'Succeeded with warnings', 'Partly failed', 'Failed', 'Cancelled', 'Nothing to do'
        )
    ),
    failure_class TEXT NOT NULL,
    dry_run       INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
    digest        TEXT NOT NULL,
    counts        TEXT NOT NULL,
    summary       TEXT NOT NULL,
    mode          TEXT NOT NULL,
    started_by    TEXT NOT NULL,
    customers     TEXT NOT NULL,
    failed_only   INTEGER NOT NULL CHECK (failed_only IN (0, 1)),
    undoes        TEXT NOT NULL,
    attempts      INTEGER NOT NULL
);

-- What a run came to for each customer.
CREATE TABLE billing_run_customers (
    run_key       TEXT NOT NULL REFERENCES billing_runs (run_key),
    row_no        INTEGER NOT NULL,
    customer_code TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    result        TEXT NOT NULL,
    done          INTEGER NOT NULL,
    open          INTEGER NOT NULL,
    codes         TEXT NOT NULL,
    PRIMARY KEY (run_key, row_no)
);

CREATE INDEX billing_runs_of_integration ON billing_runs (integration, period_start);

-- One holder per tenant and period. The token only grows: a holder with an older one is fenced off. owner '' = free.
CREATE TABLE billing_locks (
    tenant       TEXT NOT NULL,
    period_start TEXT NOT NULL,
    owner        TEXT NOT NULL,
    token        INTEGER NOT NULL,
    ttl_s        INTEGER NOT NULL,
    expires_at   TEXT NOT NULL,
    PRIMARY KEY (tenant, period_start)
);

-- Written and emptied again to find out whether the ledger can be written.
CREATE TABLE billing_write_probe (
    probe TEXT PRIMARY KEY
);

-- Which process may have how many requests in flight: one row per slot of a PSA tenant and endpoint. owner '' = free.
CREATE TABLE billing_request_slots (
    tenant     TEXT NOT NULL,
    endpoint   TEXT NOT NULL,
    slot_no    INTEGER NOT NULL,
    owner      TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (tenant, endpoint, slot_no)
);

-- How many requests all processes together may have sent to a PSA tenant, by the minute in which they were set apart.
CREATE TABLE billing_request_counts (
    tenant   TEXT NOT NULL,
    minute   TEXT NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (tenant, minute)
);

-- The dataset of pending and posted billing items: when a run read it. Its row is the lock of a replacement.
CREATE TABLE billing_item_reads (
    run_key      TEXT PRIMARY KEY,
    integration  TEXT NOT NULL,
    tenant       TEXT NOT NULL,
    period_start TEXT NOT NULL,
    period_end   TEXT NOT NULL,
    taken_at     TEXT NOT NULL,
    posted       INTEGER NOT NULL,
    pending      INTEGER NOT NULL
);

CREATE INDEX billing_item_reads_of_period ON billing_item_reads (integration, period_start);

CREATE TABLE billing_items_of_runs (
    run_key        TEXT NOT NULL REFERENCES billing_item_reads (run_key),
    row_no         INTEGER NOT NULL,
    integration    TEXT NOT NULL,
    period_start   TEXT NOT NULL,
    period_end     TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('posted', 'pending')),
    billed_period  TEXT,
    module         TEXT NOT NULL,
    managed        INTEGER NOT NULL CHECK (managed IN (0, 1)),
    customer_code  TEXT NOT NULL,
    customer_name  TEXT NOT NULL,
    account_id     TEXT NOT NULL,
    account_name   TEXT NOT NULL,
    contract_id    TEXT NOT NULL,
    contract_name  TEXT NOT NULL,
    service_id     TEXT NOT NULL,
    service_name   TEXT NOT NULL,
    line_id        TEXT NOT NULL,
    sku            TEXT NOT NULL,
    quantity       TEXT,
    amount         TEXT,
    currency       TEXT NOT NULL,
    first_day      TEXT,
    last_day       TEXT,
    posted_on      TEXT,
    invoice_number TEXT NOT NULL,
    prorated       INTEGER NOT NULL CHECK (prorated IN (0, 1)),
    split_on       TEXT,
    PRIMARY KEY (run_key, row_no)
);

-- Sums of the items of a run by one thing, state and currency: SQL cannot add decimals that are text exactly.
CREATE TABLE billing_item_totals (
    run_key    TEXT NOT NULL REFERENCES billing_item_reads (run_key),
    row_no     INTEGER NOT NULL,
    grouped_by TEXT NOT NULL CHECK (grouped_by IN ('all', 'module', 'customer', 'service', 'period')),
    group_key  TEXT NOT NULL,
    label      TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('posted', 'pending')),
    currency   TEXT NOT NULL,
    items      INTEGER NOT NULL,
    quantity   TEXT NOT NULL,
    amount     TEXT NOT NULL,
    unpriced   INTEGER NOT NULL,
    PRIMARY KEY (run_key, row_no)
);
