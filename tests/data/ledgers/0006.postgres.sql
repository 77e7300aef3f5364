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

-- What was written stays as it was: approvals and journal are append-only, snapshots to diffs are never changed.

CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only or never changed', TG_TABLE_NAME;
END
$$;

CREATE FUNCTION billing_refuse_step_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq < OLD.seq THEN
        RAISE EXCEPTION '% is never shortened', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER billing_approvals_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_approvals
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_journal_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_journal
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_journal_heads_refuse_change BEFORE DELETE OR TRUNCATE ON billing_journal_heads
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_journal_heads_refuse_step_back BEFORE UPDATE ON billing_journal_heads
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_step_back();

CREATE TRIGGER billing_snapshots_refuse_change BEFORE UPDATE ON billing_snapshots
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_snapshot_pulls_refuse_change BEFORE UPDATE ON billing_snapshot_pulls
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_usage_records_refuse_change BEFORE UPDATE ON billing_usage_records
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_charge_sets_refuse_change BEFORE UPDATE ON billing_charge_sets
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_charge_lines_refuse_change BEFORE UPDATE ON billing_charge_lines
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_row_outcomes_refuse_change BEFORE UPDATE ON billing_row_outcomes
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_diffs_refuse_change BEFORE UPDATE ON billing_diffs
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_diff_runs_refuse_change BEFORE UPDATE ON billing_diff_runs
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_diff_changes_refuse_change BEFORE UPDATE ON billing_diff_changes
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_diff_matched_refuse_change BEFORE UPDATE ON billing_diff_matched
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_diff_lines_refuse_change BEFORE UPDATE ON billing_diff_lines
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_diff_findings_refuse_change BEFORE UPDATE ON billing_diff_findings
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

-- The settings under which a DAG ran, one row each time that they differ from those of the run before.
CREATE TABLE billing_settings_log (
    dag_id      TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    run_key     TEXT NOT NULL,
    started_by  TEXT NOT NULL,
    at          TEXT NOT NULL,
    settings    TEXT NOT NULL,
    PRIMARY KEY (dag_id, seq)
);

-- Who ran with which settings stays as it was.

CREATE TRIGGER billing_settings_log_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_settings_log
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

-- What retention took out of the ledger, and what of it was kept.

-- Of which contents rows are gone: the rows of a reading (usage), its charge lines (charges), the lines that a plan saw (lines).
CREATE TABLE billing_thinned (
    kind       TEXT NOT NULL CHECK (kind IN ('usage', 'charges', 'lines')),
    content_id TEXT NOT NULL,
    thinned_at TEXT NOT NULL,
    removed    INTEGER NOT NULL,
    PRIMARY KEY (kind, content_id)
);

-- The charge lines of thinned charge sets that stay, because something was written for them.
CREATE TABLE billing_kept_charges (
    charge_set_id TEXT NOT NULL REFERENCES billing_charge_sets (charge_set_id),
    charge_no     INTEGER NOT NULL,
    PRIMARY KEY (charge_set_id, charge_no)
);

CREATE INDEX billing_snapshots_of_period ON billing_snapshots (integration, period_start);

CREATE INDEX billing_diffs_of_snapshot ON billing_diffs (snapshot_id);

CREATE INDEX billing_charge_sets_of_snapshot ON billing_charge_sets (snapshot_id);

-- What the pages show that no single run's rows hold, and what people say on them.

-- Where an integration and period stands, as its last report found it. Replaced as a whole by the next one.
CREATE TABLE billing_gate_heads (
    integration    TEXT NOT NULL,
    period_start   TEXT NOT NULL,
    period_end     TEXT NOT NULL,
    tenant         TEXT NOT NULL,
    run_key        TEXT NOT NULL,
    digest         TEXT NOT NULL,
    why            TEXT NOT NULL,
    ready          INTEGER NOT NULL,
    held           INTEGER NOT NULL,
    failed         INTEGER NOT NULL,
    changes        INTEGER NOT NULL,
    changes_held   INTEGER NOT NULL,
    amount_changed TEXT NOT NULL,
    amount_held    TEXT NOT NULL,
    at             TEXT NOT NULL,
    PRIMARY KEY (integration, period_start)
);

CREATE TABLE billing_gate_customers (
    integration   TEXT NOT NULL,
    period_start  TEXT NOT NULL,
    row_no        INTEGER NOT NULL,
    customer_code TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('ready', 'held', 'failed')),
    reasons       TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    last_answer   TEXT NOT NULL,
    answered_at   TEXT,
    PRIMARY KEY (integration, period_start, row_no),
    FOREIGN KEY (integration, period_start) REFERENCES billing_gate_heads (integration, period_start)
);

-- The diff that was planned last for a period, by whichever run.
CREATE TABLE billing_last_plans (
    integration  TEXT NOT NULL,
    period_start TEXT NOT NULL,
    digest       TEXT NOT NULL,
    run_key      TEXT NOT NULL,
    PRIMARY KEY (integration, period_start)
);

