-- The sums of runs over their contract lines, for the dashboard. A run's rows are replaced as a whole.

-- name: run_totals_clear
-- Removes the sums that an earlier try of a run's report made.
DELETE FROM billing_run_totals WHERE run_key = :run_key;

-- name: run_total_write
-- Writes one sum of a run.
INSERT INTO billing_run_totals (
    run_key, grouped_by, group_key, label, lines, changes, held, quantity, before, after, unpriced
) VALUES (
    :run_key, :grouped_by, :group_key, :label, :lines, :changes, :held, :quantity, :before, :after, :unpriced
);

-- name: run_totals_read
-- Reads the sums of a run, by what they are of.
SELECT grouped_by, group_key, label, lines, changes, held, quantity, before, after, unpriced
FROM billing_run_totals
WHERE run_key = :run_key
ORDER BY grouped_by, group_key;

-- name: run_totals_periods
-- Reads the latest periods of an integration up to a day, each by its newest run with sums; newest period first.
WITH ranked AS (
    SELECT
        run.integration, run.run_key, run.digest, run.period_start, run.period_end, run.started_at, run.result,
        total.lines, total.changes, total.held, total.before, total.after, total.unpriced,
        ROW_NUMBER() OVER (PARTITION BY run.period_start ORDER BY run.started_at DESC, run.run_key DESC) AS newest
    FROM billing_runs AS run
    JOIN billing_run_totals AS total ON total.run_key = run.run_key AND total.grouped_by = 'all'
    WHERE run.integration = :integration AND run.period_start <= :until
)
SELECT
    integration, run_key, digest, period_start, period_end, started_at, result, lines, changes, held, before, after,
    unpriced
FROM ranked
WHERE newest = 1
ORDER BY period_start DESC
LIMIT :periods;

-- name: run_totals_groups
-- Reads a page of the groups of a run and what they came to in an earlier one: pivoted, since a join needs statistics.
WITH joined AS (
    SELECT
        group_key,
        COALESCE(MAX(CASE WHEN run_key = :run_key THEN label END), MAX(label)) AS label,
        SUM(CASE WHEN run_key = :run_key THEN lines ELSE 0 END) AS lines,
        SUM(CASE WHEN run_key = :run_key THEN changes ELSE 0 END) AS changes,
        SUM(CASE WHEN run_key = :run_key THEN held ELSE 0 END) AS held,
        COALESCE(MAX(CASE WHEN run_key = :run_key THEN quantity END), '0') AS quantity,
        COALESCE(MAX(CASE WHEN run_key = :run_key THEN before END), '0') AS before,
        COALESCE(MAX(CASE WHEN run_key = :run_key THEN after END), '0') AS after,
        SUM(CASE WHEN run_key = :run_key THEN unpriced ELSE 0 END) AS unpriced,
        MAX(CASE WHEN run_key = :earlier_run THEN after END) AS earlier
    FROM billing_run_totals
    WHERE run_key IN (:run_key, :earlier_run) AND grouped_by = :grouped_by
    GROUP BY group_key
)
SELECT
    group_key, label, lines, changes, held, quantity, before, after, unpriced, earlier, COUNT(*) OVER () AS total
FROM joined
WHERE :words = '' OR LOWER(label) LIKE :words ESCAPE '!' OR LOWER(group_key) LIKE :words ESCAPE '!'
ORDER BY
    CASE :sort
        WHEN 'amount' THEN -CAST(after AS DOUBLE PRECISION)
        WHEN 'change' THEN -ABS(CAST(after AS DOUBLE PRECISION) - CAST(COALESCE(earlier, '0') AS DOUBLE PRECISION))
        WHEN 'held' THEN -CAST(held AS DOUBLE PRECISION)
        ELSE 0
    END,
    LOWER(label), group_key
LIMIT :limit OFFSET :skip;

-- name: run_totals_items
-- Reads a page of the posted and pending billing items of a run by one group, the largest amounts first.
WITH grouped AS (
    SELECT
        group_key, currency, MAX(label) AS label,
        MAX(CASE WHEN state = 'posted' THEN amount END) AS posted,
        SUM(CASE WHEN state = 'posted' THEN items ELSE 0 END) AS posted_items,
        MAX(CASE WHEN state = 'pending' THEN amount END) AS pending,
        SUM(CASE WHEN state = 'pending' THEN items ELSE 0 END) AS pending_items,
        SUM(unpriced) AS unpriced
    FROM billing_item_totals
    WHERE run_key = :run_key AND grouped_by = :grouped_by
    GROUP BY group_key, currency
)
SELECT
    group_key, label, currency, posted, posted_items, pending, pending_items, unpriced, COUNT(*) OVER () AS total
FROM grouped
WHERE :words = '' OR LOWER(label) LIKE :words ESCAPE '!' OR LOWER(group_key) LIKE :words ESCAPE '!'
ORDER BY
    currency,
    -(ABS(CAST(COALESCE(posted, '0') AS DOUBLE PRECISION)) + ABS(CAST(COALESCE(pending, '0') AS DOUBLE PRECISION))),
    group_key
LIMIT :limit OFFSET :skip;
