// The dashboard on a large database: 10,000 runs in 50 sweeps, one sweep of 10,000 more, and 10 million points of curves.
// How soon each screen shows what it is for, how soon a table changes, whether the page's memory grows with events, and what
// 40 viewers (viewers.mjs) do to everyone's answers. With arguments, only those parts: paint table viewers memory.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon } from "../browser/daemon.mjs";
import { by_size, milliseconds, row, timed } from "./figures.mjs";

const bin = process.env.SWEETSPOT_BIN;
const { launch } = await import(process.env.SWEETSPOT_BROWSER_SUITE ?? "../../build/release/tests/browser/suite/watched_page.mjs");
const worker = process.env.SWEETSPOT_FAKE_WORKER ?? join(bin, "sweetspot-fake-worker");
const sweeps = 50, cells = 200, pointsARun = 500, events = 10_000, viewers = 40;

const daemon = await Daemon.start({ binary: join(bin, "sweetspot"), worker });
const browser = await launch(existsSync);
const send = async (method, path, body, type = "application/json") => {
  const answer = await fetch(new URL(`api/v1/${path}`, daemon.url), { method, headers: { "Content-Type": type }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${(await answer.text()).slice(0, 500)}`);
  return answer.json();
};

/** One sweep of `cells` runs with a few utterances each, as an import. */
function imported(number) {
  const words = "one two three four five six seven eight nine ten".split(" ");
  const list = [];
  for (const encoder of ["medium", "small"]) for (const language of ["da", "nl", "en", "de", "fr"]) for (const lora of [false, true])
    for (let layers = 20; layers >= 2; layers -= 2) {
      const utterances = Array.from({ length: 5 }, (_, i) => ({
        id: `u${i}`, reference: words.join(" "), hypothesis: words.slice(0, 1 + ((list.length * 7 + i * number) % 10)).join(" "),
      }));
      list.push({ encoder, language, lora, layers, utterances, encoder_params: layers * 1000000 });
    }
  return { name: `large ${number}`, source: "made up", cells: list };
}

/** One sweep of 10,000 runs, a thousand at a time. */
async function large() {
  const cells = (encoder) => Array.from({ length: 1000 }, (_, i) => ({
    encoder: `encoder-${encoder}`, language: ["da", "nl", "en", "de"][i % 4], lora: i % 8 > 3, layers: 1 + (Math.floor(i / 8) % 25),
    seed: Math.floor(i / 200), wer: 0.05 + ((i * 7 + encoder) % 97) / 200, encoder_params: 1e6 * (1 + (Math.floor(i / 8) % 25)),
  }));
  const { id } = await send("POST", "results", { name: "10,000 cells", source: "made up", cells: cells(0) });
  for (let i = 1; i < 10; ++i) await send("POST", "results", { name: "10,000 cells", into: id, source: "made up", cells: cells(i) });
  return id;
}

let whole;
async function seed() {
  whole = await large();
  for (let i = 0; i < sweeps; ++i) await send("POST", "results", imported(i));
  await daemon.stop();
  execFileSync(join(process.env.SWEETSPOT_SEED ?? bin, "seed-metrics"), [join(daemon.folder, "state", "sweetspot.db"), String(pointsARun)]);
  await daemon.listen(new URL(daemon.url).host);
}

/** From the address to the moment that `selector` is on the page, in a browser that never was here. */
async function paint(hash, selector) {
  const tries = [];
  for (let i = 0; i < 5; ++i) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    tries.push(await timed(async () => {
      await page.goto(`${daemon.url}${hash}`, { waitUntil: "commit" });
      await page.locator(selector).first().waitFor();
    }));
    await context.close();
  }
  return by_size(tries);
}

async function paint_bench(sweep, run) {
  for (const [name, hash, selector] of [
    ["list of sweeps", "#/sweeps", "tr[data-row]"], ["sweep's grid", `#/sweeps/${sweep}`, "td.cell b.wer"],
    ["sweep's runs", `#/sweeps/${sweep}?part=runs`, "tr[data-row]"], ["run's curve", `#/runs/${run}`, ".curve canvas"],
    ["grid of 10,000 cells", `#/sweeps/${whole}`, "td.cell b.wer"], ["runs of 10,000", `#/sweeps/${whole}?part=runs`, "tr[data-row]"],
    ["charts of 10,000", `#/sweeps/${whole}?part=charts`, ".parallel .line"],
  ]) {
    const figure = await paint(hash, selector);
    row(`first paint: ${name}`, `median ${milliseconds(figure.median)}, worst ${milliseconds(figure.max)}`);
  }
}

