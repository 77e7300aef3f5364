-- The clock of the database, with which the clocks of workers are compared.

-- name: clock_read
-- Tells what time it is there.
SELECT CURRENT_TIMESTAMP AS instant;
