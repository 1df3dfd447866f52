// Two or more runs beside each other: what differs in their settings, their curves over one another, and what each heard
// better. The address lists them.
import { getJson } from "../api/client";
import type { Metrics, RunDetail } from "../api/schema";
import { Differences } from "../components/compare/differences";
import { Overlay } from "../components/compare/overlay";
import { Settings } from "../components/compare/settings";
import { Waiting } from "../components/problem";
import { query, setQuery } from "../router";
import { useFetched, useKept } from "../store/resource";
import { loadRunDetail } from "../store/runs";
import { text } from "../text";
import { useTitle } from "./title";

export interface Compared {
  run: RunDetail;
  metrics: Metrics;
}

export function CompareView() {
  useTitle(text.compare.title);
  const ids = [...new Set((query.value.get("runs") ?? "").split(",").filter((id) => /^run_\d+$/.test(id)))];
  const topics = ids.flatMap((id) => [`run:${id}`, `curve:${id}`]).join(" ") || "never";
  const { data, problem } = useKept(useFetched(`compare ${ids}`, topics, (signal) => Promise.all(ids.map((id) => compared(id, signal))), 2000));
  return (
    <>
      <h1>{text.compare.title}</h1>
      <AddRun ids={ids} />
      {ids.length < 2 && <p class="faint">{text.compare.explain}</p>}
      {problem ? <Waiting problem={problem} /> : data && data.length > 0 && (
        <>
          <Settings runs={data} remove={(id) => setQuery("runs", ids.filter((one) => one !== id).join(","))} />
          <Overlay runs={data} />
          {data.length > 1 && <Differences runs={data.map(({ run }) => run)} />}
        </>
      )}
    </>
  );
}

async function compared(id: string, signal: AbortSignal): Promise<Compared> {
  const [run, metrics] = await Promise.all([loadRunDetail(id, signal), getJson<Metrics>(`runs/${id}/metrics`, signal)]);
  return { run, metrics };
}

function AddRun({ ids }: { ids: readonly string[] }) {
  const add = (value: string) => {
    const id = value.trim().replace(/^(run_)?/, "run_");
    if (/^run_\d+$/.test(id)) setQuery("runs", [...ids, id].join(","));
  };
  return (
    <p class="facts"><label>{text.compare.add}{" "}
      <input data-search placeholder="run_17" onChange={(event) => { add(event.currentTarget.value); event.currentTarget.value = ""; }} /></label></p>
  );
}
