// What the daemon costs: submitting sweeps, its memory, a restart, runs that do nothing, and the time from a worker's
// slot falling free to its next run's start. Beside them, in the same run: a bare fdatasync on the same disk, one durable
// commit over REST, and HyperQueue and task-spooler running `true` (which keep nothing that a crash could not take).
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon } from "../browser/daemon.mjs";
import { by_size, milliseconds, row, timed } from "./figures.mjs";

const bin = process.env.SWEETSPOT_BIN;
const noop_runs = Number(process.env.SWEETSPOT_BENCH_RUNS ?? 10000);
const peer_tasks = Number(process.env.SWEETSPOT_BENCH_TASKS ?? 1000);
const daemon = await Daemon.start({ binary: join(bin, "sweetspot"), worker: join(bin, "sweetspot-fake-worker") });
const call = async (method, path, body, type = "application/json") => {
  const answer = await fetch(new URL(`api/v1/${path}`, daemon.url), { method, headers: { "Content-Type": type }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const both_devices = async (action) => { for (const device of ["cpu:0", "cpu:1"]) await call("POST", `devices/${device}/actions/${action}`); };

// A language model whose memory can be told, so that packs are as large as they may be.
const llm = daemon.model("sized-llm", {
  model_type: "qwen2", hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1,
  intermediate_size: 128, vocab_size: 1000, tie_word_embeddings: true, eos_token_id: 0,
});
writeFileSync(join(llm, "tokenizer.json"), "{}");
const spec = {
  axes: { encoder: [daemon.model("sized-encoder", { d_model: 64, encoder_layers: 4, encoder_ffn_dim: 256 })], layers: [4, 2], language: ["da", "en"], lora: [false, true] },
  corpora: { da: daemon.corpus("da"), en: daemon.corpus("en") }, llm, train: { epochs: 3 },
};
const numbers = (count) => Array.from({ length: count }, (_, i) => i);
// Two depths, two languages, LoRA off and on, 5 or 25 learning rates, and as many seeds as make `cells` of it.
const grid = (cells) => {
  const rates = cells > 10000 ? 25 : 5;
  const further = { "train.lr": numbers(rates).map((i) => (i + 1) * 1e-5), seed: numbers(cells / 8 / rates) };
  return { ...spec, name: `${cells} cells`, axes: { ...spec.axes, ...further } };
};
// Cells of which no two can be trained together.
const loners = (cells) => ({ ...spec, name: `${cells} loners`, axes: { ...spec.axes, layers: [4], language: ["da"], lora: [false], seed: numbers(cells) } });

const megabytes = (field) => Number(readFileSync(`/proc/${daemon.process.pid}/status`, "utf8").match(new RegExp(`${field}:\\s+(\\d+)`))[1]) / 1024;
const memory = () => `${megabytes("VmRSS").toFixed(0)} MB, at most ${megabytes("VmHWM").toFixed(0)} MB until now`;

function fsync_bench() {
  const file = join(daemon.folder, "probe");
  const descriptor = openSync(file, "w");
  const page = Buffer.alloc(8192, 1);
  const tries = numbers(200).map((i) => {
    writeSync(descriptor, page, 0, page.length, i * page.length);
    const start = performance.now();
    fdatasyncSync(descriptor);
    return performance.now() - start;
  });
  closeSync(descriptor);
  unlinkSync(file);
  return by_size(tries);
}

async function commit_bench(sweep) {
  const tries = [];
  for (let i = 0; i < 50; ++i)
    tries.push(await timed(() => call("PATCH", `sweeps/${sweep}`, { note: `note ${i}` }, "application/merge-patch+json")));
  return by_size(tries);
}

async function all_done(sweep) {
  for (;;) {
    const { counts } = await call("GET", `sweeps/${sweep}`);
    if (counts.succeeded === counts.total) return;
    if (counts.failed + counts.quarantined > 0) throw new Error(`runs failed: ${JSON.stringify(counts)}`);
    await pause(20);
  }
}

const no_work = { epochs: 0, steps: 1, step_ms: 0, utterances: 1 };

async function noop_bench() {
  daemon.script(no_work);
  await all_done((await call("POST", "sweeps", grid(80))).id);  // the workers are there and warm
  await both_devices("drain");
  const sweep = await call("POST", "sweeps", grid(noop_runs));
  const took = await timed(async () => { await both_devices("resume"); await all_done(sweep.id); });
  const ours = took / noop_runs;
  row(`${noop_runs} runs that do nothing, stored for good`, `${milliseconds(ours)} a run (${(took / 1000).toFixed(1)} s)`);
  return ours;
}

function peers_bench(ours) {
  const python = process.env.SWEETSPOT_PEERS_PYTHON ?? "python3";
  const peers = JSON.parse(execFileSync(python, [fileURLToPath(new URL("peers.py", import.meta.url)), String(peer_tasks), "2"], { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" }).trim().split("\n").at(-1));
  for (const [name, { seconds, missing }] of Object.entries(peers)) {
    const each = seconds * 1000 / peer_tasks;
    row(`${peer_tasks} x true, ${name}`, missing ? `missing: ${missing}` : `${milliseconds(each)} a task, ${(each / ours).toFixed(2)} x ours`);
  }
}

// From the event rows' own times: the end of the last run that a device had, to `running` of the next one there.
async function dispatch_bench(fsync) {
  const sweep = await call("POST", "sweeps", loners(400));
  await all_done(sweep.id);
  const moments = [];
  for (let cursor = ""; cursor !== null;) {
    const page = await call("GET", `runs?sweep=${sweep.id}&limit=200${cursor && `&cursor=${cursor}`}`);
    for (const run of page.items) {
      const { items } = await call("GET", `runs/${run.id}/events?limit=200`);
      const at = (state) => Date.parse(items.find((event) => event.type === "run" && event.data.state === state).at);
      moments.push({ device: run.device, started: at("running"), ended: at("succeeded") });
    }
    cursor = page.next_cursor;
  }
  const gaps = [];
  for (const device of new Set(moments.map((moment) => moment.device))) {
    const there = moments.filter((moment) => moment.device === device).sort((a, b) => a.started - b.started);
    for (let i = 1; i < there.length; ++i) gaps.push(there[i].started - there[i - 1].ended);
  }
  const gap = by_size(gaps);
  row(`slot free -> next run started, n = ${gaps.length}`, `median ${milliseconds(gap.median)}, p99 ${milliseconds(gap.p99)}`);
  row("  against a bare fdatasync", `median ${(gap.median / fsync.median).toFixed(2)} x, p99 ${(gap.p99 / fsync.p99).toFixed(2)} x`);
  return sweep.id;
}

async function submit_bench() {
  await both_devices("drain");
  const figures = {};
  let sweep;
  for (const cells of [1000, 10000, 100000]) {
    const tries = [];
    for (let i = 0; i < (cells > 10000 ? 1 : 3); ++i) {
      if (sweep) await call("POST", `sweeps/${sweep.id}/actions/cancel`);
      tries.push(await timed(async () => { sweep = await call("POST", "sweeps", grid(cells)); }));
    }
    figures[cells] = by_size(tries);
    row(`submit ${cells} cells`, `${milliseconds(figures[cells].median)}, the daemon then ${memory()}`);
  }
  row("per cell, 100000 against 1000", `${(figures[100000].median / 100 / figures[1000].median).toFixed(2)} x`);
}

// With 100,000 queued runs and one device more than before, since the others are drained.
async function restart_bench() {
  await daemon.stop();
  daemon.command[1][daemon.command[1].indexOf("--devices") + 1] = "cpu:3";
  const took = await timed(async () => {
    await daemon.listen("127.0.0.1:0");
    for (;;) {
      const { items } = await call("GET", "workers");
      if (items.some((worker) => worker.runs.length > 0)) return;
      await pause(2);
    }
  });
  row("restart to the first run given out", `${milliseconds(took)}, the daemon then ${memory()}`);
}

row("machine", `${cpus().length} x ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`);
try {
  const fsync = fsync_bench();
  row("a bare fdatasync of 8 KiB", `median ${milliseconds(fsync.median)}, p99 ${milliseconds(fsync.p99)}`);
  const ours = await noop_bench();
  peers_bench(ours);
  const commit = await commit_bench(await dispatch_bench(fsync));
  row("one durable commit over REST", `median ${milliseconds(commit.median)}, p99 ${milliseconds(commit.p99)}`);
  await submit_bench();
  await restart_bench();
} finally {
  await daemon.end();
}
