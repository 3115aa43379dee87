/**
 * What a drill report is: every number in it, with its unit, as one definition from which the type and the published schema
 * are made.
 *
 * Units: times and durations in µs of world time, sizes in bytes as they are meant, shares in parts of one. `null` stands for
 * what was not measured or never happened; the description of each says which.
 *
 * Rule: plain data. Whoever makes a report takes the types alone, so that a page need not carry the checker.
 *
 * @module
 */

import { z } from "zod";

/** The version of the format: raised when something is taken away or means something else. */
export const REPORT_VERSION = 1;

const time = z.number().meta({ description: "µs of world time" });
const duration = z.number().meta({ description: "µs" });
const bytes = z.number().meta({ description: "Bytes as they are meant, not of the scale model" });
const count = z.int().nonnegative();

const loss = z.strictObject({
  writes: count.meta({ description: "Acknowledged writes of the old branch that the point lacks" }),
  bytes,
  oldest: time.nullable().meta({ description: "When the oldest of them was acknowledged" }),
  newest: time.nullable().meta({ description: "When the newest of them was acknowledged" }),
  recovered: count.meta({
    description: "Acknowledged writes of the old branch that the point has",
  }),
  lastRecovered: time.nullable().meta({ description: "When the newest of those was acknowledged" }),
  fate: z.enum(["none", "lost", "kept", "undone"]).meta({
    description:
      "kept: the old branch stays as a recovery point; undone: the machine went back to it",
  }),
  discarded: count.meta({
    description: "Writes of the new branch that were given up by going back",
  }),
});

const clock = z.strictObject({
  total: duration.nullable().meta({ description: "Null: the guest never ran again" }),
  detection: duration.nullable(),
  decision: duration.nullable(),
  recovery: duration.nullable().meta({
    description: "Null where somebody had asked for it: that is a downtime and no recovery",
  }),
});

const outage = z.strictObject({
  vm: z.string(),
  site: z.string().meta({ description: "Where the guest stopped" }),
  kind: z.enum(["incident", "planned", "asked", "left"]).meta({
    description:
      "incident: nobody asked for it; planned: for a move; asked: a script stopped it, " +
      "or a verb for a moment; left: a verb ended the guest, and nobody started it again for a while",
  }),
  cause: z.string().meta({ description: "In words, as `Amsterdam burned`" }),
  began: time,
  ended: time.nullable().meta({ description: "Null: it lasted to the end, or became an incident" }),
  runsAt: z.string().meta({ description: "Where the guest ran again; empty for nowhere" }),
  lasted: clock,
});

const recovery = z.strictObject({
  vm: z.string(),
  kind: z.enum(["failover", "planned", "restart", "none"]).meta({
    description: "restart: the guest ran again on what it had; none: it never ran again",
  }),
  from: z.string(),
  to: z.string(),
  asked: time.nullable(),
  at: time.nullable().meta({ description: "When the failover was started, or the machine moved" }),
  point: z.string(),
  pointCut: time.nullable().meta({
    description: "When the point was cut; null if nobody noted it",
  }),
  newer: count.meta({ description: "Newer points that could have been taken instead" }),
  incident: z.int().nullable().meta({ description: "Which of `outages`; null without one" }),
  state: z.enum(["started", "cancelled", "completed", "moved", "none"]),
  rpo: duration.nullable(),
  loss: loss.nullable().meta({ description: "Null where the contents of the point are not known" }),
});

const distribution = z.strictObject({
  count,
  least: z.number().nullable(),
  median: z.number().nullable(),
  mean: z.number().nullable(),
  most: z.number().nullable(),
});

const rpoPoint = z.tuple([time, duration.nullable()]).meta({
  description: "Instant and RPO; null while no point is at the other side",
});

const machine = z.strictObject({
  vm: z.string(),
  rpoObjective: duration.meta({ description: "0: none" }),
  rtoObjective: duration.meta({ description: "0: none" }),
  writes: count,
  bytesWritten: bytes,
  runsAt: z.string().meta({ description: "Where the guest runs at the end; empty for nowhere" }),
  rpo: duration.nullable().meta({ description: "Achieved by the last recovery that counts" }),
  rto: duration.nullable().meta({
    description: "Of the last incident or planned downtime that ended",
  }),
  neverBack: z.boolean().meta({ description: "It does not run at the end, whatever stopped it" }),
  lostWrites: count,
  lostBytes: bytes,
  worstRpo: duration.nullable(),
  worstRpoAt: time.nullable(),
  aboveObjective: duration.meta({ description: "How long its RPO was above the objective" }),
  unprotected: duration.meta({ description: "How long no point was at the other side" }),
  beforeFirst: duration.meta({ description: "Of that, before its first point was there" }),
  bare: duration.meta({
    description: "Of that, what nobody had planned: a disaster would have cost all of the machine",
  }),
  worstBacklog: bytes,
  finalRpo: duration.nullable(),
  rpoSeries: z.array(rpoPoint),
  backlogSeries: z.array(z.tuple([time, bytes])),
  pointsMade: count,
  pointsDropped: count,
  cutsFailed: count,
  cycle: distribution.meta({ description: "From the cut of a point until it was staged, µs" }),
  pointBytes: distribution.meta({
    description:
      "Bytes that the cut of a point had marked: changed, or suspected after a loss of power",
  }),
  sentBytes: bytes,
  wireBytes: bytes,
  critical: duration.meta({ description: "How long a site called its health Critical" }),
  warning: duration.meta({ description: "How long a site called its health Warning" }),
});

