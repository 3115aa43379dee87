/**
 * What a planted bug is.
 *
 * @module
 */

/** Text that stands in a file exactly once, and what comes in its place. */
export interface Replacement {
  readonly before: string;
  readonly after: string;
}

/** A replacement in the source of the engine that breaks one rule. */
export interface Plant extends Replacement {
  readonly id: string;
  /** The rule of the design that it breaks. */
  readonly rule: string;
  /** Invariants of which one must notice. */
  readonly invariants: readonly string[];
  /** From the repository's root. */
  readonly file: string;
  /** Further places of the same file, for a rule that is kept twice. */
  readonly also?: readonly Replacement[];
}
