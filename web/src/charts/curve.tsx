// Curves by uPlot. New points are set in place, and a zoom stays as the reader left it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { ExportMenu } from "../components/exportable";
import { dark } from "../theme";
import { curveSvg } from "./curve_svg";

export interface Line {
  label: string;
  points: readonly (readonly [number, number | null])[];  // in order of x
  hue: number;
  faint?: boolean;
  dots?: boolean;  // mark each value: for few of them. A single one is, or nothing would be seen
}

export interface CurveProps {
  caption: string;
  name: string;    // of its files
  xLabel: string;
  lines: readonly Line[];
  log?: boolean;
}

const height = 220;
const wholeSteps = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6, 7].map((e) => n * 10 ** e)).sort((a, b) => a - b);

export function Curve(props: CurveProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoomed = useRef(false);
  const isDark = dark.value;
  const kind = props.lines.map(({ label, hue, faint, dots }) => [label, hue, faint, dots].join()).join("|");

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
  }, [isDark, kind, props.log]);  // canvas takes its colours when it is made

  useEffect(() => {
    plot.current?.setData(dataOf(props), !zoomed.current);
    if (zoomed.current) plot.current?.redraw();
  }, [props.lines]);

  return (
    <figure class="curve">
      <figcaption class="faint">{props.caption}</figcaption>
      <div ref={holder} role="img" aria-label={props.caption} />
      <ExportMenu name={props.name} drawing={() => curveSvg(props, (hue) => colourOf(holder.current!, hue), plot.current?.scales.x)} />
    </figure>
  );
}

/** What part of the curve is in view, for whoever cannot see it. */
function tellRange(element: HTMLElement, { min, max }: uPlot.Scale): void {
  element.dataset.minimum = String(min);
  element.dataset.maximum = String(max);
}

/** One column of x for all lines; where a line has no point there is none. */
function dataOf({ lines, log }: CurveProps): uPlot.AlignedData {
  const x = [...new Set(lines.flatMap((line) => line.points.map(([at]) => at)))].sort((a, b) => a - b);
  const columns = lines.map((line) => {
    const values = new Map(line.points);
    return x.map((at) => {
      const value = values.get(at) ?? null;
      return log && value !== null && value <= 0 ? null : value;
    });
  });
  return [x, ...columns];
}

function colourOf(element: HTMLElement, hue: number): string {
  const probe = element.appendChild(document.createElement("i"));
  probe.className = `hue-${hue % 6}`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function optionsOf({ lines, xLabel, log }: CurveProps, element: HTMLElement, zoomed: { current: boolean }): uPlot.Options {
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue("--faint").trim();
  const rule = style.getPropertyValue("--line").trim();
  const axis = (size?: number): uPlot.Axis => ({ stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 }, ...(size ? { size } : {}) });
  return {
    width: element.clientWidth,
    height,
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: [{ ...axis(), incrs: wholeSteps }, axis(52)],
    series: [{ label: xLabel }, ...lines.map(({ label, hue, faint, dots }): uPlot.Series => ({
      label, stroke: colourOf(element, hue), width: faint ? 1 : 1.8, alpha: faint ? 0.3 : 1, points: { show: (plot) => dots || plot.data[0].length < 2 }, spanGaps: true,
    }))],
    cursor: { drag: { x: true, y: false } },
    hooks: {
      setScale: [(self, key) => { if (key === "x") tellRange(element, self.scales.x!); }],
      setSelect: [(self) => { if (self.select.width > 0) zoomed.current = true; }],
      ready: [(self) => self.over.addEventListener("dblclick", () => { zoomed.current = false; })],
    },
  };
}
