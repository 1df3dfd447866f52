"""What `sweetspot export` writes for other tools, read by them: a sweep of fake runs is exported; its NeMo manifests are
imported again, jiwer (and sclite, where it is on the PATH) count its transcripts, and TensorBoard reads its curves and
settings.

Usage: interop_oracle.py SWEETSPOT FAKE_WORKER; exits 77 (skipped) where jiwer or tensorboard is not installed.
"""

import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from live_daemon import Daemon

try:
    import jiwer
    from google.protobuf import json_format
    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

AXES = ("encoder", "layers", "language", "lora", "seed")


def make_sweep(folder):
    """The same fake models and corpora as tests/browser/daemon.mjs has."""
    for name, config in {"tiny-encoder": {"d_model": 64, "encoder_layers": 4, "encoder_ffn_dim": 256}, "tiny-llm": {"hidden_size": 64}}.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(config))
        (folder / name / "model.safetensors").write_text("")
    (folder / "da").mkdir()
    for split in ("train", "dev", "test"):
        (folder / "da" / f"{split}.tsv").write_text("path\tsentence\n")
    axes = {"encoder": [str(folder / "tiny-encoder")], "layers": [4], "language": ["da"], "lora": [False, True],
            "train.lr": [0.001, 0.0005]}
    sweep = folder / "sweep.json"
    sweep.write_text(json.dumps({"name": "interop", "axes": axes, "corpora": {"da": {"path": str(folder / "da")}},
                                 "llm": str(folder / "tiny-llm"), "train": {"epochs": 3}}))
    return sweep


def close(name, got, expected, tolerance=1e-12):
    same = math.isclose(got, expected, rel_tol=tolerance, abs_tol=tolerance)
    assert same, f"{name}: {got}, not {expected}"


def file_of(out, folder, run, ending):
    (file,) = (out / folder).glob(f"*-{run['id']}{ending}")
    return file


def check_nemo(daemon, out, run):
    """A manifest that is imported again gives the WER of its run, and its own rates agree with it."""
    file = file_of(out, "nemo", run, ".test.json")
    lines = [json.loads(line) for line in file.open()]
    assert all(line["audio_filepath"].endswith(".wav") and line["duration"] > 0 for line in lines)
    errors = sum((line["sub_rate"] + line["ins_rate"] + line["del_rate"]) * line["tokens"] for line in lines)
    close("rates", errors / sum(line["tokens"] for line in lines), run["wer"])
    options = ["--encoder", run["encoder"], "--layers", str(run["layers"]), "--language", run["language"]]
    imported = daemon.run("import", file, *options)
    (again,) = daemon.get(f"runs?sweep={imported}")["items"]
    assert again["wer"] == run["wer"], f"{run['id']}: {again['wer']} imported, {run['wer']} exported"


def transcripts(file):
    for line in file.read_text().splitlines():
        words, name = line.rsplit("(", 1)
        assert name.startswith("test-") and name.endswith(")"), line
        yield name, " ".join(urllib.parse.unquote(word) for word in words.split())


def check_trn(out, run):
    files = [file_of(out, "trn", run, f".{side}.trn") for side in ("ref", "hyp")]
    references, hypotheses = (dict(transcripts(file)) for file in files)
    assert references and references.keys() == hypotheses.keys()
    close("transcripts", jiwer.wer(list(references.values()), list(hypotheses.values())), run["wer"])
    if shutil.which("sclite"):
        options = ["-r", files[0], "trn", "-h", files[1], "trn", "-i", "spu_id", "-e", "utf-8", "-s", "-o", "rsum", "stdout"]
        summary = subprocess.run(["sclite", *options], capture_output=True, text=True, check=True).stdout
        sentences, words = map(int, re.search(r"\|\s*Sum\s*\|\s*(\d+)\s+(\d+) ", summary).groups())
        assert (sentences, words) == (len(references), sum(len(text.split()) for text in references.values())), summary


class Board:
    """A folder of event files, as TensorBoard's own server reads it."""

    def __init__(self, folder):
        multiplexer = plugin_event_multiplexer.EventMultiplexer()
        multiplexer.AddRunsFromDirectory(str(folder)).Reload()
        self.multiplexer = multiplexer
        self.provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))

    def scalars(self, name, tag):
        return [(e.wall_time, e.step, e.tensor_proto.float_val[0]) for e in self.multiplexer.Tensors(name, tag)]

    def sessions(self):
        """What its HPARAMS tab lists: by run, (settings, metrics, status)."""
        where = backend_context.Context(base_plugin.TBContext(data_provider=self.provider))
        request = api_pb2.ListSessionGroupsRequest(
            start_index=0, slice_size=100, allowed_statuses=[api_pb2.STATUS_SUCCESS],
            col_params=[api_pb2.ColParams(hparam=name) for name in (*AXES, "train.lr")])
        groups = list_session_groups.Handler(context.RequestContext(), where, "", request).run().session_groups
        for group in groups:
            (session,) = group.sessions
            metrics = {value.name.tag: value.value for value in session.metric_values}
            yield session.name, json_format.MessageToDict(group)["hparams"], metrics, session


def check_curves(daemon, board, name, run):
    metrics = daemon.get(f"runs/{run['id']}/metrics")
    assert metrics["series"]["loss"] and len(metrics["epochs"]) == 2
    for series, points in metrics["series"].items():
        read = board.scalars(name, f"train/{series}")
        assert [step for _, step, _ in read] == [step for step, _ in points], series
        for (_, _, value), (_, expected) in zip(read, points):
            close(series, value, expected, 1e-6)
        times = [at for at, _, _ in read]
        assert times == sorted(times), series
    (tested,) = board.scalars(name, "test/wer")
    close("test/wer", tested[2], run["wer"], 1e-6)
    validated = [value for _, _, value in board.scalars(name, "validation/wer")]
    for value, epoch in zip(validated, metrics["epochs"], strict=True):
        close("validation/wer", value, epoch["val_wer"], 1e-6)


def check_settings(board, runs):
    sessions = list(board.sessions())
    assert len(sessions) == len(runs), f"{len(sessions)} sessions of {len(runs)} runs"
    for name, settings, metrics, session in sessions:
        run = runs[name.rsplit("-", 1)[1]]
        expected = {axis: run[axis] for axis in AXES} | run["settings"]
        assert settings == expected, f"{name}: {settings}, not {expected}"
        close("test/wer", metrics["test/wer"], run["wer"], 1e-6)
        assert session.end_time_secs >= session.start_time_secs > 0


def main():
    with tempfile.TemporaryDirectory(prefix="sweetspot-interop-") as name:
        folder = pathlib.Path(name)
        daemon = Daemon(sys.argv[1], folder, worker=sys.argv[2])
        try:
            # Longer than a few of the pauses between a worker's words on its progress (a quarter of a second).
            (folder / "state" / "fake.json").write_text(json.dumps({"epochs": 2, "steps": 15, "step_ms": 50}))
            sweep, out = daemon.run("submit", make_sweep(folder)), folder / "out"
            daemon.run("watch", sweep)
            daemon.run("export", sweep, "--out", out)
            runs = {run["id"]: run for run in daemon.get(f"runs?sweep={sweep}")["items"]}
            board = Board(out / "tensorboard")
            for run in runs.values():
                check_nemo(daemon, out, run)
                check_trn(out, run)
                check_curves(daemon, board, file_of(out, "tensorboard", run, "").name, run)
            check_settings(board, runs)
        finally:
            daemon.end()
    print(f"{len(runs)} runs read by TensorBoard, jiwer and sweetspot import")


main()
