/**
 * A disk of a test failover: an overlay that takes no space which the replica may need (R10).
 *
 * An overlay is never larger than its disk. Before it grows, this looks whether the file system keeps `spared` bytes
 * free all the same, and refuses the guest's write with `no-space` where it does not. It looks again whenever the
 * overlay has grown by a step, so what it misses is at most a step for each disk of each test.
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import { MiB } from "../base/units.ts";
import type { Extent } from "../block/extent.ts";
import type { Overlay } from "../history/overlay.ts";
import type { Disk, DiskIdentity } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/** Bytes by which an overlay grows until its file system is looked at again. */
const STEP = 16 * MiB;

/** One disk of a test. */
export class TestDisk implements Disk {
  readonly size: number;
  /** Which disk of its machine it is. */
  readonly index: number;
  readonly #overlay: Overlay;
  readonly #folder: Folder;
  readonly #spared: number;
  /** Bytes of the overlay for which there was room. */
  #granted = 0;

  constructor(overlay: Overlay, folder: Folder, spared: number) {
    this.size = overlay.size;
    this.index = overlay.index;
    this.#overlay = overlay;
    this.#folder = folder;
    this.#spared = spared;
  }

  /** See `Disk`. */
  read(at: number, length: number): Task<Uint8Array> {
    return this.#overlay.read(at, length);
  }

  /** See `Disk`. */
  *write(at: number, data: Uint8Array): Task<void> {
    yield* this.#makeSure(data.length);
    yield* this.#overlay.write(at, data);
  }

  /** See `Disk`. */
  *zero(at: number, length: number): Task<void> {
    // Clusters that are zeroed in part are copied.
    yield* this.#makeSure(0);
    yield* this.#overlay.zero(at, length);
  }

  *#makeSure(bytes: number): Task<void> {
    const taken = this.#overlay.changedBytes;
    if (taken + bytes <= this.#granted) return;
    const free = yield* this.#folder.free();
    if (free < this.#spared + bytes + STEP) {
      throw localFailure(
        "no-space",
        `A test failover gets no more space: ${this.#folder.path} has ${
          Math.floor(free / MiB)
        } MiB left, which are the replica's`,
        "Free space there, or delete the test",
      );
    }
    this.#granted = taken + bytes + STEP;
  }

  /** See `Disk`. */
  flush(): Task<void> {
    return this.#overlay.flush();
  }

  /** See `Disk`. */
  identity(options?: { readonly lasting?: boolean }): Task<DiskIdentity> {
    return this.#overlay.identity(options);
  }

  /** See `Disk`. */
  allocated(at: number, length: number): Task<readonly Extent[]> {
    return this.#overlay.allocated(at, length);
  }

  /** See `Disk`. */
  close(): Task<void> {
    return this.#overlay.close();
  }
}
