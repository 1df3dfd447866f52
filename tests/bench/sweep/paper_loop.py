"""One cell the paper's way: a process that loads everything, then for each step log-mel, the frozen encoder, the projector, the
frozen LLM (with peft's LoRA), AdamW; greedy validation after each epoch, beam search over the test split at the end.

A plain loop of openai-whisper, transformers and peft after the paper's code. As there, audio is decoded beforehand, padded
with zeros to the next whole second (not to 30 s), and encoded anew at every step. What the paper's code does besides, and
costs it time, is left out unless it is asked for. Initial values, batches and dropout are the worker's (draws.py), so that
losses can be compared.

    paper_loop.py CELL.json CLIPS --threads N [--as-published]      prints a line of JSON: seconds by phase, losses, WERs
"""
import argparse
import gc
import json
import pathlib
import sys
import time

import jiwer
import peft
import tokenizers
import torch
import transformers

import clips
from draws import ADAPTER_DROPOUT, PROJECTOR_DROPOUT, TARGETS, Draws

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "paper"), str(HERE.parents[1] / "parity/oracles")]
from common import openai_whisper  # noqa: E402
from normalisers import paper_wer  # noqa: E402
from reference import PROMPT, Projector, load_encoder  # noqa: E402  (silences transformers, too)
from speech import log_mel_spectrogram  # noqa: E402
from training import factor  # noqa: E402


class AdapterDropout(torch.nn.Module):
    """In place of torch's in one adapted map."""

    def __init__(self, cell, layer, target):
        super().__init__()
        self.cell, self.layer, self.target = cell, layer, TARGETS.index(target)
        self.narrow = target in ("q_proj", "o_proj") and layer == cell.llm_layers - 1

    def forward(self, x):
        if not self.training:
            return x
        rows = self.cell.answer_rows if self.narrow else x.shape[1] - 1
        return self.cell.draws.dropout(x, self.cell.lora["dropout"], rows, ADAPTER_DROPOUT, self.cell.step,
                                       self.layer * len(TARGETS) + self.target)


