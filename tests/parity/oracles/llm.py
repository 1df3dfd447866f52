"""Qwen2- and Llama-shaped language models, LoRA and decoding, by transformers and peft."""
import json
import pathlib
import random
import warnings

import peft
import torch
import transformers

from common import noise_tensor, spread, write_json, write_tensors

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
warnings.filterwarnings("ignore", message=".*repetition_penalty.*")
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")

# heads, key-value heads, width of a head, tied, dtype of the file, shards, rope theta and scaling
QWEN2, LLAMA = transformers.Qwen2Config, transformers.LlamaConfig
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
LINEAR = {"rope_type": "linear", "factor": 4.0}
SHAPES = {
    "qwen2-8-1-tied": (QWEN2, 8, 1, None, True, torch.float32, False, 1e6),
    "qwen2-4-4-own": (QWEN2, 4, 4, None, False, torch.float16, False, 1e4),
    "qwen2-4-2-sharded": (QWEN2, 4, 2, None, True, torch.bfloat16, True, 1e6),
    "llama-4-2-own": (LLAMA, 4, 2, 8, False, torch.float32, True, 5e5),
    "llama-2-2-tied": (LLAMA, 2, 2, None, True, torch.bfloat16, False, 1e4),
    # So short an original context that of four frequencies one is kept, one scaled and two lie between.
    "llama-4-2-llama3": (LLAMA, 4, 2, 8, True, torch.float32, False, 1e2, LLAMA3),
    "llama-2-1-linear": (LLAMA, 2, 1, None, True, torch.float32, False, 1e6, LINEAR),
}
HIDDEN, VOCAB = 16, 64


def make_model(directory, shape, seed, vocab=VOCAB):
    kind, heads, kv_heads, head_dim, tied, dtype, sharded, theta, *scaling = shape
    config = kind(vocab_size=vocab, hidden_size=HIDDEN, intermediate_size=24, num_hidden_layers=2, num_attention_heads=heads,
                  num_key_value_heads=kv_heads, max_position_embeddings=512, tie_word_embeddings=tied, eos_token_id=3,
                  pad_token_id=3, bos_token_id=None, rope_parameters={"rope_type": "default", **dict(*scaling), "rope_theta": theta},
                  **({"head_dim": head_dim} if head_dim else {}))
    model = spread(transformers.AutoModelForCausalLM.from_config(config), 0.35, seed)
    model.to(dtype).save_pretrained(directory, max_shard_size="6KB" if sharded else "1GB")
    (directory / "generation_config.json").unlink(missing_ok=True)
    if theta == 1e4:  # as files were written before transformers 5, with the default left out
        stated = json.loads((directory / "config.json").read_text())
        del stated["rope_parameters"]
        (directory / "config.json").write_text(json.dumps(stated, indent=2) + "\n")
    return load_model(directory)


def load_model(directory):
    return transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()


def models(out, live):
    for index, (name, shape) in enumerate(SHAPES.items()):
        make_model(out / "llms" / name, shape, 40 + index)


def decoders(out, live):
    """Logits of every position that holds something, rows padded on the left."""
    tensors, cases = {}, []
    for index, name in enumerate(SHAPES):
        model = load_model(out / "llms" / name)
        for length, padding in [(1, [0]), (9, [0, 3, 5])] + ([(200, [0, 0]), (400, [7, 200])] if live else []):
            seed = 1000 * index + length
            mask = torch.tensor([[0] * p + [1] * (length - p) for p in padding])
            with torch.no_grad():
                logits = model(inputs_embeds=noise_tensor(seed, len(padding), length, HIDDEN), attention_mask=mask).logits
            tensors[str(len(cases))] = logits
            cases.append({"model": name, "seed": seed, "length": length, "padding": padding})
    write_tensors(out / "decoder.safetensors", tensors, cases, "transformers", "torch")


# model, r, alpha, targets, whether it is rank-stabilised
ADAPTERS = [("qwen2-8-1-tied", 4, 6, ["q_proj", "k_proj", "v_proj", "o_proj"], False),
            ("llama-4-2-own", 3, 12, ["q_proj", "v_proj", "gate_proj", "up_proj", "down_proj"], False),
            ("qwen2-4-4-own", 5, 2, ["k_proj", "o_proj", "down_proj"], True)]


