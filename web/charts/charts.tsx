/**
 * The charts below the stage, with one cursor across them.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { bytesText, durationText, listText } from "../../lab/report/words.ts";
import type { DrillMachine } from "../../lab/scenario/drill_scenario.ts";
import { run, seek, span, windows } from "../state/drill.ts";
import { hovered } from "../state/hover.ts";
import { playhead } from "../state/playback.ts";
import { theme } from "../state/theme.ts";
import { rateText } from "../timeline/words.ts";
import type { ChartColours, LineChart, LineContent, OutcomeChart } from "./line_chart.ts";
import { bytesStep, durationStep, rateStep } from "./axis_steps.ts";
import { LIMIT_DASH, LINE_COLOURS, lineStyle } from "./line_styles.ts";
import { backlogSeries, linkSeries, outcomeBars, rpoSeries } from "./series.ts";

const parts = () => import("./line_chart.ts");

/** What the bars of a machine take, and the axis below them, px. */
const BARS_HEIGHT = 26;
const AXIS_HEIGHT = 30;

/** While a run is computed its charts grow in steps, ms. */
const GROW_EVERY = 1500;

function coloursOf(element: Element): ChartColours {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    lines: Array.from({ length: LINE_COLOURS }, (_, index) => colour(`--line-${index}`)),
    text: colour("--quiet"),
    grid: colour("--grid"),
    fault: colour("--fault-ground"),
    limit: colour("--lost"),
  };
}

/** What can be seen of a run now. */
function shown() {
  const current = run.value;
  return {
    report: current?.outcome.value?.report,
    frames: current?.outcome.value?.recording.frames ?? current?.frames ?? [],
    machines: current?.source.scenario.world.machines ?? [],
    span: span.value,
  };
}

type What = "rpo" | "backlog" | "link";

const TITLES = { rpo: "RPO", backlog: "Backlog", link: "Link use" } as const;
const TEXTS = { rpo: durationText, backlog: bytesText, link: rateText } as const;
const STEPS = { rpo: durationStep, backlog: bytesStep, link: rateStep } as const;
/** A second, a block, and a thousand bytes a second. */
const LEAST = { rpo: 1_000_000, backlog: 4096, link: 1000 } as const;
const SERIES = { rpo: rpoSeries, backlog: backlogSeries, link: linkSeries } as const;

function contentOf(what: What): LineContent {
  const { report, frames, machines, span } = shown();
  const limits = what === "rpo" ? objectivesOf(machines) : [];
  return { series: SERIES[what](frames, report), limits, windows: windows.value, span };
}

/** What is asked for, once for all machines of which the same is. */
function objectivesOf(machines: readonly DrillMachine[]) {
  const values = new Set(machines.map(({ objective }) => objective.rpo).filter((rpo) => rpo > 0));
  return [...values].map((value) => {
    const names = machines.filter(({ objective }) => objective.rpo === value);
    return { name: `objective of ${listText(names.map(({ name }) => name))}`, value };
  });
}

/** The signs that a chart has something else to show, in steps while a run is computed. */
function growth(): string {
  const current = run.value;
  const { known, outcome } = current ?? {};
  const steps = outcome?.value === undefined
    ? Math.floor(performance.now() / GROW_EVERY) * (known?.value === undefined ? 0 : 1)
    : -1;
  return `${current?.source.text.length} ${current?.source.seed} ${steps}`;
}

/** The playhead, and the moment under the pointer, on one chart. */
function Cursors({ xOf }: { readonly xOf: (time: number) => number | undefined }) {
  const at = xOf(playhead.value);
  const over = hovered.value === undefined ? undefined : xOf(hovered.value);
  return (
    <>
      {at !== undefined && <div class="chart-cursor" style={{ left: `${at}px` }} />}
      {over !== undefined && <div class="chart-cursor hover" style={{ left: `${over}px` }} />}
    </>
  );
}

function LinePanel({ what }: { readonly what: What }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<LineChart | undefined>(undefined);
  const ready = useSignal(false);
  const failed = useSignal(false);
  useEffect(() => {
    let left = false;
    void parts().then(({ LineChart }) => {
      if (left || canvas.current === null) return;
      chart.current = new LineChart(
        canvas.current,
        {
          valueText: TEXTS[what],
          stepOf: STEPS[what],
          least: LEAST[what],
          picked: seek,
          over: (time) => {
            hovered.value = time;
          },
        },
        coloursOf(canvas.current),
      );
      ready.value = true;
    }, () => {
      failed.value = true;
    });
    return () => {
      left = true;
      chart.current?.close();
    };
  }, []);
  const [grown, shade, isReady, current] = [growth(), theme.value, ready.value, run.value];
  useEffect(() => {
    if (canvas.current !== null) chart.current?.colour(coloursOf(canvas.current));
  }, [shade, isReady]);
  useEffect(() => chart.current?.show(contentOf(what)), [grown, isReady, current]);
  return (
    <figure class="chart">
      <figcaption>{TITLES[what]}</figcaption>
      <div class="chart-place" onPointerLeave={() => (hovered.value = undefined)}>
        <canvas ref={canvas} id={`chart-${what}`} role="img" aria-label={chartText(what)} />
        {isReady && <Cursors xOf={(time) => chart.current?.xOf(time)} />}
        {failed.value && <p class="quiet">Charts could not be loaded. Load the page again.</p>}
      </div>
    </figure>
  );
}

