-- Who ran with which settings stays as it was.

CREATE TRIGGER billing_settings_log_refuse_update BEFORE UPDATE ON billing_settings_log
BEGIN
    SELECT RAISE(ABORT, 'billing_settings_log is append-only');
END;

CREATE TRIGGER billing_settings_log_refuse_delete BEFORE DELETE ON billing_settings_log
BEGIN
    SELECT RAISE(ABORT, 'billing_settings_log is append-only');
END;
