"""What the oracles share: made-up inputs that C++ makes to the same bit (../made_up.h), and how fixtures are written."""
import importlib.metadata
import importlib.util
import json
import pathlib
import sys
import types

import numpy as np
import torch
from safetensors.torch import save_file


def noise(seed, *shape):
    """float32 in [-1, 1), uniform in steps of 2^-23: the top 24 bits of splitmix64(seed * 2^32 + index)."""
    with np.errstate(over="ignore"):
        x = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed << 32) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return ((x >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)).reshape(shape)


def noise_tensor(seed, *shape):
    return torch.from_numpy(noise(seed, *shape))


def sound(kind, seed, samples):
    """float32 [samples]; every operation is exact or rounded once, so that C++ gives the same bits."""
    white, index = noise(seed, samples), np.arange(samples)
    if kind == "silence":
        return np.zeros(samples, np.float32)
    if kind == "click":
        return np.where(index == samples // 2, np.float32(1), np.float32(0))
    if kind == "quiet":
        return white * np.float32(2**-14)
    if kind == "clipped":
        return np.clip(white * np.float32(4), np.float32(-1), np.float32(1))
    if kind == "syllables":  # four a second: noise over a sawtooth of 200 Hz
        loudness = np.abs((index % 4000).astype(np.float32) / np.float32(2000) - np.float32(1))
        saw = (index % 80).astype(np.float32) / np.float32(128) - np.float32(0.3125)
        return loudness * (white * np.float32(0.25) + saw)
    assert kind == "noise", kind
    return white * np.float32(0.125)


SOUNDS = ["noise", "silence", "click", "quiet", "clipped", "syllables"]


def versions(*packages):
    names = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    return f"{names}, Python {sys.version.split()[0]}"


def write_tensors(path, tensors, cases, *packages):
    """Fixture with its cases and what made it in the file's own metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    contiguous = {name: torch.as_tensor(value).detach().float().contiguous().clone() for name, value in tensors.items()}
    save_file(contiguous, path, {"cases": json.dumps(cases), "made_by": versions(*packages)})


def write_json(path, document, *packages):
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"made_by": versions(*packages), **document}
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")


def openai_whisper(module):
    """A module of openai-whisper, without the decoding half of the package and what that imports (numba, tiktoken)."""
    if "whisper" not in sys.modules:
        package = types.ModuleType("whisper")
        package.__path__ = list(importlib.util.find_spec("whisper").submodule_search_locations)
        sys.modules["whisper"] = package
        for name, functions in {"decoding": ["decode", "detect_language"], "transcribe": ["transcribe"]}.items():
            unused = types.ModuleType(f"whisper.{name}")
            unused.__dict__.update(dict.fromkeys(functions))
            sys.modules[f"whisper.{name}"] = unused
    return importlib.import_module(f"whisper.{module}")


def spread(model, scale, seed):
    """Random weights larger than usual, so that errors show and logits differ. Position tables stay as they are."""
    torch.manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "position" in name:
            continue
        norm = "norm" in name or "ln" in name
        mean, std = (1.0, 0.1) if norm and name.endswith("weight") else (0.0, scale if parameter.dim() > 1 else 0.1)
        torch.nn.init.normal_(parameter, mean=mean, std=std)
    return model.eval()
