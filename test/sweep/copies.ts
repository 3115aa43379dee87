/**
 * The sweep of what two servers do in a course of verbs (`SWEEP_COPY`): a host crashes at every port call of it;
 * behind it an administrator asks again, and the replica comes to hold what the guest's disk holds, or what the
 * course itself says.
 *
 * `SWEEP_COPY="import b 17 torn power"` replays one point; without it each sweep prints how many it swept.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { JsonObject } from "../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../engine/core/base/units.ts";
import { isFailed } from "../../engine/core/base/failure.ts";
import type { CrashKind, CrashMoment } from "../../engine/sim/world.ts";
import { filled, makePair, type Site } from "../unit/core/server/pair.ts";

/** A server. */
export type HostName = "a" | "b";
/** Both, and their world. */
export type Pair = ReturnType<typeof makePair>;

/** What is swept. */
export interface Course {
  readonly name: string;
  readonly host: HostName;
  /** Before the crash is armed. */
  before(pair: Pair): void;
  /** Asks for what brings it nearer to its end. */
  step(pair: Pair): void;
  done(pair: Pair): boolean;
  /** What ends the first copy, without a crash. */
  behind?(pair: Pair): void;
  /** Judges both sides at the end, in place of the usual look at the guest's disk and its replica; no guest writes before. */
  judge?(pair: Pair): void;
}

interface Point {
  readonly call: number;
  readonly when: CrashMoment;
  readonly how: CrashKind;
}

/** Bytes of the machine's only disk. */
export const SIZE = 48 * KiB;
/** Its name. */
export const VM = "vm";
const WAYS: readonly (readonly [CrashMoment, CrashKind])[] = [
  ["before", "kill"],
  ["torn", "power"],
  ["after", "power"],
];
/** Crashes of one course that a gate has time for. */
const POINTS_MAX = Deno.env.get("SWEEP_WHOLE") === undefined ? 240 : Infinity;
const ROUNDS_MAX = 60;

/** Asks and waits; what is refused or dies is asked for again. */
export function ask(site: Site, verb: string, args: JsonObject = {}): void {
  const { server, host } = site;
  if (server === undefined || host.process === undefined) return;
  const outcome = host.attempt(server.call(verb, { vm: VM, ...args }), 60 * SECOND);
  if (outcome?.ok === false && !isFailed(outcome.error)) throw outcome.error;
}

/** What the status says of the machine; `undefined` while there is nothing to be said. */
export function told(site: Site, key = "state"): unknown {
  const { server, host } = site;
  if (server === undefined || host.process === undefined) return undefined;
  const role = server.replica.has(VM) || server.replica.awaits(VM)
    ? server.replica
    : server.primary;
  if (!role.has(VM) && !server.replica.awaits(VM)) return undefined;
  try {
    return role.status(VM)[key];
  } catch (error) {
    // It is on its way from one role into the other.
    if (isFailed(error)) return undefined;
    throw error;
  }
}

/** The machine is there and written, and may be replicated. */
export function protect({ a }: Pair): void {
  a.call("vm add", { vm: VM, disks: ["vm.img"] });
  for (let at = 0; at < 12; at++) a.write("vm/0", at * 3 * KiB, filled(1024, 1 + at));
  a.call("replication enable", { vm: VM, to: "b:7700", frequency: SECOND });
}

/** Whoever died starts again. */
function revive({ a, b }: Pair): void {
  for (const site of [a, b]) {
    for (let starts = 0; starts < 3 && site.host.process === undefined; starts++) {
      if (site.host.power === "off") site.host.powerOn();
      try {
        site.start();
      } catch (error) {
        // It crashed while it started.
        if (site.host.process !== undefined) throw error;
      }
    }
  }
}

/** One life, with a crash or without; how many port calls the host made, and whether the crash came. */
function play(course: Course, point?: Point): { calls: number; crashed: boolean } {
  const pair = makePair(73, SIZE);
  const { world, a, b } = pair;
  course.before(pair);
  const { host } = pair[course.host];
  const before = host.calls;
  if (point !== undefined) {
    world.crashAt(course.host, before + point.call, point.when, point.how);
  }
  for (let round = 0; round < ROUNDS_MAX && !course.done(pair); round++) {
    course.step(pair);
    // The guest goes on meanwhile.
    const writes = round < 4 && course.judge === undefined;
    const disk = writes ? a.server?.exports.get("vm/0")?.disk : undefined;
    if (disk !== undefined && a.host.process !== undefined) {
      a.host.attempt(disk.write(round * 9 * KiB, filled(512, 100 + round)), SECOND);
    }
    world.runFor(300_000);
    revive(pair);
  }
  assert.ok(course.done(pair), `it does not end: a is ${told(a)}, b is ${told(b)}`);
  const calls = host.calls - before;
  const crashed = point !== undefined && host.crashPlan === undefined;
  host.crashPlan = undefined;
  course.behind?.(pair);
  (course.judge ?? sameThere)(pair);
  assert.deepEqual(world.violations, []);
  return { calls, crashed };
}

/** The guest writes once more, and its machine is at the replica what it is here. */
function sameThere({ a, b }: Pair): void {
  a.write("vm/0", 20 * KiB, filled(512, 222));
  for (let round = 0; round < 3; round++) ask(a, "replication cycle");
  b.call("failover start", { vm: VM });
  const own = a.host.disks.get("vm.img")!.node.sectors.read(0, SIZE);
  const there = b.read("vm/0", 0, SIZE);
  const differs = own.findIndex((byte, at) => byte !== there[at]);
  assert.equal(differs, -1, "where the failed over machine differs from the guest's disk");
}

/** Registers the test that sweeps a course, with at most so many crashes. */
export function sweepCourse(course: Course, most: number = POINTS_MAX): void {
  Deno.test(`A crash of ${course.host} at any port call of "${course.name}" loses nothing (I14)`, () => {
    const asked = Deno.env.get("SWEEP_COPY")?.split(" ");
    if (asked !== undefined) {
      const [name, , call, when, how] = asked;
      if (name === course.name) play(course, { call: Number(call), when, how } as Point);
      return;
    }
    const { calls } = play(course);
    const thin = Math.max(
      1,
      Math.ceil((calls * WAYS.length) / (POINTS_MAX === Infinity ? Infinity : most)),
    );
    const failures: string[] = [];
    let swept = 0;
    for (const [offset, [when, how]] of WAYS.entries()) {
      for (let call = 1 + (offset % thin); call <= calls; call += thin) {
        try {
          if (play(course, { call, when, how }).crashed) swept++;
        } catch (error) {
          const replay = `SWEEP_COPY="${course.name} ${course.host} ${call} ${when} ${how}"`;
          failures.push(`${replay} deno test -A test/sweep\n    ${(error as Error).message}`);
        }
      }
    }
    console.log(`${course.name}: ${swept} crashes in ${calls} port calls`);
    assert.ok(swept > 30, "crashes came");
    assert.equal(failures.length, 0, failures.slice(0, 5).join("\n"));
  });
}
