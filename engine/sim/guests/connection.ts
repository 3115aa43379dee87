/**
 * A guest's connection to one export, with the rules of a real one: requests side by side, a short way
 * to the server, and nothing after `stop` but what was begun before it.
 *
 * @module
 */

import type { Disk } from "../../core/ports/disk.ts";
import { Signal } from "../../core/runtime/signal.ts";
import type { Task } from "../../core/runtime/task.ts";
import type { Attached } from "../../core/server/attachments.ts";

/** One connection. */
export class GuestConnection implements Attached {
  /** The disk at the other end. */
  readonly disk: Disk;
  #stopped = false;
  #begun = 0;
  readonly #calm = new Signal();

  constructor(disk: Disk) {
    this.disk = disk;
  }

  /** True once the server serves it no more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** A request is begun; it is not where it is stopped. */
  begin(): void {
    this.#begun++;
  }

  /** A request that was begun has ended. */
  end(): void {
    this.#begun--;
    this.#calm.notify();
  }

  /** See `Attached`. */
  *stop(): Task<void> {
    this.#stopped = true;
    yield* this.#calm.until(() => this.#begun === 0);
  }
}
