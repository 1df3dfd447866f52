import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { text } from "../text";
import { ExportTable } from "./export_table";

/** A wide table scrolls by itself, also by keyboard; the page never does. With `file` what it shows is saved under that name. */
export function Scroll({ label, file, children }: { label: string; file?: string; children: ComponentChildren }) {
  const holder = useRef<HTMLDivElement>(null);
  return (
    <>
      <div ref={holder} class="scroll" role="region" aria-label={text.table(label)} tabIndex={0}>{children}</div>
      {file && <ExportTable name={file} table={() => holder.current!.querySelector("table")!} />}
    </>
  );
}
