// One training step and one evaluation of a nano cell: projector alone and with LoRA, at the whole depth and cut to
// two layers, one thread and all of them.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { row } from "./figures.mjs";

const bin = process.env.SWEETSPOT_BIN, models = resolve("examples/nano/models");
const folder = mkdtempSync(join(tmpdir(), "sweetspot-bench-"));
const corpora = join(folder, "corpora");
execFileSync(join(bin, "nano-corpora"), ["--out", corpora, "--da", "16", "--nl", "16", "--en", "160", "--dev", "4", "--test", "64"], { stdio: ["ignore", "ignore", "inherit"] });

const encoder = ["nano-small", "nano-medium", "nano-large"].map((name) => join(models, name)).find(existsSync);
const whole = JSON.parse(readFileSync(join(encoder, "config.json"))).encoder_layers;

function measure({ layers = whole, lora = null, threads = 1 }) {
  const cell = join(folder, "cell.json");
  writeFileSync(cell, JSON.stringify({
    encoder, layers, language: "en", lora, llm: join(models, "nano-lm"), corpus: { path: join(corpora, "en") },
    projector: { hidden: 512, norm_init: "embedding" }, train: { epochs: 3, batch: 8, lr: 3e-3, early_stop: null },
    eval: { beam: 2, max_new_tokens: 40, validation_utterances: 4 },
  }));
  const result = JSON.parse(execFileSync(join(bin, "sweetspot-worker"), ["run", cell, "--out", join(folder, "out"), "--threads", String(threads)], { stdio: ["ignore", "pipe", "ignore"] }));
  return { step: 1000 * result.train_seconds / result.steps, factor: result.evaluate_seconds / result.audio_seconds };
}

try {
  const base = measure({});
  const others = {
    "with LoRA r 8": measure({ lora: { r: 8, alpha: 16 } }),
    "2 layers": measure({ layers: 2 }),
    [`${availableParallelism()} threads`]: measure({ threads: availableParallelism() }),
  };
  row(`step, ${whole} layers, batch 8, 1 thread`, `${base.step.toFixed(1)} ms (encoding and validation counted in)`);
  row("evaluation, beam 2, real-time factor", base.factor.toFixed(4));
  for (const [name, other] of Object.entries(others)) {
    row(name, `step ${(other.step / base.step).toFixed(2)} x, evaluation ${(other.factor / base.factor).toFixed(2)} x`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
