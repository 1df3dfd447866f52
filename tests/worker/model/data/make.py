"""Writes the fixtures beside it: tiny random models and what transformers, peft and torch compute with them.

    python make.py            # torch 2.13, transformers 5.23, peft 0.18, safetensors

Everything is float32; the tests' tolerances are for other orders of summation, no more.
"""
import json
import pathlib

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
torch.manual_seed(7)
expected = {}


def write_model(name, model, config):
    directory = HERE / name
    directory.mkdir(exist_ok=True)
    tensors = {key: value.detach().clone().contiguous() for key, value in model.state_dict().items()}
    for tied in ("lm_head.weight", "proj_out.weight"):
        if config.tie_word_embeddings:
            tensors.pop(tied, None)
    save_file({k: v for k, v in tensors.items() if "decoder" not in k}, directory / "model.safetensors")
    (directory / "config.json").write_text(json.dumps(config.to_dict(), indent=1, default=str) + "\n")


def spread(model, scale):
    """Larger weights than usual, so that errors show and logits differ."""
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and "embed_positions" not in name:
            torch.nn.init.normal_(parameter, std=scale)
        elif name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
        elif parameter.dim() == 1:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.1)


# Whisper: features after each depth and the final norm. transformers insists on 30 s, so the loop is by hand.
config = transformers.WhisperConfig(
    d_model=16, encoder_layers=3, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
    encoder_ffn_dim=24, decoder_ffn_dim=24, num_mel_bins=8, max_source_positions=20, max_target_positions=8,
    vocab_size=32, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    suppress_tokens=None, begin_suppress_tokens=None)
whisper = transformers.WhisperForConditionalGeneration(config).eval()
spread(whisper, 0.2)
write_model("whisper", whisper, config)
encoder = whisper.model.encoder
mel = torch.randn(2, 8, 31)
with torch.no_grad():
    x = torch.nn.functional.gelu(encoder.conv1(mel))
    x = torch.nn.functional.gelu(encoder.conv2(x)).transpose(1, 2)
    x = x + encoder.embed_positions.weight[: x.shape[1]]
    expected["whisper.mel"] = mel
    expected["whisper.depth0"] = encoder.layer_norm(x)
    for depth, layer in enumerate(encoder.layers, 1):
        out = layer(x, None)
        x = out[0] if isinstance(out, tuple) else out
        expected[f"whisper.depth{depth}"] = encoder.layer_norm(x)


# Qwen2, and Llama without biases and with a head of its own.
def small(kind, **more):
    return kind(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                num_key_value_heads=2, max_position_embeddings=128, eos_token_id=3, pad_token_id=3, bos_token_id=None,
                **more)


torch.manual_seed(8)
qwen = transformers.Qwen2ForCausalLM(small(transformers.Qwen2Config, tie_word_embeddings=True)).eval()
spread(qwen, 0.25)
write_model("qwen2", qwen, qwen.config)
llama = transformers.LlamaForCausalLM(small(transformers.LlamaConfig, tie_word_embeddings=False)).eval()
spread(llama, 0.25)
write_model("llama", llama, llama.config)
prompts = torch.randn(3, 6, 32)
expected["qwen2.embeddings"] = prompts
with torch.no_grad():
    expected["qwen2.logits"] = qwen(inputs_embeds=prompts).logits
    expected["llama.logits"] = llama(inputs_embeds=prompts).logits

# Generation, rows left-padded by 0, 2 and 1 positions.
padding = [0, 2, 1]
mask = torch.tensor([[0] * p + [1] * (6 - p) for p in padding])
searches = []
for beam, tokens, length, repetition, eos in [
        (1, 12, 1, 1, [58]), (2, 5, 1, 1, [3]), (2, 24, 1, 1, [58]), (2, 24, 1, 1, [42]), (3, 12, 0, 1, [34]),
        (3, 12, 2, 1, [34, 58]), (2, 12, -0.5, 1, [8, 42]), (3, 12, 1, 1, [9]), (1, 12, 1, 1.5, [8]),
        (2, 12, 1, 1.5, [8, 9])]:
    # transformers skips the first `padding` generated ids when it penalises repetitions, so no padding there.
    rows = [prompts[i:i + 1, padding[i] if repetition == 1 else 0:] for i in range(3)]
    answers = []
    for row in rows:
        ids = qwen.generate(inputs_embeds=row, attention_mask=torch.ones(row.shape[:2], dtype=torch.long),
                            num_beams=beam, max_new_tokens=tokens, length_penalty=float(length),
                            repetition_penalty=float(repetition), do_sample=False, eos_token_id=eos, pad_token_id=0)[0].tolist()
        ends = [i for i, token in enumerate(ids) if token in eos]
        answers.append(ids[: ends[0] + 1] if ends else ids)
    searches.append({"beam": beam, "max_new_tokens": tokens, "length_penalty": length, "repetition_penalty": repetition,
                     "padding": padding if repetition == 1 else [0, 0, 0], "eos": eos, "answers": answers})
(HERE / "searches.json").write_text(json.dumps(searches) + "\n")

# LoRA: an adapter directory, and loss and gradients with it. Labels on the last four positions.
torch.manual_seed(9)
adapted = peft.get_peft_model(qwen, peft.LoraConfig(r=4, lora_alpha=6, lora_dropout=0.0, bias="none",
                                                    target_modules=["q_proj", "v_proj", "o_proj", "down_proj"],
                                                    task_type="CAUSAL_LM"))
for name, parameter in adapted.named_parameters():
    if "lora_B" in name:
        torch.nn.init.normal_(parameter, std=0.1)
adapted.save_pretrained(HERE / "adapter")
(HERE / "adapter" / "README.md").unlink(missing_ok=True)
labels = torch.tensor([[-100, -100, 5, 9, 11, 3], [-100, -100, 7, 7, 3, -100], [-100, -100, 20, 3, -100, -100]])
inputs = prompts.clone().requires_grad_(True)
loss = adapted(inputs_embeds=inputs, labels=labels).loss
loss.backward()
expected["lora.loss"] = loss.detach().reshape(1)
expected["lora.embeddings_gradient"] = inputs.grad
for name, parameter in adapted.named_parameters():
    if parameter.requires_grad:
        expected["lora.gradient." + name.replace(".default", "")] = parameter.grad

# AdamW with two rates, clipping and the paper's schedule: 20 steps on a quadratic.
torch.manual_seed(10)
a, b = torch.randn(5, 3), torch.randn(4)
expected["adamw.a"], expected["adamw.b"] = a.clone(), b.clone()
a.requires_grad_(True), b.requires_grad_(True)
optimiser = torch.optim.AdamW([{"params": [a], "lr": 0.05}, {"params": [b], "lr": 0.2}], weight_decay=0.01)


def factor(i, total=20, warm=4, ratio=0.1):
    import math
    return i / warm if i < warm else ratio + (1 - ratio) * 0.5 * (1 + math.cos(math.pi * (i - warm) / (total - warm)))


schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
for _ in range(20):
    optimiser.zero_grad()
    ((a - 1).square().sum() * 3 + (b + 2).square().sum()).backward()
    torch.nn.utils.clip_grad_norm_([a, b], 1.0)
    optimiser.step()
    schedule.step()
expected["adamw.a20"], expected["adamw.b20"] = a.detach(), b.detach()

save_file({k: v.contiguous().float() for k, v in expected.items()}, HERE / "expected.safetensors")
