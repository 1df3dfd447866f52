import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { text } from "../text";
import { savePng, saveSvg, standalone } from "./save";

/** A drawn chart with its two downloads. */
export function Exportable({ name, children }: { name: string; children: ComponentChildren }) {
  const holder = useRef<HTMLDivElement>(null);
  const source = () => standalone(holder.current!.querySelector("svg")!);
  return <div ref={holder}>{children}<SaveButtons name={name} source={source} /></div>;
}

export function SaveButtons({ name, source }: { name: string; source(): string }) {
  return (
    <p class="save">
      <button type="button" class="plain" aria-label={`${text.charts.save} SVG: ${name}`} onClick={() => saveSvg(source(), name)}>SVG</button>{" "}
      <button type="button" class="plain" aria-label={`${text.charts.save} PNG: ${name}`} onClick={() => void savePng(source(), name)}>PNG</button>
    </p>
  );
}
