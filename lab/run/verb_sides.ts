/**
 * Which side of a machine each verb is for, where a script does not say whose server is asked.
 *
 * @module
 */

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

/** `a` for the side where the machine's guest is at home, `b` for the other; `failedOver`: it runs on a failover there. */
export function sideOf(verb: string, failedOver: boolean): "a" | "b" {
  if (verb === "failover cancel") return failedOver ? "b" : "a";
  return AT_REPLICA.has(verb) ? "b" : "a";
}
