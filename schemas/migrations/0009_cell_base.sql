-- What cells of a sweep have in common, kept once for all of them: a run's own seed and settings make its cell of it.
CREATE TABLE cell_base (
  sweep INTEGER NOT NULL REFERENCES sweep(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,            -- within the sweep, from 0
  cell TEXT NOT NULL,                 -- canonical JSON of a cell; its seed says nothing
  PRIMARY KEY (sweep, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE run ADD COLUMN base INTEGER;  -- number of its cell_base, run.cell is then empty; NULL: run.cell is whole
