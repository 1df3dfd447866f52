-- What a run asks of a worker, once for all cells that ask the same: what must be loaded, with whom it can be trained in
-- one step, how long it takes at most, and the memory for it.
CREATE TABLE workload (
  id INTEGER PRIMARY KEY,
  affinity TEXT NOT NULL,             -- equal for cells that share encoder, LLM and corpus
  pack TEXT NOT NULL,                 -- equal for cells that can be trained in one step; empty: only alone
  epochs INTEGER NOT NULL,            -- at most
  cpu_shared INTEGER NOT NULL, cpu_own INTEGER NOT NULL,  -- bytes: once for a pack, and for each cell of it;
  gpu_shared INTEGER NOT NULL, gpu_own INTEGER NOT NULL,  -- 0: not known
  UNIQUE (affinity, pack, epochs, cpu_shared, cpu_own, gpu_shared, gpu_own)
) STRICT;
ALTER TABLE run ADD COLUMN workload INTEGER REFERENCES workload(id);

CREATE TEMP TABLE asked AS
SELECT id AS run, affinity, coalesce(cell ->> '$.train.epochs', 0) AS epochs,
       iif(cell ->> '$.train.batch' IS NULL, '',
           printf('%s:%s:%s:%d:%d:%d:%s', affinity, cell ->> '$.recipe', language, seed, cell ->> '$.train.batch',
                  cell ->> '$.train.shuffle', cell ->> '$.train.precision')) AS pack
FROM run;
INSERT INTO workload (affinity, pack, epochs, cpu_shared, cpu_own, gpu_shared, gpu_own)
SELECT DISTINCT affinity, pack, epochs, 0, 0, 0, 0 FROM asked;
UPDATE run SET workload = w.id FROM asked a JOIN workload w USING (affinity, pack, epochs) WHERE a.run = run.id;
DROP TABLE asked;
ALTER TABLE run DROP COLUMN affinity;
