// Every word the dashboard says, in one place.
import type { Device, RunState, SweepState, Worker } from "./api/schema";

/** A state is never colour alone: a glyph, a word, and what it means. */
export interface Word {
  glyph: string;
  word: string;
  meaning: string;
}

export const runStates: Record<RunState, Word> = {
  queued: { glyph: "○", word: "queued", meaning: "waits for a free device" },
  leased: { glyph: "◌", word: "leased", meaning: "given to a worker, which has not begun yet" },
  running: { glyph: "▶", word: "running", meaning: "a worker trains or evaluates it" },
  retry_wait: { glyph: "↻", word: "waits to retry", meaning: "an attempt was lost; another one follows by itself" },
  paused: { glyph: "‖", word: "paused", meaning: "its sweep is paused" },
  orphaned: { glyph: "?", word: "orphaned", meaning: "the daemon started again and waits for its worker to call" },
  succeeded: { glyph: "✓", word: "succeeded", meaning: "trained, evaluated and stored" },
  failed: { glyph: "✕", word: "failed", meaning: "ended with an error; it can be retried" },
  quarantined: { glyph: "!", word: "quarantined", meaning: "failed too often and was set aside; it can be retried" },
  cancelled: { glyph: "–", word: "cancelled", meaning: "stopped by hand" },
};

export const sweepStates: Record<SweepState, Word> = {
  running: { glyph: "▶", word: "running", meaning: "some runs are not over" },
  paused: { glyph: "‖", word: "paused", meaning: "no more runs are given to workers" },
  finished: { glyph: "✓", word: "finished", meaning: "every run succeeded" },
  finished_with_failures: { glyph: "✕", word: "finished, with failures", meaning: "all over; some failed" },
  cancelled: { glyph: "–", word: "cancelled", meaning: "all over; some were cancelled" },
};

export const deviceStates: Record<Device["state"], string> = {
  none: "no worker", starting: "worker starts", idle: "idle", busy: "busy",
};

export const workerStates: Record<Worker["state"], string> = {
  starting: "starting", idle: "idle", busy: "busy", lost: "lost", gone: "gone",
};

const loraWord = (lora: boolean) => (lora ? "LoRA" : "no LoRA");
const plural = (n: number, one: string, many: string) => `${n.toLocaleString("en-GB")} ${n === 1 ? one : many}`;

