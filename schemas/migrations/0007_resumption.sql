-- Attempts up to this fence left no checkpoint that the run may go on from: it was asked to begin from scratch. 0: none.
ALTER TABLE run ADD COLUMN scratch_fence INTEGER NOT NULL DEFAULT 0;
-- Whether the attempt that gave the result went on from checkpoints: '' no; 'bit-exact'; 'not bit-exact: ' and what differed.
ALTER TABLE result ADD COLUMN resumed TEXT NOT NULL DEFAULT '';
