// What checkpoints cost: how long each was written, and a nano cell trained with them, as always, and where none can
// be written (a file stands where their directory would), in turn. Two trainings differ by more than checkpoints cost,
// so it is the first that tells; the second would show a cost that lies elsewhere.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
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

// Milliseconds from the making of the newest checkpoint's directory to the last change beside it: the removal of an
// older one. Training waits meanwhile. `times`: by name; read while none is being written, as all but always.
function note_newest(place, times) {
  const newest = readdirSync(place).sort().pop();
  const made = newest && newest !== ".part" && statSync(join(place, newest), { throwIfNoEntry: false });
  if (made) times.set(newest, statSync(place).mtimeMs - made.birthtimeMs);
}

// Milliseconds a step, of the wall clock and of the processor, and those that each checkpoint took.
async function train(name, with_checkpoints) {
  const out = join(folder, name), place = join(out, "checkpoints");
  mkdirSync(out);
  if (!with_checkpoints) writeFileSync(place, "");
  const worker = spawn("bash", ["-c", `TIMEFORMAT='%U %S'; time "$0" "$@" 2>/dev/null`, join(bin, "sweetspot-worker"), "run", cell, "--out", out, "--threads", "1"]);
  const written = new Map();
  let text = "", times = "";
  worker.stdout.on("data", (piece) => { text += piece; });
  worker.stderr.on("data", (piece) => { times += piece; });
  const watch = setInterval(() => {
    if (with_checkpoints && existsSync(place) && !existsSync(join(place, ".part"))) note_newest(place, written);
  }, 100);
  await new Promise((done) => worker.on("close", done));
  clearInterval(watch);
  const result = JSON.parse(text), [user, system] = times.trim().split(" ").map(Number);
  return { step: 1000 * result.train_seconds / result.steps, processor: 1000 * (user + system) / result.steps, written: [...written.values()], seconds: result.train_seconds };
}

try {
  const wall = [], processor = [], written = [];
  let seconds = 0;
  for (let i = 0; i < pairs; ++i) {
    const without = await train(`without-${i}`, false), withThem = await train(`with-${i}`, true);
    wall.push(withThem.step / without.step), processor.push(withThem.processor / without.processor);
    written.push(...withThem.written), seconds += withThem.seconds;
  }
  const each = by_size(written), total = written.reduce((sum, value) => sum + value, 0);
  row(`${written.length} checkpoints in ${seconds.toFixed(0)} s of training`, `${(total / 10 / seconds).toFixed(2)} % of it; one takes ${each.median.toFixed(0)} ms, ${each.p99.toFixed(0)} at p99`);
  row("step with them against without, wall", `${by_size(wall).median.toFixed(4)} x (${wall.map((value) => value.toFixed(3)).join(", ")})`);
  row("the same, processor time", `${by_size(processor).median.toFixed(4)} x (${processor.map((value) => value.toFixed(3)).join(", ")})`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