-- The sums of a run that the dashboard shows: over all, and by module, customer and service.
CREATE TABLE billing_run_totals (
    run_key    TEXT NOT NULL,
    grouped_by TEXT NOT NULL CHECK (grouped_by IN ('all', 'module', 'customer', 'service')),
    group_key  TEXT NOT NULL,
    label      TEXT NOT NULL,
    lines      INTEGER NOT NULL,
    changes    INTEGER NOT NULL,
    held       INTEGER NOT NULL,
    quantity   TEXT NOT NULL,
    before     TEXT NOT NULL,
    after      TEXT NOT NULL,
    unpriced   INTEGER NOT NULL,
    PRIMARY KEY (run_key, grouped_by, group_key)
);

CREATE INDEX billing_item_totals_by_group ON billing_item_totals (run_key, grouped_by, state);

-- What each customer and SKU of an integration is mapped to, as its newest full run found it. Replaced as a whole.
CREATE TABLE billing_mapping_states (
    integration TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('customer', 'service')),
    subject     TEXT NOT NULL,
    name        TEXT NOT NULL,
    module      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('unmapped', 'conflict', 'ignored', 'mapped')),
    target      TEXT NOT NULL,
    target_name TEXT NOT NULL,
    code        TEXT NOT NULL,
    why         TEXT NOT NULL,
    offers      TEXT NOT NULL,
    lines       INTEGER NOT NULL,
    run_key     TEXT NOT NULL,
    PRIMARY KEY (integration, kind, subject)
);

CREATE INDEX billing_mapping_states_by_target ON billing_mapping_states (kind, target_name, target);

-- Whom a finding is about, and what tells it from others over periods: code, customer and subject without numbers.
ALTER TABLE billing_findings ADD COLUMN customer TEXT NOT NULL DEFAULT '';

ALTER TABLE billing_findings ADD COLUMN cause TEXT NOT NULL DEFAULT '';

CREATE INDEX billing_findings_by_cause ON billing_findings (cause);

-- Who looks after a finding, and what they say about it. Only ever added to: the last word counts.
CREATE TABLE billing_finding_notes (
    integration TEXT NOT NULL,
    cause       TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    owner       TEXT NOT NULL,
    note        TEXT NOT NULL,
    written_by  TEXT NOT NULL,
    written_at  TEXT NOT NULL,
    PRIMARY KEY (integration, cause, seq)
);

-- What people decided on the page of mappings. Only ever added to: the last decision about a thing counts.
CREATE TABLE billing_mapping_decisions (
    integration TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('customer', 'service')),
    subject     TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    decision    TEXT NOT NULL CHECK (decision IN ('map', 'ignore', 'withdraw')),
    target      TEXT NOT NULL,
    target_name TEXT NOT NULL,
    reason      TEXT NOT NULL,
    review_on   TEXT,
    decided_by  TEXT NOT NULL,
    decided_at  TEXT NOT NULL,
    PRIMARY KEY (integration, kind, subject, seq)
);

-- The stories of lines, customers and periods.
CREATE INDEX billing_runs_by_period ON billing_runs (period_start, integration);

CREATE INDEX billing_diffs_of_period ON billing_diffs (integration, period_start);

CREATE INDEX billing_diff_runs_of_run ON billing_diff_runs (run_key);

CREATE INDEX billing_diff_changes_of_line ON billing_diff_changes (line_id, digest);

CREATE INDEX billing_journal_of_line ON billing_journal (tenant, line_id);

CREATE INDEX billing_diff_changes_by_id ON billing_diff_changes (digest, change_id);

CREATE INDEX billing_diff_matched_of_line ON billing_diff_matched (line_id, digest);

CREATE INDEX billing_journal_of_change ON billing_journal (digest, change_id, seq, state);

CREATE TABLE billing_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL);

INSERT INTO billing_migrations (version, name, checksum, applied_at) VALUES (1, '0001_ledger', 'f2e57663114cf7db570bb146dd571422364726bd6398cf080fc4955ac45fdbbd', '2026-11-01T00:00:00.000000+00:00');

INSERT INTO billing_migrations (version, name, checksum, applied_at) VALUES (2, '0002_append_only', 'c530c257efc23e6528900558df0557302ca074ca5f475736ed7423bc32007ed4', '2026-11-01T00:00:00.000000+00:00');

INSERT INTO billing_migrations (version, name, checksum, applied_at) VALUES (3, '0003_settings_log', 'd5347e36b2fc38abc88c28b0e7fa56d40bf3f493771d513cd8a590774d12a83c', '2026-11-01T00:00:00.000000+00:00');

INSERT INTO billing_migrations (version, name, checksum, applied_at) VALUES (4, '0004_settings_log_append_only', 'eecf16b590d55c93faecf36067bc87a0b4a05665869183cbebfc6d82dc152458', '2026-11-01T00:00:00.000000+00:00');

