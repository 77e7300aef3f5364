-- What people said and decided on the pages stays as it was.

CREATE TRIGGER billing_finding_notes_refuse_update BEFORE UPDATE ON billing_finding_notes
BEGIN
    SELECT RAISE(ABORT, 'billing_finding_notes is append-only');
END;

CREATE TRIGGER billing_finding_notes_refuse_delete BEFORE DELETE ON billing_finding_notes
BEGIN
    SELECT RAISE(ABORT, 'billing_finding_notes is append-only');
END;

CREATE TRIGGER billing_mapping_decisions_refuse_update BEFORE UPDATE ON billing_mapping_decisions
BEGIN
    SELECT RAISE(ABORT, 'billing_mapping_decisions is append-only');
END;

CREATE TRIGGER billing_mapping_decisions_refuse_delete BEFORE DELETE ON billing_mapping_decisions
BEGIN
    SELECT RAISE(ABORT, 'billing_mapping_decisions is append-only');
END;
