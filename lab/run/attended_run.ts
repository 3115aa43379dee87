/**
 * An attended drill as a run: every step an event at its time, so that its trace is that of the run which it was made of.
 *
 * @module
 */

import type { Scenario, ScenarioEvent } from "../../engine/sim/scenario/scenario.ts";
import type { DrillScenario, Step } from "../scenario/drill_scenario.ts";
import { actionsOf } from "./faults_in_force.ts";
import { guestEvent, simulatedArguments, verbEvent } from "./script_events.ts";
import { simulatedWorld } from "./simulated_world.ts";
import { sideOf } from "./verb_sides.ts";

/** A run, and which step each of its events is of. */
export interface AttendedRun {
  readonly scenario: Scenario;
  readonly steps: ReadonlyMap<ScenarioEvent, Step>;
}

/**
 * The run of an attended drill, with another seed than its own where one is given. Throws for a step whose time nobody knows
 * before the run; the reader refuses those.
 */
export function attendedRun(drill: DrillScenario, seed = drill.seed): AttendedRun {
  const steps = new Map<ScenarioEvent, Step>();
  for (const step of drill.script) {
    for (const event of eventsOf(step, drill)) steps.set(event, step);
  }
  return { scenario: simulatedWorld(drill, seed, [...steps.keys()]), steps };
}

function eventsOf(step: Step, drill: DrillScenario): ScenarioEvent[] {
  const { when, id } = step;
  if (!("at" in when)) throw new Error(`Step ${id} waits for "${when.after}"`);
  const { at } = when;
  // Machines begin at the first site; a step that may mean another one says which.
  const home = () => "a" as const;
  switch (step.kind) {
    case "fault":
      return actionsOf(step, drill, home).map((action) => ({ at, ...action }));
    case "verb": {
      const args = simulatedArguments(step, drill);
      return [{ at, ...verbEvent(drill, step, sideOf(step, false), args, home) }];
    }
    case "guest": {
      const asked = guestEvent(step, drill);
      if (asked === undefined) throw new Error(`Step ${id} says "${step.guest}" to a guest`);
      return [{ at, ...asked }];
    }
  }
}
