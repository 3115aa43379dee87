/**
 * Shrinking: from a scenario that breaks an invariant to a small one that breaks the same (I54).
 *
 * Passes: what comes after the violation goes; then ever smaller groups of events go, for as long as the
 * same invariant still breaks. The caller's `breaks` decides and bounds the time.
 *
 * @module
 */

import type { Scenario, ScenarioEvent } from "./scenario.ts";

/** Runs a candidate: the id of what broke, `undefined` for nothing, or `"stop"` when time is up. */
export type Trial = (scenario: Scenario) => string | undefined;

/** The smallest scenario found that still breaks `id`. */
export function shrink(scenario: Scenario, id: string, time: number, trial: Trial): Scenario {
  let best = scenario;
  let stopped = false;
  const attempt = (candidate: Scenario): boolean => {
    if (stopped) return false;
    const broke = trial(candidate);
    if (broke === "stop") stopped = true;
    if (broke !== id) return false;
    best = candidate;
    return true;
  };
  const before = scenario.events.filter(({ at }) => at <= time);
  attempt({ ...scenario, events: before });
  const simpler = best.world.machines.length > 1 ? onlyMachine(best, 0) : undefined;
  if (simpler !== undefined && !attempt(simpler)) attempt(onlyMachine(best, 1));
  for (let size = Math.ceil(best.events.length / 2); size >= 1 && !stopped;) {
    const removed = removeGroups(size, () => best, attempt);
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return best;
}

function removeGroups(
  size: number,
  best: () => Scenario,
  attempt: (candidate: Scenario) => boolean,
): boolean {
  let removed = false;
  for (let end = best().events.length; end > 0;) {
    const { events } = best();
    const start = Math.max(0, end - size);
    const rest: ScenarioEvent[] = [...events.slice(0, start), ...events.slice(end)];
    if (attempt({ ...best(), events: rest })) removed = true;
    end = start;
  }
  return removed;
}

/** Without the events of the other machine, which stays but does nothing. */
function onlyMachine(scenario: Scenario, vm: number): Scenario {
  const events = scenario.events.filter((event) => !("vm" in event) || event.vm === vm);
  return { ...scenario, events };
}
