/**
 * A run, or what is left of it after shrinking, as text.
 *
 * @module
 */

import type { Invariant } from "../../engine/sim/invariants/fact.ts";
import { INVARIANTS } from "../../engine/sim/invariants/table.ts";
import type { Scenario } from "../../engine/sim/scenario/scenario.ts";
import { runScenario } from "../../engine/sim/scenario/run.ts";
import { shrink } from "../../engine/sim/scenario/shrink.ts";
import type { Violation } from "../../engine/sim/world.ts";
import { loadKernel } from "../../wasm/codec.ts";

/** How long shrinking may take, ms. */
const SHRINK_TIME = 20_000;

/** µs as seconds. */
export function seconds(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}

/** What shrinking left, and what breaks in it. */
export interface Smaller {
  readonly scenario: Scenario;
  readonly violation: Violation;
}

/** The smallest scenario found in the time there is, and what breaks in it. */
export function smaller(scenario: Scenario, violation: Violation): Smaller {
  const kernel = loadKernel();
  const until = Date.now() + SHRINK_TIME;
  const best = shrink(scenario, violation.id, violation.time, (candidate) => {
    if (Date.now() > until) return "stop";
    return broken(candidate, kernel)?.id;
  });
  return { scenario: best, violation: broken(best, kernel) ?? violation };
}

function broken(scenario: Scenario, kernel: ReturnType<typeof loadKernel>): Violation | undefined {
  try {
    return runScenario(scenario, kernel).violation;
  } catch (error) {
    return { id: "run-broke", message: String(error), time: 0 };
  }
}

/** One line an event. */
export function eventLines(scenario: Scenario): string[] {
  const world = `world ${JSON.stringify(scenario.world)}`;
  const lines = scenario.events.map(({ at, ...event }) =>
    `${seconds(at)} ${JSON.stringify(event)}`
  );
  return [world, ...lines, `${seconds(scenario.quiet)} everything heals`];
}

/** What happened in a run, one line each, for `--trace`. */
export function traceLines(scenario: Scenario): { lines: string[]; hash: string } {
  const lines: string[] = [];
  const say = (now: number, text: string) => lines.push(`${seconds(now)} ${text}`);
  const teller: Invariant = {
    id: "trace",
    about: "Tells what happens",
    begin: (ground) => ({
      engine: ({ sighting }) =>
        say(ground.now, `${sighting.host} ${JSON.stringify(sighting.event)}`),
      image: ({ vm, point, why, judgement }) =>
        say(
          ground.now,
          `image ${vm} ${point} ${why}: ${judgement.mismatches.length} wrong sectors`,
        ),
      survived: ({ vm, how }) => say(ground.now, `${vm}: its server died (${how})`),
      verb: ({ host, vm, verb, outcome }) =>
        say(
          ground.now,
          `${host} ${verb} ${vm}: ${outcome === "" ? "done" : outcome ?? "going on"}`,
        ),
      reply: ({ reply }) => {
        const { vm, action, disk, took, failure } = reply;
        say(ground.now, `guest ${vm}/${disk} ${action} ${took} µs ${failure ?? "done"}`);
      },
      "not-opened": ({ host, code }) => say(ground.now, `${host} does not open: ${code}`),
      deadline: ({ vm, converged, state }) =>
        say(ground.now, `${vm}: ${converged ? "converged" : "did not converge"}, ${state}`),
    }),
  };
  const result = runScenario(scenario, loadKernel(), { invariants: [teller, ...INVARIANTS] });
  const { violation } = result;
  if (violation !== undefined) {
    say(violation.time, `VIOLATION ${violation.id}: ${violation.message}`);
  }
  return { lines, hash: result.hash };
}
