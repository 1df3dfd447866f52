"""Writes log_mel.json: what transformers' WhisperFeatureExtractor makes of a quarter of a second of tones and noise.

Run with the versions it records: python3 make_log_mel.py
"""
import json
import pathlib

import numpy
import transformers

random = numpy.random.default_rng(1)
time = numpy.arange(4000) / 16000
tones = 0.3 * numpy.sin(2 * numpy.pi * 440 * time) + 0.1 * numpy.sin(2 * numpy.pi * 3000 * time)
samples = numpy.round((tones + 0.01 * random.standard_normal(time.size)) * 32767).astype(int)
fixture = {
    "made_by": f"make_log_mel.py, transformers {transformers.__version__}, numpy {numpy.__version__}",
    "samples": samples.tolist(),
}
for n_mels in (80, 128):
    extract = transformers.WhisperFeatureExtractor(feature_size=n_mels)
    mel = extract((samples / 32768).astype(numpy.float32), sampling_rate=16000, padding="do_not_pad",
                  return_tensors="np").input_features[0]
    fixture[f"mel_{n_mels}"] = [[float(f"{value:.7g}") for value in row] for row in mel]
pathlib.Path(__file__).with_name("log_mel.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
