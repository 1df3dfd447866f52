// Single letters for what is done often. They rest while one types, and can be turned off.
import { signal } from "@preact/signals";
import { links } from "./router";
import { selected } from "./store/selection";

const stored = "sweetspot.keys";
export const keysOn = signal(localStorage.getItem(stored) !== "off");
export const helpOpen = signal(false);

export function turnKeys(on: boolean): void {
  keysOn.value = on;
  localStorage.setItem(stored, on ? "on" : "off");
}

const acts: Record<string, () => void> = {
  "?": () => (helpOpen.value = true),
  "/": () => focusOn("[data-search]"),
  j: () => step(1),
  k: () => step(-1),
  x: () => currentRow()?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click(),
  c: () => { if (selected("run_").length) location.hash = links.compare(selected("run_")); },
  n: () => (location.hash = links.submit),
};

addEventListener("keydown", (event) => {
  const typing = (event.target as Element).closest?.("input:not([type=checkbox]), textarea, select, dialog");
  if (!keysOn.peek() || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

/** As a ref: once, when it appears. A function made anew at each drawing would take the focus back with every event. */
export const focusOnce = (element: HTMLElement | null) => element?.focus();

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

const currentRow = () => document.activeElement?.closest<HTMLElement>("[data-row]");

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const here = currentRow();
  const next = here ? rows.indexOf(here) + by : 0;
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.querySelector<HTMLElement>("a")?.focus();
}