const step = z.strictObject({
  id: z.string(),
  line: z.int(),
  what: z.string(),
  planned: z.string().meta({ description: "As the script says it" }),
  plannedAt: time.nullable().meta({ description: "Null where it depends on an occurrence" }),
  began: time.nullable(),
  ended: time.nullable(),
  result: z.enum(["done", "failed", "skipped", "unfinished", "not-reached"]),
  code: z.string(),
  why: z.string(),
});

const timelineEntry = z.strictObject({
  at: time,
  who: z.string().meta({ description: "A step, a site, a machine, or the drill" }),
  what: z.string(),
});

const fault = z.strictObject({
  fault: z.string(),
  on: z.string(),
  step: z.string(),
  began: time,
  ended: time.nullable().meta({ description: "Null: it lasted to the end" }),
});

const failback = z.strictObject({
  vm: z.string(),
  to: z.string(),
  reversed: time,
  protectedAt: time.nullable().meta({ description: "When the first point was staged there" }),
  sentBytes: bytes,
  wireBytes: bytes,
  fullCopy: bytes.meta({ description: "Bytes of all disks of the machine" }),
});

const finding = z.strictObject({
  severity: z.enum(["critical", "major", "minor", "note"]),
  sentence: z.string(),
  action: z.string(),
});

const expectation = z.strictObject({
  line: z.int(),
  name: z.string(),
  expected: z.string(),
  achieved: z.string(),
  holds: z.boolean(),
});

const objective = z.strictObject({
  vm: z.string(),
  kind: z.enum(["rpo", "rto", "rpo-over-time"]),
  target: duration,
  achieved: duration.nullable().meta({
    description:
      "Null: not measured; where it is breached, it never ran again, or no point was left",
  }),
  margin: duration.nullable().meta({ description: "Target less achieved; negative when breached" }),
  verdict: z.enum(["met", "breached", "not-measured"]),
});

const violation = z.strictObject({ id: z.string(), message: z.string(), time });

/** The definition: what a report holds, checked without leaving anything unsaid. */
export const drillReportSchema = z.strictObject({
  format: z.literal("warmsite-drill-report"),
  version: z.literal(REPORT_VERSION),
  name: z.string(),
  title: z.string(),
  story: z.string(),
  sites: z.array(z.string()),
  seed: z.int().nonnegative(),
  engineHash: z.string(),
  traceHash: z.string(),
  events: count,
  scriptEnded: time,
  ended: time.meta({
    description:
      "When the script was over, or the run broke; what comes behind is no part of the drill",
  }),
  scale: z.int().positive(),
  scaleNote: z.string().meta({ description: "What the scale means for the numbers; empty at 1" }),
  sentence: z.string().meta({ description: "What came of it, for whoever reads one line" }),
  verdict: z.enum(["passed", "passed-with-conditions", "failed"]),
  objectives: z.array(objective),
  expectations: z.array(expectation),
  findings: z.array(finding),
  machines: z.array(machine),
  outages: z.array(outage),
  recoveries: z.array(recovery),
  steps: z.array(step),
  timeline: z.array(timelineEntry).meta({ description: "The first thousand things that happened" }),
  faults: z.array(fault),
  failbacks: z.array(failback),
  integrity: z.strictObject({
    compared: count,
    unequal: count,
    firstUnequal: time.nullable().meta({ description: "When the first unequal one was made" }),
    lastUnequal: time.nullable().meta({ description: "When the last unequal one was made" }),
    explained: z.boolean().meta({
      description:
        "A fault had damaged bytes before the first unequal one, and no machine was started on such bytes",
    }),
    bytes,
    kinds: z.array(z.strictObject({ why: z.string(), compared: count, unequal: count })),
  }),
  linkSeries: z.array(z.tuple([time, z.number()])).meta({
    description: "From each instant on, bytes on the wire a second",
  }),
  violation: violation.nullable(),
  notesDropped: count.meta({ description: "Notes that the recording had no room for" }),
});

/** Where a report comes from; empty text for what its maker does not know. */
const provenance = z.strictObject({
  first: z.string().meta({ description: "What has to be done before that; empty for nothing" }),
  command: z.string().meta({ description: "Runs the same drill again" }),
  link: z.string().meta({ description: "Opens the same drill in a browser" }),
  scenario: z.string().meta({ description: "The scenario, as it was written" }),
  scenarioHash: z.string().meta({ description: "Of the canonical text of the scenario" }),
  program: z.string().meta({ description: "Name and version of what made it" }),
  made: z.string().meta({ description: "Date and time at which it was made" }),
});

/** A report as it is written to a file, with where it comes from. */
export const reportFileSchema = drillReportSchema.extend({ provenance });

/** Where a report comes from. */
export type Provenance = z.infer<typeof provenance>;
/** A drill report. */
export type DrillReport = z.infer<typeof drillReportSchema>;
/** One machine in it. */
export type MachineReport = DrillReport["machines"][number];
/** A time in which a machine's guest did not run. */
export type Outage = DrillReport["outages"][number];
/** How a machine came back, or moved. */
export type Recovery = DrillReport["recoveries"][number];
/** What a failover left behind. */
export type Loss = z.infer<typeof loss>;
/** A step of the script, and what became of it. */
export type StepRow = DrillReport["steps"][number];
/** Something that happened. */
export type TimelineEntry = DrillReport["timeline"][number];
/** A fault with its window. */
export type FaultWindow = DrillReport["faults"][number];
/** Something that a reader should know, and what to do about it. */
export type Finding = DrillReport["findings"][number];
/** An expectation, held against what came of it. */
export type ExpectationRow = DrillReport["expectations"][number];
/** An objective, held against what was achieved. */
export type ObjectiveRow = DrillReport["objectives"][number];
/** The way back after a failover. */
export type Failback = DrillReport["failbacks"][number];
/** Least, median, mean and most of some numbers. */
export type Distribution = z.infer<typeof distribution>;
