-- What version 3 added to that: an imported sweep, and a run that was about to be tried again.
UPDATE run SET strikes = 2 WHERE id = 2;
INSERT INTO sweep (id, name, spec, created_at, source) VALUES
  (2, 'published', '{"name": "published"}', '2026-11-02T10:00:00.000Z', 'a paper');
INSERT INTO run (id, sweep, position, cell_hash, cell, affinity, encoder, layers, language, lora, seed, state, wer) VALUES
  (3, 2, 0, 'cc', '{}', 'tiny/da', 'tiny', 4, 'da', 0, 42, 'succeeded', 0.25);
INSERT INTO published (run, encoder_params, adapter_params, reduction) VALUES (3, 100, NULL, 0.0);
