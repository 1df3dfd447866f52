"""Loads the adapters that the C++ suite wrote with peft, and compares logits with those of peft's own adapter.

    read_back.py CASES EXPORTS    # exit code 1 where they differ
"""
import json
import pathlib
import sys

import peft
import torch
from safetensors import safe_open

from common import noise_tensor
from llm import HIDDEN, load_model

TOLERANCE = 1e-4


def main():
    cases_directory, exports = map(pathlib.Path, sys.argv[1:])
    torch.set_num_threads(1)
    with safe_open(cases_directory / "lora.safetensors", "pt") as fixture:
        cases = json.loads(fixture.metadata()["cases"])
        wanted = [fixture.get_tensor(f"{index}.logits") for index in range(len(cases))]
    worst, models = 0.0, {}
    for case, logits in zip(cases, wanted):
        if case["adapter"] not in models:
            base = load_model(cases_directory / "llms" / case["model"])
            models[case["adapter"]] = peft.PeftModel.from_pretrained(base, exports / "adapters" / str(case["adapter"])).eval()
        with torch.no_grad():
            ours = models[case["adapter"]](inputs_embeds=noise_tensor(case["seed"], case["batch"], case["length"], HIDDEN)).logits
        worst = max(worst, (ours - logits).abs().max().item())
    print(f"{'LoRA, our directory read by peft':52}{'peft':32}{len(cases):>8}  {worst:>9.1e}  {TOLERANCE:>9.0e}  logits")
    return 0 if cases and worst <= TOLERANCE else 1


sys.exit(main())
