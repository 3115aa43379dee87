/**
 * Sending: everything that the views of a machine's disks still have to hand out, in order, a few
 * runs being read and packed ahead of the one that travels. Suspected runs are compared with the replica
 * meanwhile, several at once, and what differs of them is sent like the rest.
 *
 * Rule: whatever was taken from a view and did not get into the shipment is put back, whatever
 * happens; so an error costs time and never a block.
 *
 * @module
 */

import { internalFailure } from "../base/failure.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { release } from "../base/release.ts";
import { DigestTree, QUESTION_BYTES, treeUnits } from "../lineage/digest_tree.ts";
import type { Codec } from "../ports/codec.ts";
import type { Loop, Run } from "../runtime/loop.ts";
import { ended } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { currentLoop } from "../runtime/together.ts";
import type { TrackedDisk } from "../tracking/tracked_disk.ts";
import { RECORD_HEADER_SIZE } from "../wire/extent.ts";
import { FRAME_HEADER_SIZE } from "../wire/frame.ts";
import { narrow } from "./narrowing.ts";
import { packContent, type PackedRecord, type PackOptions, zeroRecord } from "./pack.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Shipment } from "./shipment.ts";

/** Runs that are read and packed at the same time. */
const AHEAD = 4;
/** Suspected runs that are compared at the same time: 128 MiB of disk, so that a round trip hides behind it. */
const COMPARED_AT_ONCE = 4;

/** What sending needs. */
export interface Sending {
  readonly codec: Codec;
  readonly disks: readonly TrackedDisk[];
  /** Where it goes: the replica, or a package on media. */
  readonly peer: Pick<ReplicaPeer, "ship" | "compare">;
  readonly shipment: Shipment;
  readonly compression: boolean;
  /** Whether this is a delta, with a chain digest, or a seed. */
  readonly chained: boolean;
  /** Told of every record sent: bytes of blocks, and bytes on the wire. */
  readonly onSent: (bytes: number, wire: number) => void;
  /** Runs between records, while nothing is being handed to the connection. */
  between?(): Task<void>;
  /** Told of suspected bytes that were found equal, and of those that are to be sent. */
  readonly onCompared?: (equal: number, differing: number) => void;
  /** Bytes of a run that is read and packed at once, at most. */
  readonly runMax?: number;
  /** True once no more is to be begun; what is under way is finished. */
  readonly stopped?: () => boolean;
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

/**
 * Sends all that is pending, or until it is told to stop. When it returns, everything that was taken was handed
 * to the connection.
 */
export function* sendPending(sending: Sending): Task<void> {
  const loop = yield* currentLoop();
  const ahead: Prepared[] = [];
  const comparing = new Comparing(loop, sending);
  try {
    for (;;) {
      comparing.begin();
      while (ahead.length < AHEAD) {
        const taken = takeNext(sending);
        if (taken === undefined) break;
        const { disk, at, length } = taken;
        ahead.push({ disk, at, length, records: loop.start("pack", prepare(sending, taken)) });
      }
      const first = ahead[0];
      if (first === undefined) {
        // What differs is to be sent; nothing is left once nothing is being compared either.
        if (!(yield* comparing.next())) return;
        continue;
      }
      yield* ended(first.records);
      const outcome = first.records.outcome;
      if (outcome?.ok !== true) throw outcome?.error ?? new Error("A task ended with no outcome");
      ahead.shift();
      yield* sendRecords(sending, outcome.value);
      if (sending.between !== undefined) yield* sending.between();
    }
  } finally {
    yield* comparing.stop();
    for (const { records } of ahead) records.interrupt();
    for (const { disk, at, length, records } of ahead) {
      yield* ended(records);
      diskOf(sending, disk)?.view?.putBack(at, length);
    }
  }
}

/** The comparisons under way beside what is being sent. */
class Comparing {
  readonly #loop: Loop;
  readonly #sending: Sending;
  /** One tree for each disk: what digests may cost is counted over all of it. */
  readonly #trees: readonly DigestTree[];
  #runs: Run<void>[] = [];
  readonly #ended = new Signal();

  constructor(loop: Loop, sending: Sending) {
    this.#loop = loop;
    this.#sending = sending;
    this.#trees = sending.disks.map(({ geometry, size, view }) => {
      return new DigestTree(geometry.blockSize, view?.size ?? size);
    });
  }

  /** Begins as many as there may be. Throws what one of them failed with. */
  begin(): void {
    for (const { outcome } of this.#runs) if (outcome?.ok === false) throw outcome.error;
    this.#runs = this.#runs.filter(({ outcome }) => outcome === undefined);
    if (this.#sending.stopped?.() === true) return;
    for (const [place, tracked] of this.#sending.disks.entries()) {
      const { view, geometry, index: disk } = tracked;
      const { region } = treeUnits(geometry.blockSize);
      while (view !== undefined && this.#runs.length < COMPARED_AT_ONCE) {
        const run = view.nextSuspected(QUESTION_BYTES, region);
        if (run === undefined) break;
        const { codec, peer, onCompared = () => {} } = this.#sending;
        const tree = this.#trees[place] as DigestTree;
        const work = { codec, peer, tree, disk, view, onCompared };
        const started = this.#loop.start("narrow", narrow(work, run));
        started.whenEnded(() => this.#ended.notify());
        this.#runs.push(started);
      }
    }
  }

  /** Waits until one has ended; false when none is under way. */
  *next(): Task<boolean> {
    if (this.#runs.length === 0) return false;
    yield* this.#ended.until(() => this.#runs.some(({ outcome }) => outcome !== undefined));
    return true;
  }

  /** Ends what is under way; what it has not decided waits again. */
  *stop(): Task<void> {
    for (const run of this.#runs) run.interrupt();
    for (const run of this.#runs) yield* ended(run);
  }
}

/** The disk of that index: a machine may have gaps among its indices. */
function diskOf({ disks }: Sending, index: number): TrackedDisk | undefined {
  return disks.find((disk) => disk.index === index);
}

/** A run that left its view and is to be packed. */
interface Taken {
  readonly disk: number;
  readonly at: number;
  readonly length: number;
  readonly kind: "data" | "zero";
}

function takeNext({ disks, stopped, runMax = EXTENT_SIZE_MAX }: Sending): Taken | undefined {
  if (stopped?.() === true) return undefined;
  for (const { view, index } of disks) {
    const run = view?.nextChanged(runMax);
    if (run !== undefined) return { disk: index, ...run };
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
      diskOf(sending, extent.disk)?.view?.putBack(extent.at, extent.length);
    }
  }
}

function* prepare(sending: Sending, taken: Taken): Task<PackedRun> {
  const { disk, at, length } = taken;
  const tracked = diskOf(sending, disk) as TrackedDisk;
  const view = tracked.view;
  if (view === undefined) throw internalFailure("view-given-up", "The view ended");
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
  // Read for us alone; what travels as it is travels out of this buffer.
  return { records: yield* packContent(options, disk, at, content), content };
}
