/**
 * Which side of a machine each verb is for, where a script does not say whose server is asked.
 *
 * @module
 */

import type { HostName } from "../../engine/sim/scenario/scenario.ts";
import type { VerbStep } from "../scenario/drill_scenario.ts";

/** Verbs for the server where the replica is; all others are for the primary's. */
const AT_REPLICA: ReadonlySet<string> = new Set([
  "failover start",
  "failover complete",
  "failover reverse",
  "failover test",
  "points list",
  "points show",
  "points export",
  "replication import",
]);

/**
 * `a` for the side where the machine's guest is at home, `b` for the other: the one that the step says, else that which its verb
 * is for; `failedOver`: the machine runs on a failover there.
 */
export function sideOf(
  { verb, side }: Pick<VerbStep, "verb" | "side">,
  failedOver: boolean,
): HostName {
  if (side !== undefined) return side === "primary" ? "a" : "b";
  if (verb === "failover cancel") return failedOver ? "b" : "a";
  return AT_REPLICA.has(verb) ? "b" : "a";
}
