"""The clips of a corpus as the paper's dataset holds them: decoded once to 16 kHz, with the text to train on."""
import csv
import json
import pathlib
import sys

import numpy as np
import soundfile
import soxr

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "parity/oracles"))
from normalisers import training_text  # noqa: E402

RATE = 16000


def nemo_manifest(root, split):
    for line in (root / f"{split}.json").read_text().splitlines():
        if line.strip():
            entry = json.loads(line)
            yield root / entry["audio_filepath"], entry.get("offset", 0), entry.get("duration", float("inf")), entry["text"]


def common_voice(root, split):
    with open(root / f"{split}.tsv", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield root / "clips" / row["path"], 0, float("inf"), row["sentence"]


FORMATS = {"nemo-manifest": nemo_manifest, "common-voice": common_voice}


def decode(path, offset, seconds):
    """16 kHz mono, and its length in seconds as the worker counts it."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    begin = round(offset * rate)
    samples = samples.mean(1)[begin:begin + min(round(min(seconds, 1e6) * rate), len(samples))]
    length = min(seconds, len(samples) / rate)
    return soxr.resample(samples, rate, RATE, "HQ") if rate != RATE else samples, length


def read_split(corpus, split):
    """Clips with seconds, text and samples, filtered and limited as the cell's corpus says."""
    clips, (least, most), limit = [], corpus["filter_seconds"], corpus[f"limit_{split}"]
    for path, offset, seconds, text in FORMATS[corpus["format"]](pathlib.Path(corpus["path"]), split):
        samples, length = decode(path, offset, seconds)
        if least <= length <= most and training_text(text) and len(clips) < (limit or sys.maxsize):
            clips.append({"seconds": length, "text": training_text(text), "samples": samples})
    return clips


def store(corpus, directory):
    """Decodes a corpus into a directory, from which load() takes it in no time."""
    directory.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        clips = read_split(corpus, split)
        sounds = [clip.pop("samples") for clip in clips]
        np.save(directory / f"{split}.npy", np.concatenate(sounds))
        listed = [clip | {"length": len(sound)} for clip, sound in zip(clips, sounds)]
        (directory / f"{split}.json").write_text(json.dumps(listed))


def load(directory, split):
    clips, samples, at = json.loads((directory / f"{split}.json").read_text()), np.load(directory / f"{split}.npy"), 0
    for clip in clips:
        clip["samples"] = samples[at:at + clip["length"]]
        at += clip["length"]
    return clips