INSERT INTO billing_migrations (version, name, checksum, applied_at) VALUES (5, '0005_thinned_readings', 'b9a87b4529db1996d758261d2972796ab38bc14cc8f7e4e337ee6152fd8dcf86', '2026-11-01T00:00:00.000000+00:00');

INSERT INTO billing_migrations (version, name, checksum, applied_at) VALUES (6, '0006_pages', 'fbf5478b148d912db6b302a75095df96380927e5737c945f3748ea753dbf0cc7', '2026-11-01T00:00:00.000000+00:00');

INSERT INTO billing_ledger_identity (only_row, ledger_id) VALUES (1, 'ffffffffffffffffffffffffffffffff');

INSERT INTO billing_charge_sets (charge_set_id, snapshot_id, rules_digest, rules_source, rows_in, rows_counted, rows_excluded, charge_count, effects, held_customers) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'rules.yaml', 3, 2, 1, 2, '[{"rule":"no trials","action":"exclude","rows_matched":1,"rows_excluded":1,"quantity_before":"1234567890123456789.123456789","quantity_after":"0","explanation":"Leaves out trials."}]', '[["BETA","row 9 belongs to another period"]]');

INSERT INTO billing_charge_sets (charge_set_id, snapshot_id, rules_digest, rules_source, rows_in, rows_counted, rows_excluded, charge_count, effects, held_customers) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'rules.yaml', 3, 2, 1, 2, '[{"rule":"no trials","action":"exclude","rows_matched":1,"rows_excluded":1,"quantity_before":"1234567890123456789.123456789","quantity_after":"0","explanation":"Leaves out trials."}]', '[["BETA","row 9 belongs to another period"]]');

INSERT INTO billing_diffs (digest, integration, psa, tenant, period_start, period_end, timezone, complete, applicable, unchanged_count, inputs, strategy, snapshot_id, charge_set_id, counts, totals) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'atria_to_kaseya_bms', 'kaseya_bms', 'kaseya_bms:acme@api.example.com', '2026-10-01', '2026-11-01', 'Europe/London', 1, 1, 3, '{"snapshot":"s","rules":"r","mappings":"m","policy":"p","live_lines":"l","tool_version":"1.0"}', 'line_api', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '[["add",1],["set",1]]', '[["price_delta","-20.5"],["quantity_delta","1234567890123456789.123456789"]]');

INSERT INTO billing_diffs (digest, integration, psa, tenant, period_start, period_end, timezone, complete, applicable, unchanged_count, inputs, strategy, snapshot_id, charge_set_id, counts, totals) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'atria_to_kaseya_bms', 'kaseya_bms', 'kaseya_bms:acme@api.example.com', '2026-10-01', '2026-11-01', 'Europe/London', 1, 1, 3, '{"snapshot":"s","rules":"r","mappings":"m","policy":"p","live_lines":"l","tool_version":"1.0"}', 'line_api', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '[["add",1],["set",1]]', '[["price_delta","-20.5"],["quantity_delta","1234567890123456789.123456789"]]');

INSERT INTO billing_finding_notes (integration, cause, seq, owner, note, written_by, written_at) VALUES ('atria_to_kaseya_bms', 'KS05:acme', 1, 'ben', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'ann', '2026-11-02T12:00:00.000000+00:00');

INSERT INTO billing_finding_stages (run_key, stage, stage_no) VALUES ('atria_to_kaseya_bms/run-1', 'map_and_diff', 1);

INSERT INTO billing_finding_stages (run_key, stage, stage_no) VALUES ('atria_to_kaseya_bms/run-1', 'report_run', 2);

