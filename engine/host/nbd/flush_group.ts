/**
 * Flushes of one disk, shared: who asks while one runs gets the next one, together with everybody
 * else who asked meanwhile. Writes that must be durable before they are acknowledged (N1, FUA) so
 * cost one flush for all that are in flight, not one each.
 *
 * @module
 */

import type { Disk } from "../../core/ports/disk.ts";
import type { Loop, Outcome, Run, Token } from "../../core/runtime/loop.ts";
import { suspend, type Task, type Wait } from "../../core/runtime/task.ts";

/** One flush that has not begun, and who waits for it. */
class Turn implements Wait {
  readonly tokens: Token[] = [];

  begin(token: Token): undefined {
    this.tokens.push(token);
    return undefined;
  }
}

/** Runs at most one flush of a disk at a time. */
export class FlushGroup {
  readonly #loop: Loop;
  readonly #disk: Disk;
  #running = false;
  #next: Turn | undefined;

  constructor(loop: Loop, disk: Disk) {
    this.#loop = loop;
    this.#disk = disk;
  }

  /** Returns after a flush that began after this call; throws what that flush threw. */
  *flush(): Task<void> {
    if (!this.#running) {
      this.#running = true;
      try {
        return yield* this.#disk.flush();
      } finally {
        this.#ended();
      }
    }
    this.#next ??= new Turn();
    const error = yield* suspend<Error | undefined>(this.#next);
    if (error !== undefined) throw error;
  }

  #ended(): void {
    this.#running = false;
    const turn = this.#next;
    if (turn === undefined) return;
    this.#next = undefined;
    this.#running = true;
    const run: Run<void> = this.#loop.start("nbd/flush", this.#disk.flush());
    run.whenEnded(() => {
      const outcome = run.outcome as Outcome<void>;
      for (const token of turn.tokens) token.resume(outcome.ok ? undefined : outcome.error);
      this.#ended();
    });
  }
}
