/**
 * First copies that do not go over the network at once, and those that are stopped.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { FirstCopy, ScenarioEvent } from "../scenario.ts";
import { SETUP } from "./choices.ts";

/** Ways of the first copy other than over the network at once, and stops in the middle of it. */
export function firstCopies(random: Prng, vm: number, events: ScenarioEvent[]): void {
  const first = firstCopy(random);
  if (first !== undefined) events.push({ at: 0, kind: "first-copy", vm, first });
  if (random.below(6) === 0) {
    for (let count = random.between(1, 3); count > 0; count--) {
      const at = SETUP + random.exponential(SECOND);
      events.push({ at, kind: "verb", host: "a", vm, verb: "replication stop" });
    }
  }
}

/** A way of the first copy; `undefined` for over the network at once, as most are. */
function firstCopy(random: Prng): FirstCopy | undefined {
  switch (random.below(8)) {
    case 0:
      return { way: "scheduled", after: random.pick([100 * MILLISECOND, SECOND, 3 * SECOND]) };
    case 1:
      return { way: "existing-copy", stale: random.pick([0, 30, 300, 1000]) };
    case 2: {
      const delay = random.pick([50 * MILLISECOND, 500 * MILLISECOND, 3 * SECOND]);
      const harm = random.pick(["none", "flip", "flip", "cut"] as const);
      const pick = random.u32();
      const stumble = random.pick([undefined, "kill", "power"] as const);
      return { way: "media", delay, harm, pick, ...(stumble === undefined ? {} : { stumble }) };
    }
    default:
      return undefined;
  }
}
