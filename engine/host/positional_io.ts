/**
 * Reads and writes at offsets of one open file: on this thread while the page cache answers, on the
 * runtime's threads when it does not.
 *
 * Rule: a call that the page cache answers takes about 3 µs for 4 KiB and 150 µs for 1 MiB on this
 * thread, against 15 to 25 µs for 4 KiB by way of another; one that has to wait for a device would
 * hold up every guest. So calls are made here until one is slow, and elsewhere for a while after
 * that; a read of 1 MiB always goes elsewhere, where it takes no longer. No call moves more than 1
 * MiB. Buffers belong to the caller; calls cannot be cancelled, because the descriptor must not be
 * closed and given out again under one that still runs.
 *
 * @module
 */

import * as fs from "node:fs";
import type { Task } from "../core/runtime/task.ts";
import { libc } from "./libc.ts";
import { callbackTask, promiseTask } from "./real_loop.ts";
import { nextTurn, turnIsUp } from "./turn.ts";

/** The most bytes that one call moves. */
const PIECE_MAX = 1024 * 1024;
/** A read of so many bytes goes elsewhere, page cache or not. */
const READ_AWAY_MIN = 1024 * 1024;
/**
 * Milliseconds that a call takes out of the page cache, generously: a part, and a part per byte.
 */
const QUICK_CALL = 0.1;
const QUICK_BYTE = 1e-6;
/** Milliseconds for which calls go to other threads after a slow one. */
const SLOW_PERIOD = 10;

/** Positional I/O on one descriptor, which stays the caller's to close. */
export class PositionalIo {
  readonly #descriptor: number;
  readonly #quickCall: number;
  #slowUntil = 0;

  /** `quickCall` is for tests: with a negative one every call but the first goes elsewhere. */
  constructor(descriptor: number, quickCall = QUICK_CALL) {
    this.#descriptor = descriptor;
    this.#quickCall = quickCall;
  }

  /** Fills `bytes` from `at` on as far as the file goes; returns how many there were. */
  *read(bytes: Uint8Array, at: number): Task<number> {
    let done = 0;
    while (done < bytes.length) {
      const wanted = Math.min(bytes.length - done, PIECE_MAX);
      const here = (yield* this.#mayCall()) && wanted < READ_AWAY_MIN;
      const count = here
        ? this.#readHere(bytes, done, wanted, at + done)
        : yield* this.#readElsewhere(bytes, done, wanted, at + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  /** Writes all of `bytes` from `at` on. */
  *write(bytes: Uint8Array, at: number): Task<void> {
    let done = 0;
    while (done < bytes.length) {
      const wanted = Math.min(bytes.length - done, PIECE_MAX);
      done += (yield* this.#mayCall())
        ? this.#writeHere(bytes, done, wanted, at + done)
        : yield* this.#writeElsewhere(bytes, done, wanted, at + done);
    }
  }

  /** Lets others have their turn, and says whether calls on this thread are quick. */
  *#mayCall(): Task<boolean> {
    const now = performance.now();
    if (turnIsUp(now)) yield* nextTurn();
    return now >= this.#slowUntil;
  }

  #note(began: number, length: number): void {
    const now = performance.now();
    if (now - began > this.#quickCall + length * QUICK_BYTE) this.#slowUntil = now + SLOW_PERIOD;
  }

  #readHere(bytes: Uint8Array, from: number, length: number, at: number): number {
    const began = performance.now();
    const count = fs.readSync(this.#descriptor, bytes, from, length, at);
    this.#note(began, length);
    return count;
  }

  #writeHere(bytes: Uint8Array, from: number, length: number, at: number): number {
    const began = performance.now();
    const count = fs.writeSync(this.#descriptor, bytes, from, length, at);
    this.#note(began, length);
    return count;
  }

  #readElsewhere(bytes: Uint8Array, from: number, length: number, at: number): Task<number> {
    return callbackTask<number>((done, fail) => {
      fs.read(this.#descriptor, bytes, from, length, at, (error, count) => {
        if (error) fail(error);
        else done(count);
      });
      return undefined;
    });
  }

  *#writeElsewhere(bytes: Uint8Array, from: number, length: number, at: number): Task<number> {
    if (libc !== undefined) {
      const { writeElsewhere } = libc;
      const piece = bytes.subarray(from, from + length);
      const count = yield* promiseTask(() => writeElsewhere(this.#descriptor, piece, at));
      if (count > 0) return count;
    }
    // What it was that went wrong is known only of a call on this thread.
    return this.#writeHere(bytes, from, length, at);
  }
}
