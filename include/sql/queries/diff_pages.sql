-- Diffs as people look at them: cut into pages, in the order that matters. Amounts are cast for the order alone.

-- name: diff_changes_page
-- Reads a page of the changes of a diff with where each stands, and how many there are in all.
SELECT
    change.change_id, change.kind, change.customer_codes, change.customer_names, change.account_id, change.account_name,
    change.contract_id, change.contract_name, change.service_id, change.service_name, change.line_id, change.skus,
    change.quantity_before, change.quantity_after, change.unit_cost, change.unit_price, change.effective_date,
    change.line_version, change.reason, change.charge_nos, change.fields, change.held_by, change.step,
    COUNT(*) OVER () AS total
FROM billing_diff_changes AS change
WHERE
    change.digest = :digest
    AND (:held = '' OR (:held = 'held' AND change.held_by <> '[]') OR (:held = 'free' AND change.held_by = '[]'))
    AND (:kind = '' OR change.kind = :kind)
    AND (:account = '' OR change.account_id = :account)
    AND (
        :words = ''
        OR LOWER(change.customer_names) LIKE :words ESCAPE '!'
        OR LOWER(change.customer_codes) LIKE :words ESCAPE '!'
        OR LOWER(change.account_name) LIKE :words ESCAPE '!'
        OR LOWER(change.contract_name) LIKE :words ESCAPE '!'
        OR LOWER(change.service_name) LIKE :words ESCAPE '!'
        OR LOWER(change.skus) LIKE :words ESCAPE '!'
        OR LOWER(change.line_id) LIKE :words ESCAPE '!'
        OR LOWER(change.reason) LIKE :words ESCAPE '!'
    )
ORDER BY
    CASE WHEN :sort = 'first' AND change.held_by <> '[]' THEN 0 ELSE 1 END,
    CASE WHEN :sort IN ('first', 'amount') THEN
        -ABS(
            (CAST(change.quantity_after AS DOUBLE PRECISION) - CAST(COALESCE(change.quantity_before, '0') AS DOUBLE PRECISION))
            * CAST(COALESCE(change.unit_price, '0') AS DOUBLE PRECISION)
        )
    WHEN :sort = 'quantity' THEN
        -ABS(CAST(change.quantity_after AS DOUBLE PRECISION) - CAST(COALESCE(change.quantity_before, '0') AS DOUBLE PRECISION))
    END,
    CASE WHEN :sort = 'service' THEN change.service_name ELSE change.account_name END,
    change.row_no
LIMIT :limit OFFSET :skip;

-- name: diff_amounts
-- Reads what the amounts of a diff by account are made of.
SELECT account_id, account_name, quantity_before, quantity_after, unit_price, held_by, kind, fields
FROM billing_diff_changes
WHERE digest = :digest
ORDER BY row_no;

-- name: diff_unchanged_page
-- Reads a page of the lines that usage reached and that stay as they are. How many there are, the diff tells by itself.
WITH part AS MATERIALIZED (
    SELECT matched.row_no, matched.line_id, matched.contract_id, matched.account_id, matched.service_id, matched.quantity
    FROM billing_diff_matched AS matched
    WHERE
        matched.digest = :digest
        AND matched.line_id NOT IN (SELECT change.line_id FROM billing_diff_changes AS change WHERE change.digest = :digest)
    ORDER BY matched.row_no
    LIMIT :limit OFFSET :skip
),
seen AS MATERIALIZED (
    SELECT
        line_id, contract_name, account_name, service_name, quantity, unit_cost, unit_price, included, last_day, billable
    FROM billing_diff_lines
    WHERE digest = :digest AND line_id IN (SELECT line_id FROM part)
)
SELECT
    part.line_id, part.contract_id, COALESCE(seen.contract_name, part.contract_id) AS contract_name, part.account_id,
    COALESCE(seen.account_name, part.account_id) AS account_name, part.service_id,
    COALESCE(seen.service_name, part.service_id) AS service_name, COALESCE(seen.quantity, part.quantity) AS quantity,
    seen.unit_cost, seen.unit_price, seen.included, seen.last_day, COALESCE(seen.billable, 1) AS billable
FROM part
LEFT JOIN seen ON seen.line_id = part.line_id
ORDER BY part.row_no;

