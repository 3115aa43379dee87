/**
 * The chain digest of a delta: BLAKE3 over all of it, record by record.
 *
 * H(0) is 32 zero bytes; H(n) = BLAKE3(H(n-1) ‖ header of record n ‖ D(n)), where D(n) is the BLAKE3 of
 * the record's payload, or 32 zero bytes where it has none. Both ends keep it as records pass, so that a
 * resumed delta needs no second look at what is already durable; payloads are digested apart, where it
 * disturbs nobody (E5), and only 88 bytes a record are hashed in order.
 *
 * @module
 */

import { type Codec, DIGEST_SIZE, type Kernel } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { RECORD_HEADER_SIZE, type StagedExtent, writeRecordHeader } from "./extent.ts";
import { ByteWriter } from "../base/bytes.ts";

/** The chain digest of no record. */
export function emptyChain(): Uint8Array {
  return new Uint8Array(DIGEST_SIZE);
}

/** D(n): the digest of a record's payload. */
export function* payloadDigest(codec: Codec, { payload }: StagedExtent): Task<Uint8Array> {
  if (payload.length === 0) return new Uint8Array(DIGEST_SIZE);
  return yield* codec.blockDigests(payload, payload.length);
}

/** The chain digest after `extent`, whose payload has `digest`, when `chain` is the one before it. */
export function chainDigest(
  kernel: Kernel,
  chain: Uint8Array,
  extent: StagedExtent,
  digest: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter(2 * DIGEST_SIZE + RECORD_HEADER_SIZE).raw(chain);
  return kernel.digest(writeRecordHeader(writer, extent).raw(digest).bytes);
}
