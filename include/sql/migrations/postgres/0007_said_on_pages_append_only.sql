-- What people said and decided on the pages stays as it was.

CREATE TRIGGER billing_finding_notes_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_finding_notes
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE TRIGGER billing_mapping_decisions_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_mapping_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
