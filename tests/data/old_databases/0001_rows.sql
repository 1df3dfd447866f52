-- What version 1 of the database held after a sweep of two cells of which one was done: rows for 0001_first.sql.
UPDATE meta SET value = 1 WHERE key = 'last_fence';
UPDATE meta SET value = 1 WHERE key = 'epoch';
INSERT INTO sweep (id, name, spec, created_at) VALUES (1, 'first', '{"name": "first"}', '2026-11-01T10:00:00.000Z');
INSERT INTO run (id, sweep, position, cell_hash, cell, affinity, encoder, layers, language, lora, seed, state, fence,
                 attempt, device, wer, started_at, ended_at) VALUES
  (1, 1, 0, 'aa', '{}', 'tiny/da', 'tiny', 4, 'da', 0, 42, 'succeeded', 1, 1, 'cpu:0', 0.5, '2026-11-01T10:00:01.000Z',
   '2026-11-01T10:00:09.000Z'),
  (2, 1, 1, 'bb', '{}', 'tiny/da', 'tiny', 2, 'da', 0, 42, 'queued', 0, 0, '', NULL, NULL, NULL);
INSERT INTO attempt (fence, run, number, worker, device, started_at, ended_at, outcome) VALUES
  (1, 1, 1, 1, 'cpu:0', '2026-11-01T10:00:01.000Z', '2026-11-01T10:00:09.000Z', 'succeeded');
INSERT INTO result VALUES (1, 1, 'ee', '{"evaluate_seconds": 1.0, "audio_seconds": 4.0,
  "train": {"utterances": 8, "seconds": 20.0, "skipped": 0}, "dev": {"utterances": 2, "seconds": 5.0, "skipped": 0},
  "test": {"utterances": 2, "seconds": 4.0, "skipped": 1},
  "skipped": [{"split": "test", "id": "c", "reason": "too_long", "detail": ""}]}',
  1, 1, 0, 0, 100, 10, 0, 1000, '2026-11-01T10:00:09.000Z');
INSERT INTO utterance VALUES
  (1, 0, 'a', 'a.wav', 2.0, 'en', 'en', 'H', 1, 0, 0, 0, 2, 0, 0, 0),
  (1, 1, 'b', 'b.wav', 2.0, 'to', 'tre', 'S', 0, 1, 0, 0, 1, 1, 0, 1);
PRAGMA user_version = 1;
