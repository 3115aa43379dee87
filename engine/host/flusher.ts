/**
 * Flushes off the main thread, shared by those who ask at the same time.
 *
 * Rule: a flush covers every write that returned before it was asked for, so a request that comes
 * while one runs cannot join it: all of those share the next. At most one runs per file.
 *
 * @module
 */

import type { Token } from "../core/runtime/loop.ts";
import { suspend, type Task, type Wait } from "../core/runtime/task.ts";

/** Begins one flush and calls back once, with `null` or what went wrong. */
export type BeginFlush = (done: (error: Error | null) => void) => void;

/** Runs the flushes of one file. */
export class Flusher {
  readonly #begin: BeginFlush;
  #running = false;
  #next: Token[] = [];

  constructor(begin: BeginFlush) {
    this.#begin = begin;
  }

  /** Makes what was written before this call durable. Cannot be cancelled: the file stays open. */
  flush(): Task<void> {
    return suspend<void>(new FlushWait((token) => this.#ask(token)));
  }

  #ask(token: Token): void {
    this.#next.push(token);
    if (!this.#running) this.#start();
  }

  #start(): void {
    const covered = this.#next;
    this.#next = [];
    this.#running = true;
    this.#begin((error) => {
      this.#running = false;
      for (const token of covered) {
        if (error === null) token.resume();
        else token.fail(error);
      }
      if (this.#next.length > 0) this.#start();
    });
  }
}

class FlushWait implements Wait {
  readonly #ask: (token: Token) => void;

  constructor(ask: (token: Token) => void) {
    this.#ask = ask;
  }

  begin(token: Token): undefined {
    this.#ask(token);
    return undefined;
  }
}
