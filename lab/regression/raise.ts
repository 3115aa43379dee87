/**
 * A run that `deno task prove` found, as a drill: every event a step at its time.
 *
 * Rule: the drill is the same run. What it is lowered to again has the trace of the run that it was made of, but for events
 * that stand behind the end and never happen.
 *
 * @module
 */

import { isGuest, isOperator, isServer } from "../../engine/sim/scenario/event_families.ts";
import type { FaultAction, Scenario, ScenarioEvent } from "../../engine/sim/scenario/scenario.ts";
import {
  type DrillScenario,
  type DrillWorld,
  type FaultStep,
  FORMAT_VERSION,
  type GuestStep,
  type Step,
  type VerbStep,
} from "../scenario/drill_scenario.ts";
import { raiseGuest, raiseOperator } from "./raise_action.ts";
import { raiseFault } from "./raise_fault.ts";
import { raiseWorld } from "./raise_world.ts";

/** What a drill is called, and what its reader is told. */
export type Naming = Pick<DrillScenario, "name" | "title" | "story">;

/** The drill of a run; undefined for a run with an event that no step says. */
export function raise(scenario: Scenario, naming: Naming): DrillScenario | undefined {
  const world = raiseWorld(scenario);
  const script: Step[] = [];
  for (const event of scenario.events) {
    if (event.kind === "first-copy" || event.at >= scenario.quiet) continue;
    const body = raiseEvent(event, world);
    if (body === undefined) return undefined;
    script.push({ id: String(script.length + 1), when: { at: event.at }, line: 0, ...body });
  }
  return {
    formatVersion: FORMAT_VERSION,
    ...naming,
    seed: scenario.seed,
    attended: true,
    world,
    script,
    expect: [{ kind: "invariants", ids: "all", line: 0 }],
    end: scenario.quiet,
  };
}

function raiseEvent(
  event: ScenarioEvent,
  world: DrillWorld,
): FaultStep | VerbStep | GuestStep | undefined {
  if (isGuest(event)) return raiseGuest(event, world);
  // A server that is stopped in order is a fault for whoever has a machine on it.
  if (event.kind === "restart") return raiseFault(event, world);
  if (isServer(event) || isOperator(event)) return raiseOperator(event, world);
  return raiseFault(event as FaultAction, world);
}
