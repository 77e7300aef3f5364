-- Findings of runs, by stage.

-- name: finding_stage_take
-- Locks a stage of a run until the transaction ends; a new stage comes after those that reported before.
INSERT INTO billing_finding_stages (run_key, stage, stage_no)
SELECT :run_key, :stage, COALESCE(MAX(stage_no), 0) + 1 FROM billing_finding_stages WHERE run_key = :run_key
ON CONFLICT (run_key, stage) DO UPDATE SET stage_no = billing_finding_stages.stage_no;

-- name: findings_clear
-- Removes what a stage of a run reported before.
DELETE FROM billing_findings WHERE run_key = :run_key AND stage = :stage;

-- name: finding_write
-- Writes one finding of a stage of a run.
INSERT INTO billing_findings (
    run_key, stage, row_no, code, number, level, scope, subject, message, resolution, customer, cause
) VALUES (
    :run_key, :stage, :row_no, :code, :number, :level, :scope, :subject, :message, :resolution, :customer, :cause
);

-- name: findings_of_run
-- Reads the findings of a run, in the order of its stages.
SELECT
    finding.stage, finding.code, finding.number, finding.level, finding.scope, finding.subject, finding.message,
    finding.resolution
FROM billing_findings AS finding
JOIN billing_finding_stages AS stage ON stage.run_key = finding.run_key AND stage.stage = finding.stage
WHERE finding.run_key = :run_key
ORDER BY stage.stage_no, finding.stage, finding.row_no;
