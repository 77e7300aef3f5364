-- Writing many rows at once, positional, in the driver's own form. The loader reads the column names from the text.

-- name: usage_records_write
-- Writes the rows of a snapshot.
INSERT INTO billing_usage_records (
    snapshot_id, row_no, source, position, record_id, customer_code, customer_name, billing_identifier, sku,
    description, summary, term, billing_cycle, item_id, kind, quantity, assigned, enabled, total, unit,
    unit_cost, unit_price, currency, billable, period_start, period_end, actor, plan, attributes,
    total_cost, total_price, covers_from, covers_until
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: charge_lines_write
-- Writes the charge lines of a charge set.
INSERT INTO billing_charge_lines (
    charge_set_id, charge_no, customer_code, customer_name, billing_identifier, sku, term, billing_cycle,
    item_id, description, summary, unit, quantity, unit_cost, unit_price, currency, record_count, attributes,
    total_cost, total_price, steps
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: row_outcomes_write
-- Writes what became of each row of a charge set.
INSERT INTO billing_row_outcomes (
    charge_set_id, row_no, position, charge_no, quantity, rule, reason, cost
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: diff_changes_write
-- Writes the line changes of a diff.
INSERT INTO billing_diff_changes (
    digest, row_no, change_id, kind, customer_codes, customer_names, account_id, account_name, contract_id,
    contract_name, service_id, service_name, line_id, skus, quantity_before, quantity_after, unit_cost,
    unit_price, effective_date, line_version, reason, charge_nos, fields, held_by, step
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: diff_matched_write
-- Writes the lines that a diff matched to usage.
INSERT INTO billing_diff_matched (
    digest, row_no, line_id, contract_id, account_id, service_id, customer_code, sku, quantity, billing_cycle,
    holds_from, last_day, included, charge_nos
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: diff_lines_write
-- Writes the contract lines that a plan saw.
INSERT INTO billing_diff_lines (
    digest, row_no, line_id, contract_id, contract_name, account_id, account_name, service_id, service_name,
    quantity, unit_cost, unit_price, included, last_day, billable
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: diff_findings_write
-- Writes the findings of a diff.
INSERT INTO billing_diff_findings (
    digest, row_no, code, number, level, scope, subject, message, resolution
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: billing_items_write
-- Writes the billing items that a run read.
INSERT INTO billing_items_of_runs (
    run_key, row_no, integration, period_start, period_end, state, billed_period, module, managed,
    customer_code, customer_name, account_id, account_name, contract_id, contract_name, service_id,
    service_name, line_id, sku, quantity, amount, currency, first_day, last_day, posted_on, invoice_number,
    prorated, split_on
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: billing_item_totals_write
-- Writes the sums of the billing items that a run read.
INSERT INTO billing_item_totals (
    run_key, row_no, grouped_by, group_key, label, state, currency, items, quantity, amount, unpriced
) VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
);

-- name: migration_turn
-- Waits until nobody else migrates: BEGIN IMMEDIATE did already.
SELECT 1;

-- name: snapshot_take
-- Keeps a reading from being read again until the transaction ends: BEGIN IMMEDIATE did already.
SELECT snapshot_id FROM billing_snapshots WHERE snapshot_id = :snapshot_id;

-- name: table_bytes
-- Reads how many bytes each table takes, its indexes included.
SELECT master.tbl_name AS name, SUM(stat.pgsize) AS bytes
FROM dbstat AS stat
JOIN sqlite_master AS master ON master.name = stat.name
GROUP BY master.tbl_name;
