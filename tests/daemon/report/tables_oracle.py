"""The tables of a live daemon against jiwer: hypotheses are imported, everything is exported, and WER, Table 4
(degradation), Table 6 (patterns) and Table 7 (word errors) are computed anew from the exported utterances.

Usage: tables_oracle.py SWEETSPOT; exits 77 (skipped) where jiwer is not installed.
"""

import importlib.metadata
import json
import math
import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from live_daemon import Daemon

try:
    import jiwer
except ImportError:
    print(f"skipped: {sys.executable} has no jiwer")
    sys.exit(77)

FULL, CUT = 4, 2
WORDS = "en to tre fire fem seks syv otte ni ti elleve luchtvaartmaatschappijen".split()


def references(language):
    rng = random.Random(language)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(1, 9))) for _ in range(150)]
    return texts + ["", "", "luchtvaartmaatschappijen", "en to"]


def heard(rng, reference, share):
    """The reference with about `share` of its words wrong: left out, replaced, put in, or looping."""
    words = []
    for word in reference.split():
        draw = rng.random()
        if draw > share:
            words.append(word)
        elif draw > 0.6 * share:
            words.append(rng.choice(WORDS))
        elif draw > 0.3 * share:
            words += [word, rng.choice(WORDS)]
    if rng.random() < share / 8:
        words = [rng.choice(WORDS)] * 12  # above 100 %
    if not reference and rng.random() < share:
        words = ["uh"]
    return " ".join(words)


def cell(language, layers, lora):
    rng = random.Random(f"{language} {layers} {lora}")
    share = {(FULL, False): 0.25, (FULL, True): 0.2, (CUT, False): 0.6, (CUT, True): 0.2}[layers, lora]
    for number, reference in enumerate(references(language)):
        hypothesis = heard(rng, reference, share)
        if (layers, lora) == (CUT, False) and reference == "luchtvaartmaatschappijen":
            hypothesis = "luchtvaart maatschappijen"
        if (layers, lora) == (CUT, True) and rng.random() < 0.3:
            hypothesis = reference
        yield {"id": f"u{number}", "reference": reference, "hypothesis": hypothesis}


def import_and_export(daemon, folder):
    sweep = None
    for language in ("da", "nl"):
        for layers in (FULL, CUT):
            for lora in (False, True):
                file = folder / "cell.jsonl"
                file.write_text("".join(json.dumps(line) + "\n" for line in cell(language, layers, lora)))
                options = ["--encoder", "whisper", "--layers", str(layers), "--language", language]
                options += ["--lora"] * lora + (["--into", sweep] if sweep else [])
                sweep = daemon.run("import", file, *options)
    daemon.run("export", sweep, "--out", folder / "out")
    return {file.stem: [json.loads(line) for line in file.open()] for file in (folder / "out").glob("*.jsonl")}


class Oracle:
    """jiwer's counts of the exported utterances, by cell."""

    def __init__(self, utterances):
        self.cells = {}
        for line in sorted(utterances, key=lambda line: line["number"]):
            self.cells.setdefault((line["language"], line["layers"], line["lora"]), []).append(line)
        self.each = {
            key: [jiwer.process_words(line["reference"], line["hypothesis"]) for line in lines]
            for key, lines in self.cells.items()
        }

    def whole(self, key):
        lines = self.cells[key]
        return jiwer.process_words([line["reference"] for line in lines], [line["hypothesis"] for line in lines])

    def errors(self, key):
        return [one.substitutions + one.deletions + one.insertions for one in self.each[key]]

    def degraded(self, key, language):
        return [worse > base for worse, base in zip(self.errors(key), self.errors((language, FULL, False)))]


def close(name, got, expected):
    assert got is not None and math.isclose(got, expected, rel_tol=1e-12, abs_tol=1e-12), f"{name}: {got}, not {expected}"


def check_wer(oracle, rows):
    assert len(rows) == 8
    for row in rows:
        close(f"wer {row}", row["wer"], oracle.whole((row["language"], row["layers"], row["lora"])).wer)
        assert row["wer_low"] <= row["wer"] <= row["wer_high"], row


def check_degradation(oracle, rows):
    assert len(rows) == 2
    for row in rows:
        language = row["language"]
        cut, lora = (oracle.degraded((language, CUT, with_lora), language) for with_lora in (False, True))
        close("degraded", row["base"], sum(cut) / len(cut))
        close("degraded with LoRA", row["lora"], sum(lora) / len(lora))
        close("recovered", row["recovered"], (sum(cut) - sum(lora)) / len(cut))
        brought_back = sum(a and not b for a, b in zip(cut, lora))
        close("of the degraded", row["recovered_of_degraded"], brought_back / sum(cut))


def check_word_errors(oracle, rows):
    assert len(rows) == 2
    for row in rows:
        without, with_lora = (oracle.whole((row["language"], CUT, lora)) for lora in (False, True))
        for kind in ("substitutions", "insertions", "deletions"):
            assert row["without_lora"][kind] == getattr(without, kind), (kind, row)
            assert row["with_lora"][kind] == getattr(with_lora, kind), (kind, row)
            close(kind, row[kind], getattr(with_lora, kind) / getattr(without, kind) - 1)


def check_patterns(oracle, rows):
    expected = []
    for language in ("da", "nl"):
        cut, lora = oracle.each[language, CUT, False], oracle.errors((language, CUT, True))
        found = [number for number, one in enumerate(cut) if one.wer > 0.8 and lora[number] == 0]
        expected += [(language, number) for number in found[:50]]
    assert len(expected) > 10
    assert [(row["language"], row["number"]) for row in rows] == expected
    for row in rows:
        if row["reference"] == "luchtvaartmaatschappijen":
            assert row["tag"] == "compound", row
        words = jiwer.process_words(row["reference"], row["hypothesis"])
        letters = "".join(pair["op"] for pair in row["words"])
        counts = (words.hits, words.substitutions, words.deletions, words.insertions)
        assert tuple(letters.count(op) for op in "HSDI") == counts, row


def main():
    with tempfile.TemporaryDirectory(prefix="sweetspot-oracle-") as name:
        folder = pathlib.Path(name)
        daemon = Daemon(sys.argv[1], folder)
        try:
            exported = import_and_export(daemon, folder)
        finally:
            daemon.end()
        oracle = Oracle(exported["utterances"])
        check_wer(oracle, exported["wer"])
        check_degradation(oracle, exported["degradation"])
        check_word_errors(oracle, exported["word-errors"])
        check_patterns(oracle, exported["patterns"])
    print(f"equal to jiwer {importlib.metadata.version('jiwer')} in every cell")


main()
