-- Findings as people work on them: found, counted, cut into pages; and what is said about them.

-- name: findings_page
-- Reads a page of the findings of some runs, with how often each was seen and who looks after it.
SELECT
    chosen.*,
    (
        SELECT COUNT(DISTINCT run.period_start)
        FROM billing_findings AS other
        JOIN billing_runs AS run ON run.run_key = other.run_key
        WHERE chosen.cause <> '' AND other.cause = chosen.cause AND run.integration = chosen.integration
    ) AS periods,
    (
        SELECT MIN(run.period_start)
        FROM billing_findings AS other
        JOIN billing_runs AS run ON run.run_key = other.run_key
        WHERE chosen.cause <> '' AND other.cause = chosen.cause AND run.integration = chosen.integration
    ) AS first_seen
FROM (
    SELECT
        finding.run_key, run.integration, run.period_start, finding.stage, finding.row_no, finding.code, finding.number,
        finding.level, finding.scope, finding.subject, finding.message, finding.resolution, finding.customer,
        finding.cause, COALESCE(said.owner, '') AS owner, COALESCE(said.note, '') AS note,
        COUNT(*) OVER () AS total
    FROM billing_findings AS finding
    JOIN billing_runs AS run ON run.run_key = finding.run_key
    LEFT JOIN (
        SELECT integration, cause, owner, note, ROW_NUMBER() OVER (PARTITION BY integration, cause ORDER BY seq DESC) AS newest
        FROM billing_finding_notes
    ) AS said ON said.newest = 1 AND said.integration = run.integration AND said.cause = finding.cause
    WHERE
        finding.run_key IN :run_keys
        AND (:code = '' OR finding.code = :code)
        AND (:level = '' OR finding.level = :level)
        AND (:customer = '' OR finding.customer = :customer)
        AND (
            :words = ''
            OR LOWER(finding.code || ' ' || finding.message || ' ' || finding.subject || ' ' || finding.resolution) LIKE :words ESCAPE '!'
            OR LOWER(finding.stage || ' ' || COALESCE(said.owner, '') || ' ' || COALESCE(said.note, '')) LIKE :words ESCAPE '!'
        )
    ORDER BY
        CASE :sort WHEN 'code' THEN finding.code WHEN 'customer' THEN LOWER(finding.customer) ELSE '' END,
        CASE finding.level WHEN 'error' THEN 0 WHEN 'warning' THEN 1 WHEN 'info' THEN 2 ELSE 3 END,
        run.integration, finding.code, finding.customer, finding.run_key, finding.stage, finding.row_no
    LIMIT :limit OFFSET :skip
) AS chosen
ORDER BY
    CASE :sort WHEN 'code' THEN chosen.code WHEN 'customer' THEN LOWER(chosen.customer) ELSE '' END,
    CASE chosen.level WHEN 'error' THEN 0 WHEN 'warning' THEN 1 WHEN 'info' THEN 2 ELSE 3 END,
    chosen.integration, chosen.code, chosen.customer, chosen.run_key, chosen.stage, chosen.row_no;

-- name: finding_groups_page
-- Reads a page of what the findings of some runs have in common, the worst and most frequent first.
SELECT
    grouped.*,
    example.code, example.number, example.level, example.scope, example.subject, example.message, example.resolution
FROM (
    SELECT
        counted.group_key,
        COUNT(*) AS findings,
        COUNT(DISTINCT counted.whose) AS customers,
        SUM(CASE counted.level WHEN 'error' THEN 1 ELSE 0 END) AS errors,
        SUM(CASE counted.level WHEN 'warning' THEN 1 ELSE 0 END) AS warnings,
        MIN(counted.place) AS place,
        COUNT(*) OVER () AS total
    FROM (
        SELECT
            CASE :grouped_by WHEN 'customer' THEN finding.customer ELSE finding.code END AS group_key,
            finding.level,
            CASE WHEN finding.customer <> '' THEN finding.customer END AS whose,
            CASE finding.level WHEN 'error' THEN '0' WHEN 'warning' THEN '1' WHEN 'info' THEN '2' ELSE '3' END
                || '/' || finding.run_key || '/' || finding.stage || '/' || CAST(finding.row_no AS TEXT) AS place
        FROM billing_findings AS finding
        JOIN billing_runs AS run ON run.run_key = finding.run_key
        LEFT JOIN (
            SELECT integration, cause, owner, note, ROW_NUMBER() OVER (PARTITION BY integration, cause ORDER BY seq DESC) AS newest
            FROM billing_finding_notes
        ) AS said ON said.newest = 1 AND said.integration = run.integration AND said.cause = finding.cause
        WHERE
            finding.run_key IN :run_keys
            AND (:code = '' OR finding.code = :code)
            AND (:level = '' OR finding.level = :level)
            AND (:customer = '' OR finding.customer = :customer)
            AND (
                :words = ''
                OR LOWER(finding.code || ' ' || finding.message || ' ' || finding.subject || ' ' || finding.resolution) LIKE :words ESCAPE '!'
                OR LOWER(finding.stage || ' ' || COALESCE(said.owner, '') || ' ' || COALESCE(said.note, '')) LIKE :words ESCAPE '!'
            )
    ) AS counted
    GROUP BY counted.group_key
    ORDER BY errors DESC, warnings DESC, findings DESC, counted.group_key
    LIMIT :limit OFFSET :skip
) AS grouped
JOIN billing_findings AS example
    ON example.run_key IN :run_keys
    AND SUBSTR(grouped.place, 3) = example.run_key || '/' || example.stage || '/' || CAST(example.row_no AS TEXT)
ORDER BY grouped.errors DESC, grouped.warnings DESC, grouped.findings DESC, grouped.group_key;

-- name: findings_of_task_page
-- Reads a page of what was found by a run that bills nothing, such as the daily watch, the worst first.
SELECT code, number, level, scope, subject, message, resolution, COUNT(*) OVER () AS total
FROM billing_findings
WHERE run_key = :run_key
ORDER BY CASE level WHEN 'error' THEN 0 WHEN 'warning' THEN 1 WHEN 'info' THEN 2 ELSE 3 END, stage, row_no
LIMIT :limit OFFSET :skip;

-- name: finding_codes
-- Reads which codes the findings of some runs have.
SELECT DISTINCT code FROM billing_findings WHERE run_key IN :run_keys ORDER BY code;

-- name: finding_cause_seen
-- Reads where a cause was seen, the newest run first.
SELECT
    finding.run_key, run.integration, run.period_start, finding.stage, finding.code, finding.number, finding.level,
    finding.scope, finding.subject, finding.message, finding.resolution, finding.customer, finding.cause
FROM billing_findings AS finding
JOIN billing_runs AS run ON run.run_key = finding.run_key
WHERE finding.cause = :cause AND run.integration = :integration
ORDER BY run.period_start DESC, run.started_at DESC, finding.stage, finding.row_no
LIMIT :limit;

-- name: finding_note_add
-- Adds what somebody says about a cause after what was said before; two who write at once cannot both be the next.
INSERT INTO billing_finding_notes (integration, cause, seq, owner, note, written_by, written_at)
SELECT :integration, :cause, COALESCE(MAX(seq), 0) + 1, :owner, :note, :written_by, :written_at
FROM billing_finding_notes
WHERE integration = :integration AND cause = :cause;

-- name: finding_notes_read
-- Reads what was said about a cause, the newest first.
SELECT integration, cause, seq, owner, note, written_by, written_at
FROM billing_finding_notes
WHERE integration = :integration AND cause = :cause
ORDER BY seq DESC;
