/**
 * A raw disk that belongs to the machine itself since a failover to it was completed (R9): known by its
 * size, neither opened nor locked, and never read or written by the store again.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { Extent } from "../block/extent.ts";
import type { Disk, DiskIdentity } from "../ports/disk.ts";
import { done, type Task } from "../runtime/task.ts";

/** Stands where the open disk stood. */
export class ReleasedDisk implements Disk {
  readonly size: number;
  readonly #identity: DiskIdentity;

  /** `identity` is what the disk was when it was let go; nobody looks at it after that. */
  constructor(size: number, identity: DiskIdentity | undefined) {
    this.size = size;
    this.#identity = identity ??
      { device: "", inode: "", size, changed: "", stamped: false };
  }

  /** Refused. */
  read(): Task<Uint8Array> {
    return refuse();
  }

  /** Refused. */
  write(): Task<void> {
    return refuse();
  }

  /** Refused. */
  zero(): Task<void> {
    return refuse();
  }

  /** Nothing of ours is left to flush. */
  flush(): Task<void> {
    return done(undefined);
  }

  /** What it was when it was let go. */
  identity(): Task<DiskIdentity> {
    return done(this.#identity);
  }

  /** Refused. */
  allocated(): Task<readonly Extent[]> {
    return refuse();
  }

  /** It is not open. */
  close(): Task<void> {
    return done(undefined);
  }
}

// deno-lint-ignore require-yield
function* refuse(): Task<never> {
  throw requestFailure(
    "wrong-state",
    "The disk files belong to the machine since its failover was completed",
    "Start the machine from its disk files",
  );
}
