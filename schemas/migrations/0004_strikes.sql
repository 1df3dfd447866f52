-- Failures in a row are counted by what failed: run.strikes are those of the infrastructure from here on.
ALTER TABLE run ADD COLUMN memory_strikes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN protocol_strikes INTEGER NOT NULL DEFAULT 0;
