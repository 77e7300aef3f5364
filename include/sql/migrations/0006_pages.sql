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
