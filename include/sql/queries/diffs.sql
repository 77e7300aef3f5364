-- Contract diffs and the decisions about them.

-- name: diff_write
-- Writes the head of a diff, unless the same content is there already.
INSERT INTO billing_diffs (
    digest, integration, psa, tenant, period_start, period_end, timezone, complete, applicable,
    unchanged_count, inputs, strategy, snapshot_id, charge_set_id, counts, totals
) VALUES (
    :digest, :integration, :psa, :tenant, :period_start, :period_end, :timezone, :complete, :applicable,
    :unchanged_count, :inputs, :strategy, :snapshot_id, :charge_set_id, :counts, :totals
)
ON CONFLICT (digest) DO NOTHING;

-- name: diff_run_write
-- Remembers that a run came to this diff.
INSERT INTO billing_diff_runs (digest, run_key) VALUES (:digest, :run_key)
ON CONFLICT (digest, run_key) DO NOTHING;

-- name: last_plan_write
-- Remembers which diff was planned last for a period.
INSERT INTO billing_last_plans (integration, period_start, digest, run_key)
VALUES (:integration, :period_start, :digest, :run_key)
ON CONFLICT (integration, period_start) DO UPDATE SET digest = excluded.digest, run_key = excluded.run_key;

-- name: diff_read
-- Reads the head of a diff.
SELECT
    digest, integration, psa, tenant, period_start, period_end, timezone, complete, applicable,
    unchanged_count, inputs, strategy, snapshot_id, charge_set_id, counts, totals
FROM billing_diffs
WHERE digest = :digest;

-- name: diff_changes_read
-- Reads the line changes of a diff, in order.
SELECT
    change_id, kind, customer_codes, customer_names, account_id, account_name, contract_id, contract_name,
    service_id, service_name, line_id, skus, quantity_before, quantity_after, unit_cost, unit_price,
    effective_date, line_version, reason, charge_nos, fields, held_by, step
FROM billing_diff_changes
WHERE digest = :digest
ORDER BY row_no;

-- name: diff_matched_read
-- Reads the lines that a diff matched to usage, in order.
SELECT
    line_id, contract_id, account_id, service_id, customer_code, sku, quantity, billing_cycle, holds_from, last_day,
    included, charge_nos
FROM billing_diff_matched
WHERE digest = :digest
ORDER BY row_no;

-- name: diff_findings_read
-- Reads the findings of a diff, in order.
SELECT code, number, level, scope, subject, message, resolution
FROM billing_diff_findings
WHERE digest = :digest
ORDER BY row_no;

-- name: diff_lines_there
-- Tells whether the lines that a plan saw are kept already.
SELECT row_no FROM billing_diff_lines WHERE digest = :digest AND row_no = 1;

-- name: diff_lines_read
-- Reads the contract lines that a plan saw, in order.
SELECT
    line_id, contract_id, contract_name, account_id, account_name, service_id, service_name, quantity, unit_cost,
    unit_price, included, last_day, billable
FROM billing_diff_lines
WHERE digest = :digest
ORDER BY row_no;

-- name: diffs_that_matched
-- Reads which cleared diffs of an integration, decided before an instant, matched the lines that a run wrote to.
SELECT DISTINCT matched.digest, matched.line_id
FROM billing_diff_matched AS matched
JOIN billing_diffs AS diff ON diff.digest = matched.digest
JOIN billing_approvals AS approval ON approval.digest = matched.digest
WHERE
    diff.tenant = :tenant AND diff.integration = :integration
    AND approval.decision IN ('approved', 'not_needed') AND approval.decided_at < :before
    AND matched.line_id IN (
        SELECT line_id FROM billing_journal WHERE tenant = :tenant AND period_start = :period_start AND run_key = :run_key
    );

-- name: approval_write
-- Adds a decision about a diff; the same decision told twice is one.
INSERT INTO billing_approvals (digest, run_key, decision, decided_by, decided_at, note)
VALUES (:digest, :run_key, :decision, :decided_by, :decided_at, :note)
ON CONFLICT (digest, decided_at, run_key, decision, decided_by) DO NOTHING;

-- name: approval_latest
-- Reads the latest decision about a diff; of two at the same instant a refusal counts.
SELECT digest, run_key, decision, decided_by, decided_at, note
FROM billing_approvals
WHERE digest = :digest
ORDER BY decided_at DESC, CASE decision WHEN 'rejected' THEN 0 ELSE 1 END, run_key
LIMIT 1;
