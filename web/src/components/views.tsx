// Views that the reader has named, kept in this browser. A view is its address, so it can be sent to others as well.
import { signal } from "@preact/signals";
import { query, withQueryOf } from "../router";
import { text } from "../text";

const stored = "sweetspot.views";
const views = signal<Record<string, string>>(JSON.parse(localStorage.getItem(stored) ?? "{}"));

function keep(next: Record<string, string>): void {
  views.value = next;
  localStorage.setItem(stored, JSON.stringify(next));
}

/** `of`: the kind of list that these views are of. */
export function Views({ of }: { of: string }) {
  const ours = Object.entries(views.value).filter(([key]) => key.startsWith(`${of} `));
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const name = String(new FormData(form).get("name")).trim();
    const view = new URLSearchParams(query.peek());
    view.delete("after");  // a page is no view
    if (name) keep({ ...views.value, [`${of} ${name}`]: view.toString() });
    form.reset();
  };
  const forget = (key: string) => keep(Object.fromEntries(Object.entries(views.value).filter(([one]) => one !== key)));
  return (
    <details class="views">
      <summary>{text.views.title}{ours.length > 0 && ` (${ours.length})`}</summary>
      <ul class="inline">
        {ours.map(([key, view]) => (
          <li key={key}><a href={withQueryOf(view)}>{key.slice(of.length + 1)}</a>{" "}
            <button type="button" class="plain" aria-label={text.views.remove(key.slice(of.length + 1))} onClick={() => forget(key)}>×</button></li>
        ))}
      </ul>
      <form onSubmit={save}><label>{text.views.name} <input name="name" required maxLength={60} /></label> <button>{text.views.save}</button></form>
    </details>
  );
}
