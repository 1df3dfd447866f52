-- What the list of sweeps says of each one's runs, without reading the runs themselves.
CREATE INDEX run_progress ON run (sweep, state, wer, started_at, ended_at);
