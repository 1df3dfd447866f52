import { query, setQueries } from "../../router";
import { select, selection } from "../../store/selection";
import { text } from "../../text";
import type { Column as Shown } from "./columns";

export function Head({ ids, columns }: { ids: readonly string[]; columns: readonly Shown[] }) {
  const every = ids.length > 0 && ids.every((id) => selection.value.has(id));
  return (
    <thead>
      <tr>
        <th scope="col"><input type="checkbox" aria-label={text.runs.selectPage} checked={every} onChange={(event) => select(ids, event.currentTarget.checked)} /></th>
        <Column title={text.runs.columns.id} sort="id" />
        {columns.map(({ key, sort, number }) => <Column key={key} title={text.runs.columns[key]} sort={sort} number={number} />)}
      </tr>
    </thead>
  );
}

function Column({ title, sort, number }: { title: string; sort?: string | undefined; number?: boolean | undefined }) {
  const now = query.value.get("sort");
  const side = number ? "number" : undefined;
  if (!sort) return <th scope="col" class={side}>{title}</th>;
  const up = now === sort;
  const down = now === `-${sort}`;
  return (
    <th scope="col" class={side} aria-sort={up ? "ascending" : down ? "descending" : "none"}>
      <button type="button" class="plain" onClick={() => setQueries({ sort: up ? `-${sort}` : sort, after: "" })}>
        {title} <span aria-hidden="true">{up ? "▲" : down ? "▼" : "↕"}</span>
      </button>
    </th>
  );
}
