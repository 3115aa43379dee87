/**
 * The registry of faults: its entries are sound, and each of them does something that no judge blames on the engine.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { FaultDefinition, Target } from "../../../../engine/sim/faults/definition.ts";
import { FAULTS, lowerFault } from "../../../../engine/sim/faults/registry.ts";
import { generate } from "../../../../engine/sim/scenario/generate.ts";
import { runScenario } from "../../../../engine/sim/scenario/run.ts";
import type { Scenario, ScenarioEvent } from "../../../../engine/sim/scenario/scenario.ts";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

const kernel = loadKernel();

/** A short run in which nothing but guests, their machines' protection and points with the guest at rest happen. */
function calm(seed: number): Scenario {
  const { world, events, ...scenario } = generate(seed);
  const guests = new Set(["write", "zero", "read", "flush"]);
  const machines = world.machines.map((machine) => ({
    ...machine,
    appConsistent: machine.frequency,
    retention: "last 8",
  }));
  const kept = events.filter(({ kind }) => guests.has(kind));
  const link = { ...world.link, bandwidth: 400_000 };
  return { ...scenario, world: { ...world, machines, link }, events: kept };
}

const CALM = calm(3);

/** Shorter and harsher than usual, for a run of seconds. */
const HARSH = {
  down: 0.5 * SECOND,
  every: 2 * SECOND,
  up: SECOND,
  age: 0.5 * SECOND,
  share: 300_000,
  count: 40,
  queue: 1024,
  enter: 300_000,
  pick: 5,
};

function targetsOf({ targets }: FaultDefinition): Target[] {
  const sectors = CALM.world.machines[0]?.disks[0] ?? 0;
  return targets.flatMap((kind): Target[] => {
    if (kind === "site") return [{ kind, host: "a" }, { kind, host: "b" }];
    if (kind === "link") return [{ kind }];
    if (kind === "machine") return [{ kind, vm: 0, home: "a" }];
    return [{ kind, vm: 0, disk: 0, home: "a", sectors }];
  });
}

/** The calm run with a fault in it, or with what does nothing at the same times. */
function spoiled(fault: FaultDefinition, target: Target, lasts: number): Scenario {
  const first = Math.floor(CALM.quiet / 3);
  const actions = lasts === 0
    ? [{ kind: "stale", vm: 99, what: "parent" } as const]
    : lowerFault(fault, target, HARSH, lasts, 1);
  const faults: ScenarioEvent[] = actions.map((action) => ({ at: first, ...action }));
  // What brings to light what nobody has noticed until then.
  const after: ScenarioEvent[] = [
    { at: first + SECOND, kind: "reset" },
    { at: first + 3 * SECOND, kind: "verb", host: "a", vm: 0, verb: "replication verify" },
    { at: first + 5 * SECOND, kind: "kill", host: "b", down: SECOND },
  ];
  const events = [...CALM.events, ...faults, ...after].sort((one, other) => one.at - other.at);
  return { ...CALM, events };
}

Deno.test("the registry has at least 35 kinds, each with a name of its own and texts for people", () => {
  ok(FAULTS.size >= 35, `${FAULTS.size} kinds`);
  for (const [id, fault] of FAULTS) {
    match(id, /^[a-z]+\.[a-z-]+$/);
    for (const text of [fault.title, fault.about, fault.modelled, fault.notModelled, fault.heals]) {
      match(text, /^[A-Z].*[^.]$/, `${id}: ${text}`);
    }
    ok(fault.targets.length > 0 && fault.prior >= 0 && fault.prior <= 1_000_000);
  }
});

Deno.test("what a parameter usually is lies within its bounds", () => {
  for (const { id, parameters } of FAULTS.values()) {
    for (const parameter of parameters) {
      if (parameter.kind === "word") ok(parameter.words.includes(parameter.usual), id);
      else {
        const { min, usual, max } = parameter;
        ok([min, usual, max].every(Number.isSafeInteger), id);
        ok(min <= usual && usual <= max, `${id}: ${parameter.name}`);
      }
    }
  }
});

Deno.test("a fault is the same in a scale model, but for its sizes and rates", () => {
  const slow = FAULTS.get("link.slow");
  ok(slow !== undefined);
  const [action] = lowerFault(slow, { kind: "link" }, { rate: 12_500_000 }, SECOND, 128);
  deepEqual(action, {
    kind: "link-speed",
    way: "both",
    change: { bandwidth: 97_656 },
    lasts: SECOND,
  });
});

/** Nothing of the engine goes by the wall clock, so that events are as many as without them. */
const UNNOTICED = new Set(["clock.jump", "clock.drift"]);

for (const fault of FAULTS.values()) {
  Deno.test(`${fault.id} breaks no invariant, heals, and is more than nothing`, () => {
    const noticed = targetsOf(fault).map((target) => {
      const { violation, events } = runScenario(spoiled(fault, target, 3 * SECOND), kernel);
      deepEqual(violation, undefined);
      // For one that lasts: the same that is over at once.
      return events !== runScenario(spoiled(fault, target, fault.lasting ? 1 : 0), kernel).events;
    });
    equal(noticed.includes(true), !UNNOTICED.has(fault.id), String(noticed));
  });
}
