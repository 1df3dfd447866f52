// The real worker under the real daemon, from sound files to stored alignments. Corpora are spoken on the spot and
// the models are made here with a few steps of pretraining, so the numbers mean nothing: what is checked is that they
// add up, that each cell is done once, and that killing anything changes neither.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Daemon } from "../browser/daemon.mjs";

const binary = process.env.SWEETSPOT_BIN, worker = process.env.SWEETSPOT_WORKER, corpora = process.env.NANO_CORPORA;
const real = process.env.SWEETSPOT_REAL_SPEECH, models = process.env.NANO_MODELS;
const kClips = { train: 12, dev: 3, test: 5 };
let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sweetspot-e2e-"));
  const run = (program, ...options) => execFileSync(program, options.map(String), { stdio: ["ignore", "ignore", "pipe"] });
  const speech = join(folder, "corpora");
  run(corpora, "--grammar", fileURLToPath(new URL("../../examples/nano/grammar", import.meta.url)), "--out", speech, "--da", kClips.train, "--nl", kClips.train, "--en", kClips.train, "--dev", kClips.dev, "--test", kClips.test, "--text", 2000);
  run(worker, "pretrain", "llm", "--text", join(speech, "text.txt"), "--out", join(folder, "llm"), "--steps", 3, "--hidden", 64, "--layers", 2);
  run(worker, "pretrain", "whisper", "--corpora", speech, "--out", join(folder, "encoder"), "--steps", 3, "--layers", 4, "--width", 64, "--clips", 4);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const sweep = (name, changes = {}) => ({
  name,
  axes: { encoder: [join(folder, "encoder")], layers: [4, 2], language: ["en"], lora: [false, true] },
  corpora: { en: { path: join(folder, "corpora", "en") } },
  llm: join(folder, "llm"),
  projector: { hidden: 32, norm_init: "embedding" },
  lora: { default: { r: 2, alpha: 4, lr: 1e-3 } },
  train: { epochs: 2, batch: 4, lr: 3e-3 },
  eval: { max_new_tokens: 12, validation_utterances: 2 },
  ...changes,
});

async function submit(daemon, document) {
  const answer = await fetch(new URL("api/v1/sweeps", daemon.url), {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(document),
  });
  return { status: answer.status, body: await answer.json() };
}

async function until(done, what, seconds = 240) {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    const value = await done();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`waited ${seconds} s for ${what}`);
}

const runs = async (daemon, id) => (await daemon.get(`runs?sweep=${id}&limit=100`)).items;
const finished = (daemon, id) => until(async () => {
  const all = await runs(daemon, id);
  return all.every((run) => ["succeeded", "failed", "quarantined", "cancelled"].includes(run.state)) && all;
}, "the sweep to end");

// The run's WER, from its stored utterances.
async function counted(daemon, run) {
  const { items } = await daemon.get(`runs/${run.id}/samples?limit=100`);
  assert.equal(items.length, kClips.test);
  let errors = 0, words = 0;
  for (const { alignment, reference } of items) {
    errors += [...alignment].filter((letter) => letter !== "H").length;
    words += [...alignment].filter((letter) => letter !== "I").length;
    assert.equal([...alignment].filter((letter) => letter !== "I").length, reference.split(" ").filter(Boolean).length);
  }
  return errors / words;
}

async function with_daemon(work) {
  const daemon = await Daemon.start({ binary, worker, pack: 16 });
  try { await work(daemon); } finally {
    await daemon.end();
  }
}

test("A sweep's WERs are those of its stored alignments", async () => with_daemon(async (daemon) => {
  const { status, body } = await submit(daemon, sweep("whole"));
  assert.equal(status, 201, JSON.stringify(body));
  const all = await finished(daemon, body.id);
  assert.equal(all.length, 4);
  for (const run of all) {
    assert.equal(run.state, "succeeded", `${run.id}: ${run.reason}`);
    assert.ok(Math.abs(await counted(daemon, run) - run.wer) < 1e-12);
    assert.match(await (await fetch(new URL(`api/v1/runs/${run.id}/log`, daemon.url))).text(), /./);
  }
  const table = await daemon.get(`sweeps/${body.id}/tables/wer`);
  assert.deepEqual(table.missing, []);
  assert.deepEqual(table.rows.map((row) => row.wer).sort(), all.map((run) => run.wer).sort());
}));

