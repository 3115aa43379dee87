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
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  Tooltip,
} from "chart.js";
import { durationText, instantText } from "../../lab/report/words.ts";
import type { FaultWindow } from "../timeline/fault_windows.ts";
import { durationStep } from "./axis_steps.ts";
import { LIMIT_DASH, lineStyle } from "./line_styles.ts";
import type { NamedSeries, OutcomeBar } from "./series.ts";

Chart.register(
  ...[BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement],
  ...[PointElement, Tooltip],
);

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
  /** Steps of the axis of values, for one that goes up to `most`. */
  readonly stepOf: (most: number) => number;
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
    const shown = series.map(({ name, series }, index): ChartDataset<"line", Dot[]> => {
      const { colour, dash } = lineStyle(index);
      return {
        label: name,
        data: series.map(([x, y]) => ({ x, y })),
        borderColor: lines[colour]!,
        borderWidth: 1.5,
        borderDash: [...dash],
      };
    });
    const across = limits.map(({ name, value }): ChartDataset<"line", Dot[]> => ({
      label: name,
      data: [{ x: 0, y: value }, { x: span, y: value }],
      borderColor: limit,
      borderWidth: 1,
      borderDash: [...LIMIT_DASH],
    }));
    this.#chart.data.datasets = [...shown, ...across];
    this.#chart.options = this.#options();
    this.#chart.update("none");
  }

  #timeAt(x: number | null): number | undefined {
    return x === null ? undefined : this.#chart.scales["x"]?.getValueForPixel(x);
  }

  #options(): ChartOptions<"line"> {
    const { valueText, stepOf, least, picked, over } = this.#owner;
    const { text, grid } = this.#colours;
    const { span } = this.#content;
    const most = Math.max(least, this.#most());
    const valueStep = stepOf(most);
    const step = timeStep(span, Math.max(3, Math.floor(this.#chart.width / 80)));
    const ticks = { color: text, font: { size: 11 } };
    const lines = { grid: { color: grid }, border: { color: grid } };
    const time = {
      maxRotation: 0,
      callback: (at: unknown) => tickText(Number(at), step),
    };
    const value = { stepSize: valueStep, callback: (at: unknown) => valueText(Number(at)) };
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
        y: {
          min: 0,
          max: Math.ceil(most / valueStep) * valueStep,
          ticks: { ...ticks, ...value },
          ...lines,
        },
      },
      plugins: {
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

  /** The highest value, what is asked for included. */
  #most(): number {
    const { series, limits } = this.#content;
    const values = series.flatMap(({ series }) => series.map(([, value]) => value ?? 0));
    return [...values, ...limits.map(({ value }) => value)]
      .reduce((most, value) => Math.max(most, value), 0);
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
    // It looks how large its place is once, here, and then when that changes.
    this.#chart = new Chart(canvas, {
      type: "bar",
      data: { labels: [], datasets: [] },
      options: STILL,
    });
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
    const most = Math.max(MINUTE, ...bars.flatMap(({ rpo, rto }) => [rpo ?? 0, rto ?? 0]));
    const step = durationStep(most);
    const ticks = { color: text, font: { size: 11 } };
    const label = ({ dataset, raw }: { dataset: { label?: string | undefined }; raw: unknown }) =>
      `${dataset.label}: ${durationText(Number(raw))}`;
    this.#chart.options = {
      ...STILL,
      indexAxis: "y",
      scales: {
        x: {
          min: 0,
          max: Math.ceil(most / step) * step,
          ticks: { ...ticks, stepSize: step, callback: (at) => durationText(Number(at)) },
          grid: { color: grid },
        },
        y: { ticks: { ...ticks, autoSkip: false }, grid: { color: grid } },
      },
      plugins: {
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
