/**
 * Machines that change sides, and what a run does not have in which they do.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { HostName, RoleAction, ScenarioEvent, WorldSpec } from "../scenario.ts";
import { SETUP } from "./choices.ts";

/**
 * What a run does not have in which machines change sides. Rot is of the files at `b`, which are a primary's once a machine has
 * moved there, and for a primary nobody promises anything then. A site that burns and a stale primary know of `a` as the primary
 * and `b` as the replica alone.
 */
const NOT_WITH_ROLES: ReadonlySet<string> = new Set([
  "rot",
  "rot-open",
  "destroy",
  "stale",
]);

/**
 * What is asked of a machine that changes sides, besides that. Ends of relationships, removals and other failovers than those
 * below are not: each of them decides as well where the machine is.
 */
const WITH_ROLES: ReadonlySet<string> = new Set([
  "write",
  "zero",
  "read",
  "flush",
  "reconnect",
  "cycle",
  "rest",
  "freeze",
  "test",
  "test-delete",
  "export",
  "set",
  "grow",
  "old-state",
  "touch",
  "lose-log",
  "outside",
]);

/** Verbs that it is asked for at either side, as far as they leave roles and relationships as they are. */
const VERBS_WITH_ROLES: ReadonlySet<string> = new Set([
  "replication pause",
  "replication resume",
  "replication resync start",
  "replication resync pause",
  "replication resync continue",
  "replication resync cancel",
  "replication verify",
]);

/** In some runs machines change sides, there and back. */
export function roleEvents(
  root: Prng,
  world: WorldSpec,
  active: number,
  events: ScenarioEvent[],
): void {
  for (const vm of world.machines.keys()) {
    const random = root.stream(`roles/${vm}`);
    if (random.below(8) > 0) continue;
    const kept = events.filter((event) =>
      !NOT_WITH_ROLES.has(event.kind) &&
      (!("vm" in event) || event.vm !== vm || passes(event))
    );
    events.splice(0, events.length, ...kept);
    onEitherSide(root.stream(`roles-storage/${vm}`), events);
    let at = random.between(SETUP + SECOND, Math.max(SETUP + 2 * SECOND, Math.floor(active / 2)));
    let to: HostName = "b";
    for (let rounds = random.between(1, 4); rounds > 0 && at < active; rounds--) {
      at = changeSides(random, vm, to, at, events);
      to = to === "a" ? "b" : "a";
      at += random.between(SECOND, 10 * SECOND);
    }
  }
}

/** Storage fails where the machine goes as well as where it came from. */
function onEitherSide(random: Prng, events: ScenarioEvent[]): void {
  for (const [index, event] of events.entries()) {
    const moves = event.kind === "latent" ||
      ((event.kind === "io" || event.kind === "full") && event.place !== "data");
    if (moves && random.flip()) events[index] = { ...event, host: event.host === "a" ? "b" : "a" };
  }
}

/** True for what a machine is asked for that changes sides. */
function passes(event: ScenarioEvent): boolean {
  if (event.kind === "verb") return VERBS_WITH_ROLES.has(event.verb);
  return WITH_ROLES.has(event.kind);
}

/** One way to the other side, or half of it and back; returns when it should be over. */
function changeSides(
  random: Prng,
  vm: number,
  to: HostName,
  at: number,
  events: ScenarioEvent[],
): number {
  const later = at + random.between(200 * MILLISECOND, 4 * SECOND);
  // What was refused or lost is asked for again.
  const insist = (what: RoleAction["what"], from: number) => {
    for (const again of [0, 1, 3, 6]) {
      events.push({ at: from + again * SECOND, kind: "role", vm, what, to });
    }
  };
  switch (random.below(6)) {
    case 0:
    case 1:
      insist("planned", at);
      return at + SECOND;
    case 2:
      events.push({ at, kind: "role", vm, what: "prepare", to });
      insist(random.flip() ? "cancel" : "force", later);
      insist("planned", later + 7 * SECOND);
      return later + 8 * SECOND;
    case 3:
      events.push({ at, kind: "role", vm, what: "prepare", to });
      events.push({ at: later, kind: "failover", vm, back: 0 });
      insist("reverse", later + random.between(SECOND, 3 * SECOND));
      return later + 3 * SECOND;
    default:
      events.push({ at, kind: "failover", vm, back: random.flip() ? 0 : random.below(4) });
      insist("reverse", later);
      return later + SECOND;
  }
}
