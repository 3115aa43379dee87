/**
 * The inbox of a session: how much its channels hold of what was received and not taken yet (E6).
 *
 * Data is bounded by the peer's send window: what it may have in flight is all that can wait here, so
 * the connection is always read on, and a channel whose owner is slow stops neither pings nor other
 * channels. A peer that sends more than its window breaks the protocol.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { SEND_WINDOW_MAX } from "../base/limits.ts";
import { CONTROL_INBOX_MAX } from "./limits.ts";

/** Counts what is held, data and control messages apart. */
export class Inbox {
  #data = 0;
  #control = 0;

  /** Cost of everything held. */
  get held(): number {
    return this.#data + this.#control;
  }

  /** Counts a frame that has come; false when there must not be that much. */
  take(isControl: boolean, cost: number): boolean {
    if (isControl) {
      if (this.#control + cost > CONTROL_INBOX_MAX) return false;
      this.#control += cost;
      return true;
    }
    if (this.#data + cost > SEND_WINDOW_MAX) return false;
    this.#data += cost;
    return true;
  }

  /** Counts a frame out that was taken or dropped. */
  give(isControl: boolean, cost: number): void {
    if (isControl) this.#control -= cost;
    else this.#data -= cost;
    assert(this.#data >= 0 && this.#control >= 0, "Only what came in goes out");
  }
}
