/**
 * The one plain sentence on top of a report: what was lost, and why.
 *
 * @module
 */

import type { MachineReport, Outage, Recovery } from "./drill_report.ts";
import { placeText } from "./faults.ts";
import type { Numbers } from "./findings.ts";
import { lossText } from "./loss_text.ts";
import { capital, countText, durationText, instantText, listText, many } from "./words.ts";

/** What there is to say of one machine; the graver it is, the higher its weight. */
interface Saying {
  readonly vm: string;
  readonly weight: number;
  readonly text: string;
  /** It was left lying for a while by a verb that had ended its guest. */
  readonly left?: boolean;
}

/** What came of a drill. */
export function sentenceOf(of: Numbers): string {
  if (of.violation !== null) {
    const { id, message } = of.violation;
    return `${brokenText(id)}, so trust no other number here: ${message}.`;
  }
  const sayings = of.machines.map((machine) => sayingOf(machine, of))
    .sort((left, right) => right.weight - left.weight);
  const first = sayings[0];
  if (first === undefined) return "No machine took part.";
  return `${opened(first)}.${othersText(first, sayings.slice(1))}${spoiledText(of)}`;
}

/** The name of a machine keeps its letters also where a sentence begins with it. */
function opened({ vm, text }: Saying): string {
  return text.startsWith(`${vm} `) ? `Machine ${text}` : capital(text);
}

/** What broke: an invariant by its number, or the engine itself. */
export function brokenText(id: string): string {
  return id === "engine-panic" ? "The engine stopped" : `Invariant ${id} did not hold`;
}

/** That bytes were not what guests had written: whoever had failed over then would have found them. */
function spoiledText({ integrity: { compared, unequal, firstUnequal, lastUnequal } }: Numbers) {
  if (unequal === 0) return "";
  const when = firstUnequal === lastUnequal
    ? `at ${instantText(firstUnequal ?? 0)}`
    : `from ${instantText(firstUnequal ?? 0)} to ${instantText(lastUnequal ?? 0)}`;
  return ` But ${countText(unequal)} of ${
    many(compared, "comparison")
  }, ${when}, found bytes that ` +
    "no guest had written there.";
}

/** Weights from which on something was lost, and from which on the machine does not run at the end. */
const LOST = 10;
const GONE = 1e14;

/** What is to be told of the machines behind the first, the gravest of each first. */
function othersText(first: Saying, others: readonly Saying[]): string {
  if (others.length === 0) return "";
  const gone = others.filter(({ weight }) => weight >= GONE);
  const lost = others.filter(({ weight }) => weight >= LOST && weight < GONE);
  const left = others.filter((one) => one.left === true && one.weight < LOST);
  if (gone.length + lost.length + left.length === 0) {
    return others.length === 1
      ? ` Machine ${others[0]!.vm} lost nothing.`
      : " The other machines lost nothing.";
  }
  const loses = first.weight >= LOST && first.weight < GONE;
  const deeds = [
    [gone, "never ran again either"],
    [lost, `lost work${loses ? " as well" : ""}`],
    [left, `${left.length === 1 ? "was" : "were"} off for a while`],
  ] as const;
  const told = deeds.filter(([these]) => these.length > 0).map(([these, deed], index) =>
    `${subjectText(these, index === 0)} ${deed}`
  );
  return ` ${capital(listText(told))}.`;
}

/** One machine by its name, and more of them by their number. */
function subjectText(these: readonly Saying[], isFirst: boolean): string {
  if (these.length === 1) return `machine ${these[0]!.vm}`;
  return `${these.length} ${isFirst ? "other machines" : "others"}`;
}

