-- Run history.

-- name: run_start
-- Opens a run, or opens it again: the first start stays, the attempts are counted.
INSERT INTO billing_runs (
    run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run,
    digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts
) VALUES (
    :run_key, :integration, :tenant, :period_start, :period_end, :started_at, :finished_at, :result, :failure_class,
    :dry_run, :digest, :counts, :summary, :mode, :started_by, :customers,
    :failed_only, :undoes, 1
)
ON CONFLICT (run_key) DO UPDATE SET
    period_start = excluded.period_start,
    period_end = excluded.period_end,
    finished_at = excluded.finished_at,
    result = excluded.result,
    failure_class = excluded.failure_class,
    dry_run = excluded.dry_run,
    digest = excluded.digest,
    counts = excluded.counts,
    summary = excluded.summary,
    attempts = billing_runs.attempts + 1;

-- name: run_finish
-- Closes a run; when it is closed again, the last word counts.
INSERT INTO billing_runs (
    run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run,
    digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts
) VALUES (
    :run_key, :integration, :tenant, :period_start, :period_end, :started_at, :finished_at, :result, :failure_class,
    :dry_run, :digest, :counts, :summary, :mode, :started_by, :customers,
    :failed_only, :undoes, 1
)
ON CONFLICT (run_key) DO UPDATE SET
    finished_at = excluded.finished_at,
    result = excluded.result,
    failure_class = excluded.failure_class,
    digest = excluded.digest,
    counts = excluded.counts,
    summary = excluded.summary;

-- name: run_read
-- Reads one run.
SELECT
    run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run,
    digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts
FROM billing_runs
WHERE run_key = :run_key;

-- name: runs_of_integration
-- Reads the latest runs of an integration, the newest first.
SELECT
    run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run,
    digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts
FROM billing_runs
WHERE integration = :integration
ORDER BY started_at DESC, run_key DESC
LIMIT :limit;

-- name: runs_since_period
-- Reads the runs of an integration for all periods from one on.
SELECT
    run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run,
    digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts
FROM billing_runs
WHERE integration = :integration AND period_start >= :period_start
ORDER BY period_start, started_at, run_key;

-- name: run_customers_remove
-- Takes away what an earlier try of the report said about the customers of a run.
DELETE FROM billing_run_customers WHERE run_key = :run_key;

-- name: run_customer_write
-- Writes what a run came to for one customer.
INSERT INTO billing_run_customers (run_key, row_no, customer_code, customer_name, result, done, open, codes)
VALUES (:run_key, :row_no, :customer_code, :customer_name, :result, :done, :open, :codes);

-- name: run_customers_read
-- Reads what a run came to for each customer, by customer code.
SELECT customer_code, customer_name, result, done, open, codes
FROM billing_run_customers
WHERE run_key = :run_key
ORDER BY row_no;

-- name: integrations_known
-- Reads which integrations had a run.
SELECT DISTINCT integration FROM billing_runs ORDER BY integration;
