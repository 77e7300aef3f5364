-- The ledger itself: migrations and the write probe.

-- name: migrations_table
-- Makes the list of applied migrations, which no migration can make.
CREATE TABLE IF NOT EXISTS billing_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   TEXT NOT NULL,
    applied_at TEXT NOT NULL
);

-- name: migrations_applied
-- Reads which migrations this ledger has.
SELECT version, name, checksum FROM billing_migrations ORDER BY version;

-- name: migration_record
-- Remembers that a migration was applied.
INSERT INTO billing_migrations (version, name, checksum, applied_at)
VALUES (:version, :name, :checksum, :applied_at);

-- name: identity_write
-- Gives the ledger its id, once.
INSERT INTO billing_ledger_identity (only_row, ledger_id) VALUES (1, :ledger_id)
ON CONFLICT (only_row) DO NOTHING;

-- name: identity_read
-- Reads which ledger this is.
SELECT ledger_id FROM billing_ledger_identity;

-- name: probe_write
-- Writes a row that means nothing.
INSERT INTO billing_write_probe (probe) VALUES (:probe);

-- name: probe_remove
-- Removes it again.
DELETE FROM billing_write_probe WHERE probe = :probe;
