// The one stream of events of this browser, which gives a host six connections: of its pages one reads, and tells the others;
// when it is closed, another one does. Rows are patched and topics announced at most four times a second. A lost stream goes
// on after the last event; after each connection everything shown is asked for again.
import { batch, signal } from "@preact/signals";
import type { Event as LiveEvent, Run } from "./api/schema";
import { readStream } from "./api/stream";
import { mayPatch, patchRuns, type RunPatch } from "./store/runs";
import { announce, announceAll, subscribe } from "./store/topics";

export type Connection = "connecting" | "live" | "lost";
export const connection = signal<Connection>("connecting");
export let lastHeard = Date.now();

const flushEvery = 250;
const openAgainAfter = 2000;

let lastSeq: number | null = null;
let queue: LiveEvent[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;

/** What the page that reads tells the others. */
type Told = "hello" | "opened" | "heard" | "lost" | LiveEvent;

const locks = navigator.locks as LockManager | undefined;  // on secure hosts only; elsewhere each page reads
const channel = locks && new BroadcastChannel(`sweetspot ${location.pathname}`);

export async function stayConnected(): Promise<never> {
  if (channel) channel.onmessage = ({ data }: MessageEvent<Told>) => take(data);
  channel?.postMessage("hello");
  for (;;) {
    await (locks && channel ? locks.request(channel.name, read) : read()).catch(() => undefined);  // whatever ended it, the answer is the same
    tell("lost");
    await again();
  }
}

function read(): Promise<void> {
  const path = lastSeq === null ? "events" : `events?after=${lastSeq}`;
  return readStream(path, {
    opened: () => tell("opened"), heard: () => tell("heard"), frame: (frame) => tell(JSON.parse(frame.data) as LiveEvent),
  });
}

function tell(told: Told): void {
  channel?.postMessage(told);
  take(told);
}

function take(told: Told): void {
  if (told === "hello") {
    if (connection.value === "live") channel?.postMessage("heard");
    return;
  }
  if (told === "lost") {
    connection.value = "lost";
    return;
  }
  lastHeard = Date.now();
  if (told === "opened" || connection.value !== "live") {
    connection.value = "live";
    announceAll();
  }
  if (typeof told === "object") receive(told);
}

/** A moment later, or at once when a token was given. */
function again(): Promise<void> {
  return new Promise((resolve) => {
    const stop = subscribe("token", resolve);
    setTimeout(() => { stop(); resolve(); }, openAgainAfter);
  });
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
  if (events.some((event) => event.type === "resync")) announceAll();
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
    default: return [];  // of a newer daemon
  }
}
