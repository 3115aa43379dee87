/**
 * The generator: a seed becomes a scenario.
 *
 * Rule: everything is drawn here, from streams named for what they decide; each kind of fault is in the
 * game in about half of all runs (swarm), for a world in which all goes wrong at once never gets deep.
 * The same weights for everybody: no bug is looked for by name.
 *
 * @module
 */

import { SECOND } from "../../core/base/units.ts";
import { Prng } from "../prng.ts";
import { spareDisks } from "./generate/disks.ts";
import {
  faultEvents,
  flushesAskedAgain,
  oldStatesAtFailovers,
  rotsOnTheWay,
} from "./generate/faults.ts";
import { guestEvents } from "./generate/guests.ts";
import { operatorEvents } from "./generate/operators.ts";
import { roleEvents } from "./generate/roles.ts";
import { makeRest, makeResync, makeRetention, makeWorld } from "./generate/world.ts";
import type { Scenario, ScenarioEvent } from "./scenario.ts";

/** The scenario of a seed. */
export function generate(seed: number): Scenario {
  const root = new Prng(seed).stream("scenario");
  const drawn = makeWorld(root.stream("world"));
  const machines = drawn.machines.map((machine, vm) => {
    const retention = makeRetention(root.stream(`retention/${vm}`), machine);
    const kept = retention === undefined ? machine : { ...machine, retention };
    const appConsistent = makeRest(root.stream(`rest/${vm}`), kept);
    const resting = appConsistent === undefined ? kept : { ...kept, appConsistent };
    const resync = makeResync(root.stream(`resync/${vm}`));
    return resync === undefined ? resting : { ...resting, resync };
  });
  const world = { ...drawn, machines };
  const pace = root.stream("pace");
  const fastest = Math.min(...world.machines.map(({ frequency }) => frequency));
  const active = Math.min(60 * SECOND, Math.max(8 * SECOND, fastest * pace.between(3, 12)));
  const events: ScenarioEvent[] = [];
  guestEvents(root, world, active, events);
  operatorEvents(root, world, active, events);
  faultEvents(root, world, active, events);
  oldStatesAtFailovers(root.stream("old-state-at-failover"), active, events);
  rotsOnTheWay(root.stream("rot-open"), active, events);
  flushesAskedAgain(root.stream("flushes-asked-again"), world, active, events);
  roleEvents(root, world, active, events);
  spareDisks(root, world, active, events);
  events.sort((left, right) => left.at - right.at);
  return { seed, world, events, quiet: active };
}
