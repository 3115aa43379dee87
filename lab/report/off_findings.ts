/**
 * What a reader should know of machines that are off: at the end, or for a while that nobody had planned.
 *
 * @module
 */

import type { Finding, ObjectiveRow } from "./drill_report.ts";
import type { Numbers } from "./findings.ts";
import { stoppedText, verbOf } from "./sentence.ts";
import { durationText, instantText } from "./words.ts";

/** A machine that does not run at the end: its incident never ended, or somebody stopped it and nobody started it again. */
export function neverBackFinding(vm: string, { outages, expectations }: Numbers): Finding {
  const open = outages.findLast((one) => one.vm === vm && one.ended === null);
  if (open?.kind === "incident") {
    return {
      severity: "critical",
      sentence: `${vm} never ran again.`,
      action: "Have somebody fail it over; a plan that names nobody recovers nothing.",
    };
  }
  const meant = expectations.some(({ name, expected, holds }) =>
    holds && name === `${vm}: runs at the end` && expected === "nowhere"
  );
  return {
    severity: meant ? "note" : open?.kind === "asked" ? "major" : "critical",
    sentence: `${stoppedText(vm, open)}.`,
    action: meant
      ? "Nothing: the drill expects it."
      : "Put into the plan who starts its guest, and where; or have the drill expect that it runs nowhere.",
  };
}

/** Guests that a verb had ended and that nobody started for a while: such a time was in nobody's plan. */
export function leftFindings({ outages }: Numbers): Finding[] {
  return outages.filter(({ kind, ended }) => kind === "left" && ended !== null).map((one) => ({
    severity: "major",
    sentence: `${one.vm} was off for ${durationText(one.lasted.total ?? 0)} from ` +
      `${instantText(one.began)} on: ${verbOf(one)} had ended its guest, and nobody started it.`,
    action: "Put the start of its guest into the plan, right behind that verb.",
  }));
}

/** Its longest recovery was one: a machine that was left off, or is off still, has no parts of a recovery time. */
export function cameBack({ vm, achieved }: ObjectiveRow, { outages }: Numbers): boolean {
  return outages.some((one) =>
    one.vm === vm && one.kind === "incident" && one.lasted.total === achieved && achieved !== null
  );
}
