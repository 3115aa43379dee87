/**
 * A bounded reader and writer of little-endian fields: every format in the engine goes through them.
 *
 * Rule: a reader never throws on short or strange input; it turns `ok` to false, gives zeros from
 * then on, and the caller checks once at the end.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** Reads fields in order from bytes that nobody has checked. */
export class ByteReader {
  /** False once anything was asked for that the bytes do not hold. */
  ok = true;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Where the next field is read, from the start of the bytes. */
  get at(): number {
    return this.#at;
  }

  #take(size: number): number {
    if (!this.ok || size < 0 || size > this.left) {
      this.ok = false;
      return -1;
    }
    const at = this.#at;
    this.#at += size;
    return at;
  }

  /** An unsigned 8-bit field. */
  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  /** An unsigned 16-bit field. */
  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at, true);
  }

  /** An unsigned 32-bit field. */
  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  /** An unsigned 64-bit field as a bigint: checksums and sequences. */
  u64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : this.#view.getBigUint64(at, true);
  }

  /** An unsigned 64-bit field that must be a safe integer: offsets, lengths, times. */
  safe64(): number {
    const low = this.u32();
    const high = this.u32();
    if (high >= 0x200000) this.ok = false;
    return this.ok ? high * 0x100000000 + low : 0;
  }

  /** The next `length` bytes, a view that shares memory with the input. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? new Uint8Array(0) : this.#bytes.subarray(at, at + length);
  }
}

/** Writes fields in order into a buffer of a size known beforehand. */
export class ByteWriter {
  /** The buffer being filled; fields not written yet are zero. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number | Uint8Array) {
    this.bytes = typeof size === "number" ? new Uint8Array(size) : size;
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  /** Where the next field is written. */
  get at(): number {
    return this.#at;
  }

  /** Goes to `at`, to fill a field that was left out. */
  seek(at: number): this {
    assert(at <= this.bytes.length, "A field lies inside the buffer");
    this.#at = at;
    return this;
  }

  /** An unsigned 8-bit field. */
  u8(value: number): this {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
    return this;
  }

  /** An unsigned 16-bit field. */
  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
    return this;
  }

  /** An unsigned 32-bit field. */
  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  /** An unsigned 64-bit field. */
  u64(value: bigint): this {
    this.#view.setBigUint64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  /** An unsigned 64-bit field from a safe integer. */
  safe64(value: number): this {
    assert(Number.isSafeInteger(value), "A 64-bit field holds a safe integer");
    assert(value >= 0, "A 64-bit field is not negative");
    return this.u32(value % 0x100000000).u32(Math.floor(value / 0x100000000));
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }
}
