-- Charge sets, their charge lines, and what became of every row.

-- name: charge_set_write
-- Writes the head of a charge set, unless the same content is there already.
INSERT INTO billing_charge_sets (
    charge_set_id, snapshot_id, rules_digest, rules_source, rows_in, rows_counted, rows_excluded, charge_count,
    effects, held_customers
) VALUES (
    :charge_set_id, :snapshot_id, :rules_digest, :rules_source, :rows_in, :rows_counted, :rows_excluded, :charge_count,
    :effects, :held_customers
)
ON CONFLICT (charge_set_id) DO NOTHING;

-- name: charge_set_read
-- Reads the head of a charge set.
SELECT
    charge_set_id, snapshot_id, rules_digest, rules_source, rows_in, rows_counted, rows_excluded, charge_count,
    effects, held_customers
FROM billing_charge_sets
WHERE charge_set_id = :charge_set_id;

-- name: charge_lines_read
-- Reads the charge lines of a charge set, in order.
SELECT
    charge_no, customer_code, customer_name, billing_identifier, sku, term, billing_cycle, item_id,
    description, summary, unit, quantity, unit_cost, unit_price, currency, record_count, attributes,
    total_cost, total_price, steps
FROM billing_charge_lines
WHERE charge_set_id = :charge_set_id
ORDER BY charge_no;

-- name: row_outcomes_read
-- Reads what became of every row of a snapshot under a charge set, in order.
SELECT position, charge_no, quantity, rule, reason, cost
FROM billing_row_outcomes
WHERE charge_set_id = :charge_set_id
ORDER BY row_no;

-- name: charge_evidence
-- Reads the usage rows that were counted for some charge lines, with what each counted for.
SELECT
    outcome.charge_no, outcome.quantity AS counted, outcome.rule,
    usage.source, usage.position, usage.record_id, usage.customer_code, usage.customer_name, usage.billing_identifier,
    usage.sku, usage.description, usage.summary, usage.term, usage.billing_cycle, usage.item_id, usage.kind,
    usage.quantity, usage.assigned, usage.enabled, usage.total, usage.unit, usage.unit_cost, usage.unit_price,
    usage.currency, usage.billable, usage.period_start, usage.period_end, usage.actor, usage.plan, usage.attributes,
    usage.total_cost, usage.total_price, usage.covers_from, usage.covers_until
FROM billing_charge_sets AS charge_set
JOIN billing_row_outcomes AS outcome ON outcome.charge_set_id = charge_set.charge_set_id
JOIN billing_usage_records AS usage
    ON usage.snapshot_id = charge_set.snapshot_id AND usage.position = outcome.position
WHERE charge_set.charge_set_id = :charge_set_id AND outcome.charge_no IN :charge_nos
ORDER BY outcome.charge_no, usage.row_no;
