/**
 * Generating and shrinking scenarios.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { generate } from "../../../../engine/sim/scenario/generate.ts";
import { shrink } from "../../../../engine/sim/scenario/shrink.ts";

Deno.test("a seed always makes the same scenario, and another seed another one", () => {
  deepEqual(generate(11), generate(11));
  ok(JSON.stringify(generate(11)) !== JSON.stringify(generate(12)));
});

Deno.test("scenarios are bounded: disks, writes, time", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const { world, events, quiet } = generate(seed);
    ok(quiet <= 60_000_000);
    ok(events.length < 700, `seed ${seed}: ${events.length} events`);
    for (const machine of world.machines) {
      for (const sectors of machine.disks) {
        ok(sectors >= 16 && sectors <= 512 && (sectors * 512) % world.blockSize === 0);
      }
    }
    for (const event of events) {
      if (event.kind !== "write" && event.kind !== "zero") continue;
      const { vm, disk } = event;
      const grown = events.map((each) =>
        each.kind === "grow" && each.vm === vm && each.disk === disk ? each.sectors : 0
      );
      const size = Math.max(world.machines[vm]?.disks[disk] ?? 0, ...grown);
      ok(event.sector >= 0 && event.count > 0 && event.sector + event.count <= size);
    }
  }
});

Deno.test("shrinking leaves the events that matter, and only for the same invariant (I54)", () => {
  const scenario = generate(5);
  const culprits = [scenario.events[3], scenario.events[20]];
  const trial = (candidate: typeof scenario) => {
    const count = culprits.filter((event) => candidate.events.includes(event!)).length;
    return count === 2 ? "I1" : count === 1 ? "I2" : undefined;
  };
  const small = shrink(scenario, "I1", Infinity, trial);
  deepEqual(small.events, culprits);
});

Deno.test("shrinking stops when its time is up, with what it has", () => {
  const scenario = generate(5);
  let trials = 0;
  const small = shrink(scenario, "I1", Infinity, () => ++trials > 4 ? "stop" : "I1");
  ok(trials <= 6);
  ok(small.events.length < scenario.events.length);
  equal(small.seed, scenario.seed);
});
