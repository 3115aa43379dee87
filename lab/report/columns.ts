/**
 * The columns of the tables that a report has in every form that people read: what each is called, and its cells as text.
 *
 * @module
 */

import type {
  DrillReport,
  Failback,
  FaultWindow,
  MachineReport,
  ObjectiveRow,
  Outage,
  Recovery,
  StepRow,
  TimelineEntry,
} from "./drill_report.ts";
import { placeText } from "./faults.ts";
import { bytesText, countText, durationText, instantText, shareText } from "./words.ts";

/** A column: its heading, what each cell says, and how it is set. */
export type TextColumn<Row> = readonly [
  heading: string,
  cell: (row: Row) => string,
  kind?: "number" | "short",
];

/** What was achieved of an objective. */
export function achievedText({ kind, achieved, verdict }: ObjectiveRow): string {
  if (achieved !== null || verdict !== "breached") return duration(achieved);
  return kind === "rpo-over-time" ? "all of it" : "never";
}

/** A duration, or a dash. */
export const duration = (value: number | null) => value === null ? "–" : durationText(value);
/** An instant, or a dash. */
export const instant = (value: number | null) => value === null ? "–" : instantText(value);
const bytes = (value: number | null) => value === null ? "–" : bytesText(value);

/** What objectives are called. */
export const OBJECTIVES = {
  "rpo": "RPO",
  "rpo-over-time": "RPO, worst ever",
  "rto": "RTO",
} as const;

/** What came of an objective. */
export const OBJECTIVE_VERDICTS = {
  "met": "met",
  "breached": "breached",
  "not-measured": "not put to the test",
} as const;

/** What came of a step. */
export const RESULTS: Readonly<Record<StepRow["result"], string>> = {
  "done": "done",
  "failed": "failed",
  "skipped": "skipped",
  "unfinished": "not over at the end",
  "not-reached": "not executed",
};

const FATES = {
  none: "nothing is missing",
  lost: "lost",
  kept: "kept as a recovery point",
  undone: "undone",
} as const;

function wayText({ kind, from, to, state }: Recovery): string {
  const way = { planned: "planned move", failover: "failover", restart: "restart", none: "none" };
  const end = state === "cancelled" ? ", cancelled" : "";
  const road = from === to || to === "" ? placeText(from) : `${placeText(from)} → ${placeText(to)}`;
  return `${way[kind]}${end}, ${road}`;
}

/** What each recovery went on with, and what that lacked. */
export const LOSS: readonly TextColumn<Recovery>[] = [
  ["Machine", ({ vm }) => vm],
  ["Recovery", wayText],
  ["At", ({ at }) => instant(at), "number"],
  ["Point cut", ({ pointCut }) => instant(pointCut), "number"],
  ["RPO", ({ rpo }) => duration(rpo), "number"],
  ["Writes missing", ({ loss }) => loss === null ? "–" : countText(loss.writes), "number"],
  ["Bytes missing", ({ loss }) => bytes(loss?.bytes ?? null), "number"],
  ["Oldest missing", ({ loss }) => instant(loss?.oldest ?? null), "number"],
  ["Last recovered", ({ loss }) => instant(loss?.lastRecovered ?? null), "number"],
  ["Fate", ({ loss }) => loss === null ? "–" : FATES[loss.fate]],
];

const KINDS = {
  incident: "incident",
  planned: "planned",
  asked: "on purpose",
  left: "nobody started it",
} as const;

function untilText({ ended, kind }: Outage): string {
  if (ended !== null) return instantText(ended);
  return kind === "incident" || kind === "left" ? "never" : "–";
}

/** When guests did not run, and how long each part of it took. */
export const OUTAGES: readonly TextColumn<Outage>[] = [
  ["Machine", ({ vm }) => vm],
  ["Kind", ({ kind }) => KINDS[kind]],
  ["Why", ({ cause }) => cause],
  ["From", ({ began }) => instantText(began), "number"],
  ["Until", untilText, "number"],
  ["Detection", ({ lasted }) => duration(lasted.detection), "number"],
  ["Decision", ({ lasted }) => duration(lasted.decision), "number"],
  ["Recovery", ({ lasted }) => duration(lasted.recovery), "number"],
  ["In all", ({ lasted }) => duration(lasted.total), "number"],
  ["Ran again at", ({ runsAt }) => runsAt === "" ? "–" : placeText(runsAt)],
];

