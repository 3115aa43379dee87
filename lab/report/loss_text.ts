/**
 * What a machine goes on without, in words: how much, why, and whether it is kept.
 *
 * @module
 */

import type { DrillReport, Recovery } from "./drill_report.ts";
import { placeText } from "./faults.ts";
import { durationText, many } from "./words.ts";

/** A recovery to a point that lacked something, without a capital and a full stop. */
export function lossText(recovery: Recovery, { outages }: Pick<DrillReport, "outages">): string {
  const { vm, from, to, rpo, loss, newer, at, asked } = recovery;
  const { writes, fate, newest } = loss!;
  const incident = recovery.incident === null ? undefined : outages[recovery.incident];
  const [until, event] = incident === undefined
    ? [asked ?? 0, "the failover was asked for"]
    : [incident.began, incident.cause];
  const amount = `${durationText(rpo ?? 0)} of ${vm}, ${many(writes, "write")}`;
  // Where both sites write from a failover on, what the old one has is more with each second.
  const both = (newest ?? 0) > (at ?? 0);
  if (newer > 0) {
    const there = newer === 1 ? "a newer one was there" : `${newer} newer ones were there`;
    const kept = fate === "kept" ? [`what it lacks is kept at ${placeText(from)}`] : [];
    const clauses = [...cutClauses(recovery, until, event, "had been"), there, ...kept];
    return `you gave up ${amount}: the point that was chosen ${clausesText(clauses)}`;
  }
  if (fate === "kept") return keptText(recovery, both);
  if (incident === undefined && both) {
    return `both sites wrote ${vm} from the failover on: ${placeText(to)} lacks ` +
      `${many(writes, "write")} that ${placeText(from)} has, ${durationText(rpo ?? 0)} of work ` +
      "from before it and all since";
  }
  const which = incident === undefined ? `the last point at ${placeText(to)}` : "the last point";
  return `you lost ${amount}, because ${which} ` +
    clausesText(cutClauses(recovery, until, event, "was"));
}

/**
 * When the point was cut, and what else bounds the loss where that is another time than the loss: nobody may have written at
 * once behind the cut, and a machine that is off loses no work.
 */
function cutClauses(
  { vm, rpo, loss, pointCut }: Recovery,
  until: number,
  event: string,
  was: "was" | "had been",
): string[] {
  const cut = pointCut ?? until;
  const age = Math.max(0, until - cut);
  const first = loss?.oldest ?? cut;
  const off = Math.max(0, until - first - (rpo ?? 0));
  const clauses = [`${was} cut ${durationText(age)} before ${event}`];
  if (durationText(age) === durationText(rpo ?? 0)) return clauses;
  const tells = (part: number) => durationText(age - part) !== durationText(age);
  const later = Math.max(0, first - cut);
  if (tells(later)) clauses.push(`the first write that it lacks came ${durationText(later)} later`);
  if (tells(off)) clauses.push(`${vm} was off for ${durationText(off)} of that`);
  return clauses;
}

/** The site that gave way keeps what it alone had. */
function keptText({ vm, from, to, rpo, loss }: Recovery, both: boolean): string {
  const { writes } = loss!;
  const had = `${many(writes, "write")} that ${placeText(from)} alone had`;
  const work = rpo ? `, ${durationText(rpo)} of work` : "";
  const [they, are] = writes === 1 ? ["it", "is"] : ["they", "are"];
  if (both) {
    return `both sites had written ${vm}: ${placeText(to)} goes on, and ${had}` +
      `${work === "" ? "" : `${work},`} ${are} kept as a recovery point`;
  }
  return `${vm} goes on at ${placeText(to)} without ${had}${work}: ${they} ${are} kept at ` +
    `${placeText(from)} as a recovery point`;
}

/** Clauses of a sentence, the last one behind an `and`. */
function clausesText(clauses: readonly string[]): string {
  if (clauses.length === 1) return clauses[0]!;
  return `${clauses.slice(0, -1).join(", ")}, and ${clauses.at(-1)}`;
}
