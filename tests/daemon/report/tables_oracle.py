"""The tables of a live daemon against jiwer: WER, Table 4 (degradation), Table 6 (patterns) and Table 7 (word errors)
are computed anew from the exported utterances, and must be equal in every cell.

Usage: tables_oracle.py SWEETSPOT           of made-up hypotheses: imported into a daemon of its own, then exported
       tables_oracle.py SWEETSPOT SWEEP     of a sweep of the daemon at SWEETSPOT_DAEMON, such as one of own runs
Exits 77 (skipped) where jiwer is not installed.
"""

import importlib.metadata
import json
import math
import pathlib
import random
import subprocess
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


def exported(run, sweep, folder):
    run("export", sweep, "--out", folder / "out")
    return {file.stem: [json.loads(line) for line in file.open()] for file in (folder / "out").glob("*.jsonl")}


def imported(daemon, folder):
    sweep = None
    for language in ("da", "nl"):
        for layers in (FULL, CUT):
            for lora in (False, True):
                file = folder / "cell.jsonl"
                file.write_text("".join(json.dumps(line) + "\n" for line in cell(language, layers, lora)))
                options = ["--encoder", "whisper", "--layers", str(layers), "--language", language]
                options += ["--lora"] * lora + (["--into", sweep] if sweep else [])
                sweep = daemon.run("import", file, *options)
    return sweep


class Oracle:
    """jiwer's counts of the exported utterances, by cell: (encoder, seed, language, layers, lora)."""

    def __init__(self, utterances):
        self.cells = {}
        for line in sorted(utterances, key=lambda line: line["number"]):
            key = (line["encoder"], line["seed"], line["language"], line["layers"], line["lora"])
            self.cells.setdefault(key, []).append(line)
        self.each = {
            key: [jiwer.process_words(line["reference"], line["hypothesis"]) for line in lines]
            for key, lines in self.cells.items()
        }

    def whole(self, key):
        lines = self.cells[key]
        return jiwer.process_words([line["reference"] for line in lines], [line["hypothesis"] for line in lines])

    def errors(self, key):
        return [one.substitutions + one.deletions + one.insertions for one in self.each[key]]

    def degraded(self, key, baseline):
        return [worse > base for worse, base in zip(self.errors(key), self.errors(baseline))]

    def quartets(self):
        """The cells that Tables 4, 6 and 7 compare: {(encoder, seed, language): (deepest, next depth)}."""
        depths = {}
        for encoder, seed, language, layers, _ in self.cells:
            depths.setdefault((encoder, seed, language), set()).add(layers)
        return {key: tuple(sorted(found)[:-3:-1]) for key, found in depths.items() if len(found) > 1}


def head(row):
    return row["encoder"], row["seed"], row["language"]


def by_quartet(oracle, rows):
    """Each row with its key and its two depths; there is one for every quartet."""
    quartets = oracle.quartets()
    assert {head(row): (row["of"], row["layers"]) for row in rows} == quartets, rows
    return [(row, head(row), *quartets[head(row)]) for row in rows]


def close(name, got, expected):
    assert got is not None and math.isclose(got, expected, rel_tol=1e-12, abs_tol=1e-12), f"{name}: {got}, not {expected}"


def check_wer(oracle, rows):
    assert len(rows) == len(oracle.cells)
    for row in rows:
        close(f"wer {row}", row["wer"], oracle.whole((*head(row), row["layers"], row["lora"])).wer)
        assert row["wer_low"] <= row["wer"] <= row["wer_high"], row
    return f"WER of {len(rows)} cells, {sum(map(len, oracle.cells.values()))} utterances"


def check_degradation(oracle, rows):
    for row, key, full, cut in by_quartet(oracle, rows):
        without, with_lora = (oracle.degraded((*key, cut, lora), (*key, full, False)) for lora in (False, True))
        close("degraded", row["base"], sum(without) / len(without))
        close("degraded with LoRA", row["lora"], sum(with_lora) / len(with_lora))
        close("recovered", row["recovered"], (sum(without) - sum(with_lora)) / len(without))
        brought_back = sum(a and not b for a, b in zip(without, with_lora))
        if sum(without):
            close("of the degraded", row["recovered_of_degraded"], brought_back / sum(without))
        else:
            assert row["recovered_of_degraded"] is None
        for name in ("base", "lora", "recovered"):
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"], row
    shares = ", ".join(f"{row['language']} {100 * row['base']:.1f} -> {100 * row['lora']:.1f} %" for row in rows)
    return f"degradation in {len(rows)} rows: {shares}"


def check_word_errors(oracle, rows):
    for row, key, _, cut in by_quartet(oracle, rows):
        without, with_lora = (oracle.whole((*key, cut, lora)) for lora in (False, True))
        for kind in ("substitutions", "insertions", "deletions"):
            before, after = getattr(without, kind), getattr(with_lora, kind)
            assert (row["without_lora"][kind], row["with_lora"][kind]) == (before, after), (kind, row)
            if before:
                close(kind, row[kind], after / before - 1)
            else:
                assert row[kind] is None, (kind, row)
    changes = ", ".join(f"{row['language']} {100 * row['total']:+.1f} %" for row in rows)
    return f"word errors in {len(rows)} rows: {changes}"


def check_patterns(oracle, rows):
    expected = []
    for key, (_, cut) in oracle.quartets().items():
        without, with_lora = oracle.each[(*key, cut, False)], oracle.errors((*key, cut, True))
        found = [number for number, one in enumerate(without) if one.wer > 0.8 and with_lora[number] == 0]
        expected += [(key, number) for number in found[:50]]
    assert sorted((head(row), row["number"]) for row in rows) == sorted(expected)
    for row in rows:
        if row["reference"] == "luchtvaartmaatschappijen":
            assert row["tag"] == "compound", row
        words = jiwer.process_words(row["reference"], row["hypothesis"])
        letters = "".join(pair["op"] for pair in row["words"])
        counts = (words.hits, words.substitutions, words.deletions, words.insertions)
        assert tuple(letters.count(op) for op in "HSDI") == counts, row
    tags = [row["tag"] for row in rows]
    return f"patterns in {len(rows)} rows ({', '.join(f'{tags.count(tag)} {tag}' for tag in ('repetition', 'compound', None))})"


def check(tables):
    oracle = Oracle(tables["utterances"])
    print(check_wer(oracle, tables["wer"]))
    print(check_degradation(oracle, tables["degradation"]))
    print(check_word_errors(oracle, tables["word-errors"]))
    print(check_patterns(oracle, tables["patterns"]))
    print(f"equal to jiwer {importlib.metadata.version('jiwer')} in every cell")


def check_made_up(program, folder):
    daemon = Daemon(program, folder)
    try:
        tables = exported(daemon.run, imported(daemon, folder), folder)
    finally:
        daemon.end()
    assert len(tables["wer"]) == 8 and len(tables["degradation"]) == 2 and len(tables["patterns"]) > 10
    check(tables)


def main():
    with tempfile.TemporaryDirectory(prefix="sweetspot-oracle-") as name:
        folder = pathlib.Path(name)
        if len(sys.argv) == 2:
            return check_made_up(sys.argv[1], folder)
        program, sweep = sys.argv[1:]
        check(exported(lambda *verb: subprocess.run([program, *verb], check=True, stdout=subprocess.DEVNULL), sweep, folder))


main()
