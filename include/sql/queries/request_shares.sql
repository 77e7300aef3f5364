-- What all processes share of a PSA tenant: requests in flight, and requests per hour.

-- name: slot_open
-- Makes a slot of an endpoint, free, unless it is there.
INSERT INTO billing_request_slots (tenant, endpoint, slot_no, owner, expires_at)
VALUES (:tenant, :endpoint, :slot_no, '', '')
ON CONFLICT (tenant, endpoint, slot_no) DO NOTHING;

-- name: slots_known
-- Reads how many slots of an endpoint there are, and how many of them are free or have an owner who is gone.
SELECT COUNT(*) AS slots, COALESCE(SUM(CASE WHEN owner = '' OR expires_at < :now THEN 1 ELSE 0 END), 0) AS free
FROM billing_request_slots
WHERE tenant = :tenant AND endpoint = :endpoint AND slot_no <= :slots_max;

-- name: slot_take
-- Takes the first slot of an endpoint that is free or whose owner is gone; returns no row when somebody was faster.
UPDATE billing_request_slots SET owner = :owner, expires_at = :expires_at
WHERE tenant = :tenant AND endpoint = :endpoint AND (owner = '' OR expires_at < :now)
    AND slot_no = (
        SELECT MIN(slot_no) FROM billing_request_slots
        WHERE tenant = :tenant AND endpoint = :endpoint AND slot_no <= :slots_max AND (owner = '' OR expires_at < :now)
    )
RETURNING slot_no;

-- name: slot_give
-- Frees a slot, if this owner still holds it.
UPDATE billing_request_slots SET owner = '', expires_at = ''
WHERE tenant = :tenant AND endpoint = :endpoint AND slot_no = :slot_no AND owner = :owner;

-- name: count_turn
-- Keeps other processes from counting until the transaction ends.
UPDATE billing_request_slots SET owner = owner
WHERE tenant = :tenant AND endpoint = '' AND slot_no = 0;

-- name: counts_since
-- Reads how many requests were set apart since a minute, with the first of those minutes.
SELECT COALESCE(SUM(requests), 0) AS requests, MIN(minute) AS first_minute
FROM billing_request_counts
WHERE tenant = :tenant AND minute > :since AND requests > 0;

-- name: count_add
-- Sets requests apart in a minute, or gives some back.
INSERT INTO billing_request_counts (tenant, minute, requests) VALUES (:tenant, :minute, :requests)
ON CONFLICT (tenant, minute) DO UPDATE SET requests = billing_request_counts.requests + excluded.requests;

-- name: counts_forget
-- Removes minutes that no budget looks at any more.
DELETE FROM billing_request_counts WHERE tenant = :tenant AND minute <= :since;
