/**
 * Invariants at work: every fact goes to those that asked for its kind.
 *
 * @module
 */

import type { Fact, Ground, Invariant } from "./fact.ts";

/** What everybody is told of a machine whose roles change; all else asks for who is who in ways of its own. */
const FOLLOWED: ReadonlySet<Fact["kind"]> = new Set<Fact["kind"]>([
  "image",
  "survived",
  "reply",
  "verb",
  "moved",
  "failback",
  "deadline",
]);

/** One that is told facts of a kind. */
interface Handler {
  readonly handle: (fact: never) => void;
  readonly roams: boolean;
}

/** All invariants of one run. */
export class Watchers {
  readonly #handlers = new Map<Fact["kind"], Handler[]>();

  constructor(invariants: readonly Invariant[], ground: Ground) {
    for (const invariant of invariants) {
      const watch = invariant.begin(ground);
      for (const [kind, handler] of Object.entries(watch)) {
        const known = this.#handlers.get(kind as Fact["kind"]);
        const handle = handler as Handler["handle"];
        const one = { handle, roams: invariant.roams === true };
        if (known === undefined) this.#handlers.set(kind as Fact["kind"], [one]);
        else known.push(one);
      }
    }
  }

  /** True when somebody wants facts of that kind. */
  wants(kind: Fact["kind"]): boolean {
    return this.#handlers.has(kind);
  }

  /** Tells one fact; `roaming`: of a machine that changes sides. */
  tell(fact: Fact, roaming = false): void {
    const all = !roaming || FOLLOWED.has(fact.kind);
    for (const { handle, roams } of this.#handlers.get(fact.kind) ?? []) {
      if (all || roams) handle(fact as never);
    }
  }
}
