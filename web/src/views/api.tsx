// The API reference: made from openapi.json when the dashboard is built, and shown as it is.
import { useEffect, useRef } from "preact/hooks";
import { Waiting } from "../components/problem";
import { query, setQuery } from "../router";
import { useFetched } from "../store/resource";
import { text } from "../text";
import { useTitle } from "./title";

export function ApiView() {
  useTitle(text.api.title);
  const { data, problem } = useFetched("reference", "never", async (signal) =>
    (await (await fetch("./reference.html", { signal })).text()).replaceAll("%BASE%", new URL(".", document.baseURI).href));
  const holder = useRef<HTMLDivElement>(null);
  const wanted = query.value.get("find") ?? "";
  useEffect(() => {
    for (const one of holder.current?.querySelectorAll<HTMLElement>(".operation") ?? []) {
      one.hidden = !one.textContent!.toLowerCase().includes(wanted.toLowerCase());
    }
    for (const part of holder.current?.querySelectorAll<HTMLElement>("section") ?? []) part.hidden = !part.querySelector(".operation:not([hidden])");
  }, [wanted, data]);
  return (
    <>
      <h1>{text.api.title}</h1>
      <p class="facts">
        <label>{text.api.find} <input type="search" data-search value={wanted} onInput={(event) => setQuery("find", event.currentTarget.value)} /></label>
        <a href="./api/openapi.json">openapi.json</a> <a href="./api/sweep.schema.json">sweep.schema.json</a>
      </p>
      {data ? <div ref={holder} class="reference" dangerouslySetInnerHTML={{ __html: data }} /> : <Waiting problem={problem} />}
    </>
  );
}