/** What happened, in order. */
export const TIMELINE: readonly TextColumn<TimelineEntry>[] = [
  ["At", ({ at }) => instantText(at), "short"],
  ["Who", ({ who }) => who, "short"],
  ["What", ({ what }) => what],
];

/** Faults with their windows; each in the words of its step. */
export function faultColumns({ steps }: DrillReport): readonly TextColumn<FaultWindow>[] {
  const said = new Map(steps.map(({ id, what }) => [id, what]));
  return [
    ["Fault", ({ fault, on, step }) => said.get(step) ?? `${fault} on ${on}`],
    ["From", ({ began }) => instantText(began), "number"],
    ["Until", ({ ended }) => ended === null ? "the end" : instantText(ended), "number"],
    ["Lasted", ({ began, ended }) => ended === null ? "–" : durationText(ended - began), "number"],
    ["Step", ({ step }) => step, "short"],
  ];
}

/** What guests wrote, and the points that were made of it. */
export const WRITTEN: readonly TextColumn<MachineReport>[] = [
  ["Machine", ({ vm }) => vm],
  ["Writes", ({ writes }) => countText(writes), "number"],
  ["Written", ({ bytesWritten }) => bytesText(bytesWritten), "number"],
  ["Largest backlog", ({ worstBacklog }) => bytesText(worstBacklog), "number"],
  ["Points", ({ pointsMade }) => countText(pointsMade), "number"],
  ["Dropped", ({ pointsDropped }) => countText(pointsDropped), "number"],
  ["Cuts failed", ({ cutsFailed }) => countText(cutsFailed), "number"],
  ["Warning for", ({ warning }) => duration(warning), "number"],
  ["Critical for", ({ critical }) => duration(critical), "number"],
];

/** What travelled. */
export const SENT: readonly TextColumn<MachineReport>[] = [
  ["Machine", ({ vm }) => vm],
  ["Marked for a point, median", ({ pointBytes }) => bytes(pointBytes.median), "number"],
  ["Most", ({ pointBytes }) => bytes(pointBytes.most), "number"],
  ["Cycle, median", ({ cycle }) => duration(cycle.median), "number"],
  ["Longest", ({ cycle }) => duration(cycle.most), "number"],
  ["Sent", ({ sentBytes }) => bytesText(sentBytes), "number"],
  [
    "On the wire",
    ({ sentBytes, wireBytes }) =>
      `${bytesText(wireBytes)}${sentBytes > 0 ? ` (${shareText(wireBytes / sentBytes)})` : ""}`,
    "number",
  ],
];

/** The way back. */
export const FAILBACK: readonly TextColumn<Failback>[] = [
  ["Machine", ({ vm }) => vm],
  ["To", ({ to }) => placeText(to)],
  ["Reversed", ({ reversed }) => instantText(reversed), "number"],
  [
    "Protected again",
    ({ protectedAt, reversed }) =>
      protectedAt === null ? "not in this drill" : `${durationText(protectedAt - reversed)} later`,
  ],
  ["Shipped", ({ sentBytes }) => bytesText(sentBytes), "number"],
  ["Full copy", ({ fullCopy }) => bytesText(fullCopy), "number"],
  [
    "Share",
    ({ sentBytes, fullCopy }) => fullCopy > 0 ? shareText(sentBytes / fullCopy) : "–",
    "number",
  ],
];

const COMPARISONS: Readonly<Record<string, string>> = {
  staged: "point when it was staged",
  again: "point once more",
  failover: "machine when it was failed over",
  completed: "machine when its failover was completed",
  test: "machine of a test failover",
  exported: "exported point",
  moved: "machine when it had moved",
};

/** What was compared. */
export function comparisonText(why: string): string {
  return COMPARISONS[why] ?? why;
}

/** What a table says that would have no rows. */
export const EMPTY = {
  objectives: "No machine has an objective.",
  expectations: "The drill expects nothing in particular.",
  findings: "Nothing was found.",
  loss: "No machine had to be recovered, and none was moved.",
  outages: "Every guest ran all the time.",
  timeline: "Nothing happened.",
  steps: "The script has no steps.",
  notExecuted: "None: every step of the script was executed.",
  faults: "No fault was injected.",
  failbacks: "No machine was reversed.",
} as const;
