/**
 * Frames: how messages are cut out of a stream of bytes that nobody has checked.
 *
 * A frame is a header of 16 bytes and a payload:
 *
 * | at | field    | type | meaning                                              |
 * |----|----------|------|------------------------------------------------------|
 * |  0 | version  | u8   | 1                                                    |
 * |  1 | type     | u8   | 1 control, 2 extent, 3 compare, 4 compared           |
 * |  2 | channel  | u16  | 0 is the session itself                              |
 * |  4 | length   | u32  | bytes of payload, bounded by the type                |
 * |  8 | checksum | u64  | XXH3-64 of the first 8 bytes of the header ‖ payload |
 *
 * Rule: a length is checked before anything is kept for it; every byte is copied at most once; after
 * the first unsound frame nothing more is read. This file does not know what payloads mean.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Failure } from "../base/failure.ts";
import { CONTROL_PAYLOAD_MAX, FRAME_PAYLOAD_MAX } from "../base/limits.ts";
import { RELEASE_MIN } from "../base/release.ts";
import type { Kernel } from "../ports/codec.ts";
import { malformed } from "./malformed.ts";

/** Bytes before the payload. */
export const FRAME_HEADER_SIZE = 16;
/** The only version there is. */
export const FRAME_VERSION = 1;

/** What a frame carries. */
export type FrameType = "control" | "extent" | "compare" | "compared";

const TYPES: readonly FrameType[] = ["control", "extent", "compare", "compared"];
const HASHED_HEADER = 8;

/** The longest payload of a frame of `type`. */
export function payloadMax(type: FrameType): number {
  return type === "control" ? CONTROL_PAYLOAD_MAX : FRAME_PAYLOAD_MAX;
}

/** The part of a checksum that needs the kernel. */
export type Checksummer = Pick<Kernel, "checksum">;

/**
 * A frame whose payload is to be filled in place: `payload` is a view into `bytes`. Saves a copy for
 * large payloads; `sealFrame` completes it.
 */
export interface OpenFrame {
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

/** A frame with room for `length` bytes of payload. */
export function openFrame(length: number): OpenFrame {
  const bytes = new Uint8Array(FRAME_HEADER_SIZE + length);
  return { bytes, payload: bytes.subarray(FRAME_HEADER_SIZE) };
}

/** Writes the header of a frame whose payload is complete; returns all its bytes. */
export function sealFrame(
  kernel: Checksummer,
  frame: OpenFrame,
  type: FrameType,
  channel: number,
): Uint8Array {
  const { bytes, payload } = frame;
  assert(payload.length <= payloadMax(type), "A frame we send is not too long");
  assert(channel >= 0 && channel <= 0xffff, "A channel is a 16-bit number");
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_SIZE);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, TYPES.indexOf(type) + 1);
  view.setUint16(2, channel, true);
  view.setUint32(4, payload.length, true);
  view.setBigUint64(8, frameChecksum(kernel, bytes), true);
  return bytes;
}

/** A whole frame; `payload` is copied. */
export function encodeFrame(
  kernel: Checksummer,
  type: FrameType,
  channel: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = openFrame(payload.length);
  frame.payload.set(payload);
  return sealFrame(kernel, frame, type, channel);
}

/** What `FrameDecoder.next` found. */
export type Decoded =
  | { readonly kind: "need-more" }
  | {
    readonly kind: "frame";
    readonly type: FrameType;
    readonly channel: number;
    /**
     * Owned by the caller; never pins more than about twice its own size. Of `RELEASE_MIN` and more it
     * has a buffer for itself, which may be released.
     */
    readonly payload: Uint8Array;
  }
  | { readonly kind: "invalid"; readonly failure: Failure };

const NEED_MORE: Decoded = { kind: "need-more" };

interface Header {
  readonly type: FrameType;
  readonly channel: number;
  readonly length: number;
}

/**
 * Cuts frames out of bytes as they arrive. Holds at most one frame that is not complete, and the
 * chunks pushed and not read yet: `next` is to be called until it needs more before the next `push`.
 */
export class FrameDecoder {
  readonly #kernel: Checksummer;
  readonly #done: (chunk: Uint8Array) => void;
  #chunks: Uint8Array[] = [];
  #chunk = 0;
  #at = 0;
  /** True when a frame lies in the chunk that is being read. */
  #kept = false;
  #left = 0;
  readonly #head = new Uint8Array(FRAME_HEADER_SIZE);
  #header: Header | undefined;
  #frame: Uint8Array | undefined;
  #filled = 0;
  #invalid: Decoded | undefined;

  /** `done` is told of each chunk that was read and of which nothing is kept. */
  constructor(kernel: Checksummer, done: (chunk: Uint8Array) => void = () => {}) {
    this.#kernel = kernel;
    this.#done = done;
  }

  /** Bytes of memory held: chunks not read yet, and the frame that is being put together. */
  get held(): number {
    return this.#left + (this.#frame?.length ?? this.#filled);
  }

