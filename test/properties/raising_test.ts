/**
 * A random run as a drill is the same run: every event that the generator draws has a step, which reads back, and whoever plays
 * the drill sees the trace of the run.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { generate } from "../../engine/sim/scenario/generate.ts";
import { runScenario } from "../../engine/sim/scenario/run.ts";
import type { Scenario } from "../../engine/sim/scenario/scenario.ts";
import { readRegression, regressionFile } from "../../lab/regression/regression.ts";
import { attendedRun } from "../../lab/run/attended_run.ts";
import { runDrill } from "../../lab/run/session.ts";
import { loadKernel } from "../../wasm/codec.ts";

/** Seeds whose events are compared, and those that are run as well. */
const READ = 400;
const RUN = 24;

/** Without events that stand behind the end, and never happen. */
function happening(scenario: Scenario): Scenario {
  return { ...scenario, events: scenario.events.filter(({ at }) => at < scenario.quiet) };
}

/** An event without what makes no difference to it. */
function told(event: Scenario["events"][number]): unknown {
  // Another bandwidth of the link, said in the two ways that there are.
  if (event.kind === "link-slow") {
    const { at, bandwidth, lasts } = event;
    return { at, kind: "link-speed", way: "both", change: { bandwidth }, lasts };
  }
  // When a guest goes on by itself tells something only of one that does.
  if (event.kind === "freeze" && event.what !== "breaks") return { ...event, after: 0 };
  if (event.kind === "verb") return { ...event, args: event.args ?? {} };
  return event;
}

function drillOf(scenario: Scenario) {
  const file = regressionFile(scenario, "I1", "Nothing.");
  ok(file !== undefined, `seed ${scenario.seed} has an event that no step says`);
  return readRegression(file).drill;
}

Deno.test(`every event of ${READ} random runs is a step, and is the same event again`, () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= READ; seed++) {
    const scenario = happening(generate(seed));
    const { events, world, quiet } = attendedRun(drillOf(scenario)).scenario;
    for (const { kind } of scenario.events) kinds.add(kind);
    const firstCopies = (all: Scenario["events"]) =>
      all.filter(({ kind }) => kind === "first-copy");
    const others = (all: Scenario["events"]) =>
      all.filter(({ kind }) => kind !== "first-copy").map(told);
    const replay = `deno task prove --seed ${seed} --runs 1`;
    deepEqual(others(events), others(scenario.events), replay);
    deepEqual(new Set(firstCopies(events)), new Set(firstCopies(scenario.events)), replay);
    deepEqual(world.link, scenario.world.link, replay);
    deepEqual([world.storage, world.wall, quiet], [
      scenario.world.storage,
      scenario.world.wall,
      scenario.quiet,
    ], replay);
  }
  // Whatever comes to be drawn is compared here as well.
  ok(kinds.size >= 45, `${kinds.size} kinds of events were drawn`);
});

Deno.test(`${RUN} random runs have the same trace as drills, whether they are run or played`, () => {
  const kernel = loadKernel();
  for (let seed = 1; seed <= RUN; seed++) {
    const scenario = happening(generate(seed));
    const drill = drillOf(scenario);
    const { hash } = runScenario(scenario, kernel);
    const replay = `deno task prove --seed ${seed} --runs 1`;
    equal(runScenario(attendedRun(drill).scenario, kernel).hash, hash, replay);
    equal(runDrill(drill, kernel, { engineHash: "", frames: false }).traceHash, hash, replay);
  }
});
