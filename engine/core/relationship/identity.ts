/**
 * New identities: 128 random bits as hex.
 *
 * @module
 */

import { toHex } from "../base/units.ts";
import type { Entropy } from "../ports/clock.ts";

/** A new identity of the kind that the caller names; collisions are beyond any horizon. */
export function newIdentity<Identity extends string>(entropy: Entropy): Identity {
  return toHex(entropy.bytes(16)) as Identity;
}
