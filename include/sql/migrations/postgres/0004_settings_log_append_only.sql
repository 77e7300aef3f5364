-- Who ran with which settings stays as it was.

CREATE TRIGGER billing_settings_log_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_settings_log
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
