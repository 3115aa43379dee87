/**
 * A crash at each port call of a piece of work in turn, in each of a few ways: a sweep of one verb.
 *
 * Rule: what is judged behind a crash is the test's own; this knows only when there is nothing left to crash.
 *
 * @module
 */

import type { CrashKind, CrashMoment } from "../../../../engine/sim/world.ts";
import type { Site } from "./pair.ts";

/** A crash: at the how manieth port call of the work (from 1), and what it takes with it. */
export interface Crash {
  readonly call: number;
  readonly when: CrashMoment;
  readonly how: CrashKind;
}

/** `when` and `how` of a crash. */
export type Way = readonly [when: CrashMoment, how: CrashKind];

/** A process that dies between its calls, and losses of power amid one and behind one. */
export const WAYS: readonly Way[] = [["before", "kill"], ["torn", "power"], ["after", "power"]];

/**
 * Does `work` with a crash of `site` in it. False where it ends before the crash comes, and then what it fails with is
 * thrown; else the host has its power again, and no server is started on it.
 */
export function crashAmid(site: Site, { call, when, how }: Crash, work: () => void): boolean {
  const { host } = site;
  host.world.crashAt(host.name, host.calls + call, when, how);
  let failed: { readonly error: unknown } | undefined;
  try {
    work();
  } catch (error) {
    failed = { error };
  }
  const crashed = host.crashPlan === undefined;
  host.crashPlan = undefined;
  if (!crashed && failed !== undefined) throw failed.error;
  if (host.power === "off") host.powerOn();
  return crashed;
}

/** Plays a life for call after call, in each way until it tells that there was no crash; how many crashes there were. */
export function everyCall(ways: readonly Way[], life: (crash: Crash) => boolean): number {
  let crashes = 0;
  for (const [when, how] of ways) {
    for (let call = 1; life({ call, when, how }); call++) crashes++;
  }
  return crashes;
}
