// What happened to a run, in order, by the time since its first event.
import { getAll } from "../api/client";
import type { Event as LiveEvent, Run, RunState } from "../api/schema";
import { duration, percent } from "../format";
import { query, setQuery } from "../router";
import { useFetched } from "../store/resource";
import { runStates, text } from "../text";

const kinds = ["run", "epoch", "progress"] as const;

export function Timeline({ run }: { run: string }) {
  const path = `runs/${run}/events`;
  const { data } = useFetched(path, `run:${run} curve:${run}`, (signal) => getAll<LiveEvent>(path, signal), 3000);
  if (!data?.length) return null;
  const only = query.value.get("events") ?? "";
  const begin = Date.parse(data[0]!.at);
  const shown = data.filter((event) => !only || event.type === only);
  return (
    <section aria-labelledby="timeline-title">
      <h2 id="timeline-title">{text.timeline.title}</h2>
      <span class="chips" role="group" aria-label={text.timeline.only}>
        {kinds.filter((kind) => data.some((event) => event.type === kind)).map((kind) => (
          <button key={kind} type="button" class="chip" aria-pressed={only === kind} onClick={() => setQuery("events", only === kind ? "" : kind)}>{text.timeline.kinds[kind]}</button>
        ))}
      </span>
      <ol class="timeline" tabIndex={0} aria-label={text.timeline.title}>
        {shown.map((event) => (
          <li key={event.seq}>
            <time dateTime={event.at} title={new Date(event.at).toLocaleString()}>{duration((Date.parse(event.at) - begin) / 1000)}</time>
            <span>{sentenceOf(event)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function sentenceOf({ type, data }: LiveEvent): string {
  const run = data as Partial<Run>;
  if (type === "epoch") return text.timeline.epoch(run.epoch ?? 0, percent(run.val_wer));
  const state = run.state && (runStates[run.state as RunState]?.word ?? run.state);
  return [state, run.state === "leased" && run.device, run.phase, run.reason].filter(Boolean).join(", ") || type;
}
