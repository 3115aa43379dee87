/**
 * The sweep: a life of a course for every port call of a phase, crashed there, in every way.
 *
 * A point that fails prints one line that replays it alone:
 * `SWEEP_CRASH="cycle b 17 torn power" deno test -A test/sweep`, where a sixth word is the
 * port call of the restart at which the host crashes again. `SWEEP_SEED` sweeps another world: what a
 * loss of power leaves is another draw in each. Each sweep prints how many points it swept; ways with a
 * stride leave calls out, and so does a phase with more calls than a gate has time for: it says so, and
 * `SWEEP_WHOLE=1` leaves none of those out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { loadKernel } from "../../wasm/codec.ts";
import type { HostName } from "../../engine/sim/scenario/scenario.ts";
import type { CrashKind, CrashMoment } from "../../engine/sim/world.ts";
import type { Phase } from "./course.ts";
import { type CrashPoint, Life, type LifeResult } from "./life.ts";

/** Phases in their order. */
type Course = readonly Phase[];

/** A moment of a call and a kind of crash, and at every how manieth call it is tried. */
interface Way {
  readonly when: CrashMoment;
  readonly how: CrashKind;
  readonly stride: number;
}

/**
 * A process that dies before a call, and power lost amid one, find nearly everything. The end of a call
 * is the beginning of the next but for the calls that overlap: there a stride is enough.
 */
const WAYS: readonly Way[] = [
  { when: "before", how: "kill", stride: 1 },
  { when: "torn", how: "power", stride: 1 },
  { when: "after", how: "kill", stride: 3 },
  { when: "after", how: "power", stride: 3 },
  { when: "before", how: "power", stride: 4 },
  { when: "torn", how: "kill", stride: 4 },
];
const HOSTS: readonly HostName[] = ["a", "b"];
/** At every how manieth call of a restart the second crash is tried. */
const AGAIN_STRIDE = 2;
/** Crashes of one host in one phase that a gate has time for. */
const POINTS_MAX = Deno.env.get("SWEEP_WHOLE") === undefined ? 480 : Infinity;
/** Failing points that are told; the rest is counted. */
const TOLD_MAX = 12;
const KERNEL = loadKernel();
const SEED_USUAL = 7;
const SEED = Number(Deno.env.get("SWEEP_SEED") ?? SEED_USUAL);

/** Counts of one sweep, and what it found. */
class Tally {
  readonly #course: Course;
  swept = 0;
  /** The call was taken back before it ended, or the restart was over before it. */
  notReached = 0;
  readonly failures: string[] = [];

  constructor(course: Course) {
    this.#course = course;
  }

