/**
 * The codec that agent, laboratory, browser and tests hand to the engine.
 *
 * Rule: synchronous and the same bytes in Deno, Node and a browser worker; the WebAssembly is part
 * of the program text, so nothing is fetched or read. It does not know worlds: a host that wants
 * the slow parts on other threads wraps a kernel in a `Codec` of its own.
 *
 * @module
 */

import { type Codec, type Kernel, unpackHere } from "../engine/core/ports/codec.ts";
import type { Task } from "../engine/core/runtime/task.ts";
import { WasmKernel } from "./kernel.ts";

export { BLOCK_MAX, CONTENT_MAX } from "./kernel.ts";

let shared: Kernel | undefined;

/** The kernel of this realm, made on the first call. Its calls never suspend, so all may share it. */
export function loadKernel(): Kernel {
  shared ??= newKernel();
  return shared;
}

/** A kernel with memory of its own, about 5 MiB: 4 MiB of buffers, which grow up to 33 MiB. */
export function newKernel(): Kernel {
  return new WasmKernel();
}

/** A codec whose tasks finish at once, on the calling thread. */
export function simpleCodec(kernel: Kernel): Codec {
  return {
    kernel,
    compress: (bytes, level) => finished(() => kernel.compress(bytes, level)),
    decompress: (frame, length) => finished(() => kernel.decompress(frame, length)),
    unpack: (packed) => finished(() => unpackHere(kernel, packed)),
    setDigest: (at, bytes, blockSize) => finished(() => kernel.setDigest(at, bytes, blockSize)),
    blockDigests: (bytes, blockSize) => finished(() => kernel.blockDigests(bytes, blockSize)),
    seal: (box, content) => finished(() => kernel.seal(box, content)),
    open: (box, sealed) => finished(() => kernel.open(box, sealed)),
  };
}

/** A task that does `work` when it first runs and waits for nothing. */
// deno-lint-ignore require-yield -- a task is a generator, also one that never has to wait
function* finished<T>(work: () => T): Task<T> {
  return work();
}
