/**
 * The charts of a report: what is drawn of which numbers.
 *
 * @module
 */

import { DURATION, RATE, SIZE } from "./axis.ts";
import { lineChart, splitBar, type Window } from "./charts.ts";
import type { DrillReport, MachineReport, Outage } from "./drill_report.ts";
import { type Markup, markup } from "./markup.ts";
import { bytesText, durationText } from "./words.ts";

/** Machines that are drawn one by one; more would be a wall. */
const DRAWN_MAX = 12;
/** Windows of faults and marks that one chart shows. */
const MARKS_MAX = 100;

function faultWindows({ faults, ended }: DrillReport): Window[] {
  return faults.slice(0, MARKS_MAX).map(({ fault, on, began, ended: until }) => ({
    from: began,
    to: until ?? ended,
    label: `${fault} on ${on}`,
  }));
}

function marksOf({ outages, recoveries }: DrillReport, vm: string) {
  const incidents = outages.filter((one) => one.vm === vm && one.kind === "incident")
    .map(({ began, cause }) => ({ at: began, label: `incident: ${cause}` }));
  const moves = recoveries.filter((one) => one.vm === vm && one.at !== null && one.state !== "none")
    .map(({ at, kind, to }) => ({ at: at!, label: `${kind} to ${to}` }));
  return [...incidents, ...moves].slice(0, MARKS_MAX);
}

/** RPO of each machine over time against its objective, with its backlog. */
export function machineFigures(report: DrillReport): Markup[] {
  const shared = { ended: report.ended, windows: faultWindows(report) };
  return report.machines.slice(0, DRAWN_MAX).map((machine, index) => {
    const rpo = lineChart({
      ...shared,
      id: `rpo-${index}`,
      label: `RPO of ${machine.vm} over time: ${exposureText(machine)}`,
      height: 190,
      scale: DURATION,
      series: machine.rpoSeries,
      stepped: false,
      objective: machine.rpoObjective,
      marks: marksOf(report, machine.vm),
    });
    const backlog = lineChart({
      ...shared,
      id: `backlog-${index}`,
      label: `Backlog of ${machine.vm}: at most ${bytesText(machine.worstBacklog)}`,
      height: 110,
      scale: SIZE,
      series: machine.backlogSeries,
      stepped: false,
      objective: 0,
      marks: [],
    });
    return markup`<figure><figcaption>${machine.vm}: RPO over time. ${
      exposureText(machine)
    }.</figcaption>
${rpo}</figure>
<figure><figcaption>${machine.vm}: written and not yet in a point at the other side, at most ${
      bytesText(machine.worstBacklog)
    }.</figcaption>
${backlog}</figure>`;
  });
}

/** What a machine was exposed to, in words. */
export function exposureText(machine: MachineReport): string {
  const { worstRpo, aboveObjective, rpoObjective, unprotected, beforeFirst } = machine;
  if (worstRpo === null) return "Never protected";
  const above = rpoObjective === 0
    ? ""
    : aboveObjective === 0
    ? ", never above its objective"
    : `, above its objective for ${durationText(aboveObjective)} in all`;
  const later = unprotected - beforeFirst;
  const first = beforeFirst > 0
    ? `, without a point at the other side for the first ${durationText(beforeFirst)}`
    : "";
  const bare = later > 0
    ? `${first === "" ? ", without a point at the other side for" : " and for"} ${
      durationText(later)
    }${first === "" ? "" : " later"}`
    : "";
  return `At worst ${durationText(worstRpo)}${above}${first}${bare}`;
}

/** How much of the link was used. */
export function linkFigure(report: DrillReport): Markup {
  const most = report.linkSeries.reduce((most, [, rate]) => Math.max(most, rate), 0);
  return markup`<figure><figcaption>Use of the link, both ways, at most ${
    bytesText(most)
  }/s in one of ${report.linkSeries.length} equal parts of the drill.</figcaption>
${
    lineChart({
      id: "link",
      label: `Use of the link over time, at most ${bytesText(most)} a second`,
      height: 110,
      ended: report.ended,
      scale: RATE,
      series: report.linkSeries,
      stepped: true,
      objective: 0,
      windows: faultWindows(report),
      marks: [],
    })
  }</figure>`;
}

/** The parts of a recovery time. */
export function splitFigure({ vm, lasted }: Outage, objective: number): Markup {
  const parts = (["detection", "decision", "recovery"] as const)
    .map((name) => ({ name, value: lasted[name] ?? 0 }));
  const words = parts.map(({ name, value }) => `${name} ${durationText(value)}`).join(", ");
  const legend = parts.map(({ name, value }) =>
    markup`<span class="part"><span class="swatch ${name}"></span>${name} ${
      durationText(value)
    }</span>`
  );
  return markup`<figure>${splitBar(`Recovery time of ${vm}: ${words}`, parts, objective)}
<figcaption>${legend}</figcaption></figure>`;
}
