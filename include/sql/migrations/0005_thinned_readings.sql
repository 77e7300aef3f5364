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
