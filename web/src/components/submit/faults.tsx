// Everything that is wrong with the sweep, each with its line; a line's button goes there.
import type { FieldError } from "../../api/schema";
import { text } from "../../text";
import { lineAt, placeOf } from "./places";

export function Faults({ title, faults, source, go }: { title: string; faults: readonly FieldError[]; source: string; go(place: number): void }) {
  if (faults.length === 0) return null;
  return (
    <section class="notice bad" aria-label={title}>
      <h2>{title}</h2>
      <ul class="faults">
        {faults.map((fault, i) => {
          const place = placeOf(source, fault.pointer);
          return (
            <li key={i}>
              <button type="button" onClick={() => go(place)}>{text.submit.line(lineAt(source, place))}</button>{" "}
              {fault.pointer && <code>{fault.pointer.slice(1)}</code>} {fault.detail} <span class="faint">{fault.hint}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
