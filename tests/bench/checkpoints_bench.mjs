// What checkpoints cost: a nano cell trained with them, as always, and where none can be written (a file stands where
// their directory would), in turn.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { by_size, row } from "./figures.mjs";

const bin = process.env.SWEETSPOT_BIN, models = resolve("examples/nano/models");
const pairs = Number(process.env.SWEETSPOT_BENCH_PAIRS ?? 3), epochs = Number(process.env.SWEETSPOT_BENCH_EPOCHS ?? 20);
const folder = mkdtempSync(join(tmpdir(), "sweetspot-bench-"));
const corpora = join(folder, "corpora"), cell = join(folder, "cell.json");
execFileSync(join(bin, "nano-corpora"), ["--out", corpora, "--da", "16", "--nl", "16", "--en", "320", "--dev", "4", "--test", "4"], { stdio: ["ignore", "ignore", "inherit"] });
writeFileSync(cell, JSON.stringify({
  encoder: ["nano-small", "nano-medium"].map((name) => join(models, name)).find(existsSync), layers: 2, language: "en",
  lora: { r: 8, alpha: 16 }, llm: join(models, "nano-lm"), corpus: { path: join(corpora, "en") },
  projector: { hidden: 512, norm_init: "embedding" }, train: { epochs, batch: 8, lr: 3e-3, early_stop: null },
  eval: { beam: 2, max_new_tokens: 40, validation_utterances: 4 },
}));

// Milliseconds a step, of the wall clock and of the processor, and how many checkpoints were written.
async function train(name, with_checkpoints) {
  const out = join(folder, name), place = join(out, "checkpoints");
  mkdirSync(out);
  if (!with_checkpoints) writeFileSync(place, "");
  const worker = spawn("bash", ["-c", `TIMEFORMAT='%U %S'; time "$0" "$@" 2>/dev/null`, join(bin, "sweetspot-worker"), "run", cell, "--out", out, "--threads", "1"]);
  let text = "", times = "", written = 0;
  worker.stdout.on("data", (piece) => { text += piece; });
  worker.stderr.on("data", (piece) => { times += piece; });
  const watch = setInterval(() => {
    if (with_checkpoints && existsSync(place)) written = Math.max(written, ...readdirSync(place).map((entry) => Number.parseInt(entry) || 0));
  }, 100);
  await new Promise((done) => worker.on("close", done));
  clearInterval(watch);
  const result = JSON.parse(text), [user, system] = times.trim().split(" ").map(Number);
  return { step: 1000 * result.train_seconds / result.steps, processor: 1000 * (user + system) / result.steps, written, seconds: result.train_seconds };
}

try {
  const wall = [], processor = [];
  let written = 0, seconds = 0;
  for (let i = 0; i < pairs; ++i) {
    const without = await train(`without-${i}`, false), withThem = await train(`with-${i}`, true);
    wall.push(withThem.step / without.step), processor.push(withThem.processor / without.processor);
    written += withThem.written, seconds += withThem.seconds;
  }
  row(`${pairs} pairs, ${written} checkpoints in ${seconds.toFixed(0)} s`, "");
  row("step with checkpoints against without, wall", `${by_size(wall).median.toFixed(4)} x (${wall.map((value) => value.toFixed(3)).join(", ")})`);
  row("the same, processor time", `${by_size(processor).median.toFixed(4)} x (${processor.map((value) => value.toFixed(3)).join(", ")})`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
