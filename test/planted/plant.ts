/**
 * What a planted bug is.
 *
 * @module
 */

/** A replacement in the source of the engine that breaks one rule. */
export interface Plant {
  readonly id: string;
  /** The rule of the design that it breaks. */
  readonly rule: string;
  /** Invariants of which one must notice. */
  readonly invariants: readonly string[];
  /** From the repository's root. */
  readonly file: string;
  /** There exactly once. */
  readonly before: string;
  readonly after: string;
}
