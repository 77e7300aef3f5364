-- Thinning of old readings: which may be thinned, what of them stays, what goes.

-- name: retention_due
-- Finds readings, or tells of one, that may be thinned: made inside a closed period, by runs that ended, and not its last.
SELECT snapshot.snapshot_id, snapshot.integration, snapshot.period_start
FROM billing_snapshots AS snapshot
WHERE
    snapshot.period_end <= :ended
    AND (CAST(:snapshot_id AS TEXT) = '' OR snapshot.snapshot_id = :snapshot_id)
    AND NOT EXISTS (
        SELECT 1 FROM billing_thinned AS thinned
        WHERE thinned.kind = 'usage' AND thinned.content_id = snapshot.snapshot_id
    )
    AND NOT EXISTS (
        SELECT 1 FROM billing_snapshot_pulls AS pull
        WHERE pull.snapshot_id = snapshot.snapshot_id AND pull.taken_at >= :pulled
    )
    AND EXISTS (
        SELECT 1 FROM billing_runs AS run
        WHERE
            run.integration = snapshot.integration AND run.period_start = snapshot.period_start
            AND run.dry_run = 0 AND run.mode <> 'in period' AND run.undoes = ''
            AND run.result IN ('Succeeded', 'Succeeded with warnings', 'Partly failed', 'Nothing to do')
    )
    AND EXISTS (
        SELECT 1 FROM billing_diffs AS diff
        JOIN billing_diff_runs AS came ON came.digest = diff.digest
        WHERE diff.snapshot_id = snapshot.snapshot_id
    )
    AND NOT EXISTS (
        SELECT 1 FROM billing_diffs AS diff
        JOIN billing_diff_runs AS came ON came.digest = diff.digest
        LEFT JOIN billing_runs AS run ON run.run_key = came.run_key
        WHERE
            diff.snapshot_id = snapshot.snapshot_id
            AND (run.run_key IS NULL OR run.mode <> 'in period' OR run.result IS NULL)
    )
    AND EXISTS (
        SELECT 1 FROM billing_snapshots AS later
        JOIN billing_snapshot_pulls AS pull ON pull.snapshot_id = later.snapshot_id
        WHERE
            later.integration = snapshot.integration AND later.period_start = snapshot.period_start
            AND later.complete = 1 AND later.snapshot_id <> snapshot.snapshot_id
            AND pull.taken_at > (
                SELECT MAX(own.taken_at) FROM billing_snapshot_pulls AS own
                WHERE own.snapshot_id = snapshot.snapshot_id
            )
    )
ORDER BY snapshot.period_start, snapshot.taken_at, snapshot.snapshot_id;

-- name: retention_charge_sets
-- Finds the charge sets that were made of a reading.
SELECT charge_set_id FROM billing_charge_sets WHERE snapshot_id = :snapshot_id ORDER BY charge_set_id;

-- name: retention_written_for
-- Finds the charge lines of a charge set for which something is in the journal, a list for each change.
SELECT DISTINCT change.charge_nos
FROM billing_diffs AS diff
JOIN billing_diff_changes AS change ON change.digest = diff.digest
WHERE
    diff.snapshot_id = :snapshot_id AND diff.charge_set_id = :charge_set_id
    AND EXISTS (
        SELECT 1 FROM billing_journal AS entry
        WHERE entry.digest = change.digest AND entry.change_id = change.change_id
    );

-- name: kept_charge_write
-- Remembers that a charge line of a charge set stays.
INSERT INTO billing_kept_charges (charge_set_id, charge_no) VALUES (:charge_set_id, :charge_no)
ON CONFLICT (charge_set_id, charge_no) DO NOTHING;

-- name: kept_charges_read
-- Reads which charge lines of a thinned charge set stayed.
SELECT charge_no FROM billing_kept_charges WHERE charge_set_id = :charge_set_id ORDER BY charge_no;

-- name: kept_charges_clear
-- Forgets which charge lines stayed, because all are there again.
DELETE FROM billing_kept_charges WHERE charge_set_id = :charge_set_id;

-- name: thin_row_outcomes
-- Removes what became of the rows of a charge set, but for those behind kept charge lines.
DELETE FROM billing_row_outcomes
WHERE
    charge_set_id = :charge_set_id
    AND (
        charge_no IS NULL
        OR charge_no NOT IN (SELECT kept.charge_no FROM billing_kept_charges AS kept WHERE kept.charge_set_id = :charge_set_id)
    );

-- name: thin_charge_lines
-- Removes the charge lines of a charge set, but for kept ones.
DELETE FROM billing_charge_lines
WHERE
    charge_set_id = :charge_set_id
    AND charge_no NOT IN (SELECT kept.charge_no FROM billing_kept_charges AS kept WHERE kept.charge_set_id = :charge_set_id);

-- name: thin_usage_records
-- Removes the rows of a reading, but for those behind kept charge lines and the first of each customer.
DELETE FROM billing_usage_records
WHERE
    snapshot_id = :snapshot_id
    AND row_no NOT IN (
        SELECT MIN(first_of.row_no) FROM billing_usage_records AS first_of
        WHERE first_of.snapshot_id = :snapshot_id
        GROUP BY first_of.customer_code
    )
    AND position NOT IN (
        SELECT outcome.position FROM billing_row_outcomes AS outcome
        JOIN billing_charge_sets AS charge_set ON charge_set.charge_set_id = outcome.charge_set_id
        WHERE charge_set.snapshot_id = :snapshot_id
    );

-- name: retention_diffs
-- Finds the diffs that were planned from a reading.
SELECT digest FROM billing_diffs WHERE snapshot_id = :snapshot_id ORDER BY digest;

-- name: thin_diff_lines
-- Removes the contract lines that the plan of a diff saw.
DELETE FROM billing_diff_lines WHERE digest = :digest;

-- name: thinned_write
-- Remembers that rows of a content are gone.
INSERT INTO billing_thinned (kind, content_id, thinned_at, removed) VALUES (:kind, :content_id, :thinned_at, :removed)
ON CONFLICT (kind, content_id) DO UPDATE SET thinned_at = excluded.thinned_at, removed = excluded.removed;

-- name: thinned_read
-- Tells whether rows of a content are gone, and since when.
SELECT thinned_at FROM billing_thinned WHERE kind = :kind AND content_id = :content_id AND removed > 0;

-- name: thinned_forget
-- Forgets that rows of a content were gone, because they are there again.
DELETE FROM billing_thinned WHERE kind = :kind AND content_id = :content_id;

-- name: usage_records_clear
-- Removes what is left of the rows of a thinned reading, which are all written again.
DELETE FROM billing_usage_records WHERE snapshot_id = :snapshot_id;

-- name: charge_lines_clear
-- Removes what is left of a thinned charge set, which is written again.
DELETE FROM billing_charge_lines WHERE charge_set_id = :charge_set_id;

-- name: row_outcomes_clear
-- Removes what is left of the outcomes of a thinned charge set, which are written again.
DELETE FROM billing_row_outcomes WHERE charge_set_id = :charge_set_id;
