-- Usage snapshots and their rows.

-- name: snapshot_write
-- Writes the head of a snapshot, unless the same content is there already.
INSERT INTO billing_snapshots (
    snapshot_id, integration, source, period_start, period_end, taken_at, complete, incomplete_why,
    record_count, malformed_count, failed_customers, control_total, digest, origin
) VALUES (
    :snapshot_id, :integration, :source, :period_start, :period_end, :taken_at, :complete, :incomplete_why,
    :record_count, :malformed_count, :failed_customers, :control_total, :digest, :origin
)
ON CONFLICT (snapshot_id) DO NOTHING;

-- name: snapshot_pull_write
-- Remembers that an integration pulled this content now.
INSERT INTO billing_snapshot_pulls (snapshot_id, integration, taken_at)
VALUES (:snapshot_id, :integration, :taken_at)
ON CONFLICT (snapshot_id, integration, taken_at) DO NOTHING;

-- name: snapshot_read
-- Reads the head of a snapshot.
SELECT
    snapshot_id, integration, source, period_start, period_end, taken_at, complete, incomplete_why,
    record_count, malformed_count, failed_customers, control_total, digest, origin
FROM billing_snapshots
WHERE snapshot_id = :snapshot_id;

-- name: usage_records_read
-- Reads the rows of a snapshot, in order.
SELECT
    source, position, record_id, customer_code, customer_name, billing_identifier, sku, description, summary,
    term, billing_cycle, item_id, kind, quantity, assigned, enabled, total, unit, unit_cost, unit_price,
    currency, billable, period_start, period_end, actor, plan, attributes, total_cost, total_price, covers_from,
    covers_until
FROM billing_usage_records
WHERE snapshot_id = :snapshot_id
ORDER BY row_no;

-- name: snapshot_customers
-- Reads every customer of a snapshot with the name of its first row.
SELECT customer_code, customer_name
FROM billing_usage_records
WHERE snapshot_id = :snapshot_id
    AND row_no IN (
        SELECT MIN(row_no) FROM billing_usage_records WHERE snapshot_id = :snapshot_id GROUP BY customer_code
    )
ORDER BY customer_code;

-- name: snapshot_recent_counts
-- Reads the record count of the latest complete snapshot of each of the last earlier periods that a real run closed.
WITH pulled AS (
    SELECT
        snapshot.period_start,
        snapshot.record_count,
        ROW_NUMBER() OVER (
            PARTITION BY snapshot.period_start ORDER BY pull.taken_at DESC, snapshot.snapshot_id
        ) AS newest
    FROM billing_snapshot_pulls AS pull
    JOIN billing_snapshots AS snapshot ON snapshot.snapshot_id = pull.snapshot_id
    WHERE pull.integration = :integration
        AND snapshot.complete = 1
        AND snapshot.period_start < :before
        AND EXISTS (
            SELECT 1
            FROM billing_runs AS run
            WHERE run.integration = pull.integration
                AND run.period_start = snapshot.period_start
                AND run.dry_run = 0
                AND run.mode <> 'in period'
                AND run.result IN ('Succeeded', 'Succeeded with warnings', 'Partly failed', 'Nothing to do')
        )
)
SELECT record_count FROM pulled WHERE newest = 1 ORDER BY period_start DESC LIMIT :periods;

-- name: snapshot_latest_of_period
-- Finds the complete snapshot of a period that an integration pulled last.
SELECT snapshot.snapshot_id
FROM billing_snapshot_pulls AS pull
JOIN billing_snapshots AS snapshot ON snapshot.snapshot_id = pull.snapshot_id
WHERE pull.integration = :integration AND snapshot.period_start = :period_start AND snapshot.complete = 1
ORDER BY pull.taken_at DESC, snapshot.snapshot_id
LIMIT 1;

-- name: snapshot_pulls_of_period
-- Reads when an integration pulled which complete snapshot of a period, the latest pull first.
SELECT pull.snapshot_id, pull.taken_at, snapshot.record_count
FROM billing_snapshot_pulls AS pull
JOIN billing_snapshots AS snapshot ON snapshot.snapshot_id = pull.snapshot_id
WHERE pull.integration = :integration AND snapshot.period_start = :period_start AND snapshot.complete = 1
ORDER BY pull.taken_at DESC, pull.snapshot_id;
