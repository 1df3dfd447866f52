// Numbers and times as people read them. Ratios come in and per cent go out.
import { signal } from "@preact/signals";
import { text, thousands } from "./text";

export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);

export function percent(ratio: number | null | undefined, digits = 2): string {
  return ratio === null || ratio === undefined ? text.none : `${(ratio * 100).toFixed(digits)} %`;
}

/** 4.2 of 0.0423: where the column says that it is per cent. */
export function points(ratio: number, digits = 1): string {
  return (ratio * 100).toFixed(digits);
}

/** Of two ratios: -0.0134 -> "−1.34 pp", percentage points. */
export function change(difference: number): string {
  return `${difference < 0 ? "−" : "+"}${points(Math.abs(difference), 2)} pp`;
}

export function integer(value: number | null | undefined): string {
  return value === null || value === undefined ? text.none : thousands.format(value);
}

/** 3,686,400 -> 3.69 M */
export function count(value: number | null): string {
  if (value === null) return text.none;
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (size >= 1e3) return `${(value / 1e3).toFixed(1)} k`;
  return String(value);
}

export function signed(value: number | null): string {
  if (value === null) return text.none;
  return value > 0 ? `+${count(value)}` : count(value).replace("-", "−");
}

export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function ago(time: string): string {
  return text.ago(duration((now.value - Date.parse(time)) / 1000));
}

/** "nano-small, 4 layers, da, LoRA": a run is named by its configuration, never by a random word. */
export function cellLabel(cell: { encoder: string; layers: number; language: string; lora: boolean }): string {
  return text.cell(cell.encoder, cell.layers, cell.language, cell.lora);
}

/** Settings of further axes: "train.lr 0.001". */
export function settingsLabel(settings: Record<string, unknown>): string {
  return Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", ");
}

/** 1,249,256 -> 1.2 MiB */
export function bytes(value: number): string {
  const unit = value >= 2 ** 30 ? 30 : value >= 2 ** 20 ? 20 : value >= 2 ** 10 ? 10 : 0;
  return unit ? `${(value / 2 ** unit).toFixed(1)} ${{ 10: "KiB", 20: "MiB", 30: "GiB" }[unit]}` : `${value} bytes`;
}

/** "14:32", or with its day when that is not today, in the browser's zone. */
export function clock(time: number): string {
  const at = new Date(time);
  const hour = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return at.toDateString() === new Date().toDateString() ? hour : `${at.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" })}, ${hour}`;
}
