/**
 * What a reader should know and do: rules over the numbers of a report.
 *
 * @module
 */

import type { Recording } from "../run/recording.ts";
import type {
  DrillReport,
  FaultWindow,
  Finding,
  MachineReport,
  ObjectiveRow,
} from "./drill_report.ts";
import { placeText } from "./faults.ts";
import { cameBack, leftFindings, neverBackFinding } from "./off_findings.ts";
import { brokenText } from "./sentence.ts";
import { durationText, instantText, many } from "./words.ts";

/** The part of a report that is there before its findings. */
export type Numbers = Omit<DrillReport, "findings" | "sentence" | "verdict">;

/** What a rule over one machine finds. */
type Rule = (machine: MachineReport, of: Numbers) => Finding | undefined;

function objectiveFindings(of: Numbers): Finding[] {
  return of.objectives.filter(({ verdict }) => verdict === "breached").flatMap((one): Finding[] => {
    const { vm, kind, target, achieved } = one;
    const { aboveObjective: above = 0, worstRpo = null } = of.machines.find((each) =>
      each.vm === vm
    ) ?? {};
    const verb = chosen(one, of) ? "gave up" : "lost";
    const sentence = {
      "rpo": `${vm} ${verb} ${durationText(achieved ?? 0)} of work; its objective is ${
        durationText(target)
      }.`,
      "rto": achieved === null
        ? `${vm} does not run at the end; its objective is ${durationText(target)}.`
        : `${vm} was gone for ${durationText(achieved)}; its objective is ${durationText(target)}.`,
      "rpo-over-time":
        `A disaster could have cost ${durationText(worstRpo ?? 0)} of ${vm}, whose ` +
        `objective is ${durationText(target)}; it was above that for ${
          durationText(above)
        } in all.`,
    }[kind];
    // That no point was left is a finding of its own.
    if (kind === "rpo-over-time" && above === 0) return [];
    return [{ severity: "major", sentence, action: remedyOf(one, of) }];
  });
}

/** What would help against this breach: that depends on what it came from. */
function remedyOf(one: ObjectiveRow, of: Numbers): string {
  if (one.kind === "rto") {
    if (!cameBack(one, of)) return "Name in the plan who has it run again, where, and until when.";
    return "Look at the split of its recovery time, and shorten the longest part of it.";
  }
  if (one.kind === "rpo" && chosen(one, of)) {
    return "Notice damage sooner: what is written behind it has to be given up, however often " +
      "points are made.";
  }
  const fault = one.kind === "rpo-over-time" ? faultBehind(one.vm, of) : undefined;
  if (fault !== undefined) {
    return `Have ${fault.fault} noticed and mended sooner, or another way around it, or agree on ` +
      "another objective.";
  }
  return "Replicate more often, over a faster link, or agree on another objective.";
}

/** An older point was taken on purpose where this much was given up. */
function chosen({ vm, kind, achieved }: ObjectiveRow, { recoveries }: Numbers): boolean {
  return kind === "rpo" &&
    recoveries.some((one) => one.vm === vm && one.newer > 0 && one.rpo === achieved);
}

/** The fault that was in force while the exposure of a machine grew to its worst. */
function faultBehind(vm: string, { machines, faults }: Numbers): FaultWindow | undefined {
  const { worstRpo = null, worstRpoAt = null } = machines.find((one) => one.vm === vm) ?? {};
  if (worstRpo === null || worstRpoAt === null) return undefined;
  return faults.findLast(({ began, ended }) =>
    began <= worstRpoAt && (ended ?? Infinity) >= worstRpoAt - worstRpo
  );
}

/** A step that was meant to fail is no finding. */
function stepFindings({ steps, expectations }: Numbers): Finding[] {
  const meant = new Set(
    expectations.filter(({ holds }) => holds).map(({ name }) => name),
  );
  return steps.filter(({ id, result }) => result !== "done" && !meant.has(`step ${id}`))
    .map(({ id, what, result, code, why }) => {
      const because = [code, why].filter((text) => text !== "").join(": ");
      const words = {
        "failed": "failed",
        "skipped": "was skipped",
        "unfinished": "was not over at the end",
        "not-reached": "was not executed",
      }[result as "failed"];
      return {
        severity: result === "failed" ? "major" : "minor",
        sentence: `Step ${id}, ${what}, ${words}${because && `: ${because}`}.`,
        action: result === "failed"
          ? "Do what its message says, then rehearse it again."
          : "Rehearse it again with time for it, or take it out of the plan.",
      } as const;
    });
}

const RULES: readonly Rule[] = [
  ({ vm, neverBack }, of) => neverBack ? neverBackFinding(vm, of) : undefined,
  ({ vm, pointsMade }) =>
    pointsMade === 0
      ? {
        severity: "critical",
        sentence: `${vm} never had a recovery point at the other side.`,
        action: "Let the first copy finish before anything goes wrong, or bring it on a medium.",
      }
      : undefined,
  ({ vm, critical }) =>
    critical > 0
      ? {
        severity: "minor",
        sentence: `The health of ${vm} was Critical for ${durationText(critical)}.`,
        action: "Check that somebody was told of it, and when.",
      }
      : undefined,
  ({ vm, cutsFailed }) =>
    cutsFailed > 0
      ? {
        severity: "minor",
        sentence: `${many(cutsFailed, "cut")} of ${vm} failed.`,
        action: "Look for the failure in the timeline, and at the room on its disks.",
      }
      : undefined,
  ({ vm, finalRpo, rpoObjective }) =>
    finalRpo !== null && rpoObjective > 0 && finalRpo > rpoObjective
      ? {
        severity: "major",
        sentence: `The replica of ${vm} is ${durationText(finalRpo)} behind at the end.`,
        action: "See that replication has caught up before the drill is called over.",
      }
      : undefined,
  ({ vm, runsAt, rpoObjective, finalRpo, pointsMade }) =>
    finalRpo === null && pointsMade > 0 && runsAt !== "" && rpoObjective > 0
      ? {
        severity: "major",
        sentence: `${vm} runs at ${
          placeText(runsAt)
        } at the end and has no recovery point at another site.`,
        action: "Reverse its replication, so that it survives the next disaster as well.",
      }
      : undefined,
  ({ vm, bare, rpoObjective }) =>
    bare > 0 && rpoObjective > 0
      ? {
        severity: "major",
        sentence: `For ${durationText(bare)} no recovery point of ${vm} was at another site: a ` +
          `disaster would have cost all of it, and ${durationText(rpoObjective)} is its objective.`,
        action: "Give it a replica again sooner: mend the other site, or reverse its replication.",
      }
      : undefined,
  ({ vm, runsAt }) =>
    runsAt.includes(" and ")
      ? {
        severity: "critical",
        sentence: `${vm} runs at ${
          runsAt.split(" and ").map(placeText).join(" and ")
        } at the end: both write.`,
        action: "Choose with `failover resolve --keep` which of them goes on.",
      }
      : undefined,
];

