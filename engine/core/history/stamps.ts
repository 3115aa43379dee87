/**
 * Stamps: whether the raw disks are as the last apply left them (R9).
 *
 * @module
 */

import type { DiskIdentity } from "../ports/disk.ts";
import type { StoreState } from "./store_state.ts";

/** What stamps say: the same, another, or nothing at all. */
export type StampVerdict = "same" | "changed" | "unknown";

/** Compares the disks' stamps of this moment with those of the state. */
export function judgeStamps(now: readonly DiskIdentity[], state: StoreState): StampVerdict {
  if (state.stamps.length === 0) return "unknown";
  if (now.some((stamp, at) => !sameStamp(stamp, state.stamps[at]))) return "changed";
  return now.every(({ stamped }) => stamped) ? "same" : "unknown";
}

function sameStamp(now: DiskIdentity, then: DiskIdentity | undefined): boolean {
  // What is not there, and was not.
  if (now.size === 0 && (then?.size ?? 0) === 0) return true;
  if (then === undefined || now.size !== then.size || now.stamped !== then.stamped) return false;
  return !now.stamped || (now.inode === then.inode && now.changed === then.changed);
}
