"""Fifty steps of SLAM-ASR training, written with transformers, peft and torch as the paper's code has them."""
import math
import random

import torch
from safetensors.torch import save_file

from common import noise_tensor, write_tensors
from llm import HIDDEN, LLAMA, QWEN2, add_adapter, make_model, save_adapter
from text import QWEN2_PATTERN, make_tokenizer
from tokenizers import Regex, normalizers, pre_tokenizers

PROMPT = "Transcribe speech to text.\n"
FRAMES, WIDTH, PROJECTOR_HIDDEN = 2, 6, 10
ANSWERS = ["the hello world", "abab", "don't 2024", "world the the", "k\u00f8benhavn", "I'll hello", "...", "na\u00efve world"]


class Projector(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = torch.nn.Linear(FRAMES * WIDTH, PROJECTOR_HIDDEN)
        self.linear2 = torch.nn.Linear(PROJECTOR_HIDDEN, HIDDEN)
        self.layer_norm = torch.nn.LayerNorm(HIDDEN)

    def forward(self, features):
        batch, frames = features.shape[0], features.shape[1] // FRAMES
        joined = features[:, : frames * FRAMES].reshape(batch, frames, FRAMES * WIDTH)
        return self.layer_norm(self.linear2(torch.relu(self.linear1(joined))))


def loss_of(llm, tokenizer, projector, features, answers, eos):
    prompt = tokenizer.encode(PROMPT).ids
    targets = [tokenizer.encode(PROMPT + answer).ids[len(prompt):] + [eos] for answer in answers]
    longest = max(map(len, targets))
    ids = torch.tensor([prompt + target + [eos] * (longest - len(target)) for target in targets])
    audio = projector(features)
    inputs = torch.cat([audio, llm.get_input_embeddings()(ids)], 1)
    labels = torch.full(inputs.shape[:2], -100)
    for row, target in enumerate(targets):
        labels[row, audio.shape[1] + len(prompt):][: len(target)] = torch.tensor(target)
    mask = torch.ones(inputs.shape[:2], dtype=torch.long)
    return llm(inputs_embeds=inputs, attention_mask=mask, labels=labels).loss


def factor(step, steps, warmup, min_ratio):
    if step < warmup:
        return step / warmup
    return min_ratio + (1 - min_ratio) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def train(directory, case, shape):
    """Writes the model, its tokenizer and the initial weights; returns losses and final weights."""
    tokenizer = make_tokenizer(directory, random.Random("training"), normalizers.NFC(), pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2_PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]))
    model = make_model(directory, shape, 80, vocab=tokenizer.get_vocab_size())
    llm = add_adapter(model, 4, 8, ["q_proj", "k_proj", "v_proj", "o_proj"], 81) if case["lora"] else model.requires_grad_(False)
    torch.manual_seed(82)
    projector = Projector()
    save_file(dict(projector.state_dict()), directory / "projector.safetensors")
    if case["lora"]:
        save_adapter(llm, directory / "adapter")
    trained = {name: p for name, p in [*projector.named_parameters(), *llm.named_parameters()] if p.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), lr=case["lr"], weight_decay=case["weight_decay"])
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: factor(step, case["steps"], case["warmup"], case["min_ratio"]))
    losses, clipped = [], 0
    for batch in case["batches"]:
        features = noise_tensor(batch["seed"], len(batch["answers"]), batch["frames"], WIDTH)
        loss = loss_of(llm, tokenizer, projector, features, batch["answers"], eos=3)
        loss.backward()
        clipped += torch.nn.utils.clip_grad_norm_(trained.values(), case["clip"]) > case["clip"]
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert 5 < clipped < len(losses), f"{clipped} of {len(losses)} steps were clipped: the case shows too little"
    final = {name.replace(".default", ""): p for name, p in trained.items()}
    return {"losses": torch.tensor(losses), **final}


def training(out, live):
    rng = random.Random(5)
    tensors, cases = {}, []
    for index, (shape, with_lora, clip) in enumerate([((QWEN2, 4, 2, None, True, torch.float32, False, 1e6), True, 4.0),
                                                      ((LLAMA, 4, 1, None, False, torch.bfloat16, False, 1e4), False, 1.0)]):
        batches = [{"seed": 9000 + step, "frames": rng.choice([9, 10, 15]), "answers": rng.sample(ANSWERS, rng.choice([1, 2, 4]))}
                   for step in range(50)]
        case = {"lora": with_lora, "width": WIDTH, "steps": 50, "warmup": 5, "min_ratio": 0.1, "lr": 0.01, "weight_decay": 0.01, "clip": clip,
                "batches": batches}
        final = train(out / "slam" / str(index), case, shape)
        tensors |= {f"{index}.{name}": value for name, value in final.items()}
        cases.append(case)
    write_tensors(out / "training.safetensors", tensors, cases, "transformers", "peft", "torch", "tokenizers")
