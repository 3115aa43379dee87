/**
 * Charts as SVG that need neither a script nor a colour to be read: lines against an objective, windows of faults shaded, and
 * the parts of a recovery time as a bar.
 *
 * @module
 */

import { DURATION, INSTANT, type Scale, ticks } from "./axis.ts";
import { Markup, markup } from "./markup.ts";
import { durationText, instantText } from "./words.ts";

const WIDTH = 880;
const LEFT = 74;
const RIGHT = 10;
const TOP = 22;
const BOTTOM = 22;
const INNER = WIDTH - LEFT - RIGHT;
/** Wide enough for a label of so many letters, about. */
const LETTER = 6;

/** What a chart shows. */
export interface Chart {
  /** Its own among those of a page: names what it refers to inside. */
  readonly id: string;
  /** For who cannot see it. */
  readonly label: string;
  readonly height: number;
  readonly ended: number;
  readonly scale: Scale;
  readonly series: readonly (readonly [number, number | null])[];
  /** Values stay as they are until the next one. */
  readonly stepped: boolean;
  /** A value that should not be exceeded. */
  readonly objective: number;
  readonly windows: readonly Window[];
  readonly marks: readonly { readonly at: number; readonly label: string }[];
}

/** A stretch of time that is shaded. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** Where an instant and a value are drawn. */
interface Plane {
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
  readonly top: number;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function planeOf({ height, ended, series, objective, scale }: Chart): Plane {
  const most = series.reduce((most, [, value]) => Math.max(most, value ?? 0), objective);
  const highest = ticks(most, scale, 4);
  const step = highest[1] ?? most;
  const top = Math.max(step > 0 ? Math.ceil(most * 1.04 / step) * step : 1, 1e-9);
  const inner = height - TOP - BOTTOM;
  return {
    x: (at) => round(LEFT + (ended > 0 ? at / ended : 0) * INNER),
    y: (value) => round(TOP + inner - (value / top) * inner),
    top,
  };
}

/** The lines of a series, broken where there is nothing, and the areas below them. */
function pathsOf({ series, stepped, ended }: Chart, { x, y }: Plane): [line: string, area: string] {
  let [line, area, open] = ["", "", ""];
  let last: readonly [number, number] | undefined;
  const close = (at: number) => {
    if (last === undefined) return;
    if (stepped) line += `H${x(at)}`;
    area += `${open}${stepped ? `H${x(at)}` : ""}V${y(0)}Z`;
    [open, last] = ["", undefined];
  };
  for (const [at, value] of series) {
    if (value === null) {
      close(at);
      continue;
    }
    const [left, height] = [x(at), y(value)];
    if (last === undefined) {
      line += `M${left} ${height}`;
      open = `M${left} ${y(0)}V${height}`;
    } else {
      const next = stepped ? `H${left}V${height}` : `L${left} ${height}`;
      line += next;
      open += next;
    }
    last = [at, value];
  }
  close(stepped ? ended : last?.[0] ?? ended);
  return [line, area];
}

function windowsOf({ windows, height }: Chart, { x }: Plane): Markup[] {
  let labelled = 0;
  return windows.map(({ from, to, label }) => {
    const width = Math.max(2, round(x(to) - x(from)));
    const fits = x(from) >= labelled && x(from) + label.length * LETTER <= WIDTH;
    if (fits) labelled = x(from) + label.length * LETTER + 8;
    return markup`<g class="window"><title>${label}: ${instantText(from)} to ${
      instantText(to)
    }</title>
<rect x="${x(from)}" y="${TOP}" width="${width}" height="${height - TOP - BOTTOM}"/>
${fits && markup`<text x="${x(from)}" y="${TOP - 8}">${label}</text>`}</g>`;
  });
}

function axesOf({ height, ended, scale }: Chart, { x, y, top }: Plane): Markup[] {
  const values = ticks(top, scale, 5).map((value) =>
    markup`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>
<text class="tick" x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${
      value === 0 ? "0" : scale.show(value)
    }</text>`
  );
  const instants = ticks(ended, INSTANT, 8).filter((at) => x(at) < WIDTH - RIGHT - 20).map((at) =>
    markup`<text class="tick" x="${x(at)}" y="${height - 6}" text-anchor="${
      at === 0 ? "start" : "middle"
    }">${instantText(at)}</text>`
  );
  return [...values, ...instants];
}

function objectiveOf({ objective, scale }: Chart, { y }: Plane): Markup | null {
  if (objective <= 0) return null;
  return markup`<line class="objective" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${
    y(objective)
  }" y2="${y(objective)}"/>
<text class="objective" x="${WIDTH - RIGHT - 2}" y="${
    y(objective) - 4
  }" text-anchor="end">objective ${scale.show(objective)}</text>`;
}

/** A line over time. */
export function lineChart(chart: Chart): Markup {
  const plane = planeOf(chart);
  const [line, area] = pathsOf(chart, plane);
  const { id, height, objective, marks } = chart;
  const limit = objective > 0 ? plane.y(objective) : 0;
  const parts = [
    { part: "above", y: 0, height: limit },
    { part: "below", y: limit, height: height - limit },
  ].map((clip) =>
    markup`<clipPath id="${id}-${clip.part}"><rect x="0" y="${clip.y}" width="${WIDTH}" height="${clip.height}"/></clipPath>
<g class="${clip.part}" clip-path="url(#${id}-${clip.part})"><path class="area" d="${area}"/><path class="line" d="${line}"/></g>`
  );
  return markup`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${chart.label}">
${windowsOf(chart, plane)}
${axesOf(chart, plane)}
${parts}
${objectiveOf(chart, plane)}
${
    marks.map(({ at, label }) =>
      markup`<g class="mark"><title>${label}</title><line x1="${plane.x(at)}" x2="${
        plane.x(at)
      }" y1="${TOP}" y2="${height - BOTTOM}"/></g>`
    )
  }
</svg>`;
}

/** A part of a bar. */
export interface BarPart {
  readonly name: string;
  readonly value: number;
}

/** Parts of a duration beside each other, and where its objective is. */
export function splitBar(label: string, parts: readonly BarPart[], objective: number): Markup {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const most = Math.max(total, objective) * 1.02 || 1;
  const x = (value: number) => round(value / most * WIDTH);
  let from = 0;
  const bars = parts.map(({ name, value }) => {
    const left = x(from);
    from += value;
    const width = Math.max(0, round(x(from) - left - 1));
    return markup`<g class="${name}"><title>${name} ${durationText(value)}</title>
<rect x="${left}" y="0" width="${width}" height="16"/></g>`;
  });
  const target = objective > 0 &&
    markup`<g class="target"><title>objective ${durationText(objective)}</title>
<line x1="${x(objective)}" x2="${x(objective)}" y1="-3" y2="19"/>
<text x="${x(objective) - 4}" y="12" text-anchor="end">objective ${
      DURATION.show(objective)
    }</text></g>`;
  return markup`<svg class="bar" viewBox="0 -3 ${WIDTH} ${
    objective > 0 ? 42 : 26
  }" role="img" aria-label="${label}">${bars}${target}</svg>`;
}
