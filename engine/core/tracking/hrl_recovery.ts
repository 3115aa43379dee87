/**
 * What a `.hrl` is worth after it was opened: which blocks changed for sure, which are suspected.
 *
 * Rules: T1 (after an unclean stop all blocks of hot regions are suspected, and zero marks are not
 * trusted, for an unflushed zeroing may be lost), T5 (a bad page means its blocks are suspected; a
 * header older than any page or record, or a gap in the ring, means all are), T6 (the disk must be
 * the one that was closed). It reads and writes nothing but through what it is given.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { Bitmap } from "../block/bitmap.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import type { Task } from "../runtime/task.ts";
import { readRing, type RingFound } from "./activity_log.ts";
import { BlockSet } from "./block_set.ts";
import type { HrlFile } from "./hrl_file.ts";
import { isLater } from "./heartbeat.ts";
import { type HrlHeader, sameDisk } from "./hrl_header.ts";
import { PAGE_BLOCKS } from "./hrl_layout.ts";

/** What was recovered. */
export interface Recovered {
  readonly kind: "clean" | "unclean" | "whole";
  readonly reason: string;
  /** Changed, zero and suspected blocks since the base. */
  readonly blocks: BlockSet;
  /** The header to go on from; its sequence is above everything in the file. */
  readonly header: HrlHeader;
  readonly nextSequence: number;
  readonly durableThrough: number;
  /** Pages whose sector may have bits. */
  readonly stored: Bitmap;
  /** Pages whose sector does not say what was recovered; `undefined` after a clean stop. */
  readonly pages: Bitmap | undefined;
}

/** Reads what `file` knows. `marked`: it was left untrusted (T7). */
export function* recover(
  file: HrlFile,
  header: HrlHeader,
  identity: DiskIdentity,
  marked: boolean,
): Task<Recovered> {
  const { layout } = file;
  const blocks = new BlockSet(layout.blocks);
  const stored = new Bitmap(layout.pages);
  const damaged = new Bitmap(layout.pages);
  let highest = header.sequence;
  let ring: RingFound | undefined;
  let unreadable = file.size < layout.size ? "The replication log is cut short" : undefined;
  try {
    ring = readRing(layout, yield* file.readRing(), header);
    highest = Math.max(highest, ring.headerSequence);
    yield* file.readPages(blocks, (index, page) => {
      if (page.any) stored.set(index);
      if (page.sequence === undefined) damaged.set(index);
      else highest = Math.max(highest, page.sequence);
    });
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    unreadable = `The replication log cannot be read (${error.failure.message})`;
  }
  const why = marked
    ? "The replication log had missed writes"
    : unreadable ?? whyWhole(header, identity, highest, ring);
  const base = {
    blocks,
    // From here on the log is held against the disk as it is; until that is durable, as it was.
    header: { ...header, sequence: highest, stamp: identity },
    // Above every record that an unreadable ring may hold.
    nextSequence: (ring?.newest ?? header.logFrom + 2 ** 32) + 1,
    durableThrough: ring?.durable ?? header.logDurable,
    stored,
  };
  const pages = new Bitmap(layout.pages);
  if (why !== undefined) {
    blocks.distrustZeros();
    blocks.addSuspected(0, layout.blocks);
    pages.set(0, layout.pages);
    return { ...base, kind: "whole", reason: why, pages };
  }
  const bad = suspectPages(blocks, damaged);
  pages.addAll(damaged);
  const reason = bad === 0 ? "" : `${bad} pages of the replication log were damaged`;
  if (!header.open) {
    const clean = bad === 0 ? undefined : pages;
    return { ...base, kind: "clean", reason: reason || "Closed cleanly", pages: clean };
  }
  blocks.distrustZeros();
  suspectRegions(file, blocks, pages, ring);
  return { ...base, kind: "unclean", reason: reason || "Not closed cleanly", pages };
}

function whyWhole(
  header: HrlHeader,
  identity: DiskIdentity,
  highest: number,
  ring: RingFound | undefined,
): string | undefined {
  if (header.whole) return "A comparison of the whole disk was due";
  if (ring?.kind === "broken") return ring.reason;
  if (highest > header.sequence) return "The header is older than the bitmap";
  // A block device has no time of change: after a crash nothing tells whether somebody wrote to it.
  if (header.open && !identity.stamped) return "A block device was not closed cleanly";
  const { stamp } = header;
  if (!sameDisk(stamp, identity)) return "The disk is not the one that was tracked";
  // After a clean stop the stamp is exact. While open it says how late our own writes can be; the power
  // may have taken a later time back.
  const changed = stamp.size !== identity.size ||
    (header.open ? isLater(identity.changed, stamp.changed) : identity.changed !== stamp.changed);
  return changed ? "The disk was changed while it was not tracked" : undefined;
}

/** All blocks of damaged pages become suspected; returns how many pages there are. */
function suspectPages(blocks: BlockSet, damaged: Bitmap): number {
  for (const { start, end } of damaged.runs()) {
    blocks.addSuspected(start * PAGE_BLOCKS, Math.min(blocks.size, end * PAGE_BLOCKS));
  }
  return damaged.count;
}

/** All blocks of hot regions become suspected (T1). */
function suspectRegions(
  file: HrlFile,
  blocks: BlockSet,
  pages: Bitmap,
  ring: RingFound | undefined,
): void {
  if (ring?.kind !== "hot") return;
  const { regionBlocks } = file.layout;
  for (const region of ring.regions) {
    const start = region * regionBlocks;
    const end = Math.min(blocks.size, start + regionBlocks);
    blocks.addSuspected(start, end);
    pages.set(Math.floor(start / PAGE_BLOCKS), Math.ceil(end / PAGE_BLOCKS));
  }
}
