-- The settings under which integrations ran.

-- name: settings_log_last
-- Reads the latest settings of an integration.
SELECT integration, seq, run_key, started_by, at, settings
FROM billing_settings_log
WHERE integration = :integration
ORDER BY seq DESC
LIMIT 1;

-- name: settings_log_add
-- Adds settings after the latest ones; two runs that start at once cannot both be the next.
INSERT INTO billing_settings_log (integration, seq, run_key, started_by, at, settings)
VALUES (:integration, :seq, :run_key, :started_by, :at, :settings);

-- name: settings_log_read
-- Reads all settings of an integration, oldest first.
SELECT integration, seq, run_key, started_by, at, settings
FROM billing_settings_log
WHERE integration = :integration
ORDER BY seq;
