/**
 * All ports of one server process: the whole of its world.
 *
 * @module
 */

import type { Loop } from "../runtime/loop.ts";
import type { Clock, Entropy } from "./clock.ts";
import type { Codec } from "./codec.ts";
import type { Folder } from "./folder.ts";
import type { Disk } from "./disk.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { Network } from "./network.ts";
import type { Observer } from "./observer.ts";
import type { Task } from "../runtime/task.ts";

/** Where the `.hrl` and `.cow` of a disk lie. */
export interface LogPlace {
  /** Where its replication log lies: beside it, or the data folder for a block device. */
  readonly logs: Folder;
  /** Stem of the names of its logs, e.g. `db.img` for `db.img.hrl`. */
  readonly stem: string;
}

/** A guest's disk as the world found it: the disk, and where its logs lie. */
export interface GuestDisk extends LogPlace {
  /** The disk, its exclusive lock taken (T9). */
  readonly disk: Disk;
}

/** What one server process is given. */
export interface Ports {
  /** The loop that runs the engine's tasks. */
  readonly loop: Loop;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly codec: Codec;
  readonly network: Network;
  readonly hypervisor: Hypervisor;
  readonly observer: Observer;
  /** The data folder: settings, state, replicas. */
  readonly data: Folder;
  /** Opens the guest's disk that an administrator named by a path. */
  openGuestDisk(path: string): Task<GuestDisk>;
  /** Where the logs of that disk lie, whoever has the disk open; `not-found` where there is no disk. */
  logPlace(path: string): Task<LogPlace>;
  /**
   * Opens the folder that an administrator named by its whole path, outside the data folder: where
   * to export to, external media, a storage location. With `create` what is missing of the path is
   * made, and the names that were made are durable when this returns. Fails with `bad-argument` where
   * the path does not begin with "/" or names a file, with `not-found` where it is not there.
   */
  openPlace(path: string, options?: { readonly create?: boolean }): Task<Folder>;
}
