// What is shown, and its files, folded away until somebody wants one.
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { savePng, saveSvg, standalone } from "../charts/save";
import { text } from "../text";
import { saveTable, tableKinds } from "./export_table";

/** With the files of the table in it, of the drawing, or of both. */
export function Exportable({ name, table, drawing, children }: { name: string; table?: boolean; drawing?: boolean; children: ComponentChildren }) {
  const holder = useRef<HTMLDivElement>(null);
  return (
    <div ref={holder}>
      {children}
      <ExportMenu name={name} table={table && (() => holder.current!.querySelector("table")!)}
        drawing={drawing && (() => standalone(holder.current!.querySelector("svg")!))} />
    </div>
  );
}

export function ExportMenu({ name, table, drawing }: { name: string; table?: false | (() => HTMLTableElement); drawing?: false | (() => string) }) {
  const button = (kind: string, save: () => void) =>
    <button key={kind} type="button" class="plain" aria-label={`${text.charts.save} ${kind}: ${name}`} onClick={save}>{kind}</button>;
  return (
    <details class="save">
      <summary>{text.charts.exports}<span class="hidden"> {name}</span></summary>
      {table && tableKinds.map((kind) => button(text.sweep.formats[kind], () => saveTable(table(), kind, name)))}
      {drawing && [button("SVG", () => saveSvg(drawing(), name)), button("PNG", () => void savePng(drawing(), name))]}
    </details>
  );
}
