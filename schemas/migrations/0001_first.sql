-- How to change what is stored:
--   1. Never edit a migration that has been released. Add NNNN_what.sql with the next number; it is found by name.
--   2. It runs once, in one transaction, on databases whose user_version is NNNN - 1.
--   3. Keep a database written by the version before under tests/data/old_databases/ and let a test open it.
--   4. A change that a worker or the browser can see also changes worker_message.h or openapi.json.
-- Times are RFC 3339 UTC text, for people; order is by seq and fence, never by time.

-- key/value facts of the whole state directory: last_fence, epoch (starts of the daemon).
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('last_fence', 0), ('epoch', 0);

CREATE TABLE sweep (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  spec TEXT NOT NULL,                 -- the sweep file as submitted, JSON
  priority INTEGER NOT NULL DEFAULT 0,
  paused INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1 -- grows with each change of this row; the ETag
) STRICT;

CREATE TABLE run_transition (from_state TEXT NOT NULL, to_state TEXT NOT NULL,
                             PRIMARY KEY (from_state, to_state)) STRICT, WITHOUT ROWID;
INSERT INTO run_transition VALUES
  ('queued','leased'), ('queued','paused'), ('queued','cancelled'),
  ('leased','running'), ('leased','queued'), ('leased','retry_wait'), ('leased','orphaned'),
  ('leased','failed'), ('leased','quarantined'), ('leased','cancelled'),
  ('running','succeeded'), ('running','queued'), ('running','retry_wait'), ('running','orphaned'),
  ('running','failed'), ('running','quarantined'), ('running','cancelled'),
  ('retry_wait','queued'), ('retry_wait','paused'), ('retry_wait','cancelled'),
  ('paused','queued'), ('paused','cancelled'),
  ('orphaned','leased'), ('orphaned','running'), ('orphaned','queued'), ('orphaned','retry_wait'),
  ('orphaned','quarantined'), ('orphaned','cancelled'),
  ('failed','queued'), ('quarantined','queued'), ('cancelled','queued');

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sweep INTEGER NOT NULL REFERENCES sweep(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,          -- order of the cell in the grid, from 0
  cell_hash TEXT NOT NULL,
  cell TEXT NOT NULL,                 -- canonical JSON of the cell
  affinity TEXT NOT NULL,             -- equal for cells that share encoder and corpus
  encoder TEXT NOT NULL,              -- label
  layers INTEGER NOT NULL,
  language TEXT NOT NULL,
  lora INTEGER NOT NULL,              -- 0 or 1
  seed INTEGER NOT NULL,
  settings TEXT NOT NULL DEFAULT '{}',-- values of further axes, JSON object by dotted path
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued','leased','running','retry_wait','paused',
    'orphaned','succeeded','failed','quarantined','cancelled')),
  reason_code TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  hint TEXT NOT NULL DEFAULT '',
  fence INTEGER NOT NULL DEFAULT 0,   -- of the newest grant; 0: never granted
  attempt INTEGER NOT NULL DEFAULT 0, -- attempts begun
  strikes INTEGER NOT NULL DEFAULT 0, -- failures in a row that count against the retry limit
  device TEXT NOT NULL DEFAULT '',    -- of the newest attempt
  phase TEXT NOT NULL DEFAULT '',
  step INTEGER NOT NULL DEFAULT 0,
  steps INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0,
  val_wer REAL,                       -- best so far
  wer REAL,                           -- test, once succeeded
  started_at TEXT, ended_at TEXT,     -- of the newest attempt
  revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE (sweep, cell_hash)
) STRICT;
CREATE INDEX run_by_sweep ON run (sweep, position);
CREATE INDEX run_by_state ON run (state);

-- The transition table once more, where no code path can go round it.
CREATE TRIGGER run_state_is_legal BEFORE UPDATE OF state ON run
WHEN OLD.state <> NEW.state
  AND NOT EXISTS (SELECT 1 FROM run_transition WHERE from_state = OLD.state AND to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'illegal change of run state'); END;
CREATE TRIGGER run_fence_never_rewinds BEFORE UPDATE OF fence ON run
WHEN NEW.fence < OLD.fence BEGIN SELECT RAISE(ABORT, 'fence would rewind'); END;

CREATE TABLE attempt (
  fence INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,            -- 1, 2, ... of its run
  worker INTEGER NOT NULL,
  device TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  outcome TEXT NOT NULL DEFAULT '',   -- succeeded, or the reason_code it ended with; empty: still going
  reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX attempt_by_run ON attempt (run);

-- The training curve; thinned by the worker. value NULL: not finite.
CREATE TABLE metric (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  fence INTEGER NOT NULL,
  name TEXT NOT NULL,                 -- loss, lr
  step INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (run, fence, name, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  fence INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  step INTEGER NOT NULL,
  train_loss REAL, lr REAL, val_wer REAL, seconds REAL NOT NULL,
  best INTEGER NOT NULL,
  PRIMARY KEY (run, fence, epoch)
) STRICT, WITHOUT ROWID;

-- At most one result a run, whatever is sent twice.
CREATE TABLE result (
  run INTEGER PRIMARY KEY REFERENCES run(id) ON DELETE CASCADE,
  fence INTEGER NOT NULL,
  sha256 TEXT NOT NULL,               -- of the utterances file
  document TEXT NOT NULL,             -- RunResult, JSON
  hits INTEGER NOT NULL, substitutions INTEGER NOT NULL, deletions INTEGER NOT NULL, insertions INTEGER NOT NULL,
  encoder_params INTEGER NOT NULL, projector_params INTEGER NOT NULL, adapter_params INTEGER NOT NULL,
  llm_params INTEGER NOT NULL,
  stored_at TEXT NOT NULL
) STRICT;

CREATE TABLE utterance (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,            -- order in the test split, from 0
  id TEXT NOT NULL,
  audio TEXT NOT NULL,
  seconds REAL NOT NULL,
  reference TEXT NOT NULL,
  hypothesis TEXT NOT NULL,
  alignment TEXT NOT NULL,            -- one letter a word pair: H, S, D, I
  hits INTEGER NOT NULL, substitutions INTEGER NOT NULL, deletions INTEGER NOT NULL, insertions INTEGER NOT NULL,
  char_hits INTEGER NOT NULL, char_substitutions INTEGER NOT NULL, char_deletions INTEGER NOT NULL,
  char_insertions INTEGER NOT NULL,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- Files that count: only what is named here exists for the system.
CREATE TABLE artifact (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  fence INTEGER NOT NULL,
  name TEXT NOT NULL,                 -- relative to the attempt's directory
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (run, fence, name)
) STRICT, WITHOUT ROWID;

-- What happened, in order; written with the change it tells of. SSE reads nothing else.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  type TEXT NOT NULL,                 -- sweep, run, progress, epoch, worker, device
  sweep INTEGER, run INTEGER,
  data TEXT NOT NULL                  -- JSON: what the browser patches its row with
) STRICT;
CREATE INDEX event_by_run ON event (run, seq);
CREATE INDEX event_by_sweep ON event (sweep, seq);

CREATE TABLE worker (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  pid INTEGER NOT NULL DEFAULT 0,
  start_time INTEGER NOT NULL DEFAULT 0,
  boot TEXT NOT NULL DEFAULT '',      -- the machine's boot id: a pid means nothing after a reboot
  build TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,                -- starting, idle, busy, lost, gone
  started_at TEXT NOT NULL, ended_at TEXT
) STRICT;

CREATE TABLE device (name TEXT PRIMARY KEY, drained INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,          -- SHA-256 of method, path and body
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