async function table_bench(name, sweep) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(`${daemon.url}#/sweeps/${sweep}?part=runs`);
  await page.locator("tr[data-row]").first().waitFor();
  const tries = await page.evaluate(async () => {
    const rows = () => [...document.querySelectorAll("tr[data-row]")].map((one) => one.dataset.row).join();
    const button = [...document.querySelectorAll("th button")].find((one) => one.textContent.startsWith("WER"));
    const times = [];
    for (let i = 0; i < 20; ++i) {
      const before = rows(), start = performance.now();
      button.click();
      while (rows() === before && performance.now() - start < 10_000) await new Promise((resolve) => setTimeout(resolve, 1));
      times.push(performance.now() - start);
    }
    return times;
  });
  const figure = by_size(tries);
  row(name, `median ${milliseconds(figure.median)}, worst ${milliseconds(figure.max)}`);
  await page.close();
}

/** The page's own memory after a collection, in MiB. */
async function heap(session) {
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "JSHeapUsedSize").value / 2 ** 20;
}

async function memory_bench(sweep) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(`${daemon.url}#/sweeps/${sweep}`);
  await page.locator("td.cell b.wer").first().waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const figures = [];
  for (let done = 0; done < events; done += 1000) {
    for (let i = 0; i < 1000; i += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, j) => send("PATCH", `sweeps/${sweep}`, { note: `note ${done + i + j}` }, "application/merge-patch+json")));
    }
    figures.push(await heap(session));
  }
  row(`page's memory after 1,000 .. ${events.toLocaleString("en")} events`, `${figures.map((figure) => figure.toFixed(1)).join(" ")} MiB`);
  await page.close();
}

/** Processor time of the daemon so far, in seconds. */
function cpu() {
  const fields = readFileSync(`/proc/${daemon.process.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function viewers_bench(sweep, run) {
  const paths = ["sweeps?limit=25", `sweeps/${sweep}`, `runs?sweep=${sweep}&sort=-wer&limit=50`, `runs/${run}`, `runs/${run}/metrics`, "devices"];
  const ask = async (seconds) => {
    const tries = paths.map(() => []), end = performance.now() + 1000 * seconds;
    for (let i = 0; i < 300 || performance.now() < end; ++i) tries[i % paths.length].push(await timed(async () => (await fetch(new URL(`api/v1/${paths[i % paths.length]}`, daemon.url))).text()));
    const p95 = (list) => [...list].sort((a, b) => a - b)[Math.floor(0.95 * list.length)];
    const each = paths.map((path, i) => `${path.split(/[?/]/)[0]}${path.includes("/") ? "/" : ""} ${p95(tries[i]).toFixed(0)}`);
    return `${milliseconds(p95(tries.flat()))} (${each.join(", ")})`;
  };
  row("REST p95, nobody watching", await ask(0));
  daemon.script({ epochs: 10, steps: 20, step_ms: 5 });  // a run a second ends on each of two devices
  const live = await daemon.submit("live", { seed: [1, 2, 3, 4, 5, 6] });
  const child = spawn("node", [fileURLToPath(new URL("viewers.mjs", import.meta.url)), daemon.url, live.id, String(viewers)], { stdio: ["pipe", "pipe", "inherit"] });
  const report = new Promise((resolve) => child.stdout.once("data", (bytes) => resolve(JSON.parse(bytes))));
  await ask(2);
  const [start, before] = [performance.now(), cpu()];
  const watched = await ask(15);
  const [seconds, taken] = [(performance.now() - start) / 1000, cpu() - before];
  child.stdin.end();
  const least = await report;
  await fetch(new URL(`api/v1/sweeps/${live.id}/actions/cancel`, daemon.url), { method: "POST" });
  row(`REST p95, ${viewers} viewers of a live sweep`, watched);
  row("each of them", `heard ${least.bytes} bytes and was answered ${least.answers} times, or more`);
  row("processor time a second", `daemon ${(taken / seconds).toFixed(2)} s, viewers ${(least.seconds / (seconds + 2)).toFixed(2)} s`);
}

try {
  row(`seeding ${(sweeps * cells + 10_000).toLocaleString("en")} runs, ${((sweeps * cells + 10_000) * pointsARun).toLocaleString("en")} points`, milliseconds(await timed(seed)));
  const { items: [{ id: sweep }] } = await daemon.get("sweeps");
  const { items: [{ id: run }] } = await daemon.get(`runs?sweep=${sweep}&limit=1`);
  const parts = {
    paint: () => paint_bench(sweep, run),
    table: async () => {
      await table_bench("200 runs in another order", sweep);
      await table_bench("10,000 runs in another order", whole);
    },
    viewers: () => viewers_bench(sweep, run),
    memory: () => memory_bench(sweep),
  };
  const wanted = process.argv.slice(2);
  for (const [name, measure] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await measure();
} finally {
  await browser.close();
  await daemon.end();
}
