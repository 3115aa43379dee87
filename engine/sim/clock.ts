/**
 * The `Clock` port of the simulated world.
 *
 * `now` begins anew, at a random instant, with every process; `wall` is the host's and may jump.
 *
 * @module
 */

import { SECOND } from "../core/base/units.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Token } from "../core/runtime/loop.ts";
import { suspend, type Wait } from "../core/runtime/task.ts";
import type { SimProcess } from "./process.ts";
import { EVENT } from "./trace.ts";
import { zoneOffset } from "./zone.ts";

/** Where world time 0 lies on every host's wall clock: 2026-01-01, µs since 1970 UTC. */
export const WORLD_EPOCH = 1_767_225_600 * SECOND;

/** The clock as `process` reads it. */
export function simClock(process: SimProcess): Clock {
  const { host } = process;
  return {
    now: () => process.origin + host.world.now - process.started,
    wall: () => host.wall(),
    localOffset: (wall) => zoneOffset(host.zone, wall),
    sleep: (micros) => suspend<void>(new Sleep(process, micros)),
  };
}

/** A timer of a process. */
class Sleep implements Wait {
  readonly #process: SimProcess;
  readonly #micros: number;

  constructor(process: SimProcess, micros: number) {
    this.#process = process;
    this.#micros = Math.ceil(micros);
  }

  begin(token: Token): () => void {
    const { host } = this.#process;
    const event = host.world.schedule(
      this.#micros,
      () => token.resume(),
      host.actor,
      EVENT.timer,
      this.#micros,
    );
    return () => host.world.cancel(event);
  }
}
