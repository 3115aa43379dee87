/**
 * The sweep of verbs that move a machine from one server to the other, or change how it is replicated: a host crashes at
 * every port call of one, and behind it an administrator asks again until the machine is where it should be. What both servers
 * are then is judged by the reference model, and so is the cycle that follows.
 *
 * `SWEEP_MOVE="reverse b 17 torn power"` replays one point; without it each sweep prints how many it swept.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { JsonObject } from "../../engine/core/base/json.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { CrashKind, CrashMoment } from "../../engine/sim/world.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { judge, type Step } from "../model/command.ts";
import { Cycle } from "../model/cycle_command.ts";
import { blankImage } from "../model/reference/image.ts";
import { Reference } from "../model/reference/reference.ts";
import type { SiteName } from "../model/reference/standing.ts";
import { Servers, VM } from "../model/servers.ts";

/** A verb that is swept. */
export interface Move {
  readonly name: string;
  /** What comes before it. */
  readonly before: readonly Step[];
  /** Asked before it as well, without a crash. */
  readonly prepare?: readonly (readonly [SiteName, string, JsonObject])[];
  readonly site: SiteName;
  readonly verb: string;
  readonly args: JsonObject;
  /** The link is down until then. */
  readonly alone?: boolean;
  /** True when it has done what it was asked for. */
  ended(real: Servers): boolean;
  /** What ends what it began, where that is not how a machine stays. */
  readonly behind?: Pick<Move, "site" | "verb" | "ended">;
  /** Tells the model that it has. */
  tell(model: Reference): void;
}

interface Point {
  readonly host: SiteName;
  readonly call: number;
  readonly when: CrashMoment;
  readonly how: CrashKind;
}

const SITES = ["a", "b"] as const;
const WAYS: readonly (readonly [CrashMoment, CrashKind, number])[] = [
  ["before", "kill", 1],
  ["torn", "power", 1],
  ["after", "power", 3],
  ["after", "kill", 4],
];
const DISKS = [9, 5];
const KEEP = 2;
const SEED = 11;
/** How often an administrator asks. */
const ASKS_MAX = 12;
/** Crashes of one host in one move that a gate has time for. */
const POINTS_MAX = Deno.env.get("SWEEP_WHOLE") === undefined ? 360 : Infinity;
const KERNEL = loadKernel();

/** Plays a move, with a crash or without one; how many port calls each host made. */
function play(move: Move, point?: Point): { calls: Record<SiteName, number>; crashed: boolean } {
  const model = new Reference(KEEP, blankImage(DISKS));
  const real = new Servers(SEED, KERNEL, DISKS);
  for (const step of move.before) step.run(model, real);
  // What nobody flushed a loss of power may take: not so here.
  for (const site of SITES) {
    for (const disk of DISKS.keys()) if (real.flush(site, disk)) model.flushed(site, disk);
  }
  for (const [site, verb, args] of move.prepare ?? []) {
    const outcome = real.call(site, verb, { vm: VM, ...args });
    assert.equal(outcome?.failure, undefined, `${verb}: ${outcome?.failure?.message}`);
  }
  const { a, b } = real.sites;
  const before = { a: a.host.calls, b: b.host.calls };
  if (point !== undefined) {
    const { host, call, when, how } = point;
    real.world.crashAt(host, before[host] + call, when, how);
  }
  if (move.alone === true) real.link(false);
  askUntil(real, move);
  if (move.alone === true) real.link(true);
  for (const site of SITES) model.up[site] = true;
  const calls = { a: a.host.calls - before.a, b: b.host.calls - before.b };
  const crashed = point !== undefined && real.sites[point.host].host.crashPlan === undefined;
  for (const site of SITES) real.sites[site].host.crashPlan = undefined;
  if (move.behind !== undefined) askUntil(real, { args: {}, ...move.behind });
  move.tell(model);
  judge(model, real);
  new Cycle("the writer").run(model, real);
  return { calls, crashed };
}

/** Asks again, as an administrator would, until it is done; whoever died is started meanwhile. */
function askUntil(real: Servers, move: Pick<Move, "site" | "verb" | "args" | "ended">): void {
  for (let asks = 0; asks < ASKS_MAX && !move.ended(real); asks++) {
    if (asks > 0) real.world.runFor(2 * SECOND);
    revive(real);
    if (!move.ended(real)) real.call(move.site, move.verb, { vm: VM, ...move.args });
    revive(real);
  }
  const where = `a: ${real.standing("a")}, b: ${real.standing("b")}`;
  assert.ok(move.ended(real), `"${move.verb}" does not end; ${where}`);
}

/** Whoever died starts again. */
function revive(real: Servers): void {
  for (const site of SITES) {
    if (real.sites[site].host.process === undefined) real.start(site);
  }
}

/** Registers the test that sweeps a move. */
export function sweepMove(move: Move): void {
  Deno.test(`A crash at any port call of "${move.name}" loses nothing (I14)`, () => {
    const asked = Deno.env.get("SWEEP_MOVE")?.split(" ");
    if (asked !== undefined) {
      const [name, host, call, when, how] = asked;
      if (name === move.name) play(move, { host, call: Number(call), when, how } as Point);
      return;
    }
    const { calls } = play(move);
    for (const host of SITES) if (calls[host] > 0) sweepHost(move, host, calls[host]);
  });
}

function sweepHost(move: Move, host: SiteName, calls: number): void {
  const points = WAYS.reduce((sum, [, , stride]) => sum + Math.ceil(calls / stride), 0);
  const thin = Math.max(1, Math.ceil(points / POINTS_MAX));
  const failures: string[] = [];
  let swept = 0;
  for (const [when, how, stride] of WAYS) {
    for (let call = 1; call <= calls; call += stride * thin) {
      try {
        if (play(move, { host, call, when, how }).crashed) swept++;
      } catch (error) {
        const replay =
          `SWEEP_MOVE="${move.name} ${host} ${call} ${when} ${how}" deno test -A test/sweep`;
        failures.push(`${replay}\n    ${(error as Error).message}`);
      }
    }
  }
  const left = thin === 1 ? "" : `, strides ${thin} times as long`;
  const what = `${move.name}, ${calls} calls at ${host}${left}`;
  console.log(`${what}: ${swept} crashes swept, ${failures.length} failed`);
  assert.ok(failures.length === 0, `\n${failures.slice(0, 12).join("\n")}`);
  assert.ok(swept > 0, "Something was swept");
}
