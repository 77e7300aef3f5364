-- Where integrations and periods stand, as their last reports found them.

-- name: gate_head_write
-- Writes where a period stands, in place of what an earlier report said; its row is the lock of the replacement.
INSERT INTO billing_gate_heads (
    integration, period_start, period_end, tenant, run_key, digest, why, ready, held, failed, changes, changes_held,
    amount_changed, amount_held, at
) VALUES (
    :integration, :period_start, :period_end, :tenant, :run_key, :digest, :why, :ready, :held, :failed, :changes,
    :changes_held, :amount_changed, :amount_held, :at
)
ON CONFLICT (integration, period_start) DO UPDATE SET
    period_end = excluded.period_end,
    tenant = excluded.tenant,
    run_key = excluded.run_key,
    digest = excluded.digest,
    why = excluded.why,
    ready = excluded.ready,
    held = excluded.held,
    failed = excluded.failed,
    changes = excluded.changes,
    changes_held = excluded.changes_held,
    amount_changed = excluded.amount_changed,
    amount_held = excluded.amount_held,
    at = excluded.at;

-- name: gate_customers_clear
-- Removes what an earlier report said about the customers of a period.
DELETE FROM billing_gate_customers WHERE integration = :integration AND period_start = :period_start;

-- name: gate_customer_write
-- Writes where one customer of a period stands.
INSERT INTO billing_gate_customers (
    integration, period_start, row_no, customer_code, customer_name, state, reasons, attempts, last_answer, answered_at
) VALUES (
    :integration, :period_start, :row_no, :customer_code, :customer_name, :state, :reasons, :attempts, :last_answer,
    :answered_at
);

-- name: gate_head_read
-- Reads where a period stands.
SELECT
    integration, period_start, period_end, tenant, run_key, digest, why, ready, held, failed, changes, changes_held,
    amount_changed, amount_held, at
FROM billing_gate_heads
WHERE integration = :integration AND period_start = :period_start;

-- name: gate_heads_of_integration
-- Reads where the latest periods of an integration stand, the newest first.
SELECT
    integration, period_start, period_end, tenant, run_key, digest, why, ready, held, failed, changes, changes_held,
    amount_changed, amount_held, at
FROM billing_gate_heads
WHERE integration = :integration
ORDER BY period_start DESC
LIMIT :periods;

-- name: gate_customers_page
-- Reads a page of the customers of a period, failed ones first, with how many there are in all.
SELECT
    customer_code, customer_name, state, reasons, attempts, last_answer, answered_at, COUNT(*) OVER () AS total
FROM billing_gate_customers
WHERE
    integration = :integration AND period_start = :period_start
    AND (:state = '' OR state = :state)
    AND (
        :words = ''
        OR LOWER(customer_name) LIKE :words ESCAPE '!'
        OR LOWER(customer_code) LIKE :words ESCAPE '!'
        OR LOWER(reasons) LIKE :words ESCAPE '!'
    )
ORDER BY CASE state WHEN 'failed' THEN 0 WHEN 'held' THEN 1 ELSE 2 END, row_no
LIMIT :limit OFFSET :skip;