INSERT INTO billing_gate_heads (integration, period_start, period_end, tenant, run_key, digest, why, ready, held, failed, changes, changes_held, amount_changed, amount_held, at) VALUES ('atria_to_kaseya_bms', '2026-10-01', '2026-11-01', 'kaseya_bms:acme@api.example.com', 'atria_to_kaseya_bms/run-1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '', 0, 1, 0, 1, 1, '1234567890123456789.123456789', '1234567890123456789.123456789', '2026-11-02T12:00:00.000000+00:00');

INSERT INTO billing_item_reads (run_key, integration, tenant, period_start, period_end, taken_at, posted, pending) VALUES ('atria_to_kaseya_bms/run-1', 'atria_to_kaseya_bms', 'kaseya_bms:acme@api.example.com', '2026-10-01', '2026-11-01', '2026-11-02T12:00:00.000000+00:00', 0, 1);

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('another tenant of a', 1, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms/run-1', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'lonely', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'intended', '2026-11-02T12:00:00.000000+00:00', '10', '12', '1234567890123456789.123456789', '', '', '0000000000000000000000000000000000000000000000000000000000000000', '0dda1f12d4d9bbac5791b83844b65d6981c7111bbac9ddaf78123f1614a32ff4');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('another tenant of b', 1, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms/run-1', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'lonely', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'intended', '2026-11-02T12:00:00.000000+00:00', '10', '12', '1234567890123456789.123456789', '', '', '0000000000000000000000000000000000000000000000000000000000000000', '49f22f8032b413f516b26c055ad9f367038f1ee5656c6cb9d7411a2f87c609c0');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 1, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms_changes/run-1', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'change-b', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'intended', '2026-10-23T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '0000000000000000000000000000000000000000000000000000000000000000', 'bfbc6fb13268724509741ec22ff37c965e45240a70badf2dccd635c560cd58ee');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 2, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms_changes/run-1', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'change-b', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'sent', '2026-10-23T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'bfbc6fb13268724509741ec22ff37c965e45240a70badf2dccd635c560cd58ee', 'be05f6b12134821e34bd9c47470ad56b30112a3ffa93eb1df98d09de90fa9c7c');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 3, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms_changes/run-1', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'change-b', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'confirmed', '2026-10-23T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'be05f6b12134821e34bd9c47470ad56b30112a3ffa93eb1df98d09de90fa9c7c', '5efd89f7f2fba20ce4f6e2355376e24fcab680acaf8344868ab622fda7cfe303');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 4, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms_changes/run-1', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'change-b', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'verified', '2026-10-23T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '5efd89f7f2fba20ce4f6e2355376e24fcab680acaf8344868ab622fda7cfe303', '340f2985bcf001ea945b3b8310a01adf0f0b806e8fbc8fc2588961b48d00d93e');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 5, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms/run-1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'change-a', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'intended', '2026-11-02T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '340f2985bcf001ea945b3b8310a01adf0f0b806e8fbc8fc2588961b48d00d93e', '38c25543e02078e145cd1c4e45546a94a4f74ac5ba7d6bd3ab4012c009fd8e6c');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 6, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms/run-1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'change-a', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'sent', '2026-11-02T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '38c25543e02078e145cd1c4e45546a94a4f74ac5ba7d6bd3ab4012c009fd8e6c', 'a3c32ace777989e9907d1a0224f59bb4074d894907a998a0727e148279bf7ea8');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 7, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms/run-1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'change-a', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'confirmed', '2026-11-02T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'a3c32ace777989e9907d1a0224f59bb4074d894907a998a0727e148279bf7ea8', '720ad1bb8a36a07a29c77ba1c6e6beac2d2fdf6efdb44973386aace2107db241');

INSERT INTO billing_journal (tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus, state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash) VALUES ('kaseya_bms:acme@api.example.com', 8, 'atria_to_kaseya_bms', '2026-10-01', 'atria_to_kaseya_bms/run-1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'change-a', 'line-1', '501', '["ACME","Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"]', '["O365-E3"]', 'verified', '2026-11-02T12:00:00.000000+00:00', '10', '12', NULL, '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '720ad1bb8a36a07a29c77ba1c6e6beac2d2fdf6efdb44973386aace2107db241', '475d9dad53dffb1a5fcb6c0c48bbfa7aa52aa32985b4699ebce776973f4ae0cc');

INSERT INTO billing_journal_heads (tenant, seq, hash) VALUES ('another tenant of a', 1, '0dda1f12d4d9bbac5791b83844b65d6981c7111bbac9ddaf78123f1614a32ff4');

INSERT INTO billing_journal_heads (tenant, seq, hash) VALUES ('another tenant of b', 1, '49f22f8032b413f516b26c055ad9f367038f1ee5656c6cb9d7411a2f87c609c0');

INSERT INTO billing_journal_heads (tenant, seq, hash) VALUES ('kaseya_bms:acme@api.example.com', 8, '475d9dad53dffb1a5fcb6c0c48bbfa7aa52aa32985b4699ebce776973f4ae0cc');

INSERT INTO billing_last_plans (integration, period_start, digest, run_key) VALUES ('atria_to_kaseya_bms', '2026-10-01', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'atria_to_kaseya_bms/run-1');

INSERT INTO billing_locks (tenant, period_start, owner, token, ttl_s, expires_at) VALUES ('kaseya_bms:acme@api.example.com', '2026-10-01', 'atria_to_kaseya_bms/run-1', 1, 60, '2026-11-02T12:01:00.000000+00:00');

INSERT INTO billing_locks (tenant, period_start, owner, token, ttl_s, expires_at) VALUES ('kaseya_bms:acme@api.example.com', '9999-12-31', '', 0, 0, '');

INSERT INTO billing_managed_lines (tenant, integration, line_id, customer_code, sku, contract_id, account_id, service_id, quantity, period_start, billing_cycle, holds_from, last_day, run_key, confirmed_at) VALUES ('kaseya_bms:acme@api.example.com', 'atria_to_kaseya_bms', 'line-1', 'ACME', 'O365-E3', '501', '17', '9', '12', '2026-10-01', 'monthly', NULL, NULL, 'atria_to_kaseya_bms/run-1', '2026-11-02T12:00:00.000000+00:00');

