import { ago } from "../format";
import { text } from "../text";

/** Relative, with the exact time in the browser's zone on hover. */
export function Ago({ time }: { time: string | null }) {
  if (!time) return <>{text.none}</>;
  return <time dateTime={time} title={new Date(time).toLocaleString()}>{ago(time)}</time>;
}
