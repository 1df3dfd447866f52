// The one stream of events. Rows are patched and topics announced at most four times a second. The browser reconnects
// by itself with the number of the last event; after each connection everything shown is asked for again.
import { batch, signal } from "@preact/signals";
import { address } from "./api/client";
import type { Event as LiveEvent, Run } from "./api/schema";
import { mayPatch, patchRuns, type RunPatch } from "./store/runs";
import { announce, announceAll } from "./store/topics";

export type Connection = "connecting" | "live" | "lost";
export const connection = signal<Connection>("connecting");
export const lostSince = signal(0);

const kinds = ["sweep", "run", "progress", "epoch", "worker", "device"] as const;
const flushEvery = 250;
const openAgainAfter = 3000;

let lastSeq: number | null = null;
let queue: LiveEvent[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;

export function connect(): void {
  const source = new EventSource(address(lastSeq === null ? "events" : `events?after=${lastSeq}`));
  source.onopen = () => {
    connection.value = "live";
    announceAll();
  };
  source.onerror = () => {
    if (connection.peek() !== "lost") lostSince.value = Date.now();
    connection.value = "lost";
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, openAgainAfter);  // else the browser does
  };
  for (const kind of kinds) source.addEventListener(kind, (message) => receive(JSON.parse(message.data) as LiveEvent));
}

function receive(event: LiveEvent): void {
  lastSeq = event.seq;
  queue.push(event);
  timer ??= setTimeout(flush, flushEvery);
}

function flush(): void {
  timer = null;
  if (!mayPatch()) {
    timer = setTimeout(flush, flushEvery);
    return;
  }
  const events = queue;
  queue = [];
  const patches = new Map<string, RunPatch>();
  const topics = new Set<string>();
  for (const event of events) {
    if (event.run) patches.set(event.run, { ...patches.get(event.run), ...patchOf(event) });
    for (const topic of topicsOf(event)) topics.add(topic);
  }
  batch(() => {
    patchRuns(patches);
    topics.forEach(announce);
  });
}

/** What an event changes in the row of its run. */
function patchOf(event: LiveEvent): RunPatch {
  const data = event.data as Partial<Run> & { best?: boolean };
  if (event.type === "run" || event.type === "progress") return data;
  if (event.type !== "epoch") return {};
  return data.best ? { epoch: data.epoch, val_wer: data.val_wer } : { epoch: data.epoch };
}

function topicsOf(event: LiveEvent): string[] {
  switch (event.type) {
    case "sweep": return ["sweeps", `sweep:${event.sweep}`];
    case "run": return ["sweeps", `sweep:${event.sweep}`, `run:${event.run}`, `curve:${event.run}`, "devices"];
    case "progress":
    case "epoch": return [`curve:${event.run}`];
    case "worker":
    case "device": return ["devices"];
  }
}
