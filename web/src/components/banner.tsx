// Says whether the page is live, and how old it is when it is not.
import { tokenWanted } from "../api/token";
import { connection, lastHeard } from "../events";
import { duration, now } from "../format";
import { text } from "../text";

export function Banner() {
  if (connection.value !== "lost" || tokenWanted.value) return null;
  const age = duration((now.value - lastHeard) / 1000);
  return <p class="banner" role="alert">{text.connection.lost(age)}</p>;
}

export function LiveMark() {
  const state = connection.value;
  if (state === "lost") return null;
  return <span class={`live live-${state}`} role="status">{text.connection[state]}</span>;
}