INSERT INTO billing_mapping_decisions (integration, kind, subject, seq, decision, target, target_name, reason, review_on, decided_by, decided_at) VALUES ('atria_to_kaseya_bms', 'customer', 'BETA', 1, 'ignore', '', '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '2026-11-01', 'ann', '2026-11-02T12:00:00.000000+00:00');

INSERT INTO billing_mapping_states (integration, kind, subject, name, module, state, target, target_name, code, why, offers, lines, run_key) VALUES ('atria_to_kaseya_bms', 'customer', 'BETA', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '', 'unmapped', '', '', 'KS22', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '[{"target":"801","shown":"Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é","score":90,"reason":"the names are alike"}]', 0, 'atria_to_kaseya_bms/run-1');

INSERT INTO billing_request_counts (tenant, minute, requests) VALUES ('autotask:acme.example@api.example.com', '2026-11-02T12:00:00.000000+00:00', 12);

INSERT INTO billing_request_slots (tenant, endpoint, slot_no, owner, expires_at) VALUES ('autotask:acme.example@api.example.com', '', 0, '', '');

INSERT INTO billing_request_slots (tenant, endpoint, slot_no, owner, expires_at) VALUES ('autotask:acme.example@api.example.com', 'Companies', 1, 'atria_to_kaseya_bms/run-1', '2026-11-02T12:01:00.000000+00:00');

INSERT INTO billing_request_slots (tenant, endpoint, slot_no, owner, expires_at) VALUES ('autotask:acme.example@api.example.com', 'Companies', 2, '', '');

INSERT INTO billing_request_slots (tenant, endpoint, slot_no, owner, expires_at) VALUES ('autotask:acme.example@api.example.com', 'Companies', 3, '', '');

INSERT INTO billing_run_totals (run_key, grouped_by, group_key, label, lines, changes, held, quantity, before, after, unpriced) VALUES ('atria_to_kaseya_bms/run-1', 'all', '', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 1, 1, 0, '1234567890123456789.123456789', '1234567890123456789.123456789', '1234567890123456789.123456789', 0);

INSERT INTO billing_runs (run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run, digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts) VALUES ('atria_to_kaseya_bms/run-1', 'atria_to_kaseya_bms', 'kaseya_bms:acme@api.example.com', '2026-10-01', '2026-11-01', '2026-11-02T12:00:00.000000+00:00', '2026-11-02T12:00:00.000000+00:00', 'Succeeded', '', 0, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '[["changes",1]]', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'scheduled', 'ann', '[]', 0, '', 1);

INSERT INTO billing_runs (run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run, digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts) VALUES ('atria_to_kaseya_bms_changes/run-1', 'atria_to_kaseya_bms', 'kaseya_bms:acme@api.example.com', '2026-10-01', '2026-11-01', '2026-11-02T12:00:00.000000+00:00', '2026-10-23T12:00:00.000000+00:00', 'Succeeded', '', 0, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '[]', '', 'in period', '', '[]', 0, '', 1);

INSERT INTO billing_settings_log (dag_id, seq, run_key, started_by, at, settings) VALUES ('atria_to_kaseya_bms', 1, 'atria_to_kaseya_bms/run-1', 'ann', '2026-11-02T12:00:00.000000+00:00', '[["psa","kaseya_bms"]]');

INSERT INTO billing_snapshots (snapshot_id, integration, source, period_start, period_end, taken_at, complete, incomplete_why, record_count, malformed_count, failed_customers, control_total, digest, origin) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'atria_to_kaseya_bms', 'atria', '2026-10-01', '2026-11-01', '2026-11-02T12:00:00.000000+00:00', 1, '', 3, 0, '[]', NULL, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'https://atria.example.com');

INSERT INTO billing_snapshots (snapshot_id, integration, source, period_start, period_end, taken_at, complete, incomplete_why, record_count, malformed_count, failed_customers, control_total, digest, origin) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'atria_to_kaseya_bms', 'atria', '2026-10-01', '2026-11-01', '2026-10-23T12:00:00.000000+00:00', 1, '', 3, 0, '[]', NULL, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'https://atria.example.com');

INSERT INTO billing_thinned (kind, content_id, thinned_at, removed) VALUES ('charges', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '2027-05-21T12:00:00.000000+00:00', 3);

INSERT INTO billing_thinned (kind, content_id, thinned_at, removed) VALUES ('lines', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '2027-05-21T12:00:00.000000+00:00', 2);

INSERT INTO billing_thinned (kind, content_id, thinned_at, removed) VALUES ('usage', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '2027-05-21T12:00:00.000000+00:00', 1);

INSERT INTO billing_approvals (digest, run_key, decision, decided_by, decided_at, note) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'atria_to_kaseya_bms/run-1', 'approved', 'ann', '2026-11-02T12:00:00.000000+00:00', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é');

