/**
 * A worker thread of the codec pool: does what it is sent, one piece after the other, in shared
 * memory.
 *
 * @module
 */

import { release } from "../core/base/release.ts";
import { newKernel } from "../../wasm/codec.ts";
import { type CodecWork, doCodecWork } from "./codec_work.ts";

/** What the pool sends: the result replaces the input in `memory`, which holds either. */
export interface WorkerRequest {
  readonly work: CodecWork;
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
  const result = doCodecWork(kernel, work, bytes.subarray(0, length));
  if (result === undefined) return scope.postMessage(-1);
  bytes.set(result);
  const { length: size } = result;
  // What waits to be collected is up to 64 MiB a thread.
  release(result);
  scope.postMessage(size);
};
