/**
 * What administrators ask for, in good and in bad moments.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { ScenarioEvent, WorldSpec } from "../scenario.ts";
import { anyHost, SETUP } from "./choices.ts";
import { growth } from "./disks.ts";
import { firstCopies } from "./first_copies.ts";
import { rests } from "./rests.ts";

/** What administrators ask for, of each machine and of each server. */
export function operatorEvents(
  root: Prng,
  world: WorldSpec,
  active: number,
  events: ScenarioEvent[],
) {
  for (const [vm, machine] of world.machines.entries()) {
    const random = root.stream(`operator/${vm}`);
    const asks = random.pick([0, 0, 1, 4]);
    for (let index = 0; index < asks; index++) {
      events.push({ at: random.below(active), kind: "cycle", vm });
    }
    rests(root.stream(`rests/${vm}`), machine, vm, active, events);
    tests(root.stream(`tests/${vm}`), vm, active, events);
    if (random.below(3) === 0) illegalVerbs(random, vm, active, events);
    relationships(root.stream(`relationship/${vm}`), vm, active, events);
    pauses(root.stream(`pause-replication/${vm}`), vm, active, events);
    growth(root.stream(`grow/${vm}`), world, vm, active, events);
    changes(root.stream(`settings/${vm}`), vm, active, events);
    firstCopies(root.stream(`first-copy/${vm}`), vm, events);
    comparisons(root.stream(`comparisons/${vm}`), vm, active, events);
    exports(root.stream(`export/${vm}`), vm, active, events);
    if (random.below(3) > 0) continue;
    const rounds = random.between(1, 2);
    let at = random.between(Math.floor(active / 4), active);
    for (let round = 0; round < rounds && at < active; round++) {
      events.push({ at, kind: "failover", vm, back: random.flip() ? 0 : random.below(4) });
      at += random.between(200 * MILLISECOND, 4 * SECOND);
      const last = round === rounds - 1;
      const kind = last && random.below(3) === 0 ? "complete" : "cancel";
      events.push({ at, kind, vm });
      // What was refused or lost is asked for again.
      for (const again of [1, 3, 6]) events.push({ at: at + again * SECOND, kind, vm });
      if (kind === "complete") break;
      at += random.between(SECOND, 10 * SECOND);
    }
  }
  authorizations(root.stream("authorization"), active, events);
  limits(root.stream("limit"), active, events);
  const random = root.stream("operator");
  for (const host of ["a", "b"] as const) {
    if (random.below(4) > 0) continue;
    const at = random.below(active);
    events.push({ at, kind: "restart", host, down: random.below(2 * SECOND) });
  }
}

/** Points are exported while all else goes on. */
function exports(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(4) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    events.push({ at: random.between(SETUP, active), kind: "export", vm, back: random.below(4) });
  }
}

/** Tests of failovers; some stay until the end. */
function tests(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(3) > 0) return;
  for (let count = random.between(1, 4); count > 0; count--) {
    const at = random.between(SETUP, active);
    const writes = random.below(12);
    events.push({ at, kind: "test", vm, back: random.flip() ? 0 : random.below(4), writes });
    if (random.below(4) === 0) continue;
    const lasts = random.between(100 * MILLISECOND, 10 * SECOND);
    events.push({ at: at + lasts, kind: "test-delete", vm });
  }
}

/** Relationships that end and begin again, at either side. */
function relationships(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(6) === 0) {
    for (let count = random.between(1, 2); count > 0; count--) {
      const at = random.between(SETUP, active);
      events.push({ at, kind: "disable", vm, remove: random.below(3) === 0 });
    }
  }
  if (random.below(12) === 0) {
    events.push({ at: random.between(SETUP, active), kind: "forget", vm });
  }
}

/** Replication is paused on one side or both, and resumed; what was refused or lost is asked for again. */
function pauses(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(4) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const host = anyHost(random);
    const at = random.between(SETUP, active);
    const lasts = random.pick([10 * MILLISECOND, SECOND, 10 * SECOND]) + random.below(SECOND);
    events.push({ at, kind: "verb", host, vm, verb: "replication pause" });
    for (const again of [0, 1, 3]) {
      const when = at + lasts + again * SECOND;
      events.push({ at: when, kind: "verb", host, vm, verb: "replication resume" });
    }
  }
}

const COMPARISONS = [
  "replication resync start",
  "replication resync start",
  "replication resync pause",
  "replication resync continue",
  "replication resync cancel",
  "replication verify",
] as const;

/** Whole disks are compared when an administrator says so, in whatever state; and are held, and given up. */
function comparisons(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(3) > 0) return;
  for (let count = random.between(1, 4); count > 0; count--) {
    let at = random.between(SETUP, active);
    for (let verbs = random.between(1, 4); verbs > 0; verbs--) {
      events.push({ at, kind: "verb", host: "a", vm, verb: random.pick(COMPARISONS) });
      at += random.exponential(random.pick([5, 100, 1000]) * MILLISECOND);
    }
  }
}

/** Settings change while cycles run. */
function changes(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  if (random.below(4) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const change = random.pick([
      { frequency: random.pick([1, 2, 3, 5, 10]) * SECOND },
      { compression: random.flip() },
      { bandwidth: random.pick([0, 20_000, 200_000]) },
    ]);
    events.push({ at: random.between(SETUP, active), kind: "set", vm, change });
  }
}

/** The replica's server asks entries: its primary is let in, shut out in the middle of things, and let in again. */
function authorizations(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.below(5) > 0) return;
  const place = () => random.pick(["home", "one", "two"] as const);
  events.push({ at: 200 * MILLISECOND, kind: "authorize", allowed: true, place: place() });
  for (let count = random.below(4); count > 0; count--) {
    const at = random.between(SETUP, active);
    const lasts = random.pick([100 * MILLISECOND, 2 * SECOND, 10 * SECOND]);
    events.push({ at, kind: "authorize", allowed: false, place: "home" });
    events.push({ at: at + lasts, kind: "authorize", allowed: true, place: place() });
  }
}

/** What the primary's server may send changes now and then. */
function limits(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.below(6) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const bandwidth = random.pick([20_000, 100_000, 0]);
    events.push({ at: random.below(active), kind: "limit", bandwidth });
  }
}

const ILLEGAL = [
  "vm remove",
  "replication start",
  "failover cancel",
  "failover complete",
  "failover start",
  "replication enable",
  "replication disable",
  "replication pause",
  "replication resume",
] as const;

function illegalVerbs(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  const count = random.between(1, 3);
  for (let index = 0; index < count; index++) {
    const verb = random.pick(ILLEGAL);
    events.push({ at: random.below(active), kind: "verb", host: "a", vm, verb });
  }
}
