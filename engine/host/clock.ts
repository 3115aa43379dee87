/**
 * The clocks of this host: a monotonic one, and the one people read.
 *
 * @module
 */

import type { Clock } from "../core/ports/clock.ts";
import type { Task } from "../core/runtime/task.ts";
import { callbackTask } from "./real_loop.ts";

/** The longest single timer, in milliseconds: timers hold 31 bits, and an hour is plenty. */
const TIMER_MAX = 3_600_000;

/** `Clock` on `performance.now()`, `Date` and timers. Timers are accurate to 1 or 2 ms. */
export const realClock: Clock = {
  now: () => Math.floor(performance.now() * 1000),
  wall: () => Date.now() * 1000,
  localOffset,
  sleep,
};

/** By the zone that this process was started with (`TZ`, `/etc/localtime`). */
function localOffset(wall: number): number {
  const minutes = new Date(Math.floor(wall / 1000)).getTimezoneOffset();
  // Beyond the years that a `Date` holds there is no answer; UTC is as good as any.
  return Number.isNaN(minutes) ? 0 : (0 - Math.round(minutes * 60)) * 1_000_000;
}

/** Timers may fire a little early and do not hold long times, so the clock has the last word. */
function* sleep(micros: number): Task<void> {
  const end = performance.now() + micros / 1000;
  for (;;) {
    const left = end - performance.now();
    if (left <= 0) return;
    yield* timer(Math.min(Math.ceil(left), TIMER_MAX));
  }
}

function timer(millis: number): Task<void> {
  return callbackTask<void>((done) => {
    const id = setTimeout(done, millis);
    return () => clearTimeout(id);
  });
}