/** What there is to say of a machine, and for how long it was left lying. */
function sayingOf(machine: MachineReport, of: Numbers): Saying {
  const { vm } = machine;
  const recoveries = of.recoveries.filter((one) => one.vm === vm);
  const outages = of.outages.filter((one) => one.vm === vm);
  if (machine.neverBack) return neverBack(vm, outages, recoveries);
  const saying = cameOf(machine, recoveries, of);
  const left = outages.filter(({ kind, ended }) => kind === "left" && ended !== null);
  if (left.length === 0) return saying;
  const off = left.reduce((sum, { lasted }) => sum + (lasted.total ?? 0), 0);
  const verbs = [...new Set(left.map(verbOf))];
  const text = `${saying.text}; ${vm} was off for ${durationText(off)} after ${listText(verbs)}, ` +
    "until somebody started it";
  return { ...saying, weight: Math.max(saying.weight, 3), text, left: true };
}

function cameOf(machine: MachineReport, recoveries: readonly Recovery[], of: Numbers): Saying {
  const { vm } = machine;
  const outages = of.outages.filter((one) => one.vm === vm);
  const last = recoveries.at(-1);
  if (last === undefined) return nothingHappened(machine, outages);
  if (last.kind === "restart") return restarted(last, of.outages);
  if (last.loss?.fate === "undone") return undone(last, machine, outages);
  if (last.loss === null) {
    const text = `${vm} went on at ${placeText(last.to)}, ` +
      "and what that lost is not known: the recording lacks the cut of its point";
    return { vm, weight: LOST, text };
  }
  const worst = worstLoss(recoveries);
  return worst === undefined ? lossless(last, of) : lossy(worst, of);
}

/** A loss does not go away because the machine was moved without one later. */
function worstLoss(recoveries: readonly Recovery[]): Recovery | undefined {
  return recoveries.filter(({ loss }) => loss?.fate === "lost" || loss?.fate === "kept")
    .sort((left, right) => right.loss!.writes - left.loss!.writes)[0];
}

/** The verb, or the step, that stopped a guest. */
export function verbOf({ cause }: Outage): string {
  return cause.replace(/ was asked for$/, "");
}

function neverBack(
  vm: string,
  outages: readonly Outage[],
  recoveries: readonly Recovery[],
): Saying {
  const open = outages.findLast(({ ended }) => ended === null);
  const worst = worstLoss(recoveries);
  const lost = worst === undefined
    ? ""
    : `; before that, its failover had gone on without ${many(worst.loss!.writes, "write")}, ` +
      `${durationText(worst.rpo ?? 0)} of work`;
  if (open?.kind !== "incident") {
    return { vm, weight: GONE, text: `${stoppedText(vm, open)}${lost}` };
  }
  const tried = recoveries.some(({ kind }) => kind === "failover");
  const why = tried ? "no failover brought it back" : "nobody failed it over";
  return { vm, weight: 10 * GONE, text: `${vm} never ran again: ${open.cause}, and ${why}${lost}` };
}

/** That a machine is off at the end because of what somebody asked for. */
export function stoppedText(vm: string, open: Outage | undefined): string {
  if (open === undefined) return `${vm} does not run at the end`;
  return `${vm} does not run at the end: ${verbOf(open)} ended its guest at ` +
    `${instantText(open.began)}, and nobody started it again`;
}

function nothingHappened(machine: MachineReport, outages: readonly Outage[]): Saying {
  const { vm, worstRpo, rpoObjective, pointsMade } = machine;
  const down = outages.at(-1);
  if (down !== undefined && down.ended !== null) {
    const text = `nothing was lost: ${vm} was not moved, and was down for ` +
      durationText(down.ended - down.began);
    return { vm, weight: 1, text };
  }
  if (pointsMade === 0 || worstRpo === null) {
    return {
      vm,
      weight: 2,
      text: `${vm} was never protected: no point of it reached another site`,
    };
  }
  const breached = rpoObjective > 0 && (worstRpo > rpoObjective || machine.bare > 0);
  const against = breached ? `, and ${durationText(rpoObjective)} is what its owner allows` : "";
  const text =
    `nothing was lost: ${vm} ran all the time, though a disaster could have cost up to ` +
    `${durationText(worstRpo)} of it${nakedText(machine)}${against}`;
  return { vm, weight: breached ? 2 : 0, text };
}

/**
 * That there were times in which a disaster would have cost everything. Before its first point that is so of every machine: it is
 * told where it lasted longer than the owner allows.
 */
