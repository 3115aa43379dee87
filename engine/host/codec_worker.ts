/**
 * A worker thread of the codec pool: does what it is sent, one piece after the other, in shared
 * memory.
 *
 * @module
 */

import { release } from "../core/base/release.ts";
import { DIGEST_SIZE, type Packed } from "../core/ports/codec.ts";
import { newKernel } from "../../wasm/codec.ts";
import { type CodecWork, doCodecWork, unpackByRuntime } from "./codec_work.ts";

/** What the pool asks for. */
export type AwayWork =
  | CodecWork
  | ({ readonly kind: "unpack" } & Omit<Packed, "payload">);

/**
 * What the pool sends: the result replaces the input in `memory`, which holds either. Of what is
 * unpacked a set digest lies in the last bytes of `memory`, and content that was not compressed stays
 * where it is.
 */
export interface WorkerRequest {
  readonly work: AwayWork;
  readonly memory: SharedArrayBuffer;
  /** Bytes of input. */
  readonly length: number;
}

/** What comes back, in the order of the requests: bytes of the result, or -1 for none. */
export type WorkerAnswer = number;

interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(answer: WorkerAnswer): void;
}

const scope = globalThis as unknown as WorkerScope;
const kernel = newKernel();

scope.onmessage = ({ data: { work, memory, length } }) => {
  const bytes = new Uint8Array(memory);
  const input = bytes.subarray(0, length);
  const answer = work.kind === "unpack"
    ? unpack(work, bytes, input)
    : keep(bytes, doCodecWork(kernel, work, input));
  scope.postMessage(answer);
};

function unpack(work: Omit<Packed, "payload">, bytes: Uint8Array, payload: Uint8Array): number {
  const unpacked = unpackByRuntime(kernel, { ...work, payload });
  if (unpacked === undefined) return -1;
  if (unpacked.setDigest !== undefined) bytes.set(unpacked.setDigest, bytes.length - DIGEST_SIZE);
  return work.compressed ? keep(bytes, unpacked.content) : payload.length;
}

/** Puts a result where the pool finds it. */
function keep(bytes: Uint8Array, result: Uint8Array | undefined): number {
  if (result === undefined) return -1;
  bytes.set(result);
  const { length } = result;
  // What waits to be collected is up to 64 MiB a thread.
  release(result);
  return length;
}