INSERT INTO billing_charge_lines (charge_set_id, charge_no, customer_code, customer_name, billing_identifier, sku, term, billing_cycle, item_id, description, summary, unit, quantity, unit_cost, unit_price, currency, record_count, attributes, total_cost, total_price, steps) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'ACME', 'Acme Ltd', 'ACM001', 'O365-E3', 'monthly', 'monthly', 'sub-1', 'Office 365 E3', 'Office 365', 'seats', '12', NULL, '10.5', 'EUR', 1, '{}', NULL, NULL, '');

INSERT INTO billing_charge_lines (charge_set_id, charge_no, customer_code, customer_name, billing_identifier, sku, term, billing_cycle, item_id, description, summary, unit, quantity, unit_cost, unit_price, currency, record_count, attributes, total_cost, total_price, steps) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 2, 'ACME', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'ACM001', 'BACKUP', 'monthly', 'monthly', 'sub-1', 'Office 365 E3', 'Office 365', 'seats', '1234567890123456789.123456789', NULL, '10.5', 'EUR', 2, '{}', NULL, NULL, '');

INSERT INTO billing_charge_lines (charge_set_id, charge_no, customer_code, customer_name, billing_identifier, sku, term, billing_cycle, item_id, description, summary, unit, quantity, unit_cost, unit_price, currency, record_count, attributes, total_cost, total_price, steps) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2, 'ACME', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'ACM001', 'BACKUP', 'monthly', 'monthly', 'sub-1', 'Office 365 E3', 'Office 365', 'seats', '1234567890123456789.123456789', NULL, '10.5', 'EUR', 2, '{}', NULL, NULL, '');

INSERT INTO billing_diff_changes (digest, row_no, change_id, kind, customer_codes, customer_names, account_id, account_name, contract_id, contract_name, service_id, service_name, line_id, skus, quantity_before, quantity_after, unit_cost, unit_price, effective_date, line_version, reason, charge_nos, fields, held_by, step) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'change-a', 'set_quantity', '["ACME","BETA"]', '["Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é","Beta"]', '17', 'Acme', '501', 'Managed services', '9', 'O365-E3', 'line-1', '["O365-E3"]', '10', '12', NULL, '10.25', '2026-11-01', 'v1', '2 rows of O365-E3', '[2]', '[{"field":"invoice_text","before":null,"after":"Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"},{"field":"unit_cost","before":"0.05","after":"0.0612"}]', '["KS131"]', 0);

INSERT INTO billing_diff_changes (digest, row_no, change_id, kind, customer_codes, customer_names, account_id, account_name, contract_id, contract_name, service_id, service_name, line_id, skus, quantity_before, quantity_after, unit_cost, unit_price, effective_date, line_version, reason, charge_nos, fields, held_by, step) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 'change-b', 'set_quantity', '["ACME","BETA"]', '["Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é","Beta"]', '17', 'Acme', '501', 'Managed services', '9', 'O365-E3', 'line-1', '["O365-E3"]', '10', '12', NULL, '10.25', '2026-11-01', 'v1', '2 rows of O365-E3', '[2]', '[{"field":"invoice_text","before":null,"after":"Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"},{"field":"unit_cost","before":"0.05","after":"0.0612"}]', '["KS131"]', 0);

INSERT INTO billing_diff_findings (digest, row_no, code, number, level, scope, subject, message, resolution) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'KS05', 5, 'warning', 'customer', '[["account","Acme"],["customer","ACME"]]', 'No contract for Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'Create one.');

INSERT INTO billing_diff_findings (digest, row_no, code, number, level, scope, subject, message, resolution) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 2, 'KS01', 1, 'info', 'run', '[]', 'No contract for Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'Create one.');

INSERT INTO billing_diff_findings (digest, row_no, code, number, level, scope, subject, message, resolution) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 'KS05', 5, 'warning', 'customer', '[["account","Acme"],["customer","ACME"]]', 'No contract for Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'Create one.');

INSERT INTO billing_diff_findings (digest, row_no, code, number, level, scope, subject, message, resolution) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2, 'KS01', 1, 'info', 'run', '[]', 'No contract for Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'Create one.');

INSERT INTO billing_diff_lines (digest, row_no, line_id, contract_id, contract_name, account_id, account_name, service_id, service_name, quantity, unit_cost, unit_price, included, last_day, billable) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'line-1', '501', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '17', 'Acme', '9', 'O365-E3', '12', NULL, '10.5', NULL, '2026-11-01', 1);

INSERT INTO billing_diff_lines (digest, row_no, line_id, contract_id, contract_name, account_id, account_name, service_id, service_name, quantity, unit_cost, unit_price, included, last_day, billable) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 2, 'line-2', '501', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '17', 'Acme', '9', 'O365-E3', NULL, NULL, '10.5', NULL, '2026-11-01', 1);

