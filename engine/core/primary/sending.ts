/**
 * Sending: everything that the views of a machine's disks still have to hand out, in order, a few
 * runs being read and packed ahead of the one that travels.
 *
 * Rule: whatever was taken from a view and did not get into the shipment is put back, whatever
 * happens; so an error costs time and never a block.
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { release } from "../base/release.ts";
import type { Codec } from "../ports/codec.ts";
import type { Run } from "../runtime/loop.ts";
import { ended } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import { currentLoop } from "../runtime/together.ts";
import type { TrackedDisk } from "../tracking/tracked_disk.ts";
import { COMPARE_DIGEST_SIZE } from "../wire/compare.ts";
import { RECORD_HEADER_SIZE } from "../wire/extent.ts";
import { FRAME_HEADER_SIZE } from "../wire/frame.ts";
import {
  comparedRuns,
  packContent,
  type PackedRecord,
  type PackOptions,
  zeroRecord,
} from "./pack.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Shipment } from "./shipment.ts";

/** Runs that are read and packed at the same time. */
const AHEAD = 4;

/** What sending needs. */
export interface Sending {
  readonly codec: Codec;
  readonly disks: readonly TrackedDisk[];
  readonly peer: ReplicaPeer;
  readonly shipment: Shipment;
  readonly compression: boolean;
  /** Whether this is a delta, with a chain digest, or a seed. */
  readonly chained: boolean;
  /** Told of every record sent: bytes of blocks, and bytes on the wire. */
  readonly onSent: (bytes: number, wire: number) => void;
  /** Runs between records, while nothing is being handed to the connection. */
  between?(): Task<void>;
}

/** A run taken from a view, and its records in the making. */
interface Prepared {
  readonly disk: number;
  readonly at: number;
  readonly length: number;
  readonly records: Run<PackedRun>;
}

/** Records, and the buffer that they were packed from, if it is theirs alone. */
interface PackedRun {
  readonly records: readonly PackedRecord[];
  readonly content?: Uint8Array;
}

/** Sends all that is pending. When it returns, everything was handed to the connection. */
export function* sendPending(sending: Sending): Task<void> {
  const loop = yield* currentLoop();
  const ahead: Prepared[] = [];
  try {
    for (;;) {
      while (ahead.length < AHEAD) {
        const taken = takeNext(sending);
        if (taken === undefined) break;
        const { disk, at, length } = taken;
        ahead.push({ disk, at, length, records: loop.start("pack", prepare(sending, taken)) });
      }
      const first = ahead[0];
      if (first === undefined) return;
      yield* ended(first.records);
      const outcome = first.records.outcome;
      if (outcome?.ok !== true) throw outcome?.error ?? new Error("A task ended with no outcome");
      ahead.shift();
      yield* sendRecords(sending, outcome.value);
      if (sending.between !== undefined) yield* sending.between();
    }
  } finally {
    for (const { records } of ahead) records.interrupt();
    for (const { disk, at, length, records } of ahead) {
      yield* ended(records);
      sending.disks[disk]?.view?.putBack(at, length);
    }
  }
}

/** A run that left its view and is to be packed. */
interface Taken {
  readonly disk: number;
  readonly at: number;
  readonly length: number;
  readonly kind: "data" | "zero";
  readonly suspected: boolean;
}

function takeNext({ disks }: Sending): Taken | undefined {
  for (const [disk, tracked] of disks.entries()) {
    const run = tracked.view?.next(EXTENT_SIZE_MAX);
    if (run !== undefined) return { disk, ...run };
  }
  return undefined;
}

function* sendRecords(sending: Sending, { records, content }: PackedRun): Task<void> {
  let sent = 0;
  try {
    for (const { extent, digest } of records) {
      sent++;
      const wire = FRAME_HEADER_SIZE + RECORD_HEADER_SIZE + extent.payload.length;
      yield* sending.peer.ship(sending.shipment, extent, digest);
      // Its frame has a copy.
      if (extent.kind === "zstd") release(extent.payload);
      sending.onSent(extent.length, wire);
    }
    if (content !== undefined) release(content);
  } finally {
    for (const { extent } of records.slice(sent)) {
      sending.disks[extent.disk]?.view?.putBack(extent.at, extent.length);
    }
  }
}

function* prepare(sending: Sending, taken: Taken): Task<PackedRun> {
  const { disk, at, length } = taken;
  const tracked = sending.disks[disk] as TrackedDisk;
  const view = tracked.view;
  if (view === undefined) throw localFailure("view-given-up", "The view ended");
  if (taken.kind === "zero") {
    return { records: [zeroRecord(sending.codec, disk, at, length)] };
  }
  if (view.mode === "live" && (yield* tracked.allocated(at, length)).length === 0) {
    return { records: [zeroRecord(sending.codec, disk, at, length)] };
  }
  const options: PackOptions = {
    codec: sending.codec,
    blockSize: tracked.geometry.blockSize,
    compression: sending.compression,
    chained: sending.chained,
  };
  const content = yield* view.read(at, length);
  if (taken.suspected) {
    return { records: yield* prepareSuspected(sending, options, taken, content) };
  }
  // Read for us alone; what travels as it is travels out of this buffer.
  return { records: yield* packContent(options, disk, at, content), content };
}

/** Sends of a suspected run only what the replica's newest point has otherwise (T1, L3). */
function* prepareSuspected(
  sending: Sending,
  options: PackOptions,
  { disk, at, length }: Taken,
  content: Uint8Array,
): Task<PackedRecord[]> {
  const unit = options.blockSize;
  const count = Math.ceil(length / unit);
  const full = yield* options.codec.blockDigests(content, unit);
  const digests = new Uint8Array(count * COMPARE_DIGEST_SIZE);
  for (let block = 0; block < count; block++) {
    digests.set(full.subarray(block * 32, block * 32 + COMPARE_DIGEST_SIZE), block * 16);
  }
  const compared = yield* sending.peer.compare({ disk, unit, at, count, digests });
  const records: PackedRecord[] = [];
  for (const { from, to, differs } of comparedRuns(compared)) {
    const end = Math.min(to, length);
    if (differs) {
      records.push(...yield* packContent(options, disk, at + from, content.subarray(from, end)));
    } else sending.disks[disk]?.view?.release(at + from, end - from);
  }
  return records;
}
