-- One holder per PSA tenant and billing period. The row of the day 9999-12-31 names who works on all periods at once; it
-- counts for as long as the lock of that owner's own period is held.

-- name: lock_open
-- Makes the lock of a tenant and period, free, unless it is there.
INSERT INTO billing_locks (tenant, period_start, owner, token, ttl_s, expires_at)
VALUES (:tenant, :period_start, '', 0, 0, '')
ON CONFLICT (tenant, period_start) DO NOTHING;

-- name: lock_take
-- Keeps others away from a lock's row until the transaction ends, and reads it.
UPDATE billing_locks SET token = token
WHERE tenant = :tenant AND period_start = :period_start
RETURNING owner, token, ttl_s, expires_at;

-- name: lock_write
-- Writes the holder of a lock.
UPDATE billing_locks SET owner = :owner, token = :token, ttl_s = :ttl_s, expires_at = :expires_at
WHERE tenant = :tenant AND period_start = :period_start;

-- name: lock_free
-- Frees a lock, if this token still holds it.
UPDATE billing_locks SET owner = '', expires_at = ''
WHERE tenant = :tenant AND period_start = :period_start AND token = :token;

-- name: lock_read
-- Reads the holder of a lock.
SELECT owner, token, ttl_s, expires_at
FROM billing_locks
WHERE tenant = :tenant AND period_start = :period_start AND owner <> '';

-- name: locks_of_tenant
-- Reads every lock of a tenant that somebody holds, expired or not.
SELECT period_start, owner, token, ttl_s, expires_at
FROM billing_locks
WHERE tenant = :tenant AND owner <> ''
ORDER BY period_start;
