// A curve by uPlot. New points are set in place, and a zoom stays as the reader left it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { dark } from "../theme";

export interface CurveProps {
  caption: string;
  x: readonly number[];
  y: readonly (number | null)[];
  xLabel: string;
  yLabel: string;
  points?: boolean;  // mark each value: for few of them
}

const height = 220;
const wholeSteps = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6, 7].map((e) => n * 10 ** e)).sort((a, b) => a - b);

export function Curve(props: CurveProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoomed = useRef(false);
  const isDark = dark.value;

  useEffect(() => {
    const element = holder.current!;
    plot.current = new uPlot(optionsOf(props, element, zoomed), dataOf(props), element);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      zoomed.current = false;
    };
  }, [isDark, props.points]);  // canvas takes its colours when it is made

  useEffect(() => {
    plot.current?.setData(dataOf(props), !zoomed.current);
    if (zoomed.current) plot.current?.redraw();
  }, [props.x, props.y]);

  return (
    <figure class="curve">
      <figcaption class="faint">{props.caption}</figcaption>
      <div ref={holder} role="img" aria-label={props.caption} />
    </figure>
  );
}

/** What part of the curve is in view, for whoever cannot see it. */
function tellRange(element: HTMLElement, { min, max }: uPlot.Scale): void {
  element.dataset.minimum = String(min);
  element.dataset.maximum = String(max);
}

function dataOf({ x, y }: CurveProps): uPlot.AlignedData {
  return [[...x], [...y]];
}

function optionsOf(props: CurveProps, element: HTMLElement, zoomed: { current: boolean }): uPlot.Options {
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue("--faint").trim();
  const rule = style.getPropertyValue("--line").trim();
  const axis = (size?: number): uPlot.Axis => ({ stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 }, ...(size ? { size } : {}) });
  return {
    width: element.clientWidth,
    height,
    scales: { x: { time: false } },
    axes: [{ ...axis(), incrs: wholeSteps }, axis(52)],
    series: [
      { label: props.xLabel },
      { label: props.yLabel, stroke: style.getPropertyValue("--accent").trim(), width: 1.5, points: { show: props.points ?? false }, spanGaps: true },
    ],
    cursor: { drag: { x: true, y: false } },
    hooks: {
      setScale: [(self, key) => { if (key === "x") tellRange(element, self.scales.x!); }],
      setSelect: [(self) => { if (self.select.width > 0) zoomed.current = true; }],
      ready: [(self) => self.over.addEventListener("dblclick", () => { zoomed.current = false; })],
    },
  };
}
