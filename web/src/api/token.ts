// The daemon's token, where it wants one: asked for once, and kept until this window is closed.
import { signal } from "@preact/signals";

const key = "sweetspot.token";

export const token = signal(sessionStorage.getItem(key) ?? "");
export const tokenWanted = signal(false);

export function setToken(value: string): void {
  sessionStorage.setItem(key, value);
  token.value = value;
  tokenWanted.value = false;
}

export function authorization(): Record<string, string> {
  return token.peek() ? { Authorization: `Bearer ${token.peek()}` } : {};
}
