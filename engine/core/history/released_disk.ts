/**
 * A raw disk that belongs to the machine itself since a failover to it was completed (R9): known by its
 * size, neither opened nor locked, and never read or written by the store again.
 *
 * @module
 */

import { type Failed, requestFailure } from "../base/failure.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import { UnopenedDisk } from "./unopened_disk.ts";

/** Stands where the open disk stood. */
export class ReleasedDisk extends UnopenedDisk {
  /** `identity` is what the disk was when it was let go; nobody looks at it after that. */
  constructor(size: number, identity: DiskIdentity | undefined) {
    super(size, identity ?? { device: "", inode: "", size, changed: "", stamped: false });
  }

  protected override refusal(): Failed {
    return requestFailure(
      "wrong-state",
      "The disk files belong to the machine since its failover was completed",
      "Start the machine from its disk files",
    );
  }
}
