"""Loads what the C++ suite wrote with the programs it is meant for: adapters with peft, projectors with safetensors and torch.

    read_back.py CASES EXPORTS    # prints a row each; exit code 1 where one is beyond its tolerance
"""
import json
import pathlib
import sys

import peft
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from common import noise_tensor
from llm import HIDDEN, load_model
from training import FRAMES, PROJECTOR_HIDDEN, WIDTH, Projector

SAME = 0, "the same bits through the same code"


def row(name, reference, differences, tolerance):
    limit, why = tolerance
    worst = max(differences)
    shown = f"{worst:>9.1e}  {limit:>9.0e}" if limit else f"{sum(map(bool, differences)):>2} differ      equal"
    print(f"{name:52}{reference:32}{len(differences):>8}  {shown}  {why}")
    return worst <= limit


def adapters(cases_directory, exports):
    """Logits with our directory against those with peft's own."""
    with safe_open(cases_directory / "lora.safetensors", "pt") as fixture:
        cases = json.loads(fixture.metadata()["cases"])
        wanted = [fixture.get_tensor(f"{index}.logits") for index in range(len(cases))]
    models = {}
    for case, logits in zip(cases, wanted):
        if case["adapter"] not in models:
            base = load_model(cases_directory / "llms" / case["model"])
            models[case["adapter"]] = peft.PeftModel.from_pretrained(base, exports / "adapters" / str(case["adapter"])).eval()
        with torch.no_grad():
            ours = models[case["adapter"]](inputs_embeds=noise_tensor(case["seed"], case["batch"], case["length"], HIDDEN)).logits
        yield (ours - logits).abs().max().item()


def projectors(cases_directory, exports):
    """A module built from what our file says of itself, against the one whose tensors we were given."""
    for file in sorted((exports / "projectors").glob("*.safetensors")):
        with safe_open(file, "pt") as opened:
            stated = opened.metadata()
        sizes = {"frames": FRAMES, "hidden": PROJECTOR_HIDDEN, "encoder_width": WIDTH, "llm_width": HIDDEN}
        assert stated["type"] == "concat-linear" and {name: int(stated[name]) for name in sizes} == sizes, stated
        ours, theirs = Projector(), Projector()
        ours.load_state_dict(load_file(file))
        theirs.load_state_dict(load_file(cases_directory / "slam" / file.stem / "projector.safetensors"))
        features = noise_tensor(1, 3, 7, WIDTH)
        with torch.no_grad():
            yield (ours(features) - theirs(features)).abs().max().item()


def main():
    directories = [pathlib.Path(name) for name in sys.argv[1:]]
    torch.set_num_threads(1)
    good = row("LoRA, our directory read by peft", "peft", list(adapters(*directories)), SAME)
    good &= row("projector, our file read by torch", "safetensors, torch", list(projectors(*directories)), SAME)
    return 0 if good else 1


sys.exit(main())
