/**
 * The gate in front of a disk: while it is closed no write is submitted, and those submitted before
 * can be waited for (C1).
 *
 * Rule: it is closed as often as `close` was called more than `open`; who demotes a disk closes it
 * and never opens it (L6). It does not know disks.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";

/** Lets writes pass, or not. */
export class Gate {
  #closings = 0;
  #submitted = 0;
  readonly #opened = new Signal();
  readonly #drained = new Signal();

  /** True while no write may be submitted. */
  get closed(): boolean {
    return this.#closings > 0;
  }

  /** Writes handed to the disk that have not returned. */
  get submitted(): number {
    return this.#submitted;
  }

  /** Lets nothing pass from here on. */
  close(): void {
    this.#closings++;
  }

  /** Takes one `close` back. */
  open(): void {
    assert(this.#closings > 0, "Only a closed gate is opened");
    this.#closings--;
    if (this.#closings === 0) this.#opened.notify();
  }

  /** Counts a write that is handed to the disk in the same step. */
  enter(): void {
    assert(this.#closings === 0, "Nothing passes a closed gate");
    this.#submitted++;
  }

  /** The disk has answered a write. */
  leave(): void {
    this.#submitted--;
    if (this.#submitted === 0) this.#drained.notify();
  }

  /** Waits until the gate is open; look again, for it may be closed by then. */
  whenOpen(): Task<void> {
    return this.#opened.until(() => this.#closings === 0);
  }

  /** Waits until no submitted write is left. */
  whenDrained(): Task<void> {
    return this.#drained.until(() => this.#submitted === 0);
  }
}
