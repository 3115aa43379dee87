/**
 * Making, opening and removing the `.hrl` of a disk.
 *
 * Rules: a `.hrl` gets its name only when all of it is durable (a crash before leaves the old one or
 * none, and `.hrl.new`, which the next start replaces); one beside another disk is refused (T9); one
 * that is missing or unreadable is made anew with every block suspected, so that protection goes on;
 * one of a disk that has grown is too, with what it is relative to, before the size is told (C6).
 *
 * @module
 */

import { type Failure, isFailed, localFailure, requestFailure } from "../base/failure.ts";
import { Bitmap } from "../block/bitmap.ts";
import { checkDiskSize } from "../block/geometry.ts";
import type { PointId } from "../base/units.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import type { File } from "../ports/folder.ts";
import type { GuestDisk, LogPlace, Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import { BlockSet } from "./block_set.ts";
import { HrlFile, readHeaders } from "./hrl_file.ts";
import type { HrlHeader } from "./hrl_header.ts";
import { layoutOf } from "./hrl_layout.ts";
import { recover, type Recovered } from "./hrl_recovery.ts";
import { unionBits } from "./page_bits.ts";
import type { TrackingOptions } from "./tracking_base.ts";
import { isMarked } from "./untrusted_mark.ts";

/** An open `.hrl` and what it says. */
export interface OpenedLog {
  readonly file: HrlFile;
  readonly recovered: Recovered;
  /** Which copy has the header. */
  readonly copy: 0 | 1;
  /** True when the file was made just now: its contents say what was recovered. */
  readonly made: boolean;
  /** An untrusted mark was found, to be removed once the truth is durable. */
  readonly marked: boolean;
  /** What people should know. */
  readonly notices: readonly Failure[];
}

/** Name of the replication log. */
export function logName(guest: Pick<LogPlace, "stem">): string {
  return `${guest.stem}.hrl`;
}

/** Whether the disk has a replication log. */
export function* logExists(guest: LogPlace): Task<boolean> {
  return (yield* guest.logs.list()).includes(logName(guest));
}

/** Removes the log and what belongs to it, durably. */
export function* removeLog(guest: LogPlace): Task<void> {
  for (const name of [logName(guest), `${logName(guest)}.new`, `${guest.stem}.cow`]) {
    yield* guest.logs.remove(name);
  }
  yield* guest.logs.flush();
}

/** What a log says that is made just now. */
interface Beginning {
  readonly reason: string;
  /** Blocks up to here are suspected, those behind it changed. */
  readonly suspected: number;
  /** Of the blocks up to there, those that are surely changed; the others are clean. */
  readonly changed?: Bitmap;
  /** What stays of the log before. */
  readonly kept?: Pick<HrlHeader, "base" | "issued" | "issuedLost">;
  readonly notices?: readonly Failure[];
}

/** Makes the log of a disk, replacing any, with every block changed. */
export function makeLog(
  ports: Ports,
  guest: GuestDisk,
  options: TrackingOptions,
): Task<OpenedLog> {
  return writeLog(ports, guest, options, { reason: "Tracking begins", suspected: 0 });
}

/** What bits are relative to, and the bits: where a log begins that does not begin with everything. */
export interface Since {
  readonly base: PointId;
  readonly changed: Bitmap;
}

/**
 * Makes the log of a disk whose difference to a point is known: `changed` blocks since `base`. What
 * there was is replaced.
 */
export function makeLogSince(
  ports: Ports,
  guest: GuestDisk,
  options: TrackingOptions,
  { base, changed }: Since,
): Task<OpenedLog> {
  const kept = { base: { kind: "point", point: base }, issued: [], issuedLost: false } as const;
  const reason = "Tracking goes on from a failover";
  return writeLog(ports, guest, options, { reason, suspected: 0, changed, kept });
}

function* writeLog(
  ports: Ports,
  guest: GuestDisk,
  options: TrackingOptions,
  { reason, suspected, changed, kept, notices = [] }: Beginning,
): Task<OpenedLog> {
  checkDiskSize(guest.disk.size, options.geometry.blockSize, guest.stem);
  const layout = layoutOf(guest.disk.size, options.geometry, options.slots);
  const blocks = new BlockSet(layout.blocks);
  blocks.addSuspected(0, Math.min(suspected, layout.blocks));
  if (changed !== undefined) {
    for (const { start, end } of changed.runs()) blocks.addChanged(start, end);
  } else if (suspected < layout.blocks) blocks.addChanged(suspected, layout.blocks);
  // A killed process may have made the disk larger without its flush. A loss of power behind the log would give the
  // disk its old size back, and nobody opens the log of a larger one.
  yield* guest.disk.flush();
  const header = { ...freshHeader(guest, options, yield* guest.disk.identity()), ...kept };
  const marked = yield* isMarked(options);
  const fresh = `${logName(guest)}.new`;
  const handle = yield* guest.logs.open(fresh, { create: true, truncate: true });
  try {
    yield* handle.lock();
    const file = new HrlFile(ports.codec.kernel, handle, layout);
    yield* fill(file, header, blocks);
    yield* guest.logs.rename(fresh, logName(guest));
    yield* guest.logs.flush();
    const stored = new Bitmap(layout.pages);
    stored.set(0, layout.pages);
    const recovered: Recovered = {
      kind: "whole",
      reason,
      blocks,
      header,
      nextSequence: header.logFrom,
      durableThrough: header.logDurable,
      stored,
      pages: undefined,
    };
    return { file, recovered, copy: 1, made: true, marked, notices };
  } catch (error) {
    yield* handle.close();
    throw error;
  }
}

function* fill(file: HrlFile, header: HrlHeader, blocks: BlockSet): Task<void> {
  yield* file.allocate();
  const none = new BlockSet(blocks.size);
  const bits = unionBits({ delta: () => none, current: () => blocks });
  yield* file.writePages(0, file.layout.pages, header.sequence, bits, () => {});
  yield* file.writeHeader(0, { ...header, sequence: header.sequence - 1 });
  yield* file.writeHeader(1, header);
  yield* file.flush();
}

function freshHeader(
  guest: GuestDisk,
  options: TrackingOptions,
  stamp: DiskIdentity,
): HrlHeader {
  return {
    sequence: 2,
    open: true,
    machine: options.machine,
    disk: options.disk,
    blockSize: options.geometry.blockSize,
    regionSize: options.geometry.regionSize,
    slots: options.slots,
    diskSize: guest.disk.size,
    logFrom: 1,
    logDurable: 0,
    base: { kind: "none" },
    issued: [],
    issuedLost: false,
    stamp,
    whole: false,
  };
}

/** Opens the log of a disk, or makes it anew; refuses one of another disk or version. */
export function* openLog(
  ports: Ports,
  guest: GuestDisk,
  options: TrackingOptions,
): Task<OpenedLog> {
  checkDiskSize(guest.disk.size, options.geometry.blockSize, guest.stem);
  if (!(yield* logExists(guest))) {
    return yield* makeAnew(ports, guest, options, "is missing");
  }
  const handle = yield* guest.logs.open(logName(guest));
  let grown: HrlHeader | undefined;
  try {
    yield* handle.lock();
    // What a killed process left in the kernel is made durable before anything builds on it: or a
    // loss of power could take both header copies, or bring an older log's name back.
    const sound = yield* settled(guest, handle);
    const newest = yield* newestHeader(ports, guest, handle);
    if (newest !== undefined) checkHeader(guest, options, newest.header);
    if (newest !== undefined && newest.header.diskSize < guest.disk.size) grown = newest.header;
    else if (newest !== undefined) {
      const layout = layoutOf(guest.disk.size, options.geometry, newest.header.slots);
      const file = new HrlFile(ports.codec.kernel, handle, layout);
      const identity = yield* guest.disk.identity();
      const marked = yield* isMarked(options);
      const recovered = yield* recover(file, newest.header, identity, marked || !sound);
      return { file, recovered, copy: newest.copy, made: false, marked, notices: [] };
    }
  } catch (error) {
    yield* handle.close();
    throw error;
  }
  yield* handle.close();
  if (grown === undefined) return yield* makeAnew(ports, guest, options, "cannot be read");
  const { base, issued, issuedLost, diskSize } = grown;
  const reason = `The disk had ${diskSize} bytes and was changed while it was not tracked`;
  const suspected = Math.floor(diskSize / options.geometry.blockSize);
  const kept = { base, issued, issuedLost };
  return yield* writeLog(ports, guest, options, { reason, suspected, kept });
}

/** False when what is there cannot be made durable: then it is not believed. */
function* settled(guest: GuestDisk, handle: File): Task<boolean> {
  try {
    yield* handle.flush();
    yield* guest.logs.flush();
    return true;
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    return false;
  }
}

/** A log of which nothing is known: every block suspected. */
function makeAnew(
  ports: Ports,
  guest: GuestDisk,
  options: TrackingOptions,
  why: string,
): Task<OpenedLog> {
  const message = `The replication log "${logName(guest)}" ${why}`;
  const action = "Nothing: it was made anew, and the whole disk is compared with the replica";
  const notices: Failure[] = [{ code: "damaged", side: "local", message, action }];
  const reason = "The replication log was made anew";
  return writeLog(ports, guest, options, { reason, suspected: Infinity, notices });
}

/** The sound header copy with the higher sequence; `undefined` when neither is sound. */
export function* newestHeader(
  ports: Ports,
  guest: Pick<LogPlace, "stem">,
  handle: File,
): Task<{ header: HrlHeader; copy: 0 | 1 } | undefined> {
  let copies;
  try {
    copies = yield* readHeaders(ports.codec.kernel, handle);
  } catch (error) {
    if (isFailed(error, "io-error", "latent-sector")) return undefined;
    throw error;
  }
  const [first, second] = copies;
  if (first === "other-version" || second === "other-version") {
    throw localFailure(
      "wrong-version",
      `The replication log "${logName(guest)}" is of another version of Warmsite`,
      "Start the version that made it; or remove the log, and the whole disk is compared",
    );
  }
  if (first === "damaged") return second === "damaged" ? undefined : { header: second, copy: 1 };
  if (second === "damaged" || first.sequence > second.sequence) return { header: first, copy: 0 };
  return { header: second, copy: 1 };
}

/** T9: refuses a log that is not this disk's. */
function checkHeader(guest: GuestDisk, options: TrackingOptions, header: HrlHeader): void {
  const { blockSize, regionSize } = options.geometry;
  const name = logName(guest);
  const remove = `Put the right log back, or remove "${name}", and the whole disk is compared`;
  if (header.machine !== options.machine || header.disk !== options.disk) {
    const whose = `disk ${header.disk} of machine ${header.machine}`;
    throw requestFailure("wrong-disk", `The replication log "${name}" is of ${whose}`, remove);
  }
  if (header.diskSize > guest.disk.size) {
    const sizes = `${header.diskSize} bytes, the disk has ${guest.disk.size}`;
    const message = `The replication log "${name}" is of a disk of ${sizes}`;
    throw requestFailure("disk-changed-size", message, "Give the disk its size back");
  }
  if (header.blockSize !== blockSize || header.regionSize !== regionSize) {
    const message = `The replication log "${name}" has blocks of ${header.blockSize} bytes`;
    throw requestFailure("wrong-disk", message, remove);
  }
}
