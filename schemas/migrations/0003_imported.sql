-- Results that were imported. A sweep with a source holds only such, and no worker ever gets one of its runs.
ALTER TABLE sweep ADD COLUMN source TEXT NOT NULL DEFAULT '';  -- where they come from; empty: own runs

-- What was published of a run, beside its WER. NULL: not said. With its utterances it has a result as well, whose
-- counts of parameters are then 0: not counted here.
CREATE TABLE published (
  run INTEGER PRIMARY KEY REFERENCES run(id) ON DELETE CASCADE,
  encoder_params INTEGER, adapter_params INTEGER,
  reduction REAL                      -- share of the encoder that was cut
) STRICT;
