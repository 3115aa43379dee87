/**
 * The receiver: one channel's conversation on the replica's side.
 *
 * Rule: nothing is acknowledged before it is durable (I11), data of another generation than ours is
 * refused (L7), and whatever is malformed, out of order or of the wrong size ends the channel with a
 * named error and changes nothing that was durable.
 *
 * @module
 */
// Long because: what may be acknowledged after which flush is one conversation; reading ahead and
// comparing are elsewhere.

import { brokenProtocol, type Failed, isFailed, LINK_ENDED, peerFailure } from "../base/failure.ts";
import { PROGRESS_INTERVAL_BYTES } from "../base/limits.ts";
import { release } from "../base/release.ts";
import { fromHex, type Incarnation, MILLISECOND, type PointId, toHex } from "../base/units.ts";
import { inside } from "../block/extent.ts";
import { reachableAt } from "./reachable.ts";
import { relate } from "../lineage/generation.ts";
import { shortIncarnation } from "../lineage/writer.ts";
import { choicesFromWire } from "../relationship/choices.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Run } from "../runtime/loop.ts";
import { Signal } from "../runtime/signal.ts";
import { ended } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import type { Channel, Incoming } from "../wire/channel.ts";
import type { Compare } from "../wire/compare.ts";
import { RECORD_HEADER_SIZE, type StagedExtent } from "../wire/extent.ts";
import { frameCost } from "../wire/limits.ts";
import type { ControlMessage, MessageOf } from "../wire/message.ts";
import { refusal, refusing } from "../wire/refusal.ts";
import { parseRetention } from "../wire/retention.ts";
import { answerTo } from "./comparing.ts";
import { noCopy } from "./existing_copy.ts";
import { type Arrived, ReadAhead, type Unpacking } from "./read_ahead.ts";
import type { ReplicaMachine } from "./replica_machine.ts";
import { TailReader } from "./tail.ts";

/** How long bytes wait for more before they are made durable and acknowledged, µs. */
const IDLE_FLUSH = 25 * MILLISECOND;

/** What the channel is in the middle of. */
type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "seed" }
  | { readonly kind: "delta"; readonly delta: string };

/** Serves one channel. */
export class Receiver {
  readonly #machine: ReplicaMachine;
  readonly #channel: Channel;
  readonly #opening: MessageOf<"open-machine">;
  /** Serializes the conversation with the idle flush. */
  readonly #turn = new Mutex();
  #phase: Phase = { kind: "idle" };
  /** Extents taken since the phase began. */
  #records = 0;
  /** Of these, how many the primary was told are durable. */
  #told = 0;
  #unflushed = 0;
  #ahead: ReadAhead | undefined;
  /** The newest applied point that the primary was not told of. */
  #applied: PointId | undefined;
  readonly #appliedMore = new Signal();
  /** An extent was taken. */
  readonly #taken = new Signal();
  #tails: TailReader | undefined;
  /** The newest flush. Extents are taken while it runs; what says where we stand waits for it. */
  #flushing: Run<void> | undefined;

  /** `opening` is the first message, which has arrived. */
  constructor(machine: ReplicaMachine, channel: Channel, opening: MessageOf<"open-machine">) {
    this.#machine = machine;
    this.#channel = channel;
    this.#opening = opening;
  }

  /** Tells the primary of an applied point when the connection has room; nobody waits for that. */
  applied(point: PointId): void {
    this.#applied = point;
    this.#appliedMore.notify();
  }

