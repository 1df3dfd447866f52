"""The worker's random numbers (worker/model/rng.h, worker/train/batch.cc) for another implementation: the same projector and
adapter to start from, the same batches in the same order, the same places dropped."""
import math

import numpy as np
import torch

PROJECTOR, ADAPTER, PROJECTOR_DROPOUT, ADAPTER_DROPOUT, ORDER = range(5)  # Draw
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
MASK = (1 << 64) - 1


def mix(x):
    """splitmix64"""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


def mix_all(x):
    """mix() of an array of uint64."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Draws:
    def __init__(self, seed):
        self.seed = seed

    def bits(self, purpose, step=0, index=0):
        return mix(mix(mix(mix(self.seed) ^ purpose) ^ step) ^ index)

    def uniform(self, tensors, bound, purpose, step=0, index=0):
        torch.manual_seed(self.bits(purpose, step, index))
        for tensor, limit in zip(tensors, bound):
            torch.nn.init.uniform_(tensor, -limit, limit)

    def start(self, projector, norm_scale):
        linears = [projector.linear1, projector.linear2]
        tensors = [tensor for linear in linears for tensor in (linear.weight, linear.bias)]
        self.uniform(tensors, [linear.weight.shape[1] ** -0.5 for linear in linears for _ in range(2)], PROJECTOR)
        torch.nn.init.constant_(projector.layer_norm.weight, norm_scale)
        torch.nn.init.zeros_(projector.layer_norm.bias)

    def start_adapter(self, lora_a, layer, target):
        self.uniform([lora_a], [lora_a.shape[1] ** -0.5], ADAPTER, layer, TARGETS.index(target))

    def dropout(self, x, p, rows, purpose, step, index=0):
        """The worker's dropout of the `rows` positions that end one before the last of x [B, L, d]: it never reads the last token
        of an answer, and in the LLM's last layer no position before the prompt's last one. (Of the projector's all.)"""
        shape = (x.shape[0], rows, x.shape[2])
        count = math.prod(shape)
        with np.errstate(over="ignore"):
            words = mix_all(np.uint64(self.bits(purpose, step, index)) + np.arange(0, count, 4, dtype=np.uint64))
        kept = words.view(np.uint16)[:count].reshape(shape) >= np.uint16(int(p * 65536))
        mask = torch.from_numpy(kept).to(x.dtype) / (1 - p)
        behind = x.shape[1] - rows - (purpose == ADAPTER_DROPOUT)
        return x * torch.nn.functional.pad(mask, (0, 0, behind, x.shape[1] - rows - behind), value=1.0)

    def batches(self, clips, size, epoch=None):
        """Of clips of one padded length; shuffled if an epoch is given."""
        lengths = {}
        for index, clip in enumerate(clips):
            lengths.setdefault(min(30, math.floor(clip["seconds"]) + 1), []).append(index)
        batches = []
        for seconds, indices in sorted(lengths.items()):
            self.shuffle(indices, epoch, seconds)
            batches += [indices[at:at + size] for at in range(0, len(indices), size)]
        self.shuffle(batches, epoch, 0)
        return batches

    def shuffle(self, items, epoch, part):
        for i in range(len(items), 1, -1) if epoch is not None else ():
            j = self.bits(ORDER, epoch, part << 32 | i) % i
            items[i - 1], items[j] = items[j], items[i - 1]
