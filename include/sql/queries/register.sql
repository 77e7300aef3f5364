-- The register of managed lines: what the product set, and may therefore set to zero.

-- name: managed_lines_read
-- Reads the managed lines of an integration.
SELECT
    tenant, line_id, contract_id, account_id, service_id, customer_code, sku, quantity, period_start, billing_cycle,
    holds_from, last_day, run_key, confirmed_at
FROM billing_managed_lines
WHERE tenant = :tenant AND integration = :integration
ORDER BY line_id;

-- name: managed_line_write
-- Registers a line or renews it; a period that was run late does not undo what a newer one registered.
INSERT INTO billing_managed_lines (
    tenant, integration, line_id, customer_code, sku, contract_id, account_id, service_id, quantity, period_start,
    billing_cycle, holds_from, last_day, run_key, confirmed_at
) VALUES (
    :tenant, :integration, :line_id, :customer_code, :sku, :contract_id, :account_id, :service_id, :quantity,
    :period_start, :billing_cycle, :holds_from, :last_day, :run_key, :confirmed_at
)
ON CONFLICT (tenant, integration, line_id) DO UPDATE SET
    customer_code = excluded.customer_code,
    sku = excluded.sku,
    contract_id = excluded.contract_id,
    account_id = excluded.account_id,
    service_id = excluded.service_id,
    quantity = excluded.quantity,
    period_start = excluded.period_start,
    billing_cycle = excluded.billing_cycle,
    holds_from = excluded.holds_from,
    last_day = excluded.last_day,
    run_key = excluded.run_key,
    confirmed_at = excluded.confirmed_at
WHERE excluded.period_start >= billing_managed_lines.period_start;

-- name: managed_line_forget
-- Takes a line of an integration out of the register.
DELETE FROM billing_managed_lines
WHERE tenant = :tenant AND integration = :integration AND line_id = :line_id;