  /** The conversation; ends with the channel. */
  *run(): Task<void> {
    const { loop, codec } = this.#machine.ports;
    // Only a seed's content is digested as it comes; the phase is known before its first extent is.
    const digested = () =>
      this.#phase.kind === "seed" ? this.#machine.store.geometry.blockSize : undefined;
    const ahead = this.#ahead = new ReadAhead(loop, codec, this.#channel, digested);
    const own = [
      loop.start("idle-flush", this.#flushWhenIdle()),
      loop.start("tell-applied", this.#tellApplied()),
    ] as Run[];
    try {
      yield* this.#turn.during(this.#answerOpen(this.#opening));
      for (;;) {
        const arrived = yield* ahead.next();
        this.#refuseFailedFlush();
        if (arrived === undefined) {
          throw peerFailure("connection-lost", "The channel has ended", LINK_ENDED);
        }
        yield* this.#turn.during(this.#take(arrived));
      }
    } catch (error) {
      const cause = this.#flushFailure() ?? error;
      if (isFailed(cause) && cause.code !== "cancelled") yield* this.#refuse(cause);
      throw cause;
    } finally {
      const left = [...own, this.#flushing as Run | undefined];
      for (const run of left) run?.interrupt();
      for (const run of left) if (run !== undefined) yield* ended(run);
      yield* ahead.stop();
      this.#channel.close();
    }
  }

  #flushFailure(): Error | undefined {
    const outcome = this.#flushing?.outcome;
    return outcome?.ok === false ? outcome.error : undefined;
  }

  #refuseFailedFlush(): void {
    const failure = this.#flushFailure();
    if (failure !== undefined) throw failure;
  }

  *#tellApplied(): Task<void> {
    for (;;) {
      yield* this.#appliedMore.until(() => this.#applied !== undefined && this.#answered);
      const point = this.#applied as PointId;
      this.#applied = undefined;
      try {
        yield* this.#channel.send({ type: "applied", point });
      } catch (error) {
        // A primary that has gone away learns it from the next handshake.
        if (!isFailed(error) || error.code === "cancelled") throw error;
        return;
      }
    }
  }

  /** Tells the primary why, unless the channel is gone; then it learns from the next handshake. */
  *#refuse(error: Failed): Task<void> {
    if (this.#channel.closed) return;
    try {
      yield* this.#channel.send(refusal(error.failure));
    } catch (other) {
      if (!isFailed(other)) throw other;
    }
  }

  *#answerOpen(open: MessageOf<"open-machine">): Task<void> {
    const { store } = this.#machine;
    const relation = relate(this.#machine.record.ancestry, open.ancestry);
    const newer = relation === "newer" && this.#machine.follows(open.generation);
    const same = open.machine === store.machine && (relation === "same" || newer);
    const accepts = same && this.#machine.admits(open);
    this.#second = same && !accepts;
    if (open.machine === store.machine) this.#checkDisks(open.disks, open.blockSize);
    if (accepts && open.seeding === "existing-copy") this.#mustHaveCopy();
    if (accepts) yield* this.#machine.noteMedia(open.media ?? undefined);
    // Only who may write here chooses for this machine; not who was failed over from (L7), nor while a
    // complete is on its way to the one point that it leaves.
    const { failover, state } = this.#machine.record;
    if (accepts && failover === undefined && state !== "FailedOver") {
      yield* store.setRetention(parseRetention(open.retention));
    }
    // Its history goes on from ours, so it is in force (L5); durable before anything of it is taken (L7).
    if (accepts && newer) {
      yield* this.#machine.follow(open.ancestry, this.#channel.session.peer.name);
    }
    // Durable before the primary is told that it may write (L1).
    if (accepts) {
      const address = reachableAt(open.listen, this.#channel.session.peer.address);
      const chosen = { frequency: open.frequency, choices: choicesFromWire(open) };
      yield* this.#machine.bindWriter(open.writer[0] as Incarnation, address, chosen);
    }
    if (accepts) yield* this.#machine.settle();
    if (accepts && this.#machine.takesData) yield* store.announce(open.disks);
    const delta = store.openDelta;
    const refuses = accepts ? yield* this.#machine.refusal() : undefined;
    yield* this.#channel.send({
      type: "machine-opened",
      generation: store.generation,
      ancestry: this.#machine.record.ancestry,
      newest: store.newest?.id ?? null,
      seed: store.seed ?? null,
      delta: delta === undefined
        ? null
        : { id: delta.id, parent: delta.parent, records: delta.records },
      writer: this.#machine.record.writer ?? null,
      tail: this.#machine.tailPoint ?? null,
      state: this.#machine.state,
      refuses: refuses === undefined ? undefined : refusing(refuses),
    });
    this.#accepts = accepts;
    this.#answered = true;
    this.#appliedMore.notify();
  }

