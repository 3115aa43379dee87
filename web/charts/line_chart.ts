/**
 * A chart of series over the time of a run, with the times shaded in which something was wrong.
 *
 * Rule: loaded by itself with Chart.js, when the page already stands. Values are those of the report, in base units; only what
 * is written at the axes is in people's units.
 *
 * @module
 */

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartDataset,
  type ChartOptions,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  Tooltip,
} from "chart.js";
import { durationText, instantText } from "../../lab/report/words.ts";
import type { FaultWindow } from "../timeline/fault_windows.ts";
import type { NamedSeries, OutcomeBar } from "./series.ts";

Chart.register(
  ...[BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement],
  ...[PointElement, Legend, Tooltip],
);

/** Lines are told apart by their dashes as well. */
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]] as const;

/** Colours of the style sheet. */
export interface ChartColours {
  readonly lines: readonly string[];
  readonly text: string;
  readonly grid: string;
  readonly fault: string;
  readonly limit: string;
}

/** What a chart of lines shows. */
export interface LineContent {
  readonly series: readonly NamedSeries[];
  /** A line across: what is asked for. */
  readonly limits: readonly { readonly name: string; readonly value: number }[];
  readonly windows: readonly FaultWindow[];
  readonly span: number;
}

/** So much an axis of durations shows at least, µs. */
const MINUTE = 60_000_000;

/** Nothing on a chart moves by itself. */
const STILL = { animation: false, responsive: true, maintainAspectRatio: false } as const;

type Line = Chart<"line", Dot[]>;
interface Dot {
  readonly x: number;
  readonly y: number | null;
}

/** Steps along the axis of time that read well, µs. */
const TIME_STEPS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800]
  .map((seconds) => seconds * 1_000_000);

function timeStep(span: number, ticks: number): number {
  return TIME_STEPS.find((step) => span / step <= ticks) ?? TIME_STEPS.at(-1)! * 7;
}

/** What a chart of lines tells its owner, and how it writes its values. */
export interface LineOwner {
  readonly valueText: (value: number) => string;
  /** The axis goes up to this at least: where there is nothing but zeros, its marks would all be called the same. */
  readonly least: number;
  readonly picked: (time: number) => void;
  readonly over: (time: number | undefined) => void;
}

/** A chart of lines on a canvas. */
export class LineChart {
  readonly #chart: Line;
  readonly #owner: LineOwner;
  #content: LineContent = { series: [], limits: [], windows: [], span: 1 };
  #colours: ChartColours;

  constructor(canvas: HTMLCanvasElement, owner: LineOwner, colours: ChartColours) {
    this.#owner = owner;
    this.#colours = colours;
    const plugins = [this.#shading()];
    this.#chart = new Chart(canvas, { type: "line", data: { datasets: [] }, plugins });
    this.#draw();
  }

  /** Shows other content. */
  show(content: LineContent): void {
    this.#content = content;
    this.#draw();
  }

  /** Other colours. */
  colour(colours: ChartColours): void {
    this.#colours = colours;
    this.#draw();
  }

  /** Where a moment is, pixels from the left of the canvas; undefined where it is not on the chart. */
  xOf(time: number): number | undefined {
    return this.#chart.scales["x"]?.getPixelForValue(time);
  }

  /** Takes the chart away. */
  close(): void {
    this.#chart.destroy();
  }

  #draw(): void {
    const { series, limits, span } = this.#content;
    const { lines, limit } = this.#colours;
    const shown = series.map(({ name, series }, index): ChartDataset<"line", Dot[]> => ({
      label: name,
      data: series.map(([x, y]) => ({ x, y })),
      borderColor: lines[index % lines.length]!,
      borderWidth: 1.5,
      borderDash: [...DASHES[index % DASHES.length]!],
    }));
    const across = limits.map(({ name, value }): ChartDataset<"line", Dot[]> => ({
      label: name,
      data: [{ x: 0, y: value }, { x: span, y: value }],
      borderColor: limit,
      borderWidth: 1,
      borderDash: [4, 4],
    }));
    this.#chart.data.datasets = [...shown, ...across];
    this.#chart.options = this.#options();
    this.#chart.update("none");
  }

