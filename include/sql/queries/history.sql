-- Every run, and what it came to: cut into pages.

-- name: history_page
-- Reads a page of the runs of some integrations, the newest first, with the latest decision about each one's diff.
SELECT
    chosen.*,
    (
        SELECT approval.decision FROM billing_approvals AS approval
        WHERE approval.digest = chosen.digest AND approval.run_key = chosen.run_key
        ORDER BY approval.decided_at DESC, CASE approval.decision WHEN 'rejected' THEN 0 ELSE 1 END
        LIMIT 1
    ) AS decision,
    (
        SELECT approval.decided_by FROM billing_approvals AS approval
        WHERE approval.digest = chosen.digest AND approval.run_key = chosen.run_key
        ORDER BY approval.decided_at DESC, CASE approval.decision WHEN 'rejected' THEN 0 ELSE 1 END
        LIMIT 1
    ) AS decided_by
FROM (
    SELECT
        run.run_key, run.integration, run.tenant, run.period_start, run.period_end, run.started_at, run.finished_at,
        run.result, run.failure_class, run.dry_run, run.digest, run.counts, run.summary, run.mode, run.started_by,
        run.customers, run.failed_only, run.undoes, run.attempts, COUNT(*) OVER () AS total
    FROM billing_runs AS run
    WHERE
        run.integration IN :integrations
        AND (:run_key = '' OR run.run_key = :run_key)
        AND (:day = '' OR (run.period_start <= :day AND run.period_end > :day))
        AND (:result = '' OR COALESCE(run.result, 'at work') = :result)
        AND (
            :kind = ''
            OR (:kind = 'dry' AND run.dry_run = 1)
            OR (:kind = 'undo' AND run.undoes <> '')
            OR (:kind = 'in period' AND run.mode = 'in period')
            OR (:kind = 'real' AND run.dry_run = 0 AND run.undoes = '' AND run.mode <> 'in period')
        )
        AND (
            :words = ''
            OR LOWER(
                run.run_key || ' ' || run.summary || ' ' || run.mode || ' ' || run.started_by || ' ' || run.customers || ' '
                || run.digest || ' ' || run.undoes || ' ' || run.tenant || ' ' || COALESCE(run.result, 'at work')
            ) LIKE :words ESCAPE '!'
            OR run.run_key IN (
                SELECT customer.run_key FROM billing_run_customers AS customer
                WHERE LOWER(customer.customer_code || ' ' || customer.customer_name) LIKE :words ESCAPE '!'
            )
        )
    ORDER BY run.started_at DESC, run.run_key DESC
    LIMIT :limit OFFSET :skip
) AS chosen
ORDER BY chosen.started_at DESC, chosen.run_key DESC;

-- name: runs_newest
-- Reads the newest run of each integration: of its latest period, or of the one with a day.
SELECT
    run_key, integration, tenant, period_start, period_end, started_at, finished_at, result, failure_class, dry_run,
    digest, counts, summary, mode, started_by, customers, failed_only, undoes, attempts
FROM (
    SELECT
        billing_runs.*,
        ROW_NUMBER() OVER (
            PARTITION BY integration ORDER BY period_start DESC, started_at DESC, run_key DESC
        ) AS newest
    FROM billing_runs
    WHERE integration IN :integrations AND (:day = '' OR (period_start <= :day AND period_end > :day))
) AS run
WHERE newest = 1
ORDER BY integration;

-- name: run_customers_page
-- Reads a page of what a run came to for each customer, those that need somebody first.
SELECT customer_code, customer_name, result, done, open, codes, COUNT(*) OVER () AS total
FROM billing_run_customers
WHERE
    run_key = :run_key
    AND (:result = '' OR result = :result)
    AND (
        :words = '' OR LOWER(customer_code || ' ' || customer_name || ' ' || codes || ' ' || result) LIKE :words ESCAPE '!'
    )
ORDER BY
    CASE result WHEN 'failed' THEN 0 WHEN 'open' THEN 1 WHEN 'skipped' THEN 2 WHEN 'done' THEN 3 ELSE 4 END, row_no
LIMIT :limit OFFSET :skip;

-- name: run_lines_page
-- Reads a page of the line changes of a diff with where each stands by the journal, those that do not stand first.
SELECT
    change.change_id, change.kind, change.customer_codes, change.customer_names, change.account_id, change.account_name,
    change.contract_id, change.contract_name, change.service_id, change.service_name, change.line_id, change.skus,
    change.quantity_before, change.quantity_after, change.unit_cost, change.unit_price, change.effective_date,
    change.line_version, change.reason, change.charge_nos, change.fields, change.held_by, change.step,
    entry.line_id AS written_line, entry.run_key AS written_by, entry.at AS written_at, entry.state, entry.observed,
    entry.detail, entry.request_id, chosen.total,
    (
        SELECT COUNT(*) FROM billing_journal AS tried
        WHERE tried.digest = :digest AND tried.change_id = change.change_id AND tried.state = 'sent'
    ) AS tries
FROM (
    SELECT
        standing.row_no,
        CASE standing.state
            WHEN 'mismatch' THEN 0 WHEN 'unknown' THEN 1 WHEN 'failed' THEN 2 WHEN 'stale' THEN 3 WHEN 'sent' THEN 4
            WHEN 'intended' THEN 5 WHEN 'not sent' THEN 6 ELSE 7
        END AS worst,
        COUNT(*) OVER () AS total
    FROM (
        SELECT
            one.row_no,
            COALESCE(
                (
                    SELECT last.state FROM billing_journal AS last
                    WHERE last.digest = one.digest AND last.change_id = one.change_id
                    ORDER BY last.seq DESC LIMIT 1
                ),
                'not sent'
            ) AS state
        FROM billing_diff_changes AS one
        WHERE
            one.digest = :digest
            AND (
                :words = ''
                OR LOWER(
                    one.customer_codes || ' ' || one.customer_names || ' ' || one.account_name || ' ' || one.contract_name
                    || ' ' || one.service_name || ' ' || one.skus || ' ' || one.line_id || ' ' || one.reason
                ) LIKE :words ESCAPE '!'
                OR one.change_id IN (
                    SELECT told.change_id FROM billing_journal AS told
                    WHERE told.digest = :digest AND LOWER(told.line_id || ' ' || told.detail) LIKE :words ESCAPE '!'
                )
            )
    ) AS standing
    WHERE :state = '' OR standing.state = :state
    ORDER BY worst, standing.row_no
    LIMIT :limit OFFSET :skip
) AS chosen
JOIN billing_diff_changes AS change ON change.digest = :digest AND change.row_no = chosen.row_no
LEFT JOIN billing_journal AS entry
    ON entry.digest = change.digest AND entry.change_id = change.change_id
    AND entry.seq = (
        SELECT MAX(last.seq) FROM billing_journal AS last
        WHERE last.digest = change.digest AND last.change_id = change.change_id
    )
ORDER BY chosen.worst, chosen.row_no;
