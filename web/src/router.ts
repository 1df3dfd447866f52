// Every view is its address: #/sweeps, #/sweeps/sw_1, #/runs/run_7?samples=-errors, #/devices.
import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

export interface Route {
  view: "sweeps" | "sweep" | "run" | "devices" | "unknown";
  id: string;
}

export const route = computed<Route>(() => {
  const [, place = "", id = ""] = (hash.value.slice(1).split("?")[0] ?? "").split("/");
  if (!/^[a-z0-9_]*$/.test(id)) return { view: "unknown", id: "" };
  if (place === "" || (place === "sweeps" && !id)) return { view: "sweeps", id: "" };
  if (place === "sweeps") return { view: "sweep", id };
  if (place === "runs" && id) return { view: "run", id };
  if (place === "devices") return { view: "devices", id: "" };
  return { view: "unknown", id: "" };
});

export const query = computed(() => new URLSearchParams(hash.value.split("?")[1] ?? ""));

/** Keeps a choice of the view in its address, without a new entry in the browser's history. */
export function setQuery(name: string, value: string): void {
  const [path = "#/"] = hash.peek().split("?");
  const next = new URLSearchParams(query.peek());
  if (value) next.set(name, value);
  else next.delete(name);
  const text = next.toString();
  history.replaceState(null, "", text ? `${path}?${text}` : path);
  hash.value = location.hash;
}

export const links = {
  sweeps: "#/sweeps",
  devices: "#/devices",
  sweep: (id: string) => `#/sweeps/${id}`,
  run: (id: string) => `#/runs/${id}`,
};
