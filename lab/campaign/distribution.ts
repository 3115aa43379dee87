/**
 * How the values of one measure are distributed, kept up to date value by value.
 *
 * @module
 */

import type { Scale } from "../report/axis.ts";

/** Bars that a histogram has at most. */
const BARS_MAX = 24;

/** A bar: how many values are at least `from` and less than `to`; in the last one also `to` itself. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** A distribution at one moment. Percentiles are values that occurred, by nearest rank. */
export interface DistributionSummary {
  readonly count: number;
  readonly least: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly most: number | null;
  readonly mean: number | null;
  readonly histogram: readonly Bar[];
}

/** Values of one measure. */
export class Distribution {
  readonly #scale: Scale;
  readonly #sorted: number[] = [];
  #sum = 0;

  /** Bars of the histogram are as wide as `scale` finds round. */
  constructor(scale: Scale) {
    this.#scale = scale;
  }

  /** One more value, not negative. */
  add(value: number): void {
    const sorted = this.#sorted;
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    sorted.splice(low, 0, value);
    this.#sum += value;
  }

  /** The least value that at least such a share of the values does not exceed. */
  percentile(share: number): number | null {
    const rank = Math.max(1, Math.ceil(share * this.#sorted.length));
    return this.#sorted[rank - 1] ?? null;
  }

  /** How they are distributed now. */
  summary(): DistributionSummary {
    const count = this.#sorted.length;
    return {
      count,
      least: this.#sorted[0] ?? null,
      p50: this.percentile(0.5),
      p90: this.percentile(0.9),
      p99: this.percentile(0.99),
      most: this.#sorted.at(-1) ?? null,
      mean: count === 0 ? null : this.#sum / count,
      histogram: this.#histogram(),
    };
  }

  #histogram(): Bar[] {
    const most = this.#sorted.at(-1);
    if (most === undefined) return [];
    const width = this.#scale.steps.find((step) => most / step <= BARS_MAX) ?? most / BARS_MAX;
    const bars = Math.max(1, Math.ceil(most / width));
    const counts = new Array<number>(bars).fill(0);
    for (const value of this.#sorted) counts[Math.min(bars - 1, Math.floor(value / width))]!++;
    return counts.map((count, index) => ({
      from: index * width,
      to: (index + 1) * width,
      count,
    }));
  }
}
