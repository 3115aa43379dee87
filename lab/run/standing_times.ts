/**
 * For how long a machine's guests did not run: nobody writes then, so no more work can be lost.
 *
 * @module
 */

/** One machine's. */
export class StandingTimes {
  readonly #stretches: { readonly from: number; to: number }[] = [];

  /** From here on some guest runs. */
  runs(now: number): void {
    const last = this.#stretches.at(-1);
    if (last !== undefined) last.to = Math.min(last.to, now);
  }

  /** From here on none does. */
  stops(now: number): void {
    if (this.#stretches.at(-1)?.to !== Infinity) this.#stretches.push({ from: now, to: Infinity });
  }

  /** For how long some guest ran between two instants, µs. */
  workBetween(from: number, to: number): number {
    return this.#stretches.reduce((left, stretch) => {
      return left - Math.max(0, Math.min(to, stretch.to) - Math.max(from, stretch.from));
    }, to - from);
  }
}
