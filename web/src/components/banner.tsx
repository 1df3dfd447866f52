// Says whether the page is live, and how old it is when it is not.
import { connection, lostSince } from "../events";
import { duration, now } from "../format";
import { text } from "../text";

export function Banner() {
  if (connection.value !== "lost") return null;
  const age = duration((now.value - lostSince.value) / 1000);
  return <p class="banner" role="alert">{text.connection.lost(age)}</p>;
}

export function LiveMark() {
  const state = connection.value;
  if (state === "lost") return null;
  return <span class={`live live-${state}`} role="status">{text.connection[state]}</span>;
}
