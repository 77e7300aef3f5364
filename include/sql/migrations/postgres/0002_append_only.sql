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