  /** Takes in bytes, in order. They belong to the decoder from now on; it may change them. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#invalid !== undefined) return;
    this.#chunks.push(bytes);
    this.#left += bytes.length;
  }

  /** The next frame, if it is complete; after `invalid` always that. */
  next(): Decoded {
    if (this.#invalid !== undefined) return this.#invalid;
    if (this.#header === undefined) {
      const whole = this.#inPlace();
      if (whole !== undefined) return whole;
      if (this.#invalid !== undefined) return this.#invalid;
      this.#filled += this.#copy(this.#head, this.#filled);
      if (this.#filled < FRAME_HEADER_SIZE) return NEED_MORE;
      const header = parseHeader(this.#head);
      if (typeof header === "string") return this.#reject(header);
      this.#header = header;
      this.#frame = new Uint8Array(FRAME_HEADER_SIZE + header.length);
      this.#frame.set(this.#head);
    }
    const frame = this.#frame as Uint8Array;
    this.#filled += this.#copy(frame, this.#filled);
    if (this.#filled < frame.length) return NEED_MORE;
    const header = this.#header;
    this.#header = undefined;
    this.#frame = undefined;
    this.#filled = 0;
    return this.#finish(header, frame);
  }

  /**
   * A small frame that makes up most of the chunk it lies in is used where it lies; never in a chunk
   * that is large enough to be released with the frame, for what follows it lies there too.
   */
  #inPlace(): Decoded | undefined {
    const chunk = this.#chunks[this.#chunk];
    if (chunk === undefined || this.#filled > 0) return undefined;
    const left = chunk.length - this.#at;
    const whole = chunk.buffer.byteLength;
    if (left < FRAME_HEADER_SIZE || 2 * left < whole || whole >= RELEASE_MIN) return undefined;
    const header = parseHeader(chunk.subarray(this.#at, this.#at + FRAME_HEADER_SIZE));
    if (typeof header === "string") return this.#reject(header);
    const size = FRAME_HEADER_SIZE + header.length;
    if (size > left || 2 * size < whole) return undefined;
    this.#kept = true;
    const frame = chunk.subarray(this.#at, this.#at + size);
    this.#consume(size);
    return this.#finish(header, frame);
  }

  #finish(header: Header, frame: Uint8Array): Decoded {
    const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_SIZE);
    if (view.getBigUint64(8, true) !== frameChecksum(this.#kernel, frame)) {
      return this.#reject("does not match its checksum");
    }
    return {
      kind: "frame",
      type: header.type,
      channel: header.channel,
      payload: frame.subarray(FRAME_HEADER_SIZE),
    };
  }

  #reject(problem: string): Decoded {
    this.#chunks = [];
    this.#frame = undefined;
    this.#left = 0;
    this.#filled = 0;
    this.#invalid = { kind: "invalid", failure: malformed(`A frame ${problem}`) };
    return this.#invalid;
  }

  /** Copies what is there into `target` from `start` on; returns how much. */
  #copy(target: Uint8Array, start: number): number {
    let at = start;
    while (at < target.length) {
      const chunk = this.#chunks[this.#chunk];
      if (chunk === undefined) break;
      const size = Math.min(target.length - at, chunk.length - this.#at);
      target.set(chunk.subarray(this.#at, this.#at + size), at);
      at += size;
      this.#consume(size);
    }
    return at - start;
  }

  #consume(size: number): void {
    this.#at += size;
    this.#left -= size;
    const chunk = this.#chunks[this.#chunk];
    if (chunk === undefined || this.#at < chunk.length) return;
    if (!this.#kept) this.#done(chunk);
    this.#kept = false;
    this.#at = 0;
    this.#chunk++;
    if (this.#left > 0 && this.#chunk < 64) return;
    this.#chunks = this.#chunks.slice(this.#chunk);
    this.#chunk = 0;
  }
}

/**
 * The checksum of a complete frame. It covers header and payload but not itself, so the header's
 * first half takes its place while it is computed: one run of bytes, nothing copied.
 */
function frameChecksum(kernel: Checksummer, frame: Uint8Array): bigint {
  const stored = frame.slice(HASHED_HEADER, FRAME_HEADER_SIZE);
  frame.copyWithin(HASHED_HEADER, 0, HASHED_HEADER);
  const checksum = kernel.checksum(frame.subarray(HASHED_HEADER));
  frame.set(stored, HASHED_HEADER);
  return checksum;
}

/** The header, or what is wrong with it. */
function parseHeader(bytes: Uint8Array): Header | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_SIZE);
  if (view.getUint8(0) !== FRAME_VERSION) return `is of version ${view.getUint8(0)}`;
  const type = TYPES[view.getUint8(1) - 1];
  if (type === undefined) return `is of unknown type ${view.getUint8(1)}`;
  const length = view.getUint32(4, true);
  if (length > payloadMax(type)) return `of type ${type} says that it has ${length} bytes`;
  return { type, channel: view.getUint16(2, true), length };
}
