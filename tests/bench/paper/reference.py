"""The reference half of tests/bench/paper/shape: the same batches with openai-whisper, transformers and peft, as the paper's
code has them. One command a line on stdin, one line of JSON back, as shape_bench.cc."""
import argparse
import contextlib
import json
import pathlib
import resource
import sys
import time
import warnings

import peft
import tokenizers
import torch
import transformers
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "parity/oracles"))
import speech  # noqa: E402
from common import openai_whisper  # noqa: E402

PROMPT = "Transcribe speech to text.\n"
FRAMES = 5
warnings.filterwarnings("ignore", category=FutureWarning)  # peft's of transformers 5
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def stored_tensors(directory):
    return {name: value for shard in sorted(directory.glob("*.safetensors")) for name, value in load_file(shard).items()}


def load_encoder(directory, dtype):
    config = json.loads((directory / "config.json").read_text())
    encoder = openai_whisper("model").AudioEncoder(config["num_mel_bins"], config["max_source_positions"], config["d_model"],
                                                   config["encoder_attention_heads"], config["encoder_layers"])
    stored = stored_tensors(directory)
    encoder.load_state_dict({name: stored[speech.hugging_face_name(name)].float() for name in encoder.state_dict()})
    encoder.to(dtype).eval().requires_grad_(False)
    for module in encoder.modules():  # whisper's own cast their input to float32
        if isinstance(module, torch.nn.LayerNorm):
            module.float()
    return encoder


class Projector(torch.nn.Module):
    def __init__(self, width, hidden, llm_width):
        super().__init__()
        self.linear1 = torch.nn.Linear(FRAMES * width, hidden)
        self.linear2 = torch.nn.Linear(hidden, llm_width)
        self.layer_norm = torch.nn.LayerNorm(llm_width)

    def forward(self, features):
        batch, tokens = features.shape[0], features.shape[1] // FRAMES
        joined = features[:, : tokens * FRAMES].reshape(batch, tokens, -1)
        return self.layer_norm(self.linear2(torch.relu(self.linear1(joined))))


class Reference:
    def __init__(self, options):
        self.dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
        self.max_new_tokens = options.max_new_tokens
        self.mels = load_file(options.work / "batches.safetensors")
        self.answers = json.loads((options.work / "batches.json").read_text())["answers"]
        self.prompt = tokenizers.Tokenizer.from_file(str(options.llm / "tokenizer.json")).encode(PROMPT).ids
        self.encoder = load_encoder(options.encoder, self.dtype)
        self.positions = self.encoder.positional_embedding
        model = transformers.AutoModelForCausalLM.from_pretrained(options.llm, dtype=self.dtype)
        self.eos = model.config.eos_token_id
        # generate() hands the head a strided view, for which torch copies the whole head once a row in bfloat16 on a CPU: most
        # of the time of decoding, and no merit of the worker's.
        model.lm_head.register_forward_pre_hook(lambda head, inputs: (inputs[0].contiguous(),))
        self.llm = peft.PeftModel.from_pretrained(model, options.work / "adapter", is_trainable=True)
        if options.checkpointing:
            self.llm.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            self.llm.train()
        weights = load_file(options.work / "projector.safetensors")
        self.projector = Projector(weights["linear1.weight"].shape[1] // FRAMES, *weights["linear2.weight"].shape[::-1])
        self.projector.load_state_dict(weights)
        self.trained = [p for module in (self.projector, self.llm) for p in module.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, lr=1e-4, weight_decay=0.01, fused=options.fused)
        self.features = {}

    def autocast(self):
        return torch.autocast("cpu", self.dtype) if self.dtype != torch.float32 else contextlib.nullcontext()

    def inputs(self, batch, texts):
        audio = self.projector(self.features[batch])
        embedded = self.llm.get_input_embeddings()(torch.tensor(texts))
        return torch.cat([audio.to(embedded.dtype), embedded], 1)

    def encode(self, batch):
        mel = self.mels[f"mel.{batch}"].to(self.dtype)
        self.encoder.positional_embedding = self.positions[: (mel.shape[2] + 1) // 2]
        with torch.no_grad():
            self.features[batch] = self.encoder(mel)
        return {"mean": self.features[batch].float().abs().mean().item()}

    def train(self, batch):
        answers = self.answers[batch]
        longest = max(map(len, answers))
        texts = [self.prompt + answer + [self.eos] * (longest - len(answer)) for answer in answers]
        with self.autocast():
            inputs = self.inputs(batch, texts)
            labels = torch.full(inputs.shape[:2], -100)
            for row, answer in enumerate(answers):
                labels[row, inputs.shape[1] - longest:][: len(answer)] = torch.tensor(answer)
            loss = self.llm(inputs_embeds=inputs, attention_mask=torch.ones_like(labels), labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return {"loss": loss.item()}

    def decode(self, batch):
        with torch.no_grad(), self.autocast():
            inputs = self.inputs(batch, [self.prompt] * len(self.answers[batch]))
            ids = self.llm.generate(inputs_embeds=inputs, attention_mask=torch.ones(inputs.shape[:2], dtype=torch.long), num_beams=2,
                                    do_sample=False, max_new_tokens=self.max_new_tokens, pad_token_id=self.eos, use_cache=True)
        rows = ids.tolist()
        return {"ids": [row[: row.index(self.eos) + 1] if self.eos in row else row for row in rows]}

    def memory(self, batch):
        return memory()


def memory():
    lines = (line.split() for line in open("/proc/self/status"))
    return {name[:-1]: 1024 * int(value[0]) for name, *value in lines if name in ("VmHWM:", "VmRSS:", "RssAnon:", "RssFile:")}


def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"wall": time.monotonic(), "user": usage.ru_utime, "system": usage.ru_stime}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("encoder", "llm", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--max-new-tokens", type=int, default=16)
    parser.add_argument("--checkpointing", action="store_true", help="recompute activations in the backward pass")
    parser.add_argument("--fused", action="store_true", help="one fused update of all parameters")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    begin = spent()

    def answer(done):
        now = spent()
        print(json.dumps(done | {name: now[name] - begin[name] for name in now}), flush=True)

    reference = Reference(options)
    answer(memory())
    for line in sys.stdin:
        command, batch = line.split()
        begin = spent()
        answer(getattr(reference, command)(int(batch)))


if __name__ == "__main__":
    main()
