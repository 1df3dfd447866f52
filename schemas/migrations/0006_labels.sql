-- What people say of a run and of a sweep, to find it again. tags: JSON array of text.
ALTER TABLE sweep ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE run ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT '';
