// Follows the system, unless the user chose otherwise, which is kept in this browser, or the address says
// `?theme=dark`, which is not.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export const themes: readonly Theme[] = ["system", "light", "dark"];
const key = "sweetspot.theme";

export const theme = signal<Theme>(stored());
const systemDark = matchMedia("(prefers-color-scheme: dark)");
export const dark = signal(false);

function stored(): Theme {
  const value = new URLSearchParams(location.search).get("theme") ?? localStorage.getItem(key);
  return value === "light" || value === "dark" ? value : "system";
}

function apply(): void {
  dark.value = theme.value === "dark" || (theme.value === "system" && systemDark.matches);
  document.documentElement.dataset.theme = dark.value ? "dark" : "light";
}

export function choose(chosen: Theme): void {
  theme.value = chosen;
  localStorage.setItem(key, chosen);
}

effect(apply);
systemDark.addEventListener("change", apply);
