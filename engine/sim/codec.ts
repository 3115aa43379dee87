/**
 * The codec of the simulated world: the kernel's own results, for simulated CPU time.
 *
 * Rule: results never depend on the costs; where a cost is zero there is no event.
 *
 * @module
 */

import { type Codec, type Kernel, unpackHere } from "../core/ports/codec.ts";
import { done, type Task } from "../core/runtime/task.ts";

/** CPU time in nanoseconds a byte. */
export interface CodecCosts {
  /** Compressing. */
  readonly compress: number;
  /** Decompressing. */
  readonly decompress: number;
  /** Set digests and block digests. */
  readonly digest: number;
  /** Sealing and opening. */
  readonly seal: number;
}

/** Work that takes no simulated time. */
export const FREE_CODEC: CodecCosts = { compress: 0, decompress: 0, digest: 0, seal: 0 };

/** About one core of a server of 2020. */
export const USUAL_CODEC: CodecCosts = { compress: 3, decompress: 1, digest: 1, seal: 4 };

/** `kernel` as a codec that takes `costs` of time; `work` lets `micros` of CPU time pass. */
export function simCodec(
  kernel: Kernel,
  costs: CodecCosts,
  work: (micros: number) => Task<void>,
): Codec {
  function timed<T>(result: T, bytes: number, cost: number): Task<T> {
    const micros = Math.floor((bytes * cost) / 1000);
    return micros === 0 ? done(result) : after(work(micros), result);
  }
  return {
    kernel,
    compress: (bytes, level) => timed(kernel.compress(bytes, level), bytes.length, costs.compress),
    decompress: (frame, length) =>
      timed(kernel.decompress(frame, length), length, costs.decompress),
    unpack: (packed) => {
      const { compressed, blocks, length } = packed;
      const cost = (compressed ? costs.decompress : 0) + (blocks ? costs.digest : 0);
      return timed(unpackHere(kernel, packed), length, cost);
    },
    setDigest: (at, bytes, blockSize) =>
      timed(kernel.setDigest(at, bytes, blockSize), bytes.length, costs.digest),
    blockDigests: (bytes, blockSize) =>
      timed(kernel.blockDigests(bytes, blockSize), bytes.length, costs.digest),
    seal: (box, content) => timed(kernel.seal(box, content), content.length, costs.seal),
    open: (box, sealed) => timed(kernel.open(box, sealed), sealed.length, costs.seal),
  };
}

function* after<T>(wait: Task<void>, result: T): Task<T> {
  yield* wait;
  return result;
}
