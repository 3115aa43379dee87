/**
 * A shipment: the records sent for one delta or one initial replication, and how far the replica holds
 * them durably (C3, C4).
 *
 * The chain digest after each record is kept until the record is durable, so that a cut link resumes at
 * the replica's durable prefix without sending anything twice but what was in flight (I22).
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Kernel } from "../ports/codec.ts";
import type { TrackedDisk } from "../tracking/tracked_disk.ts";
import { chainDigest, emptyChain } from "../wire/chain.ts";
import type { StagedExtent } from "../wire/extent.ts";

/** A record between sending and durable. */
interface SentRecord {
  readonly number: number;
  readonly disk: number;
  readonly at: number;
  readonly length: number;
  /** What it took of the send window; known once it was sent. */
  wire: number;
  /** Chain digest up to and with this record. */
  readonly chain: Uint8Array;
}

/** Records sent and their durability. */
export class Shipment {
  /** By index. */
  readonly #disks: ReadonlyMap<number, TrackedDisk>;
  readonly #kernel: Kernel;
  #sent = 0;
  #durable = 0;
  #chain = emptyChain();
  #durableChain = emptyChain();
  #inFlight: SentRecord[] = [];

  constructor(kernel: Kernel, disks: readonly TrackedDisk[]) {
    this.#kernel = kernel;
    this.#disks = new Map(disks.map((disk) => [disk.index, disk]));
  }

  /** Records sent, durable or not. */
  get sent(): number {
    return this.#sent;
  }

  /** Records that the replica holds durably, as far as it has said. */
  get durable(): number {
    return this.#durable;
  }

  /** True when every record sent is durable, or was taken back. */
  get settled(): boolean {
    return this.#inFlight.length === 0;
  }

  /** Chain digest over all records sent. */
  get chain(): Uint8Array {
    return this.#chain;
  }

  /**
   * Notes a record, whose payload has `digest`, just before it is handed to the channel; returns its
   * number.
   */
  add(extent: StagedExtent, digest: Uint8Array): number {
    this.#chain = chainDigest(this.#kernel, this.#chain, extent, digest);
    this.#sent++;
    const { disk, at, length } = extent;
    this.#inFlight.push({ number: this.#sent, disk, at, length, wire: 0, chain: this.#chain });
    return this.#sent;
  }

  /** Notes what record `number` took of the window; false when it is no longer in flight. */
  weigh(number: number, wire: number): boolean {
    const record = this.#inFlight.findLast((other) => other.number === number);
    if (record !== undefined) record.wire = wire;
    return record !== undefined;
  }

  /**
   * What is in flight is of an earlier channel, whose window is gone: nothing of it is given back to another
   * one, whenever the replica says that it holds it.
   */
  unweigh(): void {
    for (const record of this.#inFlight) record.wire = 0;
  }

  /**
   * The replica holds the first `records` durably: their blocks leave the views. Returns the wire bytes
   * that are no longer in flight, or `undefined` when the replica claims more than was sent.
   */
  acknowledge(records: number): number | undefined {
    if (records > this.#sent) return undefined;
    let credit = 0;
    let done = 0;
    for (const record of this.#inFlight) {
      if (record.number > records) break;
      this.#disks.get(record.disk)?.view?.release(record.at, record.length);
      credit += record.wire;
      this.#durableChain = record.chain;
      done++;
    }
    this.#inFlight.splice(0, done);
    this.#durable = Math.max(this.#durable, records);
    return credit;
  }

  /**
   * After a reconnect: the replica's durable prefix is `records` long. What was in flight beyond it is
   * pending again. False when the replica holds less than it had acknowledged, or more than was sent.
   */
  resumeAt(records: number): boolean {
    if (records < this.#durable || records > this.#sent) return false;
    this.acknowledge(records);
    this.takeBack();
    assert(this.#sent === records, "A resumed shipment goes on at the durable prefix");
    return true;
  }

  /** The link is gone: everything in flight is pending again. */
  takeBack(): void {
    for (const record of this.#inFlight) {
      this.#disks.get(record.disk)?.view?.putBack(record.at, record.length);
    }
    this.#inFlight = [];
    this.#sent = this.#durable;
    this.#chain = this.#durableChain;
  }
}