INSERT INTO billing_diff_matched (digest, row_no, line_id, contract_id, account_id, service_id, customer_code, sku, quantity, billing_cycle, holds_from, last_day, included, charge_nos) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'line-1', '501', '17', '9', 'ACME', 'O365-E3', '12', 'monthly', NULL, NULL, '1234567890123456789.123456789', '1,2');

INSERT INTO billing_diff_matched (digest, row_no, line_id, contract_id, account_id, service_id, customer_code, sku, quantity, billing_cycle, holds_from, last_day, included, charge_nos) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 2, 'line-2', '501', '17', '9', 'ACME
BETA', 'O365-E3', '1234567890123456789.123456789', 'monthly', NULL, NULL, '1234567890123456789.123456789', '1,2');

INSERT INTO billing_diff_matched (digest, row_no, line_id, contract_id, account_id, service_id, customer_code, sku, quantity, billing_cycle, holds_from, last_day, included, charge_nos) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 'line-1', '501', '17', '9', 'ACME', 'O365-E3', '12', 'monthly', NULL, NULL, '1234567890123456789.123456789', '1,2');

INSERT INTO billing_diff_matched (digest, row_no, line_id, contract_id, account_id, service_id, customer_code, sku, quantity, billing_cycle, holds_from, last_day, included, charge_nos) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2, 'line-2', '501', '17', '9', 'ACME
BETA', 'O365-E3', '1234567890123456789.123456789', 'monthly', NULL, NULL, '1234567890123456789.123456789', '1,2');

INSERT INTO billing_diff_runs (digest, run_key) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'atria_to_kaseya_bms/run-1');

INSERT INTO billing_diff_runs (digest, run_key) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'atria_to_kaseya_bms_changes/run-1');

INSERT INTO billing_findings (run_key, stage, row_no, code, number, level, scope, subject, message, resolution, customer, cause) VALUES ('atria_to_kaseya_bms/run-1', 'map_and_diff', 1, 'KS05', 5, 'warning', 'customer', '[["account","Acme"],["customer","ACME"]]', 'No contract for Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'Create one.', 'ACME', '1a12d8aeda5a2fdf9b39');

INSERT INTO billing_findings (run_key, stage, row_no, code, number, level, scope, subject, message, resolution, customer, cause) VALUES ('atria_to_kaseya_bms/run-1', 'map_and_diff', 2, 'KS05', 5, 'warning', 'customer', '[["account","Acme"],["customer","ACME"]]', 'second', 'Create one.', 'ACME', '1a12d8aeda5a2fdf9b39');

INSERT INTO billing_gate_customers (integration, period_start, row_no, customer_code, customer_name, state, reasons, attempts, last_answer, answered_at) VALUES ('atria_to_kaseya_bms', '2026-10-01', 1, 'ACME', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'held', '[{"code":"KS05","words":"Robert''); DROP TABLE billing_journal;-- \"quoted\" %s %(x)s :name ? \\ \t 株式会社 🦊 é"}]', 2, 'HTTP 400', '2026-11-02T12:00:00.000000+00:00');

INSERT INTO billing_item_totals (run_key, row_no, grouped_by, group_key, label, state, currency, items, quantity, amount, unpriced) VALUES ('atria_to_kaseya_bms/run-1', 1, 'module', 'Datto RMM', 'Datto RMM', 'pending', 'EUR', 1, '12', '1234567890123456789.123456789', 0);

INSERT INTO billing_items_of_runs (run_key, row_no, integration, period_start, period_end, state, billed_period, module, managed, customer_code, customer_name, account_id, account_name, contract_id, contract_name, service_id, service_name, line_id, sku, quantity, amount, currency, first_day, last_day, posted_on, invoice_number, prorated, split_on) VALUES ('atria_to_kaseya_bms/run-1', 1, 'atria_to_kaseya_bms', '2026-10-01', '2026-11-01', 'pending', '2026-10-01', 'Datto RMM', 1, 'ACME', 'Acme Ltd', '801', 'Acme Ltd', '7001', 'Managed Services', '31', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', '8001', 'AllDevices', '12', '1234567890123456789.123456789', 'EUR', '2026-10-01', '2026-10-14', NULL, '', 1, '2026-10-15');

INSERT INTO billing_kept_charges (charge_set_id, charge_no) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2);

INSERT INTO billing_row_outcomes (charge_set_id, row_no, position, charge_no, quantity, rule, reason, cost) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'row 1', 1, '12', 'no trials', '', '12');

INSERT INTO billing_row_outcomes (charge_set_id, row_no, position, charge_no, quantity, rule, reason, cost) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 2, 'row 2', 2, '1234567890123456789.123456789', 'no trials', '', '1234567890123456789.123456789');

INSERT INTO billing_row_outcomes (charge_set_id, row_no, position, charge_no, quantity, rule, reason, cost) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 'row 3', NULL, NULL, 'no trials', 'no trials', NULL);

