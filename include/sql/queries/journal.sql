-- The append-only, hash-chained journal of line changes.

-- name: journal_head_open
-- Starts the chain of a tenant, unless it has one.
INSERT INTO billing_journal_heads (tenant, seq, hash) VALUES (:tenant, 0, :hash)
ON CONFLICT (tenant) DO NOTHING;

-- name: journal_head_take
-- Locks the end of a tenant's chain until the transaction ends, and reads it.
UPDATE billing_journal_heads SET seq = seq WHERE tenant = :tenant RETURNING seq, hash;

-- name: journal_head_move
-- Moves the end of a tenant's chain.
UPDATE billing_journal_heads SET seq = :seq, hash = :hash WHERE tenant = :tenant;

-- name: journal_head_read
-- Reads the end of a tenant's chain.
SELECT seq, hash FROM billing_journal_heads WHERE tenant = :tenant;

-- name: journal_tenants
-- Finds every tenant that has a chain, or rows without one.
SELECT tenant FROM billing_journal_heads
UNION
SELECT tenant FROM billing_journal
ORDER BY tenant;

-- name: journal_has_rows
-- Tells whether a tenant has any row.
SELECT seq FROM billing_journal WHERE tenant = :tenant LIMIT 1;

-- name: journal_write
-- Appends one entry.
INSERT INTO billing_journal (
    tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash
) VALUES (
    :tenant, :seq, :integration, :period_start, :run_key, :digest, :change_id, :line_id, :contract_id, :customer_codes,
    :skus, :state, :at, :quantity_before, :quantity_after, :observed, :request_id, :detail, :prev_hash, :hash
);

-- name: journal_of_tenant
-- Reads the whole chain of a tenant.
SELECT
    tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash
FROM billing_journal
WHERE tenant = :tenant
ORDER BY seq;

-- name: journal_of_period
-- Reads the entries of a tenant for one billing period.
SELECT
    tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash
FROM billing_journal
WHERE tenant = :tenant AND period_start = :period_start
ORDER BY seq;

-- name: journal_of_integration
-- Reads the entries of one integration for one billing period.
SELECT
    tenant, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail
FROM billing_journal
WHERE tenant = :tenant AND integration = :integration AND period_start = :period_start
ORDER BY seq;

-- name: journal_since
-- Reads the entries of a tenant from an instant on.
SELECT
    tenant, seq, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail, prev_hash, hash
FROM billing_journal
WHERE tenant = :tenant AND at >= :at
ORDER BY seq;

-- name: journal_states
-- Reads the last entry of every change of a diff.
SELECT
    tenant, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail
FROM (
    SELECT billing_journal.*, ROW_NUMBER() OVER (PARTITION BY change_id ORDER BY seq DESC) AS newest
    FROM billing_journal
    WHERE digest = :digest
) AS entry
WHERE newest = 1
ORDER BY seq;

-- name: journal_last_of_lines
-- Reads where every change of a period stands, but for changes of lines that a later change dealt with.
SELECT change_id, line_id, state
FROM (
    SELECT
        seq, change_id, line_id, state,
        ROW_NUMBER() OVER (PARTITION BY change_id ORDER BY seq DESC) AS newest_of_change,
        ROW_NUMBER() OVER (
            PARTITION BY CASE WHEN line_id = '' THEN change_id ELSE line_id END ORDER BY seq DESC
        ) AS newest_of_line
    FROM billing_journal
    WHERE tenant = :tenant AND integration = :integration AND period_start = :period_start
) AS entry
WHERE newest_of_change = 1 AND newest_of_line = 1
ORDER BY seq;

-- name: journal_dated_writes
-- Reads what was written, or may have been, from which day on, in the billing periods since a day.
SELECT
    entry.line_id, change.effective_date, entry.quantity_before, entry.quantity_after,
    MAX(CASE WHEN entry.state IN ('confirmed', 'verified', 'mismatch') THEN 1 ELSE 0 END) AS certain
FROM billing_journal AS entry
JOIN billing_diff_changes AS change ON change.digest = entry.digest AND change.change_id = entry.change_id
WHERE
    entry.tenant = :tenant AND entry.period_start >= :since AND entry.line_id <> ''
    AND entry.state IN ('sent', 'unknown', 'confirmed', 'verified', 'mismatch')
GROUP BY
    entry.digest, entry.change_id, entry.line_id, change.effective_date, entry.quantity_before, entry.quantity_after
ORDER BY entry.line_id, MIN(entry.seq);

-- name: journal_line_writes
-- Reads where every change of a tenant's lines stands, with what it was to set, in the order of its last entry.
SELECT
    entry.line_id, entry.at, entry.integration, entry.run_key, entry.period_start, entry.state, entry.quantity_after,
    change.kind, change.customer_names, change.service_name, change.contract_name, change.effective_date, change.fields
FROM (
    SELECT billing_journal.*, ROW_NUMBER() OVER (PARTITION BY digest, change_id ORDER BY seq DESC) AS newest
    FROM billing_journal
    WHERE tenant = :tenant
) AS entry
JOIN billing_diff_changes AS change ON change.digest = entry.digest AND change.change_id = entry.change_id
WHERE entry.newest = 1 AND entry.line_id <> '' AND entry.state IN ('sent', 'unknown', 'confirmed', 'verified', 'mismatch')
ORDER BY entry.seq;

-- name: journal_standing
-- Reads the last entry of every change of an integration that stands, for all periods from one on, oldest first.
SELECT
    entry.tenant, entry.integration, entry.period_start, entry.run_key, entry.digest, entry.change_id, entry.line_id,
    entry.contract_id, entry.customer_codes, entry.skus, entry.state, entry.at, entry.quantity_before,
    entry.quantity_after, entry.observed, entry.request_id, entry.detail
FROM (
    SELECT billing_journal.*, ROW_NUMBER() OVER (PARTITION BY digest, change_id ORDER BY seq DESC) AS newest
    FROM billing_journal
    WHERE tenant = :tenant AND integration = :integration AND period_start >= :since
) AS entry
WHERE entry.newest = 1 AND entry.line_id <> '' AND entry.state IN ('confirmed', 'verified')
ORDER BY entry.seq;
