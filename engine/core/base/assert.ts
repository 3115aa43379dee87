/**
 * Assertions: claims about this program, never about what a disk, a peer or a person gave us.
 *
 * @module
 */

/** A claim about this program was false: a bug of ours. Nothing catches it but the world. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Stops the program when `condition` is false: better down than on with corrupt state. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(claim);
}

/** The compiler proves that `value` cannot exist; a new member of a union breaks the build here. */
export function unreachable(value: never): never {
  throw new AssertionError(`Unreachable: ${JSON.stringify(value)}`);
}
