/**
 * Points at rest, and freezes that go wrong.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { MachineSpec, ScenarioEvent } from "../scenario.ts";
import { SETUP } from "./choices.ts";

/** Points at rest are asked for, where there are commands, and some of the freezes go wrong. */
export function rests(
  random: Prng,
  { appConsistent }: MachineSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  if (appConsistent === undefined) return;
  for (let count = random.below(4); count > 0; count--) {
    events.push({ at: random.between(SETUP, active), kind: "rest", vm });
  }
  if (random.below(3) === 0) return;
  for (let count = random.between(1, 4); count > 0; count--) {
    const what = random.pick(["fails", "sticks", "breaks", "breaks", "thaw-fails"] as const);
    const after = random.between(1, 6 * MILLISECOND);
    const lasts = random.between(100 * MILLISECOND, 4 * SECOND);
    const at = random.between(0, active);
    events.push({ at, kind: "freeze", vm, what, after, lasts });
    if (random.flip()) events.push({ at: at + 10, kind: "rest", vm });
    // The guest is at work when it goes on by itself.
    const size = 8;
    for (let more = 0; what === "breaks" && more < 6; more++) {
      const sector = random.below(size);
      const later = at + 20 * MILLISECOND + random.below(40 * MILLISECOND);
      events.push({ at: later, kind: "write", vm, disk: 0, sector, count: 1, rough: false });
    }
  }
}
