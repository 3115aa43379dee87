/**
 * One instance of the WebAssembly kernel and its memory: bytes in, bytes out.
 *
 * Rule: the two buffers belong to the instance and are reused by every call; what goes in is
 * copied in, what comes out is copied out. Growth of the memory voids every view of it, so the
 * view is asked for anew after any call that may grow. It does not know what the calls compute.
 *
 * @module
 */

import { kernelBytes } from "./pkg/kernel_bytes.ts";
import type * as KernelExports from "./pkg/warmsite_kernel_bg.wasm.d.ts";

/** The functions and the memory of an instance, as wasm-pack describes them. */
export type Exports = typeof KernelExports;

let compiled: WebAssembly.Module | undefined;

/** A fresh instance with its own memory; the module is compiled once per realm. */
export class KernelMemory {
  /** The instance's functions; integers only. */
  readonly exports: Exports;
  #view: Uint8Array;
  #input: number;
  #inputLength: number;
  #output: number;
  #outputLength: number;

  constructor(bufferLength: number) {
    compiled ??= new WebAssembly.Module(kernelBytes());
    this.exports = new WebAssembly.Instance(compiled, {}).exports as unknown as Exports;
    this.#input = this.exports.input_buffer(bufferLength);
    this.#output = this.exports.output_buffer(bufferLength);
    this.#inputLength = bufferLength;
    this.#outputLength = bufferLength;
    this.#view = new Uint8Array(this.exports.memory.buffer);
  }

  /** All memory, valid until the next call into the instance. */
  view(): Uint8Array {
    // A view of memory that has grown is detached and has no bytes.
    if (this.#view.length === 0) this.#view = new Uint8Array(this.exports.memory.buffer);
    return this.#view;
  }

  /** Makes room for `length` bytes of input; what was written before is lost if it grows. */
  reserveInput(length: number): void {
    if (length <= this.#inputLength) return;
    this.#input = this.exports.input_buffer(length);
    this.#inputLength = length;
  }

  /** Makes room for `length` bytes of output. */
  reserveOutput(length: number): void {
    if (length <= this.#outputLength) return;
    this.#output = this.exports.output_buffer(length);
    this.#outputLength = length;
  }

  /** Copies `bytes` to byte `at` of the input, for which room was made. */
  write(bytes: Uint8Array, at = 0): void {
    this.view().set(bytes, this.#input + at);
  }

  /** The first `length` bytes of the output, a copy that the caller owns. */
  read(length: number): Uint8Array {
    return this.view().slice(this.#output, this.#output + length);
  }

  /** Copies the first `length` bytes of the output to byte `at` of `target`. */
  readInto(target: Uint8Array, at: number, length: number): void {
    target.set(this.view().subarray(this.#output, this.#output + length), at);
  }
}
