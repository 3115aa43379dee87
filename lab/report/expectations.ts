/**
 * What a drill expects and what its machines' owners ask for, held against what was achieved.
 *
 * @module
 */

import type { Recording } from "../run/recording.ts";
import type { Expectation, Range } from "../scenario/drill_scenario.ts";
import type {
  ExpectationRow,
  MachineReport,
  ObjectiveRow,
  Outage,
  Recovery,
  StepRow,
} from "./drill_report.ts";
import { counts } from "./machines.ts";
import { bytesText, countText, durationText, listText } from "./words.ts";

/** How far from `about` still counts, as a share of it. */
const ABOUT = 0.1;

/** Codes of failures that say: not in this state, not with these words, not for you. */
const REFUSALS: ReadonlySet<string> = new Set([
  "refused",
  "wrong-state",
  "bad-name",
  "bad-argument",
  "no-such-machine",
  "no-such-point",
  "no-such-disk",
  "point-broken",
  "exists",
  "busy",
  "unauthorized",
  "split-brain",
  "second-writer",
]);

/** What expectations are held against. */
export interface Achieved {
  readonly recording: Recording;
  readonly machines: readonly MachineReport[];
  readonly steps: readonly StepRow[];
}

/** Whether a value is within bounds. */
export function within(value: number, { min, max, about }: Range): boolean {
  if (min !== undefined && value < min) return false;
  if (max !== undefined && value > max) return false;
  return about === undefined || Math.abs(value - about) <= ABOUT * Math.abs(about);
}

function rangeText({ min, max, about }: Range, show: (value: number) => string): string {
  return listText([
    ...(min === undefined ? [] : [`at least ${show(min)}`]),
    ...(max === undefined ? [] : [`at most ${show(max)}`]),
    ...(about === undefined ? [] : [`about ${show(about)}`]),
  ]);
}

/** Every expectation, in the order of the file. */
export function expectationRows(of: Achieved): ExpectationRow[] {
  return of.recording.scenario.expect.flatMap((expectation) => rowsOf(expectation, of));
}

function rowsOf(expectation: Expectation, of: Achieved): ExpectationRow[] {
  switch (expectation.kind) {
    case "machine":
      return machineRows(expectation, of);
    case "invariants":
      return [invariantRow(expectation, of.recording)];
    case "converges":
      return [convergenceRow(expectation, of.recording)];
    case "step":
      return [stepRow(expectation, of.steps)];
  }
}

type Of<Kind extends Expectation["kind"]> = Extract<Expectation, { kind: Kind }>;

function machineRows(expectation: Of<"machine">, { machines }: Achieved): ExpectationRow[] {
  const { vm, line } = expectation;
  const machine = machines.find((one) => one.vm === vm);
  const rows: ExpectationRow[] = [];
  const measure = (
    name: string,
    range: Range | undefined,
    value: number | null | undefined,
    show: (value: number) => string,
    none: string,
  ) => {
    if (range === undefined) return;
    const known = value !== null && value !== undefined;
    const holds = known && within(value, range);
    const achieved = known ? show(value) : none;
    rows.push({ line, name: `${vm}: ${name}`, expected: rangeText(range, show), achieved, holds });
  };
  const gone = machine?.neverBack ? "it does not run at the end" : "it did not stop";
  measure("RPO", expectation.rpo, machine?.rpo, durationText, "there was no recovery");
  measure("RTO", expectation.rto, machine?.rto, durationText, gone);
  measure("writes missing", expectation.lostWrites, machine?.lostWrites, countText, "not known");
  measure("bytes missing", expectation.lostBytes, machine?.lostBytes, bytesText, "not known");
  measure("worst RPO", expectation.worstRpo, machine?.worstRpo, durationText, "never protected");
  if (expectation.runsAt !== undefined) {
    const [expected, achieved] = [expectation.runsAt, machine?.runsAt ?? ""];
    const show = (site: string) => site === "" ? "nowhere" : site;
    const holds = expected === achieved;
    const name = `${vm}: runs at the end`;
    rows.push({ line, name, expected: show(expected), achieved: show(achieved), holds });
  }
  return rows;
}

function invariantRow({ ids, line }: Of<"invariants">, { violation }: Recording): ExpectationRow {
  const holds = violation === undefined || (ids !== "all" && !ids.includes(violation.id));
  return {
    line,
    name: ids === "all" ? "every invariant" : `invariants ${listText(ids)}`,
    expected: "hold all the time",
    achieved: violation === undefined ? "held" : `${violation.id} did not: ${violation.message}`,
    holds,
  };
}

function convergenceRow({ cycles, line }: Of<"converges">, of: Recording): ExpectationRow {
  const late = Object.entries(of.converged ?? {}).filter(([, agrees]) => !agrees).map(([vm]) => vm);
  const achieved = of.converged === undefined
    ? "the run did not get so far"
    : late.length === 0
    ? "every machine did"
    : `${listText(late)} did not`;
  return {
    line,
    name: "convergence",
    expected: `within ${cycles} cycles from when everything had healed`,
    achieved,
    holds: of.converged !== undefined && late.length === 0,
  };
}

function stepRow({ step, outcome, line }: Of<"step">, steps: readonly StepRow[]): ExpectationRow {
  const row = steps.find(({ id }) => id === step);
  const failed = row?.result === "failed";
  const holds = outcome === "done" || outcome === "differs"
    ? row?.result === "done" && (outcome === "done" || row.code === outcome)
    : failed && (row.code === outcome || (outcome === "refused" && REFUSALS.has(row.code)));
  const why = [row?.code, row?.why].filter((text) => text).join(": ");
  const achieved = row === undefined ? "no such step" : `${row.result}${why && ` (${why})`}`;
  return { line, name: `step ${step}`, expected: outcome, achieved, holds };
}

/** Every objective that a machine has, against the worst that was achieved. */
export function objectiveRows(
  machines: readonly MachineReport[],
  recoveries: readonly Recovery[],
  outages: readonly Outage[],
): ObjectiveRow[] {
  return machines.flatMap(({ vm, rpoObjective, rtoObjective, worstRpo, bare, neverBack }) => {
    const rpos = recoveries.filter((one) => one.vm === vm && counts(one)).map(({ rpo }) => rpo);
    const stopped = outages.filter((one) => one.vm === vm);
    // What is moved or shut down on purpose has no recovery time, unless it is left lying.
    const unasked = stopped.filter(({ kind }) => kind === "incident" || kind === "left");
    const rtos = unasked.map(({ lasted }) => lasted.total);
    const never = neverBack && stopped.at(-1)?.kind !== "asked";
    return [
      ...(rpoObjective > 0
        ? [
          objective(vm, "rpo", rpoObjective, worstOf(rpos), false),
          // A disaster while no point is elsewhere costs more than any objective allows.
          objective(vm, "rpo-over-time", rpoObjective, worstRpo, bare > 0),
        ]
        : []),
      ...(rtoObjective > 0 ? [objective(vm, "rto", rtoObjective, worstOf(rtos), never)] : []),
    ];
  });
}

function worstOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function objective(
  vm: string,
  kind: ObjectiveRow["kind"],
  target: number,
  achieved: number | null,
  never: boolean,
): ObjectiveRow {
  const margin = achieved === null || never ? null : target - achieved;
  const breached = never || (margin !== null && margin < 0);
  const verdict = breached ? "breached" : margin === null ? "not-measured" : "met";
  return { vm, kind, target, achieved: never ? null : achieved, margin, verdict };
}