/** The chart in words. */
function chartText(what: What): string {
  const { report, frames } = shown();
  if (what === "link") return "Link use over time";
  if (report === undefined) return `${TITLES[what]} over time`;
  const worst = what === "rpo"
    ? report.machines.map(({ vm, worstRpo }) =>
      `${vm} at worst ${worstRpo === null ? "never protected" : durationText(worstRpo)}`
    )
    : backlogSeries(frames).map(({ name, series }) =>
      `${name} at most ${bytesText(Math.max(0, ...series.map(([, bytes]) => bytes ?? 0)))}`
    );
  return `${TITLES[what]} over time: ${worst.join(", ")}`;
}

function OutcomePanel() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<OutcomeChart | undefined>(undefined);
  const ready = useSignal(false);
  useEffect(() => {
    let left = false;
    void parts().then(({ OutcomeChart }) => {
      if (left || canvas.current === null) return;
      chart.current = new OutcomeChart(canvas.current);
      ready.value = true;
    }, () => {
      // The panels of lines say it.
    });
    return () => {
      left = true;
      chart.current?.close();
    };
  }, []);
  const [report, shade, isReady] = [shown().report, theme.value, ready.value];
  useEffect(() => {
    if (canvas.current === null) return;
    chart.current?.show(outcomeBars(report), coloursOf(canvas.current));
  }, [report, shade, isReady]);
  const words =
    report?.machines.map(({ vm, rpo, rto }) =>
      `${vm} lost ${rpo === null ? "nothing measured" : durationText(rpo)}, recovered in ${
        rto === null ? "no measured time" : durationText(rto)
      }`
    ) ?? ["not known before the run is complete"];
  const empty = report?.machines.every(({ rpo, rto }) => rpo === null && rto === null) === true;
  return (
    <figure class="chart">
      <figcaption>
        Recovery outcomes
        <span class="bar-key rpo">lost (RPO)</span>
        <span class="bar-key rto">down (RTO)</span>
      </figcaption>
      <div
        class={empty ? "chart-place empty" : "chart-place"}
        style={{ minHeight: `${(report?.machines.length ?? 0) * BARS_HEIGHT + AXIS_HEIGHT}px` }}
      >
        <canvas
          ref={canvas}
          id="chart-outcomes"
          role="img"
          aria-label={`Recovery outcomes: ${words.join(", ")}`}
        />
        {empty && <p class="chart-empty">Nothing had to be recovered</p>}
      </div>
    </figure>
  );
}

function Swatch({ colour, dash }: { readonly colour: string; readonly dash: readonly number[] }) {
  return (
    <svg viewBox="0 0 26 6" aria-hidden="true">
      <path d="M0 3H26" style={{ stroke: `var(${colour})`, strokeDasharray: dash.join(" ") }} />
    </svg>
  );
}

/** Which line is whose: once for all charts, where it takes no room from any of them. */
function Legend() {
  const { machines } = shown();
  const objectives = objectivesOf(machines);
  return (
    <ul class="chart-legend" aria-label="Lines of the charts">
      {machines.map(({ name }, index) => {
        const { colour, dash } = lineStyle(index);
        return (
          <li key={name}>
            <Swatch colour={`--line-${colour}`} dash={dash} />
            {name}
          </li>
        );
      })}
      {objectives.map(({ name, value }) => (
        <li key={value}>
          <Swatch colour="--lost" dash={LIMIT_DASH} />
          {objectives.length === 1 && machines.every(({ objective }) => objective.rpo === value)
            ? "RPO objective"
            : `RPO ${name}`}: {durationText(value)}
        </li>
      ))}
    </ul>
  );
}

/** All charts. */
export function Charts() {
  return (
    <section class="charts" aria-label="Charts">
      <Legend />
      <LinePanel what="rpo" />
      <LinePanel what="backlog" />
      <LinePanel what="link" />
      <OutcomePanel />
    </section>
  );
}
