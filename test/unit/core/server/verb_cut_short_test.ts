/**
 * Every verb that is legal in a state, cut short: its server is killed or loses power somewhere amid it, starts again,
 * and is asked again.
 *
 * In the end it is done, or was done already; every point is there that is not given up by what the verb is for; and
 * both servers open all that they have.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { LEGAL } from "./legal_verbs.ts";
import { ask, begun, refusedWell } from "./verb_calls.ts";
import { rest, type Side, type Stage, stageIn, type StageName, STAGES } from "./verb_stage.ts";
import { allOpen, keepsPoints, pointsOf, standing } from "./verb_traces.ts";

/** What is cut: by a kill, by a loss of power, or by one of the server that it may be talking to. */
const CUTS = ["kill", "power", "power there"] as const;
type Cut = typeof CUTS[number];

/** Verbs about a whole server, which a machine's state is nothing to: cut short in one of them. */
const OF_THE_SERVER = /^(server|authorization) /;
/** Verbs by which points are given up. */
const GIVING_UP = /^(vm remove|replication disable|failover (complete|reverse|planned|resolve))/;
/** How often a verb is asked for again while the servers find each other, at most. */
const TRIES = 6;

/** Where the verb is cut: spread evenly over all of it, another place each time (the golden ratio). */
let turn = 0;
function place(): number {
  turn++;
  return (turn * 0.6180339887) % 1;
}

for (const state of STAGES) {
  Deno.test(`every verb that is legal in state ${state} can be cut short, and is done when it is asked for again`, () => {
    for (const side of ["a", "b"] as const) {
      for (const call of Object.keys(LEGAL)) {
        if (!LEGAL[call]?.[side].includes(state)) continue;
        if (OF_THE_SERVER.test(call) && state !== "Replicating") continue;
        const whole = uncut(state, side, call);
        for (const cut of CUTS) cutShort(state, side, call, cut, whole);
      }
    }
  });
}

/** What a call comes to that nothing happens to, and after how many events of the world. */
interface Whole {
  readonly events: number;
  readonly standing: string;
}

function uncut(state: StageName, side: Side, call: string): Whole {
  const stage = stageIn(state);
  const run = start(stage, side, call);
  let events = 0;
  for (; run.outcome === undefined; events++) ok(stage.world.step(), `"${call}" ends`);
  ok(run.outcome.ok, `"${call}" at ${side} in state ${state} is legal`);
  stage.world.runFor(20 * SECOND);
  return { events, standing: standing(stage, side) };
}

function start(stage: Stage, side: Side, call: string) {
  const task = begun(stage, side, call);
  const { process } = stage[side].host;
  ok(process !== undefined);
  return process.loop.start("verb", task);
}

function cutShort(state: StageName, side: Side, call: string, cut: Cut, whole: Whole): void {
  const stage = stageIn(state);
  const other = side === "a" ? "b" : "a";
  const points = { a: pointsOf(stage.a), b: pointsOf(stage.b) };
  const events = 1 + Math.floor(place() * whole.events);
  const run = start(stage, side, call);
  for (let step = 0; step < events && run.outcome === undefined; step++) stage.world.step();
  const site = stage[cut === "power there" ? other : side];
  if (cut === "kill") site.host.kill();
  else {
    site.host.powerLoss();
    site.host.powerOn();
  }
  site.start();
  rest(stage);
  // Who was not cut still waits for an answer, or has one.
  stage.world.runWhile(() => cut === "power there" && run.outcome === undefined, 600 * SECOND);
  const where = `behind a ${cut} ${events} events into "${call}" at ${side} in state ${state}`;
  allOpen(stage, where);
  untilDone(stage, side, call, whole, where);
  if (GIVING_UP.test(call)) return;
  for (const each of ["a", "b"] as const) keepsPoints(stage[each], points[each], where);
}

/** Asks until it is done, or stands as it does where it was: servers that have just started have to find each other. */
function untilDone(stage: Stage, side: Side, call: string, whole: Whole, where: string): void {
  for (let tries = 1;; tries++) {
    const outcome = ask(stage, side, call);
    if (outcome === "done") return;
    refusedWell(call, where, outcome);
    const now = standing(stage, side);
    if (now === whole.standing) return;
    if (tries === TRIES) {
      equal(now, whole.standing, `${where}: ${outcome.message}\n${now}\n${whole.standing}`);
    }
    stage.world.runFor(30 * SECOND);
  }
}