INSERT INTO billing_row_outcomes (charge_set_id, row_no, position, charge_no, quantity, rule, reason, cost) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2, 'row 2', 2, '1234567890123456789.123456789', 'no trials', '', '1234567890123456789.123456789');

INSERT INTO billing_run_customers (run_key, row_no, customer_code, customer_name, result, done, open, codes) VALUES ('atria_to_kaseya_bms/run-1', 1, 'ACME', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'done', 1, 0, '["KS05","KS14"]');

INSERT INTO billing_snapshot_pulls (snapshot_id, integration, taken_at) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'atria_to_kaseya_bms', '2026-11-02T12:00:00.000000+00:00');

INSERT INTO billing_snapshot_pulls (snapshot_id, integration, taken_at) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'atria_to_kaseya_bms', '2026-10-23T12:00:00.000000+00:00');

INSERT INTO billing_usage_records (snapshot_id, row_no, source, position, record_id, customer_code, customer_name, billing_identifier, sku, description, summary, term, billing_cycle, item_id, kind, quantity, assigned, enabled, total, unit, unit_cost, unit_price, currency, billable, period_start, period_end, actor, plan, attributes, total_cost, total_price, covers_from, covers_until) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'atria', 'row 1', 'r-1', 'ACME', 'Acme Ltd', 'ACM001', 'O365-E3', 'Office 365 E3: seats', 'Office 365', 'monthly', 'monthly', 'sub-1', 'recurring', '12', '11', NULL, NULL, 'seats', '8.1', NULL, 'EUR', 1, '2026-10-01', NULL, '', 'E3', '{"a":"1"}', NULL, NULL, NULL, NULL);

INSERT INTO billing_usage_records (snapshot_id, row_no, source, position, record_id, customer_code, customer_name, billing_identifier, sku, description, summary, term, billing_cycle, item_id, kind, quantity, assigned, enabled, total, unit, unit_cost, unit_price, currency, billable, period_start, period_end, actor, plan, attributes, total_cost, total_price, covers_from, covers_until) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 2, 'atria', 'row 2', 'r-1', 'BETA', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'ACM001', 'BACKUP', 'Office 365 E3: seats', 'Office 365', 'monthly', 'monthly', 'sub-1', 'recurring', '1234567890123456789.123456789', '11', NULL, NULL, 'seats', '8.1', NULL, 'EUR', 1, '2026-10-01', NULL, '', 'E3', '{}', NULL, NULL, NULL, NULL);

INSERT INTO billing_usage_records (snapshot_id, row_no, source, position, record_id, customer_code, customer_name, billing_identifier, sku, description, summary, term, billing_cycle, item_id, kind, quantity, assigned, enabled, total, unit, unit_cost, unit_price, currency, billable, period_start, period_end, actor, plan, attributes, total_cost, total_price, covers_from, covers_until) VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 'atria', 'row 3', 'r-1', 'BETA', 'Acme Ltd', 'ACM001', 'TRIAL', 'Office 365 E3: seats', 'Office 365', 'monthly', 'monthly', 'sub-1', 'recurring', NULL, '11', NULL, NULL, 'seats', '8.1', NULL, 'EUR', 0, '2026-10-01', NULL, '', 'E3', '{}', NULL, NULL, NULL, NULL);

INSERT INTO billing_usage_records (snapshot_id, row_no, source, position, record_id, customer_code, customer_name, billing_identifier, sku, description, summary, term, billing_cycle, item_id, kind, quantity, assigned, enabled, total, unit, unit_cost, unit_price, currency, billable, period_start, period_end, actor, plan, attributes, total_cost, total_price, covers_from, covers_until) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 'atria', 'row 1', 'r-1', 'ACME', 'Acme Ltd', 'ACM001', 'O365-E3', 'Office 365 E3: seats', 'Office 365', 'monthly', 'monthly', 'sub-1', 'recurring', '12', '11', NULL, NULL, 'seats', '8.1', NULL, 'EUR', 1, '2026-10-01', NULL, '', 'E3', '{"a":"1"}', NULL, NULL, NULL, NULL);

INSERT INTO billing_usage_records (snapshot_id, row_no, source, position, record_id, customer_code, customer_name, billing_identifier, sku, description, summary, term, billing_cycle, item_id, kind, quantity, assigned, enabled, total, unit, unit_cost, unit_price, currency, billable, period_start, period_end, actor, plan, attributes, total_cost, total_price, covers_from, covers_until) VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2, 'atria', 'row 2', 'r-1', 'BETA', 'Robert''); DROP TABLE billing_journal;-- "quoted" %s %(x)s :name ? \ 	 株式会社 🦊 é', 'ACM001', 'BACKUP', 'Office 365 E3: seats', 'Office 365', 'monthly', 'monthly', 'sub-1', 'recurring', '1234567890123456789.123456789', '11', NULL, NULL, 'seats', '8.1', NULL, 'EUR', 1, '2026-10-01', NULL, '', 'E3', '{}', NULL, NULL, NULL, NULL);