class CellLoop:
    def __init__(self, cell, directory):
        self.cell, self.lora, self.train_spec, self.eval_spec = cell, cell["lora"], cell["train"], cell["eval"]
        self.draws, self.step, self.losses = Draws(cell["seed"]), 0, []
        self.splits = {split: clips.load(directory, split) for split in ("train", "dev", "test")}
        self.splits["dev"] = self.splits["dev"][: self.eval_spec["validation_utterances"]]
        self.pad_or_trim = openai_whisper("audio").pad_or_trim
        self.encoder = load_encoder(pathlib.Path(cell["encoder"]), torch.float32)
        self.encoder.blocks = self.encoder.blocks[: cell["layers"]]
        self.positions = self.encoder.positional_embedding
        self.mels = self.encoder.conv1.weight.shape[1]
        self.tokenizer = tokenizers.Tokenizer.from_file(f"{cell['llm']}/tokenizer.json")
        self.prompt = self.tokenizer.encode(PROMPT).ids
        self.load_llm()
        self.load_projector()
        self.load_optimiser()

    def load_llm(self):
        self.llm = transformers.AutoModelForCausalLM.from_pretrained(self.cell["llm"], dtype=torch.float32).requires_grad_(False)
        self.eos, self.llm_layers = self.llm.config.eos_token_id, self.llm.config.num_hidden_layers
        self.norm_scale = 1 if self.cell["projector"]["norm_init"] == "one" else self.llm.get_input_embeddings().weight.std().item()
        if self.lora is None:
            return
        self.llm = peft.get_peft_model(self.llm, peft.LoraConfig(
            r=self.lora["r"], lora_alpha=self.lora["alpha"], lora_dropout=self.lora["dropout"], task_type="CAUSAL_LM",
            target_modules=[f"{letter}_proj" for letter in self.lora["targets"]]))
        for name, module in self.llm.named_modules():
            if isinstance(module, peft.tuners.lora.Linear):
                layer, target = int(name.split("layers.")[1].split(".")[0]), name.rsplit(".", 1)[1]
                module.lora_dropout["default"] = AdapterDropout(self, layer, target)
                self.draws.start_adapter(module.lora_A["default"].weight, layer, target)

    def load_projector(self):
        spec = self.cell["projector"]
        self.projector = Projector(self.encoder.conv1.weight.shape[0], spec["hidden"], self.llm.config.hidden_size)
        self.draws.start(self.projector, self.norm_scale)

    def load_optimiser(self):
        train = self.train_spec
        groups = [{"params": list(self.projector.parameters()), "lr": train["lr"]}]
        if self.lora:
            groups.append({"params": [p for p in self.llm.parameters() if p.requires_grad], "lr": self.lora["lr"] or train["lr"]})
        self.trained = [p for group in groups for p in group["params"]]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=train["weight_decay"])
        steps = train["epochs"] * len(self.draws.batches(self.splits["train"], train["batch"]))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: factor(step, steps, int(train["warmup"] * steps), train["min_lr_ratio"]))

    def encode(self, batch):
        """Log-mel, padded to the next whole second, and the encoder: [B, T', d]. The spectra are in float64: the encoder makes
        1e-2 of what float32 leaves to a processor's rounding in a quiet bin, and a loss could not be told from another."""
        seconds = max(min(30, len(clip["samples"]) // clips.RATE + 1) for clip in batch)
        mels = [log_mel_spectrogram(self.pad_or_trim(clip["samples"], seconds * clips.RATE), self.mels) for clip in batch]
        mel = torch.stack(mels)
        self.encoder.positional_embedding = self.positions[: (mel.shape[2] + 1) // 2]
        with torch.no_grad():
            return self.encoder(mel)

    def project(self, features):
        batch, tokens = features.shape[0], features.shape[1] // 5
        x = torch.relu(self.projector.linear1(features[:, : tokens * 5].reshape(batch, tokens, -1)))
        if torch.is_grad_enabled():
            x = self.draws.dropout(x, self.cell["projector"]["dropout"], tokens, PROJECTOR_DROPOUT, self.step)
        return self.projector.layer_norm(self.projector.linear2(x))

    def inputs(self, batch, texts):
        return torch.cat([self.project(self.encode(batch)), self.llm.get_input_embeddings()(torch.tensor(texts))], 1)

    def forward(self, batch):
        """What the language model makes of a batch with its answers, and their labels."""
        answers = [self.tokenizer.encode(PROMPT + clip["text"]).ids[len(self.prompt):] + [self.eos] for clip in batch]
        self.answer_rows = longest = max(map(len, answers))
        texts = [self.prompt + answer + [self.eos] * (longest - len(answer)) for answer in answers]
        inputs = self.inputs(batch, texts)
        labels = torch.full(inputs.shape[:2], -100)
        for row, answer in enumerate(answers):
            labels[row, inputs.shape[1] - longest:][: len(answer)] = torch.tensor(answer)
        return self.llm(inputs_embeds=inputs, attention_mask=torch.ones_like(labels), labels=labels, use_cache=False), labels

    def look_at(self, output, labels):
        """What is computed of a batch besides its loss."""

    def clean_up(self):
        """What is done after each batch."""

    def train_epoch(self, epoch):
        self.llm.train()
        clips_ = self.splits["train"]
        batches = self.draws.batches(clips_, self.train_spec["batch"], epoch if self.train_spec["shuffle"] else None)
        for batch in batches:
            output, labels = self.forward([clips_[index] for index in batch])
            self.look_at(output, labels)
            output.loss.backward()
            torch.nn.utils.clip_grad_norm_(self.trained, self.train_spec["clip"])
            self.optimiser.step()
            self.schedule.step()
            self.optimiser.zero_grad()
            self.step += 1
            self.losses.append(output.loss.item())
            del output, labels
            self.clean_up()
        return sum(self.losses[-len(batches):]) / len(batches)

    def before_transcribing(self, split, batch):
        """What is done with a batch of a split before it is transcribed."""

    @torch.no_grad()
    def word_errors(self, split, beams):
        """Of a split, by the paper's normaliser: errors and reference words."""
        self.llm.eval()
        heard, said = [], []
        for batch in self.draws.batches(self.splits[split], self.eval_spec["batch"]):
            some = [self.splits[split][index] for index in batch]
            self.before_transcribing(split, some)
            inputs = self.inputs(some, [self.prompt] * len(some))
            ids = self.llm.generate(inputs_embeds=inputs, attention_mask=torch.ones(inputs.shape[:2], dtype=torch.long), do_sample=False,
                                    num_beams=beams, max_new_tokens=self.eval_spec["max_new_tokens"], pad_token_id=self.eos,
                                    length_penalty=self.eval_spec["length_penalty"],
                                    repetition_penalty=self.eval_spec["repetition_penalty"])
            heard += [paper_wer(self.tokenizer.decode(row)) for row in ids.tolist()]
            said += [paper_wer(clip["text"]) for clip in some]
            self.clean_up()
        counts = jiwer.process_words(said, heard)
        errors = counts.substitutions + counts.deletions + counts.insertions
        return errors, counts.hits + counts.substitutions + counts.deletions


class PublishedLoop(CellLoop):
    """With all that the paper's code does (its train.py and models/model.py): layers of the language model are computed again in the
    backward pass, the accuracy and the WER of every batch are taken from all its logits, validation has a pass for its loss
    before it transcribes, and garbage is collected after every batch."""

    def load_llm(self):
        super().load_llm()
        self.llm.gradient_checkpointing_enable()

    @torch.no_grad()
    def look_at(self, output, labels):
        heard, said = output.logits.cpu().argmax(-1)[:, :-1], labels[:, 1:]
        answered = said != -100
        accuracy = (heard == said)[answered].float().mean().item()
        pairs = [[self.tokenizer.decode(ids[mask].tolist()) for ids, mask in zip(side, answered)] for side in (said, heard)]
        return accuracy, jiwer.wer(*([paper_wer(text) for text in side] for side in pairs))

    def before_transcribing(self, split, batch):
        if split == "dev":
            self.look_at(*self.forward(batch))

    def clean_up(self):
        gc.collect()


def timed(seconds, phase, work):
    begin = time.monotonic()
    value = work()
    seconds[phase] = seconds.get(phase, 0) + time.monotonic() - begin
    return value


def run(loop):
    cell, seconds, epochs, best = loop.cell, {}, [], None
    for epoch in range(1, cell["train"]["epochs"] + 1):
        loss = timed(seconds, "train", lambda: loop.train_epoch(epoch))
        errors, words = timed(seconds, "validate", lambda: loop.word_errors("dev", cell["eval"]["validation_beam"]))
        epochs.append({"loss": loss, "wer": errors / words})
        if best is None or errors < best[0]:
            best = errors, [p.detach().clone() for p in loop.trained]
    for parameter, value in zip(loop.trained, best[1]):
        parameter.data.copy_(value)
    errors, words = timed(seconds, "test", lambda: loop.word_errors("test", cell["eval"]["beam"]))
    return {"seconds": seconds, "epochs": epochs, "errors": errors, "words": words, "steps": loop.step, "losses": loop.losses}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cell", type=pathlib.Path)
    parser.add_argument("clips", type=pathlib.Path)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--as-published", action="store_true", help="with what the paper's code does besides")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    loop = PublishedLoop if options.as_published else CellLoop
    print(json.dumps(run(loop(json.loads(options.cell.read_text()), options.clips))))


if __name__ == "__main__":
    main()
