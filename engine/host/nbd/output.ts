/**
 * Replies on their way out: small ones gathered into one send, long ones sent from where their data
 * was read.
 *
 * Ownership: replies are built in `ReplyBuffer`s; a region of one belongs to its reply until it was
 * sent. A buffer without regions is used again.
 *
 * @module
 */

import { REPLY_BATCH_SIZE } from "./limits.ts";

/** Memory in which replies are built. */
export class ReplyBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Regions that are being filled or sent. */
  regions = 0;
  /** Bytes given out to replies, from the front. */
  fill = 0;
  /** Bytes handed over for sending or detached, from the front. */
  passed = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
}

interface Segment {
  readonly bytes: Uint8Array;
  readonly buffer: ReplyBuffer | undefined;
}

/** Something that sends bytes, perhaps not all at once. */
export interface Sender {
  /** Sends the first bytes and says how many they were. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Buffers kept for reuse by one connection. */
const SPARES_MAX = 4;

/** The replies of one connection. */
export class Output {
  /** Bytes of replies that are not sent. */
  pending = 0;
  readonly #sender: Sender;
  readonly #onSent: () => void;
  readonly #onBroken: () => void;
  #current = new ReplyBuffer(REPLY_BATCH_SIZE);
  #segments: Segment[] = [];
  #spares: ReplyBuffer[] = [];
  #sending = false;
  #broken = false;
  #whenIdle: (() => void)[] = [];

  /** `onSent` is called after bytes were sent, `onBroken` once when nothing can be sent any more. */
  constructor(sender: Sender, onSent: () => void, onBroken: () => void) {
    this.#sender = sender;
    this.#onSent = onSent;
    this.#onBroken = onBroken;
  }

  /**
   * Gives `size` bytes of a buffer to a reply: they start at `reserved.fill - size`. They are sent
   * with the next `flush` unless `detach` keeps them back.
   */
  reserve(size: number): ReplyBuffer {
    if (this.#current.fill + size > this.#current.bytes.length) {
      this.#seal();
      this.#current = this.#take(size);
    }
    this.#current.fill += size;
    this.pending += size;
    return this.#current;
  }

  /** Gives the last `size` reserved bytes back. */
  unreserve(size: number): void {
    this.#current.fill -= size;
    this.pending -= size;
  }

  /** Keeps the last `size` reserved bytes back from sending until they are handed to `sendRegion`. */
  detach(size: number): void {
    const buffer = this.#current;
    buffer.fill -= size;
    this.#pass();
    buffer.fill += size;
    buffer.passed = buffer.fill;
    buffer.regions++;
  }

  /** Sends `size` bytes at `at` that were detached; `size` may be less than was reserved. */
  sendRegion(buffer: ReplyBuffer, at: number, size: number, reserved: number): void {
    this.#pass();
    this.pending -= reserved - size;
    this.#segments.push({ bytes: buffer.bytes.subarray(at, at + size), buffer });
  }

  /** Gives up `reserved` bytes that were detached: somebody may still write there, so nobody else ever does. */
  loseRegion(reserved: number): void {
    this.pending -= reserved;
  }

  /** Sends `bytes`, which the caller gives away, after all replies that are complete. */
  sendBytes(bytes: Uint8Array): void {
    this.#pass();
    this.pending += bytes.length;
    this.#segments.push({ bytes, buffer: undefined });
  }

  /** Begins to send all replies that are complete. */
  flush(): void {
    this.#pass();
    if (!this.#sending && this.#segments.length > 0) void this.#send();
  }

  /** Returns when everything was sent, or nothing can be any more. */
  idle(): Promise<void> {
    this.flush();
    if (!this.#sending) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #pass(): void {
    const buffer = this.#current;
    if (buffer.fill === buffer.passed) return;
    buffer.regions++;
    this.#segments.push({ bytes: buffer.bytes.subarray(buffer.passed, buffer.fill), buffer });
    buffer.passed = buffer.fill;
  }

  #seal(): void {
    this.#pass();
    if (this.#current.regions === 0) this.#keep(this.#current);
  }

  #take(size: number): ReplyBuffer {
    const wanted = Math.max(size, REPLY_BATCH_SIZE);
    const place = this.#spares.findIndex(({ bytes }) =>
      bytes.length >= wanted && bytes.length <= 2 * wanted
    );
    if (place < 0) return new ReplyBuffer(wanted);
    return this.#spares.splice(place, 1)[0] as ReplyBuffer;
  }

  #keep(buffer: ReplyBuffer): void {
    buffer.fill = 0;
    buffer.passed = 0;
    if (buffer === this.#current) return;
    this.#spares.push(buffer);
    if (this.#spares.length > SPARES_MAX) this.#spares.shift();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#segments.length > 0 && !this.#broken) {
        const segments = this.#segments;
        this.#segments = [];
        for (const { bytes, buffer } of segments) {
          let sent = await this.#sender.write(bytes);
          while (sent < bytes.length) sent += await this.#sender.write(bytes.subarray(sent));
          this.pending -= bytes.length;
          if (buffer !== undefined && --buffer.regions === 0 && this.#isWhole(buffer)) {
            this.#keep(buffer);
          }
        }
        this.#onSent();
      }
    } catch {
      this.#broken = true;
      this.#onBroken();
    }
    this.#sending = false;
    const idle = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of idle) resolve();
  }

  /** True when nothing in the buffer waits to be passed on. */
  #isWhole(buffer: ReplyBuffer): boolean {
    return buffer.passed === buffer.fill;
  }
}
