import type { ComponentChildren } from "preact";
import { text } from "../text";

/** A wide table scrolls by itself, also by keyboard; the page never does. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return <div class="scroll" role="region" aria-label={text.table(label)} tabIndex={0}>{children}</div>;
}
