import type { ComponentChildren } from "preact";
import { text } from "../text";
import { Exportable } from "./exportable";

/** A wide table scrolls by itself, also by keyboard; the page never does. With `file` what it shows is saved under that name. */
export function Scroll({ label, file, children }: { label: string; file?: string; children: ComponentChildren }) {
  const region = <div class="scroll" role="region" aria-label={text.table(label)} tabIndex={0}>{children}</div>;
  return file ? <Exportable name={file} table>{region}</Exportable> : region;
}
