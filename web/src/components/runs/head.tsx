import { query, setQueries } from "../../router";
import { select, selection } from "../../store/selection";
import { text } from "../../text";

/** Names of columns; those that the daemon can sort by are buttons. */
const columns = [
  ["id", "id"], ["state", null], ["encoder", null], ["layers", "layers"], ["language", null], ["lora", null], ["seed", null],
  ["wer", "wer"], ["val_wer", "val_wer"], ["took", null], ["device", null], ["ended", "ended_at"],
] as const;

export function Head({ ids }: { ids: readonly string[] }) {
  const every = ids.length > 0 && ids.every((id) => selection.value.has(id));
  return (
    <thead>
      <tr>
        <th scope="col"><input type="checkbox" aria-label={text.runs.selectPage} checked={every} onChange={(event) => select(ids, event.currentTarget.checked)} /></th>
        {columns.map(([name, sort]) => <Column key={name} title={text.runs.columns[name]} sort={sort} />)}
      </tr>
    </thead>
  );
}

function Column({ title, sort }: { title: string; sort: string | null }) {
  const now = query.value.get("sort");
  if (!sort) return <th scope="col">{title}</th>;
  const up = now === sort;
  const down = now === `-${sort}`;
  return (
    <th scope="col" aria-sort={up ? "ascending" : down ? "descending" : "none"}>
      <button type="button" class="plain" onClick={() => setQueries({ sort: up ? `-${sort}` : sort, after: "" })}>
        {title} <span aria-hidden="true">{up ? "▲" : down ? "▼" : "↕"}</span>
      </button>
    </th>
  );
}