  /** Lives one life. */
  try(point: CrashPoint): LifeResult {
    const result = new Life(KERNEL, SEED, this.#course, point).live();
    if (result.crashes === (point.again === undefined ? 1 : 2)) this.swept++;
    else this.notReached++;
    if (result.wrong !== undefined) this.failures.push(`${replayOf(point)}\n    ${result.wrong}`);
    return result;
  }

  /** Prints what was swept; fails when anything was found. */
  tell(about: string): void {
    const { swept, notReached, failures } = this;
    console.log(
      `${about}: ${swept} crashes swept, ${notReached} not reached, ${failures.length} failed`,
    );
    const more = failures.length > TOLD_MAX ? [`… and ${failures.length - TOLD_MAX} more`] : [];
    assert.ok(failures.length === 0, `\n${[...failures.slice(0, TOLD_MAX), ...more].join("\n")}`);
    assert.ok(swept > 0, "Something was swept");
  }
}

function replayOf({ phase, host, call, when, how, again }: CrashPoint): string {
  const words = [phase, host, call, when, how, ...(again === undefined ? [] : [again])];
  const seed = SEED === SEED_USUAL ? "" : `SWEEP_SEED=${SEED} `;
  return `${seed}SWEEP_CRASH="${words.join(" ")}" deno test -A test/sweep`;
}

/** The point that the environment names. */
function askedFor(): CrashPoint | undefined {
  const text = Deno.env.get("SWEEP_CRASH");
  if (text === undefined) return undefined;
  const [phase, host, call, when, how, again] = text.split(" ");
  const point = { phase, host, call: Number(call), when, how } as CrashPoint;
  return again === undefined ? point : { ...point, again: Number(again) };
}

/** Lives the life that was asked for alone, telling everything that the engines report. */
function replay(course: Course, point: CrashPoint): void {
  const life = new Life(KERNEL, SEED, course, point);
  life.drill.simulated.onEngineEvent.push(({ time, host, event }) =>
    console.log(`${(time / 1e6).toFixed(6)} ${host} ${JSON.stringify(event)}`)
  );
  const { wrong, crashes } = life.live();
  console.log(`${crashes} crashes`);
  assert.equal(wrong, undefined);
}

const counted = new Map<Course, LifeResult["calls"]>();

/** Port calls of a phase at each host, from a life without a crash. */
function callsOf(course: Course, phase: string): Readonly<Record<HostName, number>> {
  let calls = counted.get(course);
  if (calls === undefined) {
    const life = new Life(KERNEL, SEED, course).live();
    assert.equal(life.wrong, undefined, "A life without a crash");
    calls = life.calls;
    counted.set(course, calls);
  }
  const found = calls.get(phase);
  assert.ok(found !== undefined, `The course has a phase "${phase}"`);
  return found;
}

/** By how much strides are longer, for a host whose calls would be more crashes than there is time for. */
function thinning(calls: number, most: number): number {
  const points = WAYS.reduce((sum, { stride }) => sum + Math.ceil(calls / stride), 0);
  return Math.max(1, Math.ceil(points / most));
}

/** Registers the test that sweeps a phase of a course, with at most so many crashes of one host. */
export function sweepPhase(course: Course, phase: string, most: number = POINTS_MAX): void {
  Deno.test(`A crash at any port call of "${phase}" loses nothing (I14)`, () => {
    const asked = askedFor();
    if (asked !== undefined) {
      if (asked.phase === phase && asked.again === undefined) replay(course, asked);
      return;
    }
    const calls = callsOf(course, phase);
    for (const host of HOSTS) {
      const tally = new Tally(course);
      const thin = thinning(calls[host], POINTS_MAX === Infinity ? Infinity : most);
      for (const [way, { when, how, stride }] of WAYS.entries()) {
        // What one way leaves out another one tries.
        const first = 1 + Math.floor((way * thin) / WAYS.length);
        for (let call = first; call <= calls[host]; call += stride * thin) {
          tally.try({ phase, host, call, when, how });
        }
      }
      const left = thin === 1 ? "" : `, strides ${thin} times as long`;
      if (calls[host] > 0) tally.tell(`${phase}, ${calls[host]} calls at ${host}${left}`);
    }
  });
}

/** Registers the test that crashes a host of `phase` again while it starts. */
export function sweepRecovery(course: Course, phase: string, host: HostName): void {
  Deno.test(`A crash in the recovery from one in "${phase}" at ${host} loses nothing (I14)`, () => {
    const asked = askedFor();
    if (asked !== undefined) {
      const mine = asked.phase === phase && asked.host === host && asked.again !== undefined;
      if (mine) replay(course, asked);
      return;
    }
    const calls = callsOf(course, phase)[host];
    const tally = new Tally(course);
    let longest = 0;
    for (const [when, how] of [["torn", "power"], ["before", "kill"]] as const) {
      for (const share of [0.3, 0.55, 0.8]) {
        const point = { phase, host, call: Math.ceil(calls * share), when, how };
        const { opening } = new Life(KERNEL, SEED, course, point).live();
        longest = Math.max(longest, opening);
        for (let again = 1; again <= opening; again += AGAIN_STRIDE) tally.try({ ...point, again });
      }
    }
    tally.tell(
      `recovery of ${host} in ${phase}, up to ${longest} calls, at every ${AGAIN_STRIDE}.`,
    );
  });
}

/** The ways and their strides, for people. */
export function tellWays(): void {
  const ways = WAYS.map(({ when, how, stride }) =>
    `${when}+${how} ${stride === 1 ? "at every call" : `at every ${stride}. call`}`
  );
  console.log(`ways: ${ways.join(", ")}`);
}
