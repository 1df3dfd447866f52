// What the daemon costs: submitting sweeps, its memory, a restart, runs that do nothing, and the time from a worker's
// slot falling free to its next run's start. Beside them, in the same run: a bare fdatasync on the same disk, one durable
// commit over REST, and HyperQueue and task-spooler running `true` (which keep nothing that a crash could not take).
// Processor time of the daemon stands beside the wall clock, which says little on a machine that others use too.
// SWEETSPOT_BENCH_PARTS="submit restart" measures only those of: noop, peers, dispatch, submit, reads, restart.
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
const parts = (process.env.SWEETSPOT_BENCH_PARTS ?? "noop peers dispatch submit reads restart").split(" ");
const kPack = 16;  // as `sweetspot serve` has it where nobody says
const daemon = await Daemon.start({ binary: join(bin, "sweetspot"), worker: join(bin, "sweetspot-fake-worker"), pack: kPack });
const call = async (method, path, body, type = "application/json") => {
  const answer = await fetch(new URL(`api/v1/${path}`, daemon.url), { method, headers: { "Content-Type": type }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
};
// Milliseconds of processor time that the daemon has taken, user and system.
const cpu = () => {
  const fields = readFileSync(`/proc/${daemon.process.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
// {wall, cpu} of some work.
const measured = async (work) => {
  const before = cpu(), wall = await timed(work);
  return { wall, cpu: cpu() - before };
};
const least_and_median = (values) => `${milliseconds(by_size(values).min)} at least, median ${milliseconds(by_size(values).median)}`;
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
  const took = await measured(async () => { await both_devices("resume"); await all_done(sweep.id); });
  const ours = took.wall / noop_runs;
  row(`${noop_runs} runs that do nothing, stored for good`, `${milliseconds(ours)} a run (${(took.wall / 1000).toFixed(1)} s), the daemon's processor ${milliseconds(took.cpu / noop_runs)} a run`);
  return ours;
}

function peers_bench(ours) {
  const python = process.env.SWEETSPOT_PEERS_PYTHON ?? "python3";
  const peers = JSON.parse(execFileSync(python, [fileURLToPath(new URL("peers.py", import.meta.url)), String(peer_tasks), "2"], { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" }).trim().split("\n").at(-1));
  for (const [name, { seconds, missing }] of Object.entries(peers)) {
    const each = seconds * 1000 / peer_tasks;
    const beside = ours ? `, ${(each / ours).toFixed(2)} x ours` : "";
    row(`${peer_tasks} x true, ${name}`, missing ? `missing: ${missing}` : `${milliseconds(each)} a task${beside}`);
  }
}

// From the event rows' own times: the end of the last run that a device had, to `running` of the next one there. Runs
// last long enough that start and end are hardly ever stored in one commit, which says `running` of none of them: then
// the end is taken, which is later.
async function dispatch_bench(fsync) {
  daemon.script({ epochs: 1, steps: 1, step_ms: 30, utterances: 1 });
  const sweep = await call("POST", "sweeps", loners(400));
  await all_done(sweep.id);
  const moments = [];
  for (let cursor = ""; cursor !== null;) {
    const page = await call("GET", `runs?sweep=${sweep.id}&limit=200${cursor && `&cursor=${cursor}`}`);
    for (const run of page.items) {
      const { items } = await call("GET", `runs/${run.id}/events?limit=200`);
      const at = (state) => Date.parse(items.find((event) => event.type === "run" && event.data.state === state)?.at);
      const ended = at("succeeded");
      moments.push({ device: run.device, started: at("running") || ended, ended });
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
  const commit = await commit_bench(sweep.id);
  row("one durable commit over REST", `median ${milliseconds(commit.median)}, p99 ${milliseconds(commit.p99)}`);
}

async function submit_bench() {
  await both_devices("drain");
  const tries = {};
  let sweep;
  for (const cells of [1000, 10000, 100000]) {
    tries[cells] = [];
    for (let i = 0; i < 3; ++i) {
      if (sweep) await call("DELETE", `sweeps/${sweep.id}`);
      tries[cells].push(await measured(async () => { sweep = await call("POST", "sweeps", grid(cells)); }));
    }
    const of = (what) => least_and_median(tries[cells].map((one) => one[what]));
    row(`submit ${cells} cells`, `${of("wall")}; processor ${of("cpu")}; the daemon then ${memory()}`);
  }
  const least = (cells) => Math.min(...tries[cells].map(({ wall }) => wall));
  row("per cell, 100000 against 1000", `${(least(100000) / 100 / least(1000)).toFixed(2)} x`);
  return sweep.id;
}

// What people ask of a sweep of 100,000 cells, and how long another change waits meanwhile.
async function reads_bench(sweep) {
  const tables = ["wer", "sweet-spot", "degradation", "reduction", "patterns", "word-errors", "datasets"].map((name) => `sweeps/${sweep}/tables/${name}`);
  for (const path of ["sweeps", `sweeps/${sweep}`, `runs?sweep=${sweep}&limit=200`, `runs?sweep=${sweep}&sort=-wer&limit=200`, `sweeps/${sweep}/grid`, ...tables]) {
    let going = true, longest = 0;
    const others = (async () => {
      for (let i = 0; going; ++i)
        longest = Math.max(longest, await timed(() => call("PATCH", `sweeps/${sweep}`, { note: `note ${i}` }, "application/merge-patch+json")));
    })();
    const took = await measured(() => call("GET", path));
    going = false;
    await others;
    row(`GET ${path}`, `${milliseconds(took.wall)}, processor ${milliseconds(took.cpu)}, a change meanwhile ${milliseconds(longest)}, the daemon then ${memory()}`);
  }
}

// With 100,000 queued runs and each time one device more than before, since the others are drained or have work.
async function restart_bench() {
  const tries = [];
  for (let devices = 3; devices < 6; ++devices) {
    await daemon.stop();
    daemon.command[1][daemon.command[1].indexOf("--devices") + 1] = `cpu:${devices}`;
    const wall = await timed(async () => {
      await daemon.listen("127.0.0.1:0");
      for (;;) {
        const { items } = await call("GET", "workers");
        if (items.some((worker) => worker.device === `cpu:${devices - 1}` && worker.runs.length > 0)) return;
        await pause(2);
      }
    });
    tries.push({ wall, cpu: cpu() });
  }
  const of = (what) => least_and_median(tries.map((one) => one[what]));
  row("restart to the first run given out", `${of("wall")}; processor ${of("cpu")}; the daemon then ${memory()}`);
}

row("machine", `${cpus().length} x ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`);
try {
  const fsync = fsync_bench();
  row("a bare fdatasync of 8 KiB", `median ${milliseconds(fsync.median)}, p99 ${milliseconds(fsync.p99)}`);
  const ours = parts.includes("noop") && await noop_bench();
  if (parts.includes("peers")) peers_bench(ours);
  if (parts.includes("dispatch")) await dispatch_bench(fsync);
  const sweep = parts.some((part) => ["submit", "reads", "restart"].includes(part)) && await submit_bench();
  if (parts.includes("reads")) await reads_bench(sweep);
  if (parts.includes("restart")) await restart_bench();
} finally {
  await daemon.end();
}