  #timeAt(x: number | null): number | undefined {
    return x === null ? undefined : this.#chart.scales["x"]?.getValueForPixel(x);
  }

  #options(): ChartOptions<"line"> {
    const { valueText, least, picked, over } = this.#owner;
    const { text, grid } = this.#colours;
    const { span, series } = this.#content;
    const step = timeStep(span, Math.max(3, Math.floor(this.#chart.width / 80)));
    const ticks = { color: text, font: { size: 11 } };
    const lines = { grid: { color: grid }, border: { color: grid } };
    const time = {
      maxRotation: 0,
      callback: (at: unknown) => tickText(Number(at), step),
    };
    const value = { maxTicksLimit: 4, callback: (at: unknown) => valueText(Number(at)) };
    return {
      ...STILL,
      events: ["mousemove", "mouseout", "click", "touchstart", "touchmove"],
      interaction: { mode: "nearest", axis: "x", intersect: false },
      onHover: ({ x }) => over(this.#timeAt(x)),
      onClick: ({ x }) => {
        const at = this.#timeAt(x);
        if (at !== undefined) picked(at);
      },
      elements: { point: { radius: 0, hitRadius: 6 } },
      scales: {
        x: {
          type: "linear",
          min: 0,
          max: span,
          afterBuildTicks: (axis) => {
            axis.ticks = Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => ({
              value: index * step,
            }));
          },
          ticks: { ...ticks, ...time },
          ...lines,
        },
        y: { beginAtZero: true, suggestedMax: least, ticks: { ...ticks, ...value }, ...lines },
      },
      plugins: {
        legend: { display: series.length > 1, labels: { color: text, boxWidth: 18, boxHeight: 1 } },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: ([item]) => instantText(item?.parsed.x ?? 0),
            label: ({ dataset, parsed }) => `${dataset.label}: ${valueText(parsed.y ?? 0)}`,
          },
        },
      },
    };
  }

  #shading(): Plugin<"line"> {
    return {
      id: "fault-windows",
      beforeDatasetsDraw: ({ ctx, chartArea: { top, bottom, left, right }, scales }) => {
        const { x } = scales;
        if (x === undefined) return;
        ctx.save();
        ctx.fillStyle = this.#colours.fault;
        for (const { from, to } of this.#content.windows) {
          const start = Math.max(left, x.getPixelForValue(from));
          const end = Math.min(right, x.getPixelForValue(to));
          ctx.fillRect(start, top, Math.max(2, end - start), bottom - top);
        }
        ctx.restore();
      },
    };
  }
}

function tickText(time: number, step: number): string {
  const text = instantText(time);
  return step >= 60_000_000 ? text.replace(/:00$/, "") : text;
}

/** A chart of bars: what recoveries cost. */
export class OutcomeChart {
  readonly #chart: Chart<"bar", (number | null)[]>;

  constructor(canvas: HTMLCanvasElement) {
    this.#chart = new Chart(canvas, { type: "bar", data: { labels: [], datasets: [] } });
  }

  /** Shows other bars, or the same ones in other colours. */
  show(bars: readonly OutcomeBar[], { lines, text, grid }: ChartColours): void {
    const { data } = this.#chart;
    data.labels = bars.map(({ name }) => name);
    data.datasets = [
      { label: "lost work (RPO)", data: bars.map(({ rpo }) => rpo), backgroundColor: lines[0]! },
      {
        label: "time to recover (RTO)",
        data: bars.map(({ rto }) => rto),
        backgroundColor: lines[2]!,
      },
    ];
    const ticks = { color: text, font: { size: 11 } };
    const label = ({ dataset, raw }: { dataset: { label?: string | undefined }; raw: unknown }) =>
      `${dataset.label}: ${durationText(Number(raw))}`;
    this.#chart.options = {
      ...STILL,
      indexAxis: "y",
      scales: {
        x: {
          beginAtZero: true,
          suggestedMax: MINUTE,
          ticks: { ...ticks, maxTicksLimit: 4, callback: (at) => durationText(Number(at)) },
          grid: { color: grid },
        },
        y: { ticks, grid: { color: grid } },
      },
      plugins: {
        legend: { labels: { color: text, boxWidth: 10, boxHeight: 10, font: { size: 11 } } },
        tooltip: { callbacks: { label } },
      },
    };
    this.#chart.update("none");
  }

  /** Takes the chart away. */
  close(): void {
    this.#chart.destroy();
  }
}

// For whoever looks at the page from outside, as its tests do: the chart on a canvas, with its numbers.
Object.assign(globalThis, { warmsite: { chartOn: (canvas: string) => Chart.getChart(canvas) } });
