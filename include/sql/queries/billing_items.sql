-- Pending and posted billing items, as runs read them. A run's rows are replaced as a whole.

-- name: billing_item_read_take
-- Locks the billing items of a run until the transaction ends, and says when they were read.
INSERT INTO billing_item_reads (
    run_key, integration, tenant, period_start, period_end, taken_at, posted, pending
) VALUES (
    :run_key, :integration, :tenant, :period_start, :period_end, :taken_at, :posted, :pending
)
ON CONFLICT (run_key) DO UPDATE SET
    integration = excluded.integration,
    tenant = excluded.tenant,
    period_start = excluded.period_start,
    period_end = excluded.period_end,
    taken_at = excluded.taken_at,
    posted = excluded.posted,
    pending = excluded.pending;

-- name: billing_items_clear
-- Removes the billing items that an earlier try of a run read.
DELETE FROM billing_items_of_runs WHERE run_key = :run_key;

-- name: billing_item_totals_clear
-- Removes the sums of an earlier try of a run.
DELETE FROM billing_item_totals WHERE run_key = :run_key;

-- name: billing_item_read_of_run
-- Reads when a run read its billing items.
SELECT run_key, integration, tenant, period_start, period_end, taken_at, posted, pending
FROM billing_item_reads
WHERE run_key = :run_key;

-- name: billing_item_reads_of_period
-- Reads which runs of an integration read the billing items of a period, the newest first.
SELECT run_key, integration, tenant, period_start, period_end, taken_at, posted, pending
FROM billing_item_reads
WHERE integration = :integration AND period_start = :period_start
ORDER BY taken_at DESC, run_key DESC;

-- name: billing_item_reads_latest
-- Reads the newest reading of each of the latest periods of an integration and tenant, up to a period; newest period first.
SELECT
    reading.run_key, reading.integration, reading.tenant, reading.period_start, reading.period_end, reading.taken_at,
    reading.posted, reading.pending
FROM billing_item_reads AS reading
WHERE
    reading.integration = :integration AND reading.tenant = :tenant AND reading.period_start <= :until
    AND NOT EXISTS (
        SELECT 1 FROM billing_item_reads AS later
        WHERE
            later.integration = reading.integration AND later.tenant = reading.tenant
            AND later.period_start = reading.period_start
            AND (later.taken_at > reading.taken_at
                OR (later.taken_at = reading.taken_at AND later.run_key > reading.run_key))
    )
ORDER BY reading.period_start DESC
LIMIT :periods;

-- name: billing_items_read
-- Reads the billing items that a run read, in order.
SELECT
    run_key, integration, period_start, period_end, state, billed_period, module, managed,
    customer_code, customer_name, account_id, account_name, contract_id, contract_name, service_id,
    service_name, line_id, sku, quantity, amount, currency, first_day, last_day, posted_on, invoice_number,
    prorated, split_on
FROM billing_items_of_runs
WHERE run_key = :run_key
ORDER BY row_no;

-- name: billing_item_totals_read
-- Reads the sums of the billing items of a run, in order.
SELECT grouped_by, group_key, label, state, currency, items, quantity, amount, unpriced
FROM billing_item_totals
WHERE run_key = :run_key
ORDER BY row_no;
