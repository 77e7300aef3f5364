-- The settings under which DAGs ran.

-- name: settings_log_last
-- Reads the latest settings of a DAG.
SELECT dag_id, seq, run_key, started_by, at, settings
FROM billing_settings_log
WHERE dag_id = :dag_id
ORDER BY seq DESC
LIMIT 1;

-- name: settings_log_add
-- Adds settings after the latest ones; two runs that start at once cannot both be the next.
INSERT INTO billing_settings_log (dag_id, seq, run_key, started_by, at, settings)
VALUES (:dag_id, :seq, :run_key, :started_by, :at, :settings);

-- name: settings_log_read
-- Reads all settings of a DAG, oldest first.
SELECT dag_id, seq, run_key, started_by, at, settings
FROM billing_settings_log
WHERE dag_id = :dag_id
ORDER BY seq;