function nakedText({ beforeFirst, bare, rpoObjective, worstRpo }: MachineReport): string {
  const first = beforeFirst > (rpoObjective > 0 ? rpoObjective : worstRpo ?? 0)
    ? `in the first ${durationText(beforeFirst)}, before its first point was elsewhere`
    : "";
  const later = bare > 0 ? `for ${durationText(bare)} in which no point of it was elsewhere` : "";
  const times = [later, first].filter((text) => text !== "");
  return times.length === 0 ? "" : `, and all of it ${listText(times)}`;
}

function restarted({ vm, to, incident }: Recovery, outages: readonly Outage[]): Saying {
  const outage = incident === null ? undefined : outages[incident];
  const after = outage?.lasted.total ?? 0;
  const text =
    `nothing that was flushed was lost: ${
      outage?.cause ?? "its guest stopped"
    }, and ${vm} ran again at ` +
    `${placeText(to)} on its own disks ${durationText(after)} later`;
  return { vm, weight: 1, text };
}

function undone(
  { kind, loss, from, to, state }: Recovery,
  { vm, runsAt }: MachineReport,
  outages: readonly Outage[],
): Saying {
  const down = outages.at(-1);
  const given = loss!.discarded > 0
    ? `, and ${many(loss!.discarded, "write")} made at ${placeText(to)} since then ${
      loss!.discarded === 1 ? "is" : "are"
    } given up`
    : "";
  if (state !== "cancelled") {
    const text = `both sites had written ${vm}: ${placeText(from)} goes on with all of its own` +
      `${given}`;
    return { vm, weight: loss!.discarded > 0 ? LOST : 1, text };
  }
  const move = kind === "planned" ? "the planned move" : "the failover";
  const gone = down?.ended ? `, after ${durationText(down.ended - down.began)} of standstill` : "";
  const runs = runsAt === "" ? "it runs nowhere" : `it runs at ${placeText(runsAt)}`;
  const text = `nothing was lost: ${move} of ${vm} to ${placeText(to)} was cancelled, and ${runs}` +
    `${gone}${given}`;
  return { vm, weight: loss!.discarded > 0 ? LOST : 1, text };
}

/** How long it was gone, told behind a comma. */
function goneText({ vm, at, asked }: Recovery, { outages }: Numbers): string {
  const outage = outages.findLast((one) =>
    one.vm === vm && one.ended !== null && one.began <= (at ?? 0) && one.ended >= (asked ?? 0)
  );
  return outage?.ended ? `, and it was down for ${durationText(outage.ended - outage.began)}` : "";
}

function lossless(recovery: Recovery, of: Numbers): Saying {
  const { vm, kind, to } = recovery;
  const moves = of.recoveries.filter((one) => one.vm === vm && one.kind === "planned");
  if (kind === "planned" && moves.length > 1) {
    const down = of.outages.filter((one) => one.vm === vm && one.kind === "planned")
      .reduce((sum, { lasted }) => sum + (lasted.total ?? 0), 0);
    const often = moves.length === 2 ? "twice" : `${moves.length} times`;
    const text = `nothing was lost: ${vm} moved ${often}, in the end to ` +
      `${placeText(to)}, with every acknowledged write, and was down for ${
        durationText(down)
      } in all`;
    return { vm, weight: 1, text };
  }
  const how = kind === "planned"
    ? `${vm} moved to ${placeText(to)} with every acknowledged write`
    : `the point with which ${vm} went on at ${placeText(to)} held every acknowledged write`;
  return { vm, weight: 1, text: `nothing was lost: ${how}${goneText(recovery, of)}` };
}

function lossy(recovery: Recovery, of: Numbers): Saying {
  const { vm, loss, newer } = recovery;
  const { writes, fate } = loss!;
  // What somebody gave up on purpose is away from the machine, also where it is kept.
  const weight = fate === "kept" && newer === 0 ? LOST : LOST + writes;
  return { vm, weight, text: lossText(recovery, of) };
}
