-- The story of one contract line over all periods: what was planned for it, written to it and counted for it.

-- name: line_diffs
-- Reads which diffs of an integration matched a line to usage or changed it, the newest period first.
SELECT
    diff.digest, diff.period_start, diff.period_end, diff.charge_set_id, matched.quantity, matched.charge_nos,
    matched.customer_code, matched.sku,
    (
        SELECT run.run_key FROM billing_diff_runs AS made JOIN billing_runs AS run ON run.run_key = made.run_key
        WHERE made.digest = diff.digest ORDER BY run.started_at DESC, run.run_key DESC LIMIT 1
    ) AS run_key,
    (
        SELECT MAX(run.started_at) FROM billing_diff_runs AS made JOIN billing_runs AS run ON run.run_key = made.run_key
        WHERE made.digest = diff.digest
    ) AS started_at,
    (
        SELECT MIN(run.dry_run) FROM billing_diff_runs AS made JOIN billing_runs AS run ON run.run_key = made.run_key
        WHERE made.digest = diff.digest
    ) AS dry_run
FROM (
    SELECT digest FROM billing_diff_matched WHERE line_id = :line_id
    UNION
    SELECT digest FROM billing_diff_changes WHERE line_id = :line_id
    UNION
    SELECT digest FROM billing_journal
    WHERE line_id = :line_id AND tenant IN (SELECT tenant FROM billing_runs WHERE integration = :integration)
) AS touched
JOIN billing_diffs AS diff ON diff.digest = touched.digest
LEFT JOIN billing_diff_matched AS matched ON matched.digest = diff.digest AND matched.line_id = :line_id
WHERE diff.integration = :integration
ORDER BY diff.period_start DESC, started_at DESC, diff.digest
LIMIT :limit;

-- name: line_changes
-- Reads every change of a line that the diffs of an integration hold, also the one that added it.
SELECT
    change.digest, change.change_id, change.kind, change.customer_codes, change.customer_names, change.account_id,
    change.account_name, change.contract_id, change.contract_name, change.service_id, change.service_name,
    change.line_id, change.skus, change.quantity_before, change.quantity_after, change.unit_cost, change.unit_price,
    change.effective_date, change.line_version, change.reason, change.charge_nos, change.fields, change.held_by,
    change.step
FROM (
    SELECT digest, change_id FROM billing_diff_changes WHERE line_id = :line_id
    UNION
    SELECT digest, change_id FROM billing_journal
    WHERE line_id = :line_id AND tenant IN (SELECT tenant FROM billing_runs WHERE integration = :integration)
) AS touched
JOIN billing_diff_changes AS change ON change.digest = touched.digest AND change.change_id = touched.change_id
JOIN billing_diffs AS diff ON diff.digest = change.digest
WHERE diff.integration = :integration
ORDER BY diff.period_start DESC, change.digest, change.step, change.row_no
LIMIT :limit;

-- name: line_steps
-- Reads the journal of some changes, oldest first.
SELECT
    tenant, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail
FROM billing_journal
WHERE digest IN :digests AND change_id IN :change_ids
ORDER BY tenant, seq;

-- name: line_decisions
-- Reads all decisions about some diffs, oldest first.
SELECT digest, run_key, decision, decided_by, decided_at, note
FROM billing_approvals
WHERE digest IN :digests
ORDER BY decided_at, run_key;

-- name: line_seen
-- Reads a contract line as the plan of one diff saw it.
SELECT
    line_id, contract_id, contract_name, account_id, account_name, service_id, service_name, quantity, unit_cost,
    unit_price, included, last_day, billable
FROM billing_diff_lines
WHERE digest = :digest AND line_id = :line_id
LIMIT 1;

-- name: line_charges
-- Reads some charge lines of a charge set.
SELECT
    charge_no, customer_code, customer_name, billing_identifier, sku, term, billing_cycle, item_id,
    description, summary, unit, quantity, unit_cost, unit_price, currency, record_count, attributes,
    total_cost, total_price, steps
FROM billing_charge_lines
WHERE charge_set_id = :charge_set_id AND charge_no IN :charge_nos
ORDER BY charge_no;

-- name: line_evidence_page
-- Reads a page of the usage rows that were counted for some charge lines, with what each counted for.
SELECT
    outcome.charge_no, outcome.quantity AS counted, outcome.rule,
    usage.source, usage.position, usage.record_id, usage.customer_code, usage.customer_name, usage.billing_identifier,
    usage.sku, usage.description, usage.summary, usage.term, usage.billing_cycle, usage.item_id, usage.kind,
    usage.quantity, usage.assigned, usage.enabled, usage.total, usage.unit, usage.unit_cost, usage.unit_price,
    usage.currency, usage.billable, usage.period_start, usage.period_end, usage.actor, usage.plan, usage.attributes,
    usage.total_cost, usage.total_price, usage.covers_from, usage.covers_until,
    COUNT(*) OVER () AS row_count
FROM billing_charge_sets AS charge_set
JOIN billing_row_outcomes AS outcome ON outcome.charge_set_id = charge_set.charge_set_id
JOIN billing_usage_records AS usage
    ON usage.snapshot_id = charge_set.snapshot_id AND usage.position = outcome.position
WHERE charge_set.charge_set_id = :charge_set_id AND outcome.charge_no IN :charge_nos
ORDER BY outcome.charge_no, usage.row_no
LIMIT :limit OFFSET :skip;
