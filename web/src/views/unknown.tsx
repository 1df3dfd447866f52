import { links } from "../router";
import { text } from "../text";

export function UnknownView() {
  return (
    <section class="notice">
      <h1>{text.problem.unknownView}</h1>
      <p><a href={links.sweeps}>{text.problem.unknownHint}</a></p>
    </section>
  );
}
