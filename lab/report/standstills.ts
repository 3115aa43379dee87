/**
 * When a machine stood still: nobody wrote, so the work that could have been lost did not grow.
 *
 * Rule: a duration of work is the time in which the machine ran. What was written once does not become more by waiting.
 *
 * @module
 */

import type { Outage } from "./drill_report.ts";

/** The outages of one machine, as stretches of time. */
export class Standstills {
  readonly #stretches: readonly { readonly from: number; readonly to: number }[];

  /** Of its outages in order; one that did not end lasted to the next, or to the end. */
  constructor(outages: readonly Outage[]) {
    this.#stretches = outages.map(({ began, ended }, index) => {
      return { from: began, to: ended ?? outages[index + 1]?.began ?? Infinity };
    });
  }

  /** For how long it ran between two instants, µs. */
  workBetween(from: number, to: number): number {
    if (to <= from) return 0;
    return this.#stretches.reduce((left, stretch) => {
      return left - Math.max(0, Math.min(to, stretch.to) - Math.max(from, stretch.from));
    }, to - from);
  }

  /** Instants between two others at which it stopped or ran again, in order. */
  turnsBetween(from: number, to: number): number[] {
    const turns = this.#stretches.flatMap((stretch) => [stretch.from, stretch.to]);
    return [...new Set(turns)].filter((at) => at > from && at < to);
  }
}