export const text = {
  product: "Sweetspot",
  none: "—",
  yes: "yes",
  no: "no",
  loading: "Loading …",
  skip: "Skip to the content",
  lora: loraWord,
  cell: (encoder: string, layers: number, language: string, lora: boolean) =>
    `${encoder}, ${layers} layers, ${language}, ${loraWord(lora)}`,
  table: (of: string) => `${of}, table`,
  ago: (duration: string) => `${duration} ago`,
  seed: (seed: number) => `seed ${seed}`,

  nav: { label: "Main", sweeps: "Sweeps", submit: "New sweep", compare: "Compare", devices: "Devices", api: "API", keys: "Keys" },
  keys: {
    title: "Keys",
    list: {
      "/": "search or filter", j: "next row", k: "row before", x: "tick the row", c: "compare the ticked runs", n: "new sweep", "?": "this list",
    },
    on: "Single letters act",
    close: "Close",
  },

  actions: {
    doing: "Asking the daemon …",
    keep: "Leave as it is",
    changed: (n: number) => `${plural(n, "run", "runs")} changed.`,
    pause: "Pause",
    pausePreview: (held: number, waiting: number) => `${plural(held, "run goes", "runs go")} on to the end; ${waiting} wait until resumed. Nothing is lost.`,
    resume: "Resume",
    resumePreview: (n: number) => `${plural(n, "run", "runs")} may be given to workers again.`,
    retry: (n: number) => `Retry ${n} failed`,
    retryCancelled: (n: number) => `Queue ${n} cancelled again`,
    retryRuns: (n: number) => `Retry ${plural(n, "run", "runs")}`,
    retryPreview: (n: number) => `${plural(n, "run is", "runs are")} queued again, each as a further attempt. What is done stays.`,
    cancel: (n: number) => `Cancel ${plural(n, "run", "runs")}`,
    cancelPreview: (held: number, waiting: number) =>
      `${held} that run now are stopped and what they trained is lost; ${waiting} that wait never begin. Results stay, and cancelled runs can be queued again.`,
    priority: "Priority",
    priorityPreview: "Sweeps with a higher priority are given devices first",
    drain: "Drain",
    drainPreview: (device: string, n: number) => `${device} gets no new runs; ${n === 0 ? "nothing runs on it now" : `${plural(n, "run goes", "runs go")} on to the end`}.`,
    undrain: "Take back",
    undrainPreview: (device: string) => `${device} gets runs again.`,
    drained: (device: string) => `${device} is drained.`,
    undrained: (device: string) => `${device} gets runs again.`,
  },
  failures: {
    count: (n: number) => plural(n, "run", "runs"),
    remedy: "What to do:",
    more: (n: number) => `${n} more`,
    act: "Remedies",
    command: "On the command line:",
  },
  runs: {
    title: "Runs",
    filters: "Only runs with",
    all: "No filter",
    columns: {
      id: "Run", state: "State", encoder: "Encoder", layers: "Layers", language: "Language", lora: "LoRA", seed: "Seed", wer: "WER",
      val_wer: "Val. WER", took: "Took", device: "Device", ended: "Ended",
    },
    total: (n: number) => plural(n, "run", "runs"),
    select: (id: string) => `Tick ${id}`,
    selectPage: "Tick all of this page",
    selectAll: (n: number) => `Tick all ${n}`,
    selectNone: (n: number) => `Untick ${n}`,
    compare: (n: number) => `Compare ${n}`,
    act: "What to do with the ticked runs",
    first: "First page",
    next: "Next page",
  },
  submit: {
    title: "New sweep",
    explain: "Paste or write a sweep file; it is checked as you type. Paths are those of the daemon's machine, and absolute.",
    label: "Sweep file (JSON, comments allowed)",
    example: `{
  "name": "my first sweep",
  "axes": {
    "encoder": ["openai/whisper-small"],
    "layers": {"from": "full", "to": 2, "step": 2},
    "language": ["da"],
    "lora": [false, true]
  },
  "corpora": {"da": {"format": "common-voice", "path": "/data/cv-corpus-22.0/da"}},
  "llm": "Qwen/Qwen2.5-3B"
}
`,
    top: "the whole file",
    byDefault: "Default:",
    unknownField: "No such field is described.",
    checking: "Checking …",
    valid: "It can run.",
    invalid: "It cannot run yet.",
    cannot: "Submit",
    send: (n: number) => `Submit ${plural(n, "run", "runs")}`,
    faults: "What is wrong",
    impossible: "What keeps it from running here",
    line: (n: number) => `Line ${n}`,
    plan: "What it would do",
    cells: (n: number) => `${plural(n, "run", "runs")}:`,
    excluded: (n: number) => `${plural(n, "cell is", "cells are")} left out`,
    byRule: "by",
    andMore: (n: number) => `and ${n} more`,
    cost: (time: string, devices: number, disk: string, runs: number, each: string) =>
      `About ${time} on ${plural(devices, "device", "devices")}, and ${disk} of disk: the newest ${plural(runs, "run", "runs")} of these encoders took ${each} each.`,
    costUnknown: "No run of these encoders has finished here yet, so nobody knows how long it takes. Submit a small sweep first.",
  },
  rule: {
    label: "Rule of the sweet spot",
    rule: "Rule",
    rules: { paper: "better than the whole encoder without LoRA", within: "within a share of the whole encoder" },
    within: "within",
    percent: (share: number) => `${Number((share * 100).toFixed(1))} %`,
    prefer: "prefer fewest",
    prefers: { layers: "layers", params: "parameters", speed: "seconds" },
    scope: "judged",
    scopes: { language: "in every language", macro: "on the mean of languages" },
  },
  charts: {
    save: "Save as",
    front: "WER against cost",
    cost: "Cost",
    costs: { params: "Parameters of encoder and adapter", system_params: "Parameters with projector and LLM", real_time_factor: "Seconds of decoding a second of sound" },
    frontCaption: (cost: string) => `Mean WER over the languages against ${cost.toLowerCase()}; the line joins what no other beats in both`,
    frontExplain: "Mean WER over the languages. The line joins what nothing else beats in both. Squares are with LoRA.",
    frontEmpty: "Points appear when a configuration is done in every language.",
    shortName: (layers: number, lora: boolean) => `${layers} layers${lora ? ", LoRA" : ""}`,
    asTable: "As a table",
    parallel: "Parallel coordinates",
    parallelCaption: "Every finished run as a line over its settings to its WER",
    parallelExplain: "A line is a finished run, dashed with LoRA. Press values to keep only their runs; drag the ends of the WER axis, or move them by arrow keys.",
    parallelEmpty: "Lines appear with the first finished run.",
    lowest: (axis: string) => `Lowest ${axis}`,
    highest: (axis: string) => `Highest ${axis}`,
    kept: (n: number, of: number) => `${n} of ${plural(of, "run", "runs")} kept; the best first:`,
  },
  pivot: { title: "Pivot table", across: "Across", value: "Figure" },
  parts: { label: "Parts of the sweep", overview: "Overview", charts: "Charts", runs: "Runs", tables: "Tables", file: "File" },
  theme: { label: "Colours", system: "System", light: "Light", dark: "Dark" },

  connection: {
    connecting: "Connecting …",
    live: "Live",
    lost: (age: string) => `Connection lost. What you see is ${age} old. Trying again …`,
  },
  problem: {
    title: "This could not be loaded",
    offline: "The daemon does not answer. Is it running?",
    offlineHint: "It is started by",
    offlineCommand: "build/release/bin/sweetspot serve",
    request: (id: string) => `Request ${id} in the daemon's log.`,
    unknownView: "There is no such page.",
    unknownHint: "Begin with the list of sweeps.",
  },

  token: {
    title: "This daemon wants its token",
    explain: "It is the line in the file that the daemon was started with (--token-file). It is kept until this window is closed.",
    label: "Token",
    send: "Continue",
  },

  sweeps: {
    title: "Sweeps",
    empty: "No sweep yet. Submit the first one:",
    emptyCommand: "build/release/bin/sweetspot submit examples/first-sweep/sweep.json",
    emptyHint: "It appears here by itself. Or press New sweep above.",
    search: "Name contains",
    act: (n: number) => `What to do with ${plural(n, "ticked sweep", "ticked sweeps")}`,
    imported: "imported",
    columns: { select: "Tick", name: "Sweep", state: "State", progress: "Progress", best: "Best WER", eta: "Time left", created: "Submitted" },
  },

  progress: {
    label: (done: number, total: number) => `${done} of ${plural(total, "run", "runs")} over`,
    done: (done: number, total: number) => `${done} / ${total}`,
    eta: (duration: string, clock: string) => `about ${duration} left, until ${clock}`,
    etaUnknown: "time left not known yet",
    step: (phase: string, share: string) => `${phase} ${share}`,
  },

  sweep: {
    priority: (n: number) => `priority ${n}`,
    submitted: "submitted",
    grid: "WER grid",
    gridUnit: "Test WER in per cent. Runs that are not done show what they do.",
    gridCaption: (language: string) => `Test WER in per cent, ${language}: encoder and LoRA by kept layers`,
    rows: "Encoder",
    layers: "Kept layers",
    notInSweep: "not in this sweep",
    wer: (wer: string) => `WER ${wer}`,
    validation: (wer: string) => `val ${wer}`,
    scale: (best: string, worst: string) => `best ${best} %, worst ${worst} %`,
    scaleNone: "no result yet",
    sweetSpot: "sweet spot",
    byChance: "not significantly different from the whole encoder without LoRA",
    imported: (source: string) => `imported: ${source}`,
    cellTitle: (cell: string, state: string) => `${cell}: ${state}`,
    interval: (low: string, high: string) => `95 % interval ${low} to ${high}`,
    depthTitle: "WER by depth",
    depthCaption: (language: string) => `${language}: test WER by kept layers`,
    depthEmpty: "The lines begin with the first finished run.",
    troubles: "What failed",
    exports: "The table as",
    formats: { csv: "CSV", md: "Markdown", latex: "LaTeX" },
    file: "Sweep file",
    again: "Edit as a new sweep",
    act: "What to do with this sweep",
  },

  spot: {
    title: "Sweet spot",
    figures: "The sweet spot in figures",
    kinds: { baseline: "Whole encoder", baseline_lora: "Whole encoder, LoRA", sweet_spot: "Sweet spot" },
    verdicts: { decided: "decided", none: "none", undecided: "not decided yet" },
    columns: { encoder: "Encoder", kind: "Choice", layers: "Layers", params: "Parameters", delta: "Net change" },
    wer: (language: string) => `WER ${language}`,
    waiting: (missing: number) => `${plural(missing, "cell is", "cells are")} still missing; the answer may change.`,
    empty: "The sweet spot appears when the runs of an encoder are done.",
    considered: "Why not another one",
    configuration: (encoder: string, layers: number, lora: boolean) => `${encoder}, ${layers} layers, ${loraWord(lora)}`,
    uncertain: (encoder: string, languages: string) => `${encoder}: chance alone may have made it look better in ${languages} (95 %).`,
    pareto: "Where no other is both smaller or faster and better",
    meanWer: "Mean WER",
    system: "With projector and LLM",
    speed: "Real-time factor",
  },

  tables: {
    title: "Tables",
    choose: "Table",
    names: {
      wer: "WER of every cell", reduction: "What LoRA takes off", degradation: "Utterances made worse, and brought back",
      "word-errors": "Kinds of word errors", patterns: "Badly wrong without LoRA, right with it", datasets: "Data",
    },
    empty: "Nothing to show yet.",
    normalised: (normalizer: string) => `Words normalised: ${normalizer}.`,
    missing: (n: number) => `${plural(n, "cell is", "cells are")} not done.`,
  },

  run: {
    title: "Run",
    sweep: "Sweep",
    attempt: "Attempt",
    device: "Device",
    epochs: "Epochs done",
    phase: "Phase",
    wer: "Test WER",
    cer: "Test CER",
    validation: "Best validation WER",
    started: "Started",
    took: "Took",
    params: "Encoder parameters",
    trained: "Trained parameters",
    step: (step: string, steps: string) => `step ${step} of ${steps}`,
    loss: "Training loss",
    lossCaption: "Training loss by optimiser step, of the newest attempt. Drag to zoom, double-click to see all.",
    lossEmpty: "The curve begins with the first training steps.",
    lossSeries: "loss",
    stepSeries: "step",
    validationCaption: "Validation WER in per cent by epoch",
    epochsTitle: "Epochs",
    epochColumns: { epoch: "Epoch", step: "Step", loss: "Training loss", wer: "Validation WER", rate: "Learning rate", seconds: "Seconds" },
    epochsEmpty: "No epoch is done yet.",
    best: "best so far",
    attempts: "Attempts",
    attemptColumns: { number: "Attempt", worker: "Worker", device: "Device", started: "Started", took: "Took", outcome: "Outcome" },
    going: "still going",
    config: "Configuration",
    errors: (s: number, d: number, i: number, n: number) =>
      `${s} substituted, ${d} deleted, ${i} inserted, of ${plural(n, "word", "words")}`,
    skipped: (n: number) => `${plural(n, "clip was", "clips were")} left out`,
  },

  samples: {
    title: "Samples",
    empty: "The utterances appear when the run has succeeded.",
    none: "No utterance contains this.",
    sort: "Order",
    sorts: { number: "as in the test set", errors: "most errors first" },
    contains: "Contains",
    total: (n: number) => plural(n, "utterance", "utterances"),
    more: "Show more",
    reference: "Reference",
    hypothesis: "Heard",
    wer: (wer: string) => `WER ${wer}`,
    seconds: (s: string) => `${s} s`,
    audio: (id: string) => `Sound of ${id}`,
    perfect: "no error",
    legend: { S: "substituted", D: "deleted", I: "inserted" },
    pair: {
      H: (reference: string, _heard: string) => reference,
      S: (reference: string, heard: string) => `substituted: ${reference} heard as ${heard}`,
      D: (reference: string, _heard: string) => `deleted: ${reference}`,
      I: (_reference: string, heard: string) => `inserted: ${heard}`,
    },
  },

  log: {
    title: "Log",
    follow: "Follow",
    empty: "The log is empty so far.",
    download: "Whole log",
    earlier: (bytes: string) => `${bytes} bytes before this are in the whole log.`,
  },

  devices: {
    title: "Devices and workers",
    strip: "Devices",
    drained: "drained",
    free: "free",
    empty: "No device. Give the daemon some:",
    emptyCommand: "build/release/bin/sweetspot serve --devices cpu:2",
    columns: { name: "Device", state: "State", worker: "Worker", runs: "Runs", act: "Action" },
    workers: "Workers",
    workerColumns: { id: "Worker", device: "Device", state: "State", pid: "Process", started: "Started", build: "Build", runs: "Runs" },
    workersEmpty: "No worker process runs now; one is started when there is work.",
  },
} as const;
