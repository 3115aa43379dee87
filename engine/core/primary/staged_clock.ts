/**
 * When points were cut and staged, as this primary knows it.
 *
 * @module
 */

import type { PointId } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { PointKind } from "../wire/point.ts";

/** A point that the replica holds durably. */
export interface StagedPoint {
  readonly point: PointId;
  /** Wall time of the cut, µs since 1970. */
  readonly cutAt: number;
  /** Which cut of this process it was. */
  readonly cutNumber: number;
  /** How that cut was made. */
  readonly kind: PointKind;
  /** Wall time when the replica said so, µs since 1970. */
  readonly stagedAt: number;
  /** The same on the monotonic clock. */
  readonly stagedMonotonic: number;
}

/** Remembers the newest of both. */
export class StagedClock {
  /** The newest staged point of this process. */
  newest: StagedPoint | undefined;
  /** Wall time of the newest cut, staged or not. */
  lastCut: number | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The delta was acknowledged as staged. */
  note({ point, cutAt, cutNumber, kind }: Omit<StagedPoint, "stagedAt" | "stagedMonotonic">): void {
    this.newest = {
      point,
      cutAt,
      cutNumber,
      kind,
      stagedAt: this.#clock.wall(),
      stagedMonotonic: this.#clock.now(),
    };
  }

  /** µs since the newest point was staged; `undefined` before the first. */
  get sinceStaged(): number | undefined {
    return this.newest === undefined ? undefined : this.#clock.now() - this.newest.stagedMonotonic;
  }
}
