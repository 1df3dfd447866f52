// The tables of a finished sweep of the paper's size: 204 runs over test splits of 16,000 utterances (another number:
// UTTERANCES=2000), in a state directory that the daemon filled itself with results of the fake worker. Each table is
// asked for after a restart, again, and after one more run has ended; beside each, how long /healthz had to wait.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../browser/daemon.mjs";
import { by_size, milliseconds, row, timed } from "./figures.mjs";

const kTables = ["wer", "sweet-spot", "degradation", "reduction", "patterns", "word-errors", "datasets"];
const bin = process.env.SWEETSPOT_BIN, utterances = Number(process.env.UTTERANCES ?? 16000);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const daemon = await Daemon.start({ binary: join(bin, "sweetspot"), worker: join(bin, "sweetspot-fake-worker") });

function memory(name) {
  const kilobytes = readFileSync(`/proc/${daemon.process.pid}/status`, "utf8").match(new RegExp(`${name}:\\s+(\\d+)`))[1];
  return `${Math.round(kilobytes / 1024)} MiB`;
}

/** Milliseconds of processor that the daemon has used, on all its threads. */
function processor() {
  const [user, system] = readFileSync(`/proc/${daemon.process.pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13);
  return 10 * (Number(user) + Number(system));
}

async function wait_for(sweep, succeeded) {
  for (;; await pause(500)) {
    const { counts } = await daemon.get(`sweeps/${sweep}`);
    if (counts.succeeded >= succeeded) return;
  }
}

// All but one: that one fails until it is tried again.
async function fill_the_state() {
  daemon.script({ epochs: 1, steps: 1, step_ms: 0, utterances, faults: [{ layers: 2, language: "en", lora: true, attempts: 1, do: "bad_input" }] });
  const encoder = (name, layers) => daemon.model(name, { d_model: 64, encoder_layers: layers, encoder_ffn_dim: 256 });
  const languages = ["da", "nl", "en"];
  const sweep = await daemon.post("sweeps", {
    name: "paper's size",
    axes: {
      encoder: [encoder("small", 12), encoder("medium", 24), encoder("large", 32)],
      layers: { from: "full", to: 2, step: 2 }, language: languages, lora: [false, true],
    },
    corpora: Object.fromEntries(languages.map((language) => [language, daemon.corpus(language)])),
    llm: daemon.model("llm", { hidden_size: 64 }),
  });
  await wait_for(sweep.id, 201);
  return sweep.id;
}

/** How long a table takes, what it costs, and the longest that a small request beside it has to wait. */
async function ask(sweep, table) {
  const used = processor();
  let waiting = true, longest = 0;
  const beside = (async () => {
    while (waiting) {
      longest = Math.max(longest, await timed(async () => (await fetch(new URL("healthz", daemon.url))).text()));
      await pause(5);
    }
  })();
  const took = await timed(() => daemon.get(`sweeps/${sweep}/tables/${table}`));
  waiting = false;
  await beside;
  return { took, longest, used: processor() - used };
}

const shown = ({ took, longest, used }) => `${milliseconds(took)} (processor ${milliseconds(used)}, healthz ${milliseconds(longest)})`;

async function cold_and_cached(sweep, table) {
  await daemon.restart();
  const cold = await ask(sweep, table), again = [];
  for (let i = 0; i < 5; ++i) again.push(await timed(() => daemon.get(`sweeps/${sweep}/tables/${table}`)));
  row(table, `after a restart ${shown(cold)}, again ${milliseconds(by_size(again).median)}`);
}

try {
  let sweep;
  row(`204 runs of ${utterances} utterances stored`, milliseconds(await timed(async () => { sweep = await fill_the_state(); })));
  for (const table of kTables) await cold_and_cached(sweep, table);
  for (const table of kTables) await daemon.get(`sweeps/${sweep}/tables/${table}`);
  row("memory with all tables asked for", `${memory("VmRSS")}, at most ${memory("VmHWM")}`);
  await daemon.post(`sweeps/${sweep}/actions/retry`, {});
  await wait_for(sweep, 204);
  for (const table of kTables) row(table, `after more runs have ended ${shown(await ask(sweep, table))}`);
  rmSync(join(daemon.folder, "state", "evidence"), { recursive: true, force: true });
  await daemon.restart();
  row("wer, with nothing computed yet", shown(await ask(sweep, "wer")));
  row("memory after that", `${memory("VmRSS")}, at most ${memory("VmHWM")}`);
} finally {
  await daemon.end();
}
