// Every view is its address: #/sweeps, #/sweeps/sw_1?part=runs&state=failed, #/runs/run_7?samples=-errors, #/compare?runs=run_1,run_2,
// #/devices, #/submit, #/api.
import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

export interface Route {
  view: "sweeps" | "sweep" | "run" | "compare" | "devices" | "submit" | "api" | "unknown";
  id: string;
}

export const route = computed<Route>(() => {
  const [, place = "", id = ""] = (hash.value.slice(1).split("?")[0] ?? "").split("/");
  if (!/^[a-z0-9_]*$/.test(id)) return { view: "unknown", id: "" };
  if (place === "" || (place === "sweeps" && !id)) return { view: "sweeps", id: "" };
  if (place === "sweeps") return { view: "sweep", id };
  if (place === "runs" && id) return { view: "run", id };
  if (place === "devices" || place === "submit" || place === "compare" || place === "api") return { view: place, id: "" };
  return { view: "unknown", id: "" };
});

export const query = computed(() => new URLSearchParams(hash.value.split("?")[1] ?? ""));

/** Keeps choices of the view in its address, without a new entry in the browser's history. An empty one is left out. */
export function setQueries(values: Record<string, string>): void {
  history.replaceState(null, "", withQuery(values));
  hash.value = location.hash;
}

export const setQuery = (name: string, value: string): void => setQueries({ [name]: value });

/** The address of this view with these choices alone. */
export const withQueryOf = (choices: string): string => `${hash.value.split("?")[0] || "#/"}${choices && `?${choices}`}`;

/** The address of this view with other choices. */
export function withQuery(values: Record<string, string>): string {
  const [path = "#/"] = hash.peek().split("?");
  const next = new URLSearchParams(query.peek());
  for (const [name, value] of Object.entries(values)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  return text ? `${path || "#/"}?${text}` : path || "#/";
}

export const links = {
  sweeps: "#/sweeps",
  devices: "#/devices",
  submit: "#/submit",
  api: "#/api",
  submitLike: (sweep: string) => `#/submit?from=${sweep}`,
  compare: (runs: Iterable<string>) => `#/compare?runs=${[...runs].join(",")}`,
  tagged: (tag: string) => `#/sweeps?tag=${encodeURIComponent(tag)}`,
  taggedRuns: (sweep: string, tag: string) => `#/sweeps/${sweep}?part=runs&tag=${encodeURIComponent(tag)}`,
  sweep: (id: string) => `#/sweeps/${id}`,
  run: (id: string) => `#/runs/${id}`,
};