test("Killing workers and the daemon leaves every cell done once", async () => with_daemon(async (daemon) => {
  const { body } = await submit(daemon, sweep("killed", { train: { epochs: 12, batch: 4, lr: 3e-3, early_stop: null } }));
  const busy = () => until(async () => (await daemon.get("workers")).items.find((w) => w.state === "busy" && w.pid), "a busy worker");
  const first = await busy();
  process.kill(first.pid, "SIGKILL");
  await until(async () => (await runs(daemon, body.id)).some((run) => run.attempt > 0 && run.state !== "running"), "the daemon to notice");
  await busy();
  daemon.process.kill("SIGKILL");
  await new Promise((resolve) => daemon.process.once("exit", resolve));
  await daemon.listen(new URL(daemon.url).host);
  for (const run of await finished(daemon, body.id)) {
    assert.equal(run.state, "succeeded", `${run.id}: ${run.reason}`);
    assert.ok(Math.abs(await counted(daemon, run) - run.wer) < 1e-12);
  }
}));

test("A broken clip is left out and counted, not fatal", async () => with_daemon(async (daemon) => {
  const bad = join(folder, "bad");
  execFileSync("cp", ["-r", join(folder, "corpora", "en"), bad]);
  const clip = execFileSync("sh", ["-c", `awk -F'\\t' 'NR==2{for(i=1;i<=NF;i++) if ($i ~ /\\.flac$/) print $i}' ${bad}/train.tsv`]).toString().trim();
  assert.ok(existsSync(join(bad, "clips", clip)));
  writeFileSync(join(bad, "clips", clip), "not a sound");
  const { body } = await submit(daemon, sweep("broken", {
    axes: { encoder: [join(folder, "encoder")], layers: [2], language: ["en"] }, corpora: { en: { path: bad } },
  }));
  const [run] = await finished(daemon, body.id);
  assert.equal(run.state, "succeeded", run.reason);
  const { result } = await daemon.get(`runs/${run.id}`);
  assert.equal(result.train.skipped, 1);
  assert.equal(result.skipped[0].reason, "audio_unreadable");
}));

test("A sweep that cannot run is refused whole", async () => with_daemon(async (daemon) => {
  const { status, body } = await submit(daemon, sweep("impossible", {
    axes: { encoder: [join(folder, "encoder")], layers: [40], language: ["en"] }, llm: "/nowhere",
  }));
  assert.equal(status, 422);
  assert.deepEqual(body.errors.map((error) => error.pointer).sort(), ["#/axes/layers/0", "#/llm"]);
  assert.deepEqual((await daemon.get("sweeps")).items, []);
}));

const have_real = real && existsSync(join(real, "digits", "test.json")) && existsSync(join(models, "nano-lm", "model.safetensors"));
test("Genuine recordings through the genuine encoder", { skip: have_real ? false : "no real recordings or nano models beside the project" },
  async () => with_daemon(async (daemon) => {
    const { status, body } = await submit(daemon, sweep("real", {
      axes: { encoder: [join(real, "whisper-base-encoder")], layers: [6, 2], language: ["en"] },
      corpora: { en: { format: "nemo-manifest", path: join(real, "digits"), limit_train: 32, limit_dev: 4, limit_test: kClips.test } },
      llm: join(models, "nano-lm"), projector: { hidden: 256, norm_init: "embedding" },
      train: { epochs: 6, batch: 8, lr: 3e-3, early_stop: null },
    }));
    assert.equal(status, 201, JSON.stringify(body));
    for (const run of await finished(daemon, body.id)) {
      assert.equal(run.state, "succeeded", run.reason);
      assert.ok(Math.abs(await counted(daemon, run) - run.wer) < 1e-12);
      const { epochs } = await daemon.get(`runs/${run.id}/metrics`);
      assert.ok(epochs.at(-1).train_loss < 0.8 * epochs[0].train_loss, "the loss falls");
    }
  }));
