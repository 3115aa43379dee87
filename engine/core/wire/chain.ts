/**
 * The chain digest of a delta: BLAKE3 over all of it, record by record.
 *
 * H(0) is 32 zero bytes; H(n) = BLAKE3(H(n-1) ‖ header of record n ‖ payload of record n). Both ends keep
 * it as records pass, so that a resumed delta needs no second look at what is already durable.
 *
 * @module
 */

import { DIGEST_SIZE, type Kernel } from "../ports/codec.ts";
import { encodeRecordHeader, type StagedExtent } from "./extent.ts";

/** The chain digest of no record. */
export function emptyChain(): Uint8Array {
  return new Uint8Array(DIGEST_SIZE);
}

/** The chain digest after `extent`, when `chain` is the one before it. */
export function chainDigest(kernel: Kernel, chain: Uint8Array, extent: StagedExtent): Uint8Array {
  const hasher = kernel.hasher();
  try {
    hasher.update(chain);
    hasher.update(encodeRecordHeader(extent));
    hasher.update(extent.payload);
    return hasher.digest();
  } finally {
    hasher.free();
  }
}