/** What a recovery used that nobody had looked at before: a point that was never compared. */
function unverified(of: Numbers, { notes }: Recording): Finding[] {
  return of.recoveries.filter(({ kind, point, at }) =>
    kind === "failover" && point !== "" &&
    !notes.some((note) => note.kind === "compared" && note.point === point && note.at <= at!)
  ).map(({ vm, point }) => ({
    severity: "note",
    sentence: `Nothing had been compared of the point ${point} of ${vm} before it was taken.`,
    action: "Run test failovers, so that points are known to be good before they are needed.",
  }));
}

function lossFindings({ recoveries }: Numbers): Finding[] {
  return recoveries.flatMap(({ vm, loss, state, kind }): Finding[] => {
    if (loss === null) {
      return ["failover", "planned"].includes(kind)
        ? [{
          severity: "major",
          sentence:
            `What the failover of ${vm} lost is not known: the cut of its point was not noted.`,
          action: "Run the drill again with fewer events, so that its recording holds all of them.",
        }]
        : [];
    }
    if (loss.fate === "kept") {
      return [{
        severity: "minor",
        sentence:
          `${many(loss.writes, "write")} of ${vm} ${
            loss.writes === 1 ? "is" : "are"
          } not in the machine that goes on, but ` +
          "kept as a recovery point.",
        action: "Look for what is missing there before retention is told to let it go.",
      }];
    }
    if (loss.discarded > 0) {
      return [{
        severity: "minor",
        sentence: `Going back ${state === "cancelled" ? "by cancelling" : "to the old branch"} ` +
          `gave up ${many(loss.discarded, "write")} that ${vm} had made since its failover.`,
        action: "Keep guests from writing on a failover until it is decided that it stays.",
      }];
    }
    return [];
  });
}

function runFindings(of: Numbers): Finding[] {
  const { violation, integrity, notesDropped, recoveries } = of;
  const found: Finding[] = [];
  if (violation !== null) {
    found.push({
      severity: "critical",
      sentence: `${brokenText(violation.id)} at ${instantText(violation.time)}: ` +
        `${violation.message}.`,
      action: "Report it with this file: seed and script make it happen again.",
    });
  }
  if (integrity.unequal > 0) {
    found.push({
      severity: "critical",
      sentence: `${integrity.unequal} of ${many(integrity.compared, "comparison")} found bytes ` +
        "that no guest had written there" +
        (integrity.explained ? ", behind a fault that had damaged some." : "."),
      action: "Trust no point from before the two sides were compared and found alike.",
    });
  }
  if (integrity.compared === 0 && recoveries.some(({ kind }) => kind === "failover")) {
    found.push({
      severity: "note",
      sentence: "No bytes were compared in this drill.",
      action: "Add a test failover to its script.",
    });
  }
  if (notesDropped > 0) {
    found.push({
      severity: "minor",
      sentence: `${many(notesDropped, "note")} of the run did not fit into its recording; ` +
        "numbers about points may be too small.",
      action: "Make the drill shorter, or its cycles longer.",
    });
  }
  return found;
}

/** What failed of what was expected. */
function expectationFindings({ expectations }: Numbers): Finding[] {
  return expectations.filter(({ holds }) => !holds).map(({ name, expected, achieved }) => ({
    severity: "major",
    sentence: `${name}: expected ${expected}; ${achieved}.`,
    action: "Compare the story of the drill with its timeline: one of them is wrong.",
  }));
}

const ORDER = ["critical", "major", "minor", "note"];

/** A scenario that was recorded with another engine may come to something else with this one. */
function foreign({ scenario, engineHash }: Recording): Finding[] {
  const { engineHash: recorded } = scenario;
  if (recorded === undefined || recorded === engineHash) return [];
  return [{
    severity: "major",
    sentence:
      `The scenario was recorded with engine ${recorded}, and this is ${engineHash}: what comes of it may differ.`,
    action: "Play it with the engine that it names, or take its engineHash out.",
  }];
}

/** Findings, the gravest first. */
export function findingsOf(of: Numbers, recording: Recording): Finding[] {
  const found = [
    ...runFindings(of),
    ...expectationFindings(of),
    ...of.machines.flatMap((machine) => RULES.flatMap((rule) => rule(machine, of) ?? [])),
    ...leftFindings(of),
    ...objectiveFindings(of),
    ...stepFindings(of),
    ...lossFindings(of),
    ...unverified(of, recording),
    ...foreign(recording),
  ];
  return found.sort((left, right) => ORDER.indexOf(left.severity) - ORDER.indexOf(right.severity));
}
