/**
 * The report of a drill, computed from the recording of its run alone.
 *
 * Rule: nothing here knows the engine. Every number comes from what guests were told is done and from what was noted of the
 * run, so a report is a second opinion and no echo.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { DrillReport, Outage, Recovery } from "./drill_report.ts";
import { expectationRows, objectiveRows } from "./expectations.ts";
import { faultWindows } from "./faults.ts";
import { findingsOf, type Numbers } from "./findings.ts";
import { type MachinePart, machinePart } from "./machines.ts";
import { sentenceOf } from "./sentence.ts";
import { stepRows } from "./steps.ts";
import { timelineOf } from "./timeline.ts";
import { failbacksOf, integrityOf, linkSeries } from "./traffic.ts";
import { bytesText, countText } from "./words.ts";
import { countBelow } from "./write_history.ts";

export { reportCsv } from "./csv.ts";
export { reportHtml } from "./html.ts";
export { reportJson } from "./json.ts";
export { reportJunit } from "./junit.ts";
export { reportMarkdown } from "./markdown.ts";

/** The report of a run. */
export function makeReport(recording: Recording): DrillReport {
  const drill = untilScriptEnds(recording);
  const faults = faultWindows(drill.notes);
  const parts = drill.scenario.world.machines.map((spec) => machinePart(drill, spec, faults));
  const { outages, recoveries } = merged(parts);
  const machines = parts.map(({ machine }) => machine);
  const steps = stepRows(recording);
  const numbers: Numbers = {
    ...identityOf(recording),
    ended: drill.ended,
    objectives: objectiveRows(machines, recoveries, outages),
    expectations: expectationRows({ recording, machines, steps }),
    machines,
    outages,
    recoveries,
    steps,
    timeline: timelineOf(drill),
    faults,
    failbacks: failbacksOf(drill),
    integrity: integrityOf(recording.notes),
    linkSeries: linkSeries(drill),
    violation: recording.violation === undefined ? null : shortly(recording.violation),
    notesDropped: recording.notesDropped,
  };
  const findings = findingsOf(numbers, recording);
  return {
    ...numbers,
    findings,
    sentence: sentenceOf(numbers),
    verdict: verdictOf(numbers, findings),
  };
}

/**
 * The drill alone: when its script is over everything heals, and what comes behind that is the check that the world agrees
 * again. Nobody may call a machine recovered, or stopped, that only that did. The note of the healing comes behind its first
 * deeds, so the drill is cut where its script ends; what the script itself does at that moment stays.
 */
function untilScriptEnds(recording: Recording): Recording {
  const { notes, writes, scenario } = recording;
  const index = notes.findIndex(({ kind }) => kind === "healed");
  const healed = notes[index];
  if (healed === undefined) return recording;
  // What broke ends a run before its script does, and only then was nothing healed.
  const ended = Math.min(scenario.end, healed.at);
  const isScript = ({ kind }: Note) => kind === "step" || kind === "fault" || kind === "healed";
  const kept = notes.slice(0, index + 1)
    .filter((note) => note.at < scenario.end || isScript(note))
    .map((note) => note.at > ended ? { ...note, at: ended } : note);
  const shortened = writes.map((log) => {
    const end = countBelow(log.times, ended);
    const [times, bytes] = [log.times.subarray(0, end), log.bytes.subarray(0, end)];
    return { ...log, times, bytes, branch: log.branch.subarray(0, end) };
  });
  return { ...recording, ended, notes: kept, writes: shortened };
}

function identityOf({ scenario, seed, engineHash, traceHash, events }: Recording) {
  const { name, title, story, world, end } = scenario;
  return {
    format: "warmsite-drill-report",
    version: 1,
    name,
    title,
    story,
    sites: world.sites.map((site) => site.name),
    seed,
    engineHash,
    traceHash,
    events,
    scriptEnded: end,
    scale: world.scale,
    scaleNote: scaleNoteOf(world.scale, world.block),
  } as const;
}

/** What broke, without the places in a program that a panic names. */
function shortly({ id, message, time }: NonNullable<Recording["violation"]>) {
  return { id, message: message.split("\n")[0]!.slice(0, 500), time };
}

function scaleNoteOf(scale: number, block: number): string {
  if (scale === 1) return "";
  return `A scale model of 1 : ${countText(scale)}: one simulated block of ${bytesText(block)} ` +
    "stands for so many real ones of 4 KiB. Times are those of the world that is meant, and sizes " +
    "and rates are multiplied back: go by them rather than by numbers of writes.";
}

/** Outages and recoveries of all machines, each recovery with the number of its incident among all outages. */
function merged(parts: readonly MachinePart[]): { outages: Outage[]; recoveries: Recovery[] } {
  const outages: Outage[] = [];
  const recoveries: Recovery[] = [];
  for (const part of parts) {
    const offset = outages.length;
    outages.push(...part.outages);
    for (const recovery of part.recoveries) {
      const { incident } = recovery;
      recoveries.push({ ...recovery, incident: incident === null ? null : incident + offset });
    }
  }
  return { outages, recoveries };
}

/**
 * A drill has failed where an expectation or an invariant was wrong, or a byte that no fault of its script had damaged; what else
 * is wrong are its conditions.
 */
function verdictOf(
  { expectations, violation, integrity }: Numbers,
  findings: readonly { readonly severity: string }[],
): DrillReport["verdict"] {
  const wrong = integrity.unequal > 0 && !integrity.explained;
  const failed = violation !== null || wrong || expectations.some(({ holds }) => !holds);
  if (failed) return "failed";
  const grave = findings.some(({ severity }) => severity === "critical" || severity === "major");
  return grave ? "passed-with-conditions" : "passed";
}