  /** What was begun over the network is a copy as well. */
  #mustHaveCopy(): void {
    const { name, record, store } = this.#machine;
    if (store.newest !== undefined || store.seed !== undefined || record.copied === true) return;
    throw noCopy(name);
  }

  /** True once the primary knows where the replica stands. */
  #answered = false;

  /** Whether data of this primary is accepted at all (L7). */
  #accepts = false;

  /** Disks grow, and come and go; none becomes smaller, and blocks stay what they are. */
  #checkDisks(disks: readonly number[], blockSize: number): void {
    const { store, name } = this.#machine;
    const sizes = store.newest?.sizes ?? store.sizes;
    const smaller = disks.findIndex((size, at) => size > 0 && size < (sizes[at] ?? 0));
    const odd = disks.some((size) => size % blockSize !== 0);
    if (smaller < 0 && !odd && blockSize === store.geometry.blockSize) return;
    throw peerFailure(
      "wrong-disk",
      smaller < 0
        ? `The disks of "${name}" have other blocks than their replica`
        : `Disk ${smaller} of "${name}" has ${disks[smaller]} bytes, and its replica ${
          sizes[smaller]
        }`,
      "Give the disk its size back; or remove the machine at the replica and start initial " +
        "replication again",
    );
  }

  *#takeDisks({ disks }: MessageOf<"disks">): Task<void> {
    this.#mustAccept();
    const { store } = this.#machine;
    this.#checkDisks(disks, store.geometry.blockSize);
    yield* store.announce(disks);
  }

  *#take({ incoming, content }: Arrived): Task<void> {
    switch (incoming.kind) {
      case "extent":
        return yield* this.#takeExtent(incoming.extent, content as Unpacking);
      case "compare":
        return yield* this.#answerCompare(incoming.compare);
      case "control":
        yield* this.#flushed();
        return yield* this.#takeControl(incoming.message);
      default:
        throw this.#outOfOrder(incoming);
    }
  }

  *#takeControl(message: ControlMessage): Task<void> {
    switch (message.type) {
      case "disks":
        return yield* this.#takeDisks(message);
      case "tail-ask":
        return yield* this.#tellTail(message);
      case "planned-offer":
        return yield* this.#holdToken(message);
      case "planned-return":
        return yield* this.#returnToken(message);
      case "planned-take":
        return yield* this.#takePlanned(message);
      case "seed-begin":
        return yield* this.#beginSeed(message);
      case "seed-publish":
        return yield* this.#publishSeed(message);
      case "delta-open":
        return yield* this.#openDelta(message);
      case "delta-seal":
        return yield* this.#sealDelta(message);
      case "delta-drop":
        return yield* this.#dropDelta();
      default:
        throw this.#outOfOrder({ kind: "control", message });
    }
  }

  *#holdToken({ token }: MessageOf<"planned-offer">): Task<void> {
    this.#mustAccept();
    yield* this.#machine.holdToken(token);
    yield* this.#channel.send({ type: "planned-held", token });
  }

  /** A token that is not here is given back as well: nothing will ever rest on it. */
  *#returnToken({ token }: MessageOf<"planned-return">): Task<void> {
    this.#mustAccept();
    if (this.#machine.record.planned !== undefined) yield* this.#machine.returnToken();
    yield* this.#channel.send({ type: "planned-returned", token });
  }

  *#takePlanned({ token }: MessageOf<"planned-take">): Task<void> {
    this.#mustAccept();
    yield* this.#machine.takePlanned(token);
    yield* this.#channel.send({ type: "planned-taken", token });
    // Only now: what it begins ends this channel.
    this.#machine.whenTaken();
  }

  *#tellTail({ disk, from }: MessageOf<"tail-ask">): Task<void> {
    this.#mustAccept();
    this.#tails ??= new TailReader(this.#machine);
    yield* this.#channel.send(yield* this.#tails.tell(disk, from));
  }

  /** True from the begin of an initial replication to its end. */
  get seeding(): boolean {
    return this.#phase.kind === "seed";
  }

  *#beginSeed({ seed }: MessageOf<"seed-begin">): Task<void> {
    this.#mustAccept();
    if (this.#machine.importing !== undefined) {
      throw peerFailure(
        "busy",
        `A package of "${this.#machine.name}" is being imported at the replica`,
        "Wait until that has ended",
      );
    }
    if (this.#machine.store.newest !== undefined) {
      throw peerFailure(
        "wrong-state",
        "The replica has points already: it takes deltas, no seed",
        "Nothing, if the next attempt goes on by a delta. Otherwise remove the replica there, " +
          `"warmsite vm remove ${this.#machine.name}", and start initial replication again`,
      );
    }
    yield* this.#machine.store.beginSeed(seed, this.#opening.space);
    // What an earlier channel wrote and did not flush may be compared with and found equal: it must
    // not be lost after the primary has forgotten it (T3).
    yield* this.#machine.store.seedFlush();
    this.#begin({ kind: "seed" }, 0);
    yield* this.#channel.send({ type: "seed-ready", seed });
  }

  *#openDelta({ delta, parent, generation }: MessageOf<"delta-open">): Task<void> {
    this.#mustAccept();
    const { store } = this.#machine;
    if (generation !== store.generation) throw this.#otherGeneration();
    const records = yield* store.startDelta(delta, parent, generation);
    this.#begin({ kind: "delta", delta }, records);
    yield* this.#channel.send({ type: "delta-ready", delta, records });
  }

  #begin(phase: Phase, records: number): void {
    this.#phase = phase;
    this.#records = records;
    this.#told = records;
    this.#unflushed = 0;
  }

  *#takeExtent(extent: StagedExtent, unpacking: Unpacking): Task<void> {
    this.#mustAccept();
    const { store } = this.#machine;
    this.#checkExtent(extent);
    yield* ended(unpacking);
    const outcome = unpacking.outcome;
    if (outcome?.ok !== true) throw outcome?.error ?? new Error("A task ended with no outcome");
    const unpacked = outcome.value;
    if (this.#phase.kind === "seed") {
      yield* store.seedWrite(extent, unpacked?.content, unpacked?.setDigest);
    } else if (this.#phase.kind === "delta") yield* store.append(extent);
    else throw this.#outOfOrder({ kind: "extent", extent });
    this.#records++;
    this.#taken.notify();
    this.#unflushed += frameCost(RECORD_HEADER_SIZE + extent.payload.length);
    // Both are ours alone, and what was to be kept was written or copied.
    if (extent.kind === "zstd" && unpacked !== undefined) release(unpacked.content);
    release(extent.payload);
    if (this.#unflushed >= PROGRESS_INTERVAL_BYTES) this.#startFlush();
  }

  #checkExtent({ disk, at, length }: StagedExtent): void {
    const { sizes, geometry } = this.#machine.store;
    const size = sizes[disk] ?? 0;
    const aligned = at % geometry.blockSize === 0 && length % geometry.blockSize === 0;
    if (inside(at, length, size) && length > 0 && aligned) return;
    throw brokenProtocol(
      `An extent at ${at} of ${length} bytes does not lie on the blocks of disk ${disk}`,
    );
  }

  /**
   * Begins to make durable what was taken, unless that is under way. In a turn alone. After a failure
   * never again: a later flush would succeed and cover nothing of what this one lost (T10).
   */
  #startFlush(): void {
    if (this.#flushing !== undefined && this.#flushing.outcome?.ok !== true) return;
    const run = this.#machine.ports.loop.start("progress", this.#progress());
    this.#flushing = run;
    // Nothing may come for long: the conversation ends with the disk all the same.
    run.whenEnded(() => {
      if (run.outcome?.ok === false) this.#ahead?.close();
    });
  }

  /** Waits until no flush is under way; throws what it failed with. */
  *#flushed(): Task<void> {
    if (this.#flushing === undefined) return;
    yield* ended(this.#flushing);
    this.#refuseFailedFlush();
  }

  /**
   * Makes what was taken durable, and says so; again while enough was taken meanwhile. Only what was
   * taken before a flush began counts as durable after it.
   */
  *#progress(): Task<void> {
    const { store } = this.#machine;
    do {
      if (this.#phase.kind === "idle" || this.#records === this.#told) return;
      const records = this.#records;
      this.#unflushed = 0;
      if (this.#phase.kind === "seed") yield* store.seedFlush();
      else yield* store.flushDelta();
      this.#told = records;
      yield* this.#channel.send({ type: "progress", records });
    } while (this.#unflushed >= PROGRESS_INTERVAL_BYTES);
  }

  *#flushWhenIdle(): Task<void> {
    const { clock } = this.#machine.ports;
    for (;;) {
      // No clock runs while there is nothing to flush: most of the time nothing comes.
      yield* this.#taken.until(() => this.#phase.kind !== "idle" && this.#records !== this.#told);
      const before = this.#records;
      yield* clock.sleep(IDLE_FLUSH);
      if (this.#records !== before || this.#records === this.#told) continue;
      yield* this.#turn.lock();
      this.#startFlush();
      this.#turn.unlock();
    }
  }

  *#sealDelta(message: MessageOf<"delta-seal">): Task<void> {
    this.#mustAccept();
    const { delta, point, records } = message;
    const digest = fromHex(message.digest);
    if (this.#phase.kind !== "delta" || this.#phase.delta !== delta || digest === undefined) {
      throw this.#outOfOrder({ kind: "control", message });
    }
    if (point.generation !== this.#machine.store.generation) throw this.#otherGeneration();
    if (point.kind === "planned" && this.#machine.record.planned === undefined) {
      throw brokenProtocol("A planned point came before the right to start it");
    }
    yield* this.#machine.store.seal(point, records, digest);
    this.#phase = { kind: "idle" };
    this.#told = this.#records;
    this.#machine.noteStaged(point.id);
    const generation = point.generation;
    yield* this.#channel.send({
      type: "staged",
      point: point.id,
      generation,
      digest: toHex(digest),
    });
  }

  *#publishSeed(message: MessageOf<"seed-publish">): Task<void> {
    this.#mustAccept();
    const { point, records } = message;
    if (this.#phase.kind !== "seed" || records !== this.#records) {
      throw this.#outOfOrder({ kind: "control", message });
    }
    if (point.generation !== this.#machine.store.generation) throw this.#otherGeneration();
    yield* this.#machine.store.publishSeed(point);
    this.#phase = { kind: "idle" };
    this.#told = this.#records;
    yield* this.#machine.settle();
    const generation = point.generation;
    yield* this.#channel.send({ type: "staged", point: point.id, generation, digest: "" });
  }

  *#dropDelta(): Task<void> {
    this.#mustAccept();
    yield* this.#machine.store.dropDelta();
    this.#phase = { kind: "idle" };
  }

  *#answerCompare(compare: Compare): Task<void> {
    this.#mustAccept();
    const { store } = this.#machine;
    const compared = yield* answerTo(store, compare);
    if (compared.differs.some((bits) => bits !== 0)) yield* store.doubt();
    yield* this.#channel.sendCompared(compared);
  }

  #mustAccept(): void {
    if (!this.#accepts) throw this.#otherGeneration();
    if (!this.#machine.takesData) throw this.#machine.failedOverHere();
    if (this.#machine.paused) throw this.#machine.pausedHere();
  }

  /** The generation is bound to another incarnation of its primary (L1). */
  #second = false;

  #otherGeneration(): Failed {
    if (this.#second) return this.#secondWriter();
    return peerFailure(
      "older-generation",
      `"${this.#machine.name}" is of another generation here: its data is refused`,
      "The replica was failed over, or holds another machine; look at both servers' status",
    );
  }

  #secondWriter(): Failed {
    const bound = this.#machine.record.writer;
    const [own] = this.#opening.writer;
    const name = (each: Incarnation | undefined) =>
      each === undefined ? "" : shortIncarnation(each);
    return peerFailure(
      "second-writer",
      `"${this.#machine.name}" is written by incarnation ${
        name(bound)
      } of its primary, and not by ` +
        name(own),
      "Stop the copy of the primary that is not to run",
    );
  }

  #outOfOrder(incoming: Incoming): Failed {
    const what = incoming.kind === "control" ? incoming.message.type : incoming.kind;
    return peerFailure(
      "protocol-violation",
      `A primary's ${what} came out of order`,
      "Check that both servers run the same version",
    );
  }
}
