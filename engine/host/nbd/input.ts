/**
 * What a client sends, received into buffers from which requests are served without copying.
 *
 * Ownership: a write's payload is a part of a receive buffer; while its task runs it pins the buffer,
 * and nothing is received over it. Buffers that nobody pins are used again.
 *
 * This file knows nothing of NBD but that a request may need many bytes in a row.
 *
 * @module
 */

import { assert } from "../../core/base/assert.ts";
import { INPUT_BUFFER_SIZE, INPUT_ROOM_MIN } from "./limits.ts";

/** Memory into which bytes are received. */
export class InputBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Requests in progress whose payload lies here. */
  pins = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Bytes received and not yet consumed, always in one piece. */
export class Input {
  /** Where the unconsumed bytes lie. */
  buffer = new InputBuffer(INPUT_BUFFER_SIZE);
  /** The first unconsumed byte of `buffer`. */
  start = 0;
  #end = 0;
  #wanted = 1;
  #spare: InputBuffer | undefined;
  #held = 0;

  /** Bytes of memory that are kept only because requests in progress pin them. */
  get held(): number {
    return this.#held;
  }

  /** Bytes that can be consumed. */
  get available(): number {
    return this.#end - this.start;
  }

  /** Says how many bytes from `start` must come in one piece before anything can go on. */
  want(bytes: number): void {
    this.#wanted = bytes;
  }

  /** Takes `bytes` off the front. What lay there stays valid until the next `window`. */
  consume(bytes: number): void {
    assert(bytes <= this.available, "Only received bytes are consumed");
    this.start += bytes;
    this.#wanted = 1;
  }

  /**
   * Where to receive next; never empty. Inside a long payload it ends where the payload does, so
   * that the next request starts at the front of a buffer and no tail has to be moved.
   */
  window(): Uint8Array<ArrayBuffer> {
    const available = this.available;
    if (available === 0 && this.buffer.pins === 0) this.#rewind();
    const room = available === 0 ? INPUT_ROOM_MIN : this.#wanted;
    if (this.start + room > this.buffer.bytes.length) this.#move(room);
    const end = this.#wanted - available >= INPUT_ROOM_MIN
      ? this.start + this.#wanted
      : this.buffer.bytes.length;
    return this.buffer.bytes.subarray(this.#end, end);
  }

  /** Says that `bytes` arrived in the last window. */
  filled(bytes: number): void {
    this.#end += bytes;
  }

  #rewind(): void {
    this.start = 0;
    this.#end = 0;
    if (this.buffer.bytes.length > INPUT_BUFFER_SIZE) this.buffer = this.#take(INPUT_BUFFER_SIZE);
  }

  /** Brings the unconsumed bytes to the front of a buffer that holds `room`. */
  #move(room: number): void {
    const from = this.buffer;
    const available = this.available;
    if (from.pins === 0 && room <= from.bytes.length) {
      from.bytes.copyWithin(0, this.start, this.#end);
    } else {
      this.buffer = this.#take(Math.max(room, INPUT_BUFFER_SIZE));
      this.buffer.bytes.set(from.bytes.subarray(this.start, this.#end));
      if (from.pins > 0) this.#held += from.bytes.length;
      else this.#keep(from);
    }
    this.start = 0;
    this.#end = available;
  }

  /** Keeps the current buffer's bytes as they are until `unpin`. */
  pin(): InputBuffer {
    this.buffer.pins++;
    return this.buffer;
  }

  /** Takes one pin back. */
  unpin(buffer: InputBuffer): void {
    buffer.pins--;
    if (buffer.pins > 0 || buffer === this.buffer) return;
    this.#held -= buffer.bytes.length;
    this.#keep(buffer);
  }

  #take(size: number): InputBuffer {
    const spare = this.#spare;
    if (spare === undefined || size > INPUT_BUFFER_SIZE) return new InputBuffer(size);
    this.#spare = undefined;
    return spare;
  }

  #keep(buffer: InputBuffer): void {
    if (buffer.bytes.length === INPUT_BUFFER_SIZE) this.#spare = buffer;
  }
}
