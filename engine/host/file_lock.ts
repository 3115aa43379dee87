/**
 * The one exclusive lock of a file or device, as `flock(2)` knows it: gone with the process.
 *
 * @module
 */

import { localFailure } from "../core/base/failure.ts";
import { libc } from "./libc.ts";
import { namedFailure, numberName } from "./os_failure.ts";

/** Gives a lock back. */
export type Unlock = () => void;

/**
 * Locks the file at `path` that is open as `descriptor`. Fails with `locked` when somebody has it,
 * this process included. The lock lasts until it is given back and the descriptor is closed.
 */
export function lockFile(descriptor: number, path: string): Unlock {
  if (libc !== undefined) {
    if (!libc.tryLock(descriptor)) throw lockedFailure(path);
    return () => {};
  }
  const file = Deno.openSync(path, { read: true });
  if (!file.tryLockSync(true)) {
    file.close();
    throw lockedFailure(path);
  }
  return () => file.close();
}

/**
 * Locks the image at `path` as `lockFile` does, and against QEMU's programs, which do not look at
 * that lock: a machine started on the image beside us would change it unseen (T9).
 */
export function lockImage(descriptor: number, path: string): Unlock {
  const unlock = lockFile(descriptor, path);
  if (libc?.lockAgainstQemu(descriptor) !== false) return unlock;
  unlock();
  throw localFailure(
    "locked",
    `Cannot use "${path}": QEMU has it open`,
    "Stop the machine that runs on it, and start it on the NBD export instead",
  );
}

/**
 * Locks the block device at `path` as `lockFile` does, and refuses one that is mounted or in use by
 * the kernel, for as long as it is held.
 */
export function lockDevice(descriptor: number, path: string): Unlock {
  const unlock = lockFile(descriptor, path);
  if (libc === undefined) return unlock;
  const { claim, release } = libc;
  const claimed = claim(path);
  if (claimed < 0) {
    unlock();
    throw namedFailure(numberName(-claimed), `use the device "${path}"`);
  }
  return () => {
    release(claimed);
    unlock();
  };
}

function lockedFailure(path: string): Error {
  return localFailure(
    "locked",
    `Cannot use "${path}": another program has locked it`,
    `Find it with "fuser -v ${path}" and stop it`,
  );
}
