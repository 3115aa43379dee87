/**
 * Notices that a worker says nothing any more: it ended without a word, or is stuck.
 *
 * @module
 */

import { LOOK_EVERY, Silence } from "./silence.ts";

/** Waits for a worker; `silent` is told where it has fallen silent, and again where it speaks again. */
export class Watch {
  readonly #silence = new Silence(performance.now());
  readonly #silent: (isSilent: boolean) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #isSilent = false;

  constructor(silent: (isSilent: boolean) => void) {
    this.#silent = silent;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY);
  }

  /** The worker has said something. */
  hear(): void {
    this.#silence.hear();
    this.#say(false);
  }

  /** Nobody waits for it any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const isLookedAt = document.visibilityState === "visible";
    this.#say(this.#silence.pass(performance.now(), isLookedAt));
  }

  #say(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#silent(isSilent);
  }
}
