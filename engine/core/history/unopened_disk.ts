/**
 * A raw disk that is not open: what it would be read and written by is refused.
 *
 * Rule: nothing of it is ever touched. Why it is not open, its kinds know.
 *
 * @module
 */

import type { Failed } from "../base/failure.ts";
import type { Extent } from "../block/extent.ts";
import type { Disk, DiskIdentity } from "../ports/disk.ts";
import { done, type Task } from "../runtime/task.ts";

/** Stands where an open disk would. */
export abstract class UnopenedDisk implements Disk {
  readonly size: number;
  readonly #identity: DiskIdentity;

  constructor(size: number, identity: DiskIdentity) {
    this.size = size;
    this.#identity = identity;
  }

  /** Why it is refused. */
  protected abstract refusal(): Failed;

  // deno-lint-ignore require-yield
  *#refuse(): Task<never> {
    throw this.refusal();
  }

  /** Refused. */
  read(): Task<Uint8Array> {
    return this.#refuse();
  }

  /** Refused. */
  write(): Task<void> {
    return this.#refuse();
  }

  /** Refused. */
  zero(): Task<void> {
    return this.#refuse();
  }

  /** Nothing of ours is there to flush. */
  flush(): Task<void> {
    return done(undefined);
  }

  /** What it was when it was let go, or nothing, which never changes. */
  identity(): Task<DiskIdentity> {
    return done(this.#identity);
  }

  /** Refused, unless it has no byte. */
  allocated(): Task<readonly Extent[]> {
    return this.size === 0 ? done([]) : this.#refuse();
  }

  /** It is not open. */
  close(): Task<void> {
    return done(undefined);
  }
}
