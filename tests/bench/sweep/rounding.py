"""How far rounding errors carry a cell: what Sweetspot gives when only the last digits of the learning rate differ."""
import json
import re
import subprocess
import sys

CHANGES = (1e-6, -1e-6, 2e-6, -2e-6)  # of the learning rate, relative


def errors(result):
    return sum(result["words"][kind] for kind in ("substitutions", "deletions", "insertions"))


def repeated(cells, options, work):
    """Each cell once for each change, all as one pack: [[(loss of the last epoch, word errors)]]."""
    files = []
    for number, cell in enumerate(cells):
        for which, change in enumerate(CHANGES):
            train = cell["cell"]["train"]
            files.append(work / f"changed-{number}-{which}.json")
            files[-1].write_text(json.dumps(cell["cell"] | {"train": train | {"lr": train["lr"] * (1 + change)}}))
    command = [options.binaries / "sweetspot-worker", "run", *files, "--out", work / "changed", "--threads", str(options.threads)]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if said.returncode:
        sys.exit(said.stderr)
    results = map(json.loads, said.stdout.splitlines())
    all_ = [(float(re.findall(rf"^{file.stem}: epoch \d+: loss (\S+),", said.stderr, re.M)[-1]), errors(result))
            for file, result in zip(files, results, strict=True)]
    return [all_[at:at + len(CHANGES)] for at in range(0, len(all_), len(CHANGES))]


def spread(cell, others):
    """How far the others are from the cell, at most: of the loss, relative, and of the WER."""
    loss = float(cell["epochs"][-1]["train_loss"])
    return {"last": max(abs(other / loss - 1) for other, _ in others),
            "wer": max(abs(wrong - cell["errors"]) for _, wrong in others) / cell["words"]}
