/**
 * What the commands of the transmission phase do to a disk, one task each. READ is not here: it is
 * in `session.ts`, where its data is read into the reply.
 *
 * This file knows nothing of sockets, buffers or replies.
 *
 * @module
 */

import { requestFailure } from "../../core/base/failure.ts";
import { MiB } from "../../core/base/units.ts";
import { inside } from "../../core/block/extent.ts";
import type { Token } from "../../core/runtime/loop.ts";
import { done, suspend, type Task, type Wait } from "../../core/runtime/task.ts";
import type { OpenExport, ServedDisk } from "./export.ts";
import { BLOCK_STATUS_EXTENTS_MAX, BLOCK_STATUS_SPAN, ZERO_STEP } from "./limits.ts";
import { CMD, CMD_FLAG, ERRNO, PAYLOAD_MAX, STATE } from "./protocol.ts";

/** Flags that each command may carry. */
const FLAGS_ALLOWED: ReadonlyMap<number, number> = new Map([
  [CMD.READ, CMD_FLAG.DF | CMD_FLAG.FUA],
  [CMD.WRITE, CMD_FLAG.FUA],
  [CMD.FLUSH, CMD_FLAG.FUA],
  [CMD.TRIM, CMD_FLAG.FUA],
  [CMD.CACHE, CMD_FLAG.FUA],
  [CMD.WRITE_ZEROES, CMD_FLAG.FUA | CMD_FLAG.NO_HOLE | CMD_FLAG.FAST_ZERO],
  [CMD.BLOCK_STATUS, CMD_FLAG.REQ_ONE | CMD_FLAG.FUA],
]);

/** A zeroed range longer than this, written out, lets other work go between its steps. */
const ZERO_BURST = 8 * MiB;

const zeros = new Uint8Array(ZERO_STEP);

/** A run of bytes in one state of `base:allocation`. */
export interface StatusExtent {
  /** Bytes. */
  readonly length: number;
  /** `STATE` bits. */
  readonly state: number;
}

/** Why a request cannot be done as it stands, as an `ERRNO`; 0 when it can be tried. */
export function objection(
  opened: OpenExport,
  type: number,
  flags: number,
  at: number,
  length: number,
): number {
  const allowed = FLAGS_ALLOWED.get(type);
  if (allowed === undefined || (flags & ~allowed) !== 0) return ERRNO.EINVAL;
  const changes = type === CMD.WRITE || type === CMD.TRIM || type === CMD.WRITE_ZEROES;
  if (changes && opened.readOnly) return ERRNO.EPERM;
  if (type === CMD.FLUSH) return 0;
  if (!inside(at, length, opened.size)) {
    return type === CMD.WRITE || type === CMD.WRITE_ZEROES ? ERRNO.ENOSPC : ERRNO.EINVAL;
  }
  if (type === CMD.READ && length > PAYLOAD_MAX) {
    return (flags & CMD_FLAG.DF) !== 0 ? ERRNO.EOVERFLOW : ERRNO.EINVAL;
  }
  if (type === CMD.BLOCK_STATUS && length === 0) return ERRNO.EINVAL;
  if ((flags & CMD_FLAG.FAST_ZERO) !== 0 && !zeroesFast(opened, flags)) return ERRNO.ENOTSUP;
  return 0;
}

function zeroesFast(opened: OpenExport, flags: number): boolean {
  if (opened.fastZero === false) return false;
  // Whether a file system zeroes in place is known only once it has been asked to.
  return (flags & CMD_FLAG.NO_HOLE) === 0;
}

/** WRITE, TRIM and WRITE_ZEROES that are durable before they return (N1, FUA). */
export function* durably(change: Task<void>, disk: ServedDisk): Task<void> {
  yield* change;
  yield* disk.flush();
}

/** TRIM and WRITE_ZEROES without NO_HOLE give the space back; with it they keep it. */
export function zeroTask(disk: ServedDisk, flags: number, at: number, length: number): Task<void> {
  if (length === 0) return done(undefined);
  if ((flags & CMD_FLAG.NO_HOLE) === 0) return disk.zero(at, length);
  return disk.zeroKeepingSpace?.(at, length) ?? writeZeros(disk, at, length);
}

/** Zeros as data, for who wants no hole where the disk knows nothing better. */
function* writeZeros(disk: ServedDisk, at: number, length: number): Task<void> {
  let burst = 0;
  for (let done = 0; done < length;) {
    const step = Math.min(ZERO_STEP, length - done);
    yield* disk.write(at + done, step === ZERO_STEP ? zeros : zeros.subarray(0, step));
    done += step;
    burst += step;
    if (burst < ZERO_BURST || done === length) continue;
    burst = 0;
    yield* suspend<void>(OTHERS_FIRST);
  }
}

/** Lets sockets and timers have their turn. */
const OTHERS_FIRST: Wait = {
  begin(token: Token) {
    setTimeout(() => token.resume(), 0);
    return undefined;
  },
};

/** The states of the front of `[at, at + length)`: at least one extent, never beyond the range. */
export function* blockStatus(
  disk: ServedDisk,
  at: number,
  length: number,
  one: boolean,
): Task<readonly StatusExtent[]> {
  const end = at + Math.min(length, BLOCK_STATUS_SPAN);
  const result: StatusExtent[] = [];
  let position = at;
  for (const extent of yield* disk.allocated(at, end - at)) {
    const from = Math.max(extent.at, position);
    const to = Math.min(extent.at + extent.length, end);
    if (to <= from) continue;
    if (from > position) result.push({ length: from - position, state: STATE.HOLE | STATE.ZERO });
    result.push({ length: to - from, state: 0 });
    position = to;
    if (one || result.length >= BLOCK_STATUS_EXTENTS_MAX) break;
  }
  if (result.length === 0 || (position < end && result.length < BLOCK_STATUS_EXTENTS_MAX && !one)) {
    result.push({ length: end - position, state: STATE.HOLE | STATE.ZERO });
  }
  return one ? result.slice(0, 1) : result;
}

/** The failure that a client is answered with while its export goes away. */
export function shuttingDown(): Error {
  return requestFailure(
    "wrong-state",
    "The export is being closed",
    'Connect again once it is offered: "warmsite vm list"',
  );
}
