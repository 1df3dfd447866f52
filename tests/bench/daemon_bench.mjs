// What the daemon costs: submitting a sweep, and the time from a worker's slot falling free to its next run's start.
// The measure beside them is one durable commit, timed in the same run as a PATCH of the sweep's note.
import { join } from "node:path";
import { Daemon } from "../browser/daemon.mjs";
import { by_size, milliseconds, row, timed } from "./figures.mjs";

const bin = process.env.SWEETSPOT_BIN;
const daemon = await Daemon.start({ binary: join(bin, "sweetspot"), worker: join(bin, "sweetspot-fake-worker") });
const call = async (method, path, body, type = "application/json") => {
  const answer = await fetch(new URL(`api/v1/${path}`, daemon.url), { method, headers: { "Content-Type": type }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
};

// The small grid of Daemon.submit, with five learning rates and as many seeds as make `cells` of it.
const first = await daemon.submit("template");
await call("POST", `sweeps/${first.id}/actions/cancel`);
const { spec } = await call("GET", `sweeps/${first.id}`);
const grid = (cells) => ({ ...spec, name: `${cells} cells`, axes: {
  ...spec.axes, "train.lr": [1e-4, 2e-4, 3e-4, 4e-4, 5e-4], seed: Array.from({ length: cells / 40 }, (_, i) => i),
} });

async function submit_bench() {
  for (const device of ["cpu:0", "cpu:1"]) await call("POST", `devices/${device}/actions/drain`);
  const figures = {};
  for (const cells of [1000, 10000]) {
    const tries = [];
    for (let i = 0; i < 3; ++i) {
      let sweep;
      tries.push(await timed(async () => { sweep = await call("POST", "sweeps", grid(cells)); }));
      await call("POST", `sweeps/${sweep.id}/actions/cancel`);
    }
    figures[cells] = by_size(tries);
    row(`submit ${cells} cells`, milliseconds(figures[cells].median));
  }
  row("per cell, 10000 against 1000", `${(figures[10000].median / 10 / figures[1000].median).toFixed(2)} x`);
  for (const device of ["cpu:0", "cpu:1"]) await call("POST", `devices/${device}/actions/resume`);
}

async function commit_bench() {
  const tries = [];
  for (let i = 0; i < 50; ++i) {
    tries.push(await timed(() => call("PATCH", `sweeps/${first.id}`, { note: `note ${i}` }, "application/merge-patch+json")));
  }
  return by_size(tries);
}

// From the event rows' own times: the end of a run on a device to `running` of the next one there.
async function dispatch_bench(commit) {
  daemon.script({ epochs: 1, steps: 1, step_ms: 0, utterances: 1 });
  const sweep = await call("POST", "sweeps", grid(400));
  for (;;) {
    const { counts } = await call("GET", `sweeps/${sweep.id}`);
    if (counts.succeeded === counts.total) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
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
  row("against one durable commit", `${(gap.median / commit.median).toFixed(2)} x`);
}

try {
  await submit_bench();
  const commit = await commit_bench();
  row("one durable commit over REST", `median ${milliseconds(commit.median)}, p99 ${milliseconds(commit.p99)}`);
  await dispatch_bench(commit);
} finally {
  await daemon.end();
}