def add_adapter(model, r, alpha, targets, seed, rank_stabilised=False):
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=r, lora_alpha=alpha, lora_dropout=0.0, bias="none", use_rslora=rank_stabilised,
                                                         target_modules=targets, task_type="CAUSAL_LM"))
    torch.manual_seed(seed)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return adapted


def save_adapter(adapted, directory):
    adapted.save_pretrained(directory)
    (directory / "README.md").unlink(missing_ok=True)
    file = directory / "adapter_config.json"
    config = json.loads(file.read_text())
    config["base_model_name_or_path"] = pathlib.Path(config["base_model_name_or_path"]).name
    config["target_modules"].sort()  # a set until now
    file.write_text(json.dumps(config, indent=2) + "\n")


def lora(out, live):
    """Loss of the last `labelled` positions, and the gradients of the adapter and of the input."""
    tensors, cases = {}, []
    for index, (name, r, alpha, targets, rank_stabilised) in enumerate(ADAPTERS):
        adapted = add_adapter(load_model(out / "llms" / name), r, alpha, targets, 60 + index, rank_stabilised)
        directory = out / "adapters" / str(index)
        save_adapter(adapted, directory)
        for seed in range(500, 520 if live else 502):
            batch, length, labelled = 2, 7, 4
            inputs = noise_tensor(seed, batch, length, HIDDEN).requires_grad_(True)
            labels = ((noise_tensor(seed + 1, batch, labelled) + 1) * (VOCAB // 2)).long()
            ignored = torch.full((batch, length - labelled), -100)
            adapted.zero_grad()
            output = adapted(inputs_embeds=inputs, labels=torch.cat([ignored, labels], 1))
            output.loss.backward()
            case = str(len(cases))
            tensors |= {f"{case}.loss": output.loss.reshape(1), f"{case}.inputs": inputs.grad, f"{case}.logits": output.logits}
            for key, parameter in adapted.named_parameters():
                if parameter.requires_grad:
                    tensors[f"{case}.{key.replace('.default', '')}"] = parameter.grad.clone()
            cases.append({"model": name, "adapter": index, "seed": seed, "batch": batch, "length": length,
                          "labels": labels.tolist()})
    write_tensors(out / "lora.safetensors", tensors, cases, "peft", "transformers", "torch")


def generate(model, prompts, padding, search):
    """Ids of each row up to and including the first end."""
    mask = torch.tensor([[0] * p + [1] * (prompts.shape[1] - p) for p in padding])
    ids = model.generate(inputs_embeds=prompts, attention_mask=mask, num_beams=search["beam"], do_sample=False,
                         max_new_tokens=search["max_new_tokens"], length_penalty=float(search["length_penalty"]),
                         repetition_penalty=float(search["repetition_penalty"]), eos_token_id=search["eos"], pad_token_id=0)
    for row in ids.tolist():
        ends = [i for i, token in enumerate(row) if token in search["eos"]]
        yield row[: ends[0] + 1] if ends else row


def decoding(out, live):
    """Batches of three prompts. `answers` are generate's for each row by itself and without its padding; `batched` are
    those for the padded batch, which differ where padding meets a repetition penalty (see Quirks in decode/generation.h)."""
    rng = random.Random(4)
    searches = []
    loaded = {name: load_model(out / "llms" / name) for name in SHAPES}
    for index in range(334 if live else 30):
        name = rng.choice(list(SHAPES))
        length, padding = 6, [0, rng.randint(0, 4), rng.randint(0, 4)]
        search = {"model": name, "seed": 7000 + index, "length": length, "padding": padding, "beam": (1, 2, 3, 5)[index % 4],
                  "max_new_tokens": rng.choice([1, 5, 12, 24]), "length_penalty": rng.choice([1, 1, 0, 0.6, 2, -0.5]),
                  "repetition_penalty": rng.choice([1, 1, 1.5, 1.2, 0.8]), "eos": sorted(rng.sample(range(VOCAB), rng.choice([1, 1, 2, 6])))}
        prompts = noise_tensor(search["seed"], 3, length, HIDDEN)
        search["answers"] = [next(generate(loaded[name], prompts[i:i + 1, p:], [0], search)) for i, p in enumerate(padding)]
        search["batched"] = list(generate(loaded[name], prompts, padding, search))
        searches.append(search)
    write_json(out / "decoding.json", {"searches": searches}, "transformers", "torch")