-- name: diff_unchanged_found
-- Reads a page of the first unchanged lines of an account or with some words, and how many of these there are.
SELECT found.*, COUNT(*) OVER () AS total
FROM (
    SELECT
        line.line_id, line.contract_id, line.contract_name, line.account_id, line.account_name, line.service_id,
        line.service_name, line.quantity, line.unit_cost, line.unit_price, line.included, line.last_day, line.billable,
        line.row_no
    FROM billing_diff_lines AS line
    WHERE
        line.digest = :digest
        AND (:account = '' OR line.account_id = :account)
        AND (
            :words = ''
            OR LOWER(line.account_name) LIKE :words ESCAPE '!'
            OR LOWER(line.contract_name) LIKE :words ESCAPE '!'
            OR LOWER(line.service_name) LIKE :words ESCAPE '!'
            OR LOWER(line.line_id) LIKE :words ESCAPE '!'
        )
        AND line.line_id NOT IN (SELECT change.line_id FROM billing_diff_changes AS change WHERE change.digest = :digest)
        AND EXISTS (
            SELECT 1 FROM billing_diff_matched AS matched
            WHERE matched.digest = :digest AND matched.line_id = line.line_id
        )
    ORDER BY line.row_no
    LIMIT :most
) AS found
ORDER BY found.row_no
LIMIT :limit OFFSET :skip;

-- name: diff_skipped_page
-- Reads a page of what a diff left alone and why, and how much there is in all.
SELECT code, number, level, scope, subject, message, resolution, COUNT(*) OVER () AS total
FROM billing_diff_findings
WHERE
    digest = :digest AND level IN ('warning', 'error')
    AND (:words = '' OR LOWER(message) LIKE :words ESCAPE '!' OR LOWER(code) LIKE :words ESCAPE '!')
ORDER BY CASE level WHEN 'error' THEN 0 ELSE 1 END, row_no
LIMIT :limit OFFSET :skip;

-- name: diff_runs
-- Reads which runs came to a diff, the newest first.
SELECT made.run_key
FROM billing_diff_runs AS made
JOIN billing_runs AS run ON run.run_key = made.run_key
WHERE made.digest = :digest
ORDER BY run.started_at DESC;

-- name: diff_of_run
-- Reads the diff that a run came to last: the one planned last of all, else the one it reported, else any of its own.
SELECT made.digest, diff.integration
FROM billing_diff_runs AS made
JOIN billing_diffs AS diff ON diff.digest = made.digest
LEFT JOIN billing_last_plans AS plan ON plan.integration = diff.integration AND plan.period_start = diff.period_start
    AND plan.digest = made.digest AND plan.run_key = made.run_key
LEFT JOIN billing_runs AS run ON run.run_key = made.run_key AND run.digest = made.digest
WHERE made.run_key = :run_key
ORDER BY CASE WHEN plan.digest IS NOT NULL THEN 0 WHEN run.digest IS NOT NULL THEN 1 ELSE 2 END, made.digest
LIMIT 1;

-- name: diff_newest_of_period
-- Reads the diff that was planned last for a period.
SELECT digest FROM billing_last_plans WHERE integration = :integration AND period_start = :period_start;

-- name: diff_changes_since
-- Reads how many changes of a diff are gone in a newer one, how many are other numbers there, and how many are new.
SELECT
    (
        SELECT COUNT(*) FROM billing_diff_changes AS older
        WHERE older.digest = :digest AND NOT EXISTS (
            SELECT 1 FROM billing_diff_changes AS newer
            WHERE newer.digest = :newer AND newer.change_id = older.change_id
        )
    ) AS gone,
    (
        SELECT COUNT(*) FROM billing_diff_changes AS older
        JOIN billing_diff_changes AS newer ON newer.digest = :newer AND newer.change_id = older.change_id
        WHERE older.digest = :digest
            AND (newer.quantity_after <> older.quantity_after OR newer.fields <> older.fields
                OR newer.effective_date <> older.effective_date)
    ) AS other,
    (
        SELECT COUNT(*) FROM billing_diff_changes AS newer
        WHERE newer.digest = :newer AND NOT EXISTS (
            SELECT 1 FROM billing_diff_changes AS older
            WHERE older.digest = :digest AND older.change_id = newer.change_id
        )
    ) AS added;

-- name: matched_before
-- Reads what lines held for earlier periods of an integration, by their last reported diffs, the newest period first.
SELECT head.period_start, matched.line_id, matched.quantity
FROM billing_gate_heads AS head
JOIN billing_diff_matched AS matched ON matched.digest = head.digest
WHERE
    head.integration = :integration AND head.period_start < :period_start AND head.period_start >= :since
    AND matched.line_id IN :line_ids
ORDER BY head.period_start DESC;

-- name: periods_before
-- Reads the first days of the latest periods before one, the newest first.
SELECT period_start
FROM billing_gate_heads
WHERE integration = :integration AND period_start < :period_start
ORDER BY period_start DESC
LIMIT :periods;

-- name: journal_states_of_changes
-- Reads the last entry of some changes of a diff.
SELECT
    tenant, integration, period_start, run_key, digest, change_id, line_id, contract_id, customer_codes, skus,
    state, at, quantity_before, quantity_after, observed, request_id, detail
FROM (
    SELECT billing_journal.*, ROW_NUMBER() OVER (PARTITION BY change_id ORDER BY seq DESC) AS newest
    FROM billing_journal
    WHERE digest = :digest AND change_id IN :change_ids
) AS entry
WHERE newest = 1
ORDER BY seq;
