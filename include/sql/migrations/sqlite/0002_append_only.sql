-- What was written stays as it was: approvals and journal are append-only, snapshots to diffs are never changed.

CREATE TRIGGER billing_approvals_refuse_update BEFORE UPDATE ON billing_approvals
BEGIN
    SELECT RAISE(ABORT, 'billing_approvals is append-only');
END;

CREATE TRIGGER billing_approvals_refuse_delete BEFORE DELETE ON billing_approvals
BEGIN
    SELECT RAISE(ABORT, 'billing_approvals is append-only');
END;

CREATE TRIGGER billing_journal_refuse_update BEFORE UPDATE ON billing_journal
BEGIN
    SELECT RAISE(ABORT, 'billing_journal is append-only');
END;

CREATE TRIGGER billing_journal_refuse_delete BEFORE DELETE ON billing_journal
BEGIN
    SELECT RAISE(ABORT, 'billing_journal is append-only');
END;

CREATE TRIGGER billing_journal_heads_refuse_delete BEFORE DELETE ON billing_journal_heads
BEGIN
    SELECT RAISE(ABORT, 'billing_journal_heads is never shortened');
END;

CREATE TRIGGER billing_journal_heads_refuse_step_back BEFORE UPDATE ON billing_journal_heads
WHEN NEW.seq < OLD.seq
BEGIN
    SELECT RAISE(ABORT, 'billing_journal_heads is never shortened');
END;

CREATE TRIGGER billing_snapshots_refuse_update BEFORE UPDATE ON billing_snapshots
BEGIN
    SELECT RAISE(ABORT, 'billing_snapshots is never changed');
END;

CREATE TRIGGER billing_snapshot_pulls_refuse_update BEFORE UPDATE ON billing_snapshot_pulls
BEGIN
    SELECT RAISE(ABORT, 'billing_snapshot_pulls is never changed');
END;

CREATE TRIGGER billing_usage_records_refuse_update BEFORE UPDATE ON billing_usage_records
BEGIN
    SELECT RAISE(ABORT, 'billing_usage_records is never changed');
END;

CREATE TRIGGER billing_charge_sets_refuse_update BEFORE UPDATE ON billing_charge_sets
BEGIN
    SELECT RAISE(ABORT, 'billing_charge_sets is never changed');
END;

CREATE TRIGGER billing_charge_lines_refuse_update BEFORE UPDATE ON billing_charge_lines
BEGIN
    SELECT RAISE(ABORT, 'billing_charge_lines is never changed');
END;

CREATE TRIGGER billing_row_outcomes_refuse_update BEFORE UPDATE ON billing_row_outcomes
BEGIN
    SELECT RAISE(ABORT, 'billing_row_outcomes is never changed');
END;

CREATE TRIGGER billing_diffs_refuse_update BEFORE UPDATE ON billing_diffs
BEGIN
    SELECT RAISE(ABORT, 'billing_diffs is never changed');
END;

CREATE TRIGGER billing_diff_runs_refuse_update BEFORE UPDATE ON billing_diff_runs
BEGIN
    SELECT RAISE(ABORT, 'billing_diff_runs is never changed');
END;

CREATE TRIGGER billing_diff_changes_refuse_update BEFORE UPDATE ON billing_diff_changes
BEGIN
    SELECT RAISE(ABORT, 'billing_diff_changes is never changed');
END;

CREATE TRIGGER billing_diff_matched_refuse_update BEFORE UPDATE ON billing_diff_matched
BEGIN
    SELECT RAISE(ABORT, 'billing_diff_matched is never changed');
END;

CREATE TRIGGER billing_diff_lines_refuse_update BEFORE UPDATE ON billing_diff_lines
BEGIN
    SELECT RAISE(ABORT, 'billing_diff_lines is never changed');
END;

CREATE TRIGGER billing_diff_findings_refuse_update BEFORE UPDATE ON billing_diff_findings
BEGIN
    SELECT RAISE(ABORT, 'billing_diff_findings is never changed');
END;
