// Where the time of a run, or of all runs of a sweep, went: one bar, and its figures in the same order.
import type { RunTiming, SweepTiming } from "../api/schema";
import { duration, percent } from "../format";
import { text } from "../text";

const hues = { audio: 0, encode: 1, train: 2, validate: 3, test: 4, other: 5, unaccounted: "off" } as const;
type Kind = keyof typeof hues;
const kinds = Object.keys(hues) as Kind[];

export function TimeSpent({ timing }: { timing: RunTiming | SweepTiming | null }) {
  if (!timing?.total) return null;
  const { total, wait, saved } = timing;
  const parts = kinds.map((kind) => ({ kind, hue: `hue-${hues[kind]}`, seconds: (timing as Partial<SweepTiming>)[kind] ?? 0 })).filter(({ seconds }) => seconds > 0);
  return (
    <section aria-labelledby="timing-title">
      <h2 id="timing-title">{text.timing.title}</h2>
      <div class="bar time" aria-hidden="true">{parts.map(({ kind, hue, seconds }) => <span key={kind} class={hue} style={{ width: percent(seconds / total).replace(" ", "") }} />)}</div>
      <ul class="key">{parts.map(({ kind, hue, seconds }) => <li key={kind}><span class={hue} aria-hidden="true">■</span> {text.timing.kinds[kind]} {took(seconds)} <span class="faint">{percent(seconds / total, 0)}</span></li>)}</ul>
      <p class="faint prose">{"runs" in timing && text.timing.all} {text.timing.total(took(total), took(wait ?? 0))} {saved !== null && text.timing.saved(saved < 0, took(Math.abs(saved)))}</p>
    </section>
  );
}

function took(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(1)} s` : duration(seconds);
}
