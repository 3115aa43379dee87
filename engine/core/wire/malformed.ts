/**
 * What decoders answer instead of what they could not make sense of.
 *
 * @module
 */

import type { Failure } from "../base/failure.ts";

/** A failure of the peer: it sent what cannot be. Told apart from any message by its mark. */
export interface Malformed extends Failure {
  /** Marks it. */
  readonly isMalformed: true;
}

/** The failure whose message is `problem`. */
export function malformed(problem: string): Malformed {
  return {
    isMalformed: true,
    code: "malformed",
    side: "peer",
    message: problem,
    action: "Check that the other end is Warmsite, of the same version",
  };
}

/** True for the result of a decoder that found its input unsound. */
export function isMalformed(result: object): result is Malformed {
  return "isMalformed" in result;
}
