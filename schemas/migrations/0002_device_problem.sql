-- Why the last worker of a device ended before it was ready; empty: it was, or none was started.
ALTER TABLE device ADD COLUMN problem TEXT NOT NULL DEFAULT '';
