-- What is mapped to what, as runs found it, and what people decided about it.

-- name: mapping_states_clear
-- Removes what an earlier run found.
DELETE FROM billing_mapping_states WHERE integration = :integration;

-- name: mapping_state_write
-- Writes what one customer or SKU is mapped to.
INSERT INTO billing_mapping_states (
    integration, kind, subject, name, module, state, target, target_name, code, why, offers, lines, run_key
) VALUES (
    :integration, :kind, :subject, :name, :module, :state, :target, :target_name, :code, :why, :offers, :lines, :run_key
);

-- name: mapping_states_page
-- Reads a page of states with the last decision about each, open ones first: pivoted, since a join needs statistics.
WITH ranked AS (
    SELECT
        subject, decision, target, target_name, reason, review_on, decided_by, decided_at,
        ROW_NUMBER() OVER (PARTITION BY subject ORDER BY seq DESC) AS newest
    FROM billing_mapping_decisions
    WHERE integration = :integration AND kind = :kind
),
parts AS (
    SELECT
        subject, name, module, state, target, target_name, code, why, offers, lines, run_key, NULL AS decision,
        NULL AS decided_target, NULL AS decided_name, NULL AS reason, NULL AS review_on, NULL AS decided_by,
        NULL AS decided_at
    FROM billing_mapping_states
    WHERE integration = :integration AND kind = :kind
    UNION ALL
    SELECT
        subject, NULL AS name, NULL AS module, NULL AS state, NULL AS target, NULL AS target_name, NULL AS code,
        NULL AS why, NULL AS offers, NULL AS lines, NULL AS run_key, decision, target AS decided_target,
        target_name AS decided_name, reason, review_on, decided_by, decided_at
    FROM ranked
    WHERE newest = 1
),
whole AS (
    SELECT
        subject, MAX(name) AS name, MAX(module) AS module, MAX(state) AS state, MAX(target) AS target,
        MAX(target_name) AS target_name, MAX(code) AS code, MAX(why) AS why, MAX(offers) AS offers,
        MAX(lines) AS lines, MAX(run_key) AS run_key, MAX(decision) AS decision,
        MAX(decided_target) AS decided_target, MAX(decided_name) AS decided_name, MAX(reason) AS reason,
        MAX(review_on) AS review_on, MAX(decided_by) AS decided_by, MAX(decided_at) AS decided_at
    FROM parts
    WHERE :subject = '' OR subject = :subject
    GROUP BY subject
)
SELECT
    subject, name, module, state, target, target_name, code, why, offers, lines, run_key, decision, decided_target,
    decided_name, reason, review_on, decided_by, decided_at, COUNT(*) OVER () AS total
FROM whole
WHERE
    state IS NOT NULL
    AND (:state = '' OR state = :state)
    AND (
        :decided = ''
        OR (:decided = 'decided' AND decision IN ('map', 'ignore'))
        OR (:decided = 'open' AND COALESCE(decision, 'withdraw') = 'withdraw')
    )
    AND (:offered = 0 OR offers <> '[]')
    AND (
        :words = ''
        OR LOWER(subject) LIKE :words ESCAPE '!'
        OR LOWER(name) LIKE :words ESCAPE '!'
        OR LOWER(target_name) LIKE :words ESCAPE '!'
        OR LOWER(why) LIKE :words ESCAPE '!'
    )
ORDER BY
    CASE WHEN state = 'unmapped' AND COALESCE(decision, 'withdraw') = 'withdraw' THEN 0 ELSE 1 END,
    CASE state WHEN 'unmapped' THEN 1 WHEN 'conflict' THEN 0 WHEN 'ignored' THEN 2 ELSE 3 END,
    LOWER(name), subject
LIMIT :limit OFFSET :skip;

-- name: mapping_states_of
-- Reads what some customers or SKUs are mapped to.
SELECT subject, name, module, state, target, target_name, code, why, offers, lines, run_key, kind
FROM billing_mapping_states
WHERE integration = :integration AND kind = :kind AND subject IN :subjects
ORDER BY subject;

-- name: mapping_states_counted
-- Counts the customers and SKUs of all integrations by where they stand.
SELECT integration, kind, state, COUNT(*) AS subjects
FROM billing_mapping_states
GROUP BY integration, kind, state
ORDER BY integration, kind, state;

-- name: mapping_accounts_page
-- Reads a page of the accounts of one tenant that customers of some integrations are mapped to.
SELECT target, MAX(target_name) AS target_name, COUNT(*) OVER () AS total
FROM billing_mapping_states
WHERE
    integration IN :integrations AND kind = 'customer' AND state = 'mapped'
    AND (:words = '' OR LOWER(target_name) LIKE :words ESCAPE '!' OR LOWER(subject) LIKE :words ESCAPE '!'
        OR LOWER(name) LIKE :words ESCAPE '!')
GROUP BY target
ORDER BY LOWER(MAX(target_name)), target
LIMIT :limit OFFSET :skip;

-- name: mapping_customers_of_accounts
-- Reads which customers of some integrations are mapped to some accounts.
SELECT target, target_name, integration, module, subject, name
FROM billing_mapping_states
WHERE integration IN :integrations AND kind = 'customer' AND state = 'mapped' AND target IN :targets
ORDER BY target, integration, module, subject;

-- name: mapping_tenants
-- Reads the tenant of each integration's newest run.
SELECT run.integration, run.tenant
FROM billing_runs AS run
WHERE run.run_key = (
    SELECT newest.run_key FROM billing_runs AS newest
    WHERE newest.integration = run.integration
    ORDER BY newest.started_at DESC, newest.run_key DESC
    LIMIT 1
)
ORDER BY run.tenant, run.integration;

-- name: mapping_decision_add
-- Adds a decision after those about the same thing.
INSERT INTO billing_mapping_decisions (
    integration, kind, subject, seq, decision, target, target_name, reason, review_on, decided_by, decided_at
)
SELECT
    :integration, :kind, :subject, COALESCE(MAX(seq), 0) + 1, :decision, :target, :target_name, :reason, :review_on,
    :decided_by, :decided_at
FROM billing_mapping_decisions
WHERE integration = :integration AND kind = :kind AND subject = :subject;

-- name: mapping_decisions_standing
-- Reads the last decision about each customer or SKU, unless it was withdrawn.
WITH ranked AS (
    SELECT
        integration, kind, subject, seq, decision, target, target_name, reason, review_on, decided_by, decided_at,
        ROW_NUMBER() OVER (PARTITION BY subject ORDER BY seq DESC) AS newest
    FROM billing_mapping_decisions
    WHERE integration = :integration AND kind = :kind
)
SELECT integration, kind, subject, seq, decision, target, target_name, reason, review_on, decided_by, decided_at
FROM ranked
WHERE newest = 1 AND decision <> 'withdraw'
ORDER BY subject;

-- name: mapping_decisions_of
-- Reads every decision about one customer or SKU, the newest first.
SELECT
    integration, kind, subject, seq, decision, target, target_name, reason, review_on, decided_by, decided_at
FROM billing_mapping_decisions
WHERE integration = :integration AND kind = :kind AND subject = :subject
ORDER BY seq DESC;
