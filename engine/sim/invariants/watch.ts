/**
 * Invariants at work: every fact goes to those that asked for its kind.
 *
 * @module
 */

import type { Fact, Ground, Invariant } from "./fact.ts";

/** All invariants of one run. */
export class Watchers {
  readonly #handlers = new Map<Fact["kind"], ((fact: never) => void)[]>();

  constructor(invariants: readonly Invariant[], ground: Ground) {
    for (const invariant of invariants) {
      const watch = invariant.begin(ground);
      for (const [kind, handler] of Object.entries(watch)) {
        const known = this.#handlers.get(kind as Fact["kind"]);
        const handle = handler as (fact: never) => void;
        if (known === undefined) this.#handlers.set(kind as Fact["kind"], [handle]);
        else known.push(handle);
      }
    }
  }

  /** True when somebody wants facts of that kind. */
  wants(kind: Fact["kind"]): boolean {
    return this.#handlers.has(kind);
  }

  /** Tells one fact. */
  tell(fact: Fact): void {
    const handlers = this.#handlers.get(fact.kind);
    if (handlers === undefined) return;
    for (const handle of handlers) handle(fact as never);
  }
}
