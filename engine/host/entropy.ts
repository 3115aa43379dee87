/**
 * Randomness from the kernel, for identities.
 *
 * @module
 */

import type { Entropy } from "../core/ports/clock.ts";

/** `Entropy` on the runtime's cryptographic generator. */
export const realEntropy: Entropy = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
