/**
 * A machine on the server that receives it: its store, its relationship, and the task that applies what
 * is staged.
 *
 * Rule: at most one channel writes to the store at a time; a newer one supersedes the older, whose task
 * has ended before the newer one touches anything.
 *
 * @module
 */
// Long because: who serves, who applies and what the record says of both are one set of rules.

import { assert } from "../base/assert.ts";
import {
  Failed,
  type Failure,
  type FailureCode,
  isFailed,
  localFailure,
  peerFailure,
} from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { GenerationId, Incarnation, PointId, Token } from "../base/units.ts";
import { noSuchPoint } from "../history/replica_files.ts";
import type { ReplicaStore } from "../history/replica_store.ts";
import type { Ports } from "../ports/ports.ts";
import { type Ancestry, firstGeneration } from "../lineage/generation.ts";
import { mayWrite } from "../lineage/writer.ts";
import { sameChoices } from "../relationship/choices.ts";
import { FREQUENCY_DEFAULT } from "../relationship/settings.ts";
import { Monitoring, type MonitoringPolicy } from "../relationship/monitoring.ts";
import { nextState, type ReplicationState, type StateEvent } from "../relationship/state.ts";
import { type Handle, Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import { interrupted } from "../runtime/together.ts";
import type { Task } from "../runtime/task.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Channel } from "../wire/channel.ts";
import type { TrackingOptions } from "../tracking/tracking_base.ts";
import type { MessageOf } from "../wire/message.ts";
import { Arrival } from "./arrival.ts";
import { type ExportedPoint, exportPoint, type PointExport } from "./export_point.ts";
import type { ImportProgress } from "./importing.ts";
import { Receiver } from "./receiver.ts";
import { forgetTail } from "./tail.ts";
import {
  type ImportRecord,
  type MediaRecord,
  type PlannedRecord,
  replicaFromJson,
  type ReplicaRecord,
  replicaToJson,
} from "./replica_record.ts";

/** How long the applier rests after a failure, µs. */
const APPLY_RETRY = 5 * SECOND;

/** Whether the server of that name may be the primary of a machine with that record, at this moment. */
export type Admit = (primary: string, record: ReplicaRecord) =>
  | { readonly ok: true; readonly trustGroup: string }
  | { readonly ok: false; readonly failure: Failure };
/** What a primary told of the settings of a machine. */
type Chosen = Pick<ReplicaRecord, "frequency" | "choices">;
/** What every machine of a replica server shares. */
export interface ReplicaContext {
  readonly ports: Ports;
  /** This server's name: it writes the generations made here. */
  readonly server: string;
  /** How the disks of a machine are tracked that was failed over to. */
  readonly tracking: Pick<TrackingOptions, "slots" | "cowSizeMax" | "marks">;
  /** Lengths and beginnings of monitoring intervals, as they are chosen at the moment. */
  readonly monitoring: () => MonitoringPolicy;
}
/** What storage that will not take data fails with. */
const STORAGE: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "io-error",
  "no-space",
  "read-only",
]);

/** What the names of holds begin with that test failovers have on their points. */
export const TEST_HOLD = "test-";

/** A machine that is replicated to this server. */
export class ReplicaMachine {
  readonly name: string;
  readonly store: ReplicaStore;
  readonly ports: Ports;
  /** This server's name: it writes the generations made here. */
  readonly server: string;
  /** How its disks are tracked once it runs here. */
  readonly tracking: ReplicaContext["tracking"];
  /** When the newest point was staged here. */
  readonly arrival: Arrival;
  /** When this process last applied a point, wall time in µs since 1970. */
  appliedAt: number | undefined;
  #record: ReplicaRecord;
  readonly #scope: Scope;
  readonly #work = new Signal();
  readonly #serving = new Mutex();
  readonly #ending = new Mutex();
  /** One change of the record at a time. */
  readonly #recording = new Mutex();
  /** Its store is given back: nothing of it is written any more. */
  #closed = false;
  #receiver: {
    readonly receiver: Receiver;
    readonly channel: Channel;
    readonly handle: Handle<void>;
  } | undefined;
  #applyFailure: Failure | undefined;
  /** A channel was ended, perhaps amid a seal, since the applier looked. */
  #unsettled = false;
  /** Space lacked, to stage or to apply, since a point was last dropped for it (R10). */
  #crowded = false;
  /** Counters by monitoring interval. */
  readonly monitoring: Monitoring;
  /** Storage here failed a channel since it was seen to work. */
  #stumbled: Failure | undefined;
  /** The newest point that this process said was staged. */
  #noted: PointId | undefined;
  /** Suspect disks were read by this process. */
  #verified = false;
  readonly #exports = new Set<PointExport>();
  /** The import of a package that is under way. */
  importing: ImportProgress | undefined;
  /** The server stops: an import ends at its next record. */
  importStops = false;
  /** Held by whoever applies: the applier, or a failover that completes. */
  readonly applying = new Mutex();

  private constructor(
    { ports, server, tracking, monitoring }: ReplicaContext,
    scope: Scope,
    store: ReplicaStore,
    record: ReplicaRecord,
  ) {
    this.ports = ports;
    this.server = server;
    this.tracking = tracking;
    this.name = store.name;
    this.arrival = new Arrival(ports.clock);
    this.monitoring = new Monitoring(
      ports.clock,
      ports.clock.wall(),
      monitoring,
    );
    this.store = store;
    this.#record = record;
    this.#scope = scope;
  }

  /** Takes over a store and begins to apply. */
  static start(
    context: ReplicaContext,
    parent: Scope,
    store: ReplicaStore,
    fresh: ReplicaRecord | undefined,
  ): ReplicaMachine {
    const record = fresh ??
      (store.extra === null ? rebuiltRecord(store) : replicaFromJson(store.extra));
    if (record === undefined) {
      throw localFailure(
        "damaged",
        `The relationship of "${store.name}" is unreadable`,
        "Restore the data folder from a backup, or remove the machine at this server",
      );
    }
    const machine = new ReplicaMachine(context, parent, store, settled(store, record));
    parent.spawn(`apply/${store.name}`, machine.#apply());
    return machine;
  }

  /** The relationship as it is durable. */
  get record(): ReplicaRecord {
    return this.#record;
  }

  /** Where the relationship stands. */
  get state(): ReplicationState {
    return this.#record.state;
  }

  /** What is wrong at this moment. */
  get troubles(): readonly Failure[] {
    const own = this.#applyFailure ?? this.#stumbled;
    return [...this.store.troubles, ...(own === undefined ? [] : [this.#withRemedy(own)])];
  }

  /** Where space lacks and tests hold the points that would go, whoever reads of it is told of them (R10). */
  #withRemedy(failure: Failure): Failure {
    const oldest = this.store.points[0]?.id;
    const tested = [...this.store.holds].some(([name, point]) =>
      point === oldest && name.startsWith(TEST_HOLD)
    );
    if (failure.code !== "no-space" || !tested) return failure;
    const action =
      `Free some space, or delete the test failovers of "${this.name}" that hold its oldest points ` +
      `("warmsite vm list"): "warmsite failover test ${this.name} --delete NAME"`;
    return { ...failure, action };
  }

  /** True when this is the primary that the generation is bound to, or is said to be (L1). */
  admits({ writer, claim }: Pick<MessageOf<"open-machine">, "writer" | "claim">): boolean {
    return claim === "take-over" || mayWrite(this.#record.writer, writer);
  }

  /** The point that this server held last as the primary, while no newer one has come (L6). */
  get tailPoint(): PointId | undefined {
    const { tail } = this.#record;
    return tail !== undefined && this.store.newest?.id === tail ? tail : undefined;
  }

  /**
   * True when a history whose newest generation is `generation`, and which goes on from ours, may be
   * followed: not from a failover's start to its end, and never one that was cancelled here (L5).
   */
  follows(generation: GenerationId): boolean {
    if (this.#record.dead.includes(generation)) {
      throw peerFailure(
        "generation-dead",
        `Generation ${generation} of "${this.name}" was cancelled at the replica`,
        "Remove that machine at the server that claims it",
      );
    }
    return this.takesData;
  }

  /** Told when the primary has asked for its planned failover to be done here; set by who can do that. */
  whenTaken: () => void = () => {};

  /** The point of the planned failover that is prepared, once it is here. */
  get plannedPoint(): PointId | undefined {
    const { newest } = this.store;
    return this.#record.planned !== undefined && newest?.kind === "planned" ? newest.id : undefined;
  }

  /**
   * Takes the right to start the machine, durably (L4); that of an earlier planned failover goes, one that is here already stays
   * as it is, promised or not. Refused while nobody knows what its disks hold: it could not be started on them (R9).
   */
  holdToken(token: Token): Task<void> {
    return this.#recording.during(this.#holdToken(token));
  }

  *#holdToken(token: Token): Task<void> {
    const { planned } = this.#record;
    if (this.store.suspect) throw this.#notVerified();
    yield* this.#setPlanned(planned?.token === token ? planned : { token, taken: false });
  }

  #notVerified(): Failed {
    return peerFailure(
      "disk-suspect",
      `The disks of "${this.name}" at the replica are not as its last apply left them, and it could not be started there`,
      'Wait until they are verified ("warmsite replication status" there), and ask again; or take the machine back: ' +
        `"warmsite failover cancel ${this.name}"`,
    );
  }

  /** Gives the right back, durably: no failover of this machine rests on it any more. */
  returnToken(): Task<void> {
    return this.#recording.during(this.#setPlanned(undefined));
  }

  /** Promises, durably, to fail over to the planned point and to become the primary. */
  takePlanned(token: Token): Task<void> {
    return this.#recording.during(this.#takePlanned(token));
  }

  *#takePlanned(token: Token): Task<void> {
    if (this.#record.planned?.token !== token || this.plannedPoint === undefined) {
      throw peerFailure(
        "wrong-state",
        `The planned failover of "${this.name}" is not prepared at the replica`,
        `Prepare it again: "warmsite failover prepare ${this.name}"`,
      );
    }
    yield* this.#setPlanned({ token, taken: true });
  }

  *#setPlanned(planned: PlannedRecord | undefined): Task<void> {
    if (!this.takesData) throw this.failedOverHere();
    yield* this.#setRecord({ ...this.#record, planned });
  }

  /** What only a demoted primary had is not to be told apart any more. */
  forgetLosing(): Task<void> {
    return this.#recording.during(this.#forgetLosing());
  }

  *#forgetLosing(): Task<void> {
    if (this.#record.losing !== undefined) {
      yield* this.#setRecord({ ...this.#record, losing: undefined });
    }
  }

  /** Goes on in the generation of a new primary, durably. */
  *follow(ancestry: Ancestry, primary: string): Task<void> {
    yield* this.#recording.during(this.#follow(ancestry, primary));
  }

  *#follow(ancestry: Ancestry, primary: string): Task<void> {
    // A failover that started meanwhile is not overtaken (I23).
    if (!this.takesData) throw this.failedOverHere();
    const record = { ...this.#record, ancestry, primary, writer: undefined, planned: undefined };
    yield* this.#setRecord(record);
  }

  /**
   * Binds the generation to an incarnation of its primary, which can be reached at `address`, and keeps what was
   * `chosen` for the machine there; durably.
   */
  *bindWriter(writer: Incarnation, address: string | undefined, chosen: Chosen): Task<void> {
    yield* this.#recording.during(this.#bind(writer, address, chosen));
  }

  *#bind(writer: Incarnation, address: string | undefined, chosen: Chosen): Task<void> {
    const before = this.#record;
    // Only who may write here chooses; not who was failed over from, while that goes on (L5).
    const { frequency, choices } = this.takesData ? chosen : before;
    const told = before.frequency === frequency && sameChoices(before.choices, choices);
    if (before.writer === writer && before.address === address && told) return;
    yield* this.#setRecord({ ...before, writer, address, frequency, choices });
  }

  /** Replaces the record, durably, all but who writes and what the primary told of itself. */
  *setRecord(record: ReplicaRecord): Task<void> {
    yield* this.#recording.during(this.#keepWriter(record));
  }

  /**
   * Begins a failover, durably: `record` is what it leads to. `promised`: to the primary, by a planned one, which
   * is not done any more once the primary has got the right to start the machine back (L4).
   */
  beginFailover(
    change: Pick<ReplicaRecord, "state" | "failover">,
    promised: boolean,
  ): Task<void> {
    return this.#recording.during(this.#beginFailover(change, promised));
  }

  *#beginFailover(
    change: Pick<ReplicaRecord, "state" | "failover">,
    promised: boolean,
  ): Task<void> {
    if (promised && this.#record.planned?.taken !== true) {
      throw peerFailure(
        "wrong-state",
        `The planned failover of "${this.name}" was cancelled by its primary`,
        "Nothing; it runs there",
      );
    }
    yield* this.#setRecord({ ...this.#record, ...change });
  }

  *#keepWriter(record: ReplicaRecord): Task<void> {
    const { writer, address, frequency, choices } = this.#record;
    yield* this.#setRecord({ ...record, writer, address, frequency, choices });
  }

  *#setRecord(record: ReplicaRecord): Task<void> {
    if (this.#closed) {
      throw peerFailure(
        "busy",
        `The replica of "${this.name}" is being closed`,
        `Ask again once the server runs again there, or look at "warmsite vm list" for what became of the machine`,
      );
    }
    const generation = record.ancestry[0]?.generation;
    assert(generation !== undefined, "A machine has a generation");
    yield* this.store.setExtra(replicaToJson(record), generation);
    const from = this.#record.state;
    const erased = this.#record.media?.key !== undefined && record.media?.key === undefined;
    this.#record = record;
    // The state is kept twice, the older one as it was: a key that is of no use any more stays in neither.
    if (erased) yield* this.store.setExtra(replicaToJson(record), generation);
    if (from === record.state) return;
    this.ports.observer.emit({ kind: "state", machine: this.name, from, to: record.state });
  }

  /** The state after `event`; changes nothing yet. */
  stateAfter(event: StateEvent): ReplicationState {
    return nextState(this.#record.state, event, this.name);
  }

  /** Moves to the state after `event`, durably, while a primary may be changing the rest of the record. */
  enter(event: StateEvent): Task<void> {
    return this.#recording.during(this.#enter(event));
  }

  *#enter(event: StateEvent): Task<void> {
    yield* this.#setRecord({ ...this.#record, state: this.stateAfter(event) });
  }

  /** Why nothing is accepted from a failover's start to its cancel. */
  failedOverHere(): Failed {
    return peerFailure(
      "wrong-state",
      `"${this.name}" is failed over at the replica: nothing is accepted, changes are tracked`,
      'Cancel the failover at the replica to go on: "warmsite failover cancel"; once it is reversed there ' +
        '("warmsite failover reverse"), this server becomes the replica',
    );
  }

  /** True while the administrator of this server has paused it: what is sent is refused. */
  get paused(): boolean {
    return this.#record.state === "Suspended";
  }

  /** Why nothing is accepted while it is paused here. */
  pausedHere(): Failed {
    return peerFailure(
      "paused",
      `Replication of "${this.name}" is paused at the replica: nothing is sent, changes are tracked`,
      `Resume it on ${this.server}: "warmsite replication resume ${this.name}"`,
    );
  }

  /**
   * Why data would be refused at this moment; `undefined` where it would be taken. Storage that refused before is
   * tried with a small file, so that nobody sends much to find out.
   */
  *refusal(): Task<Failure | undefined> {
    if (this.paused) return this.pausedHere().failure;
    if (this.#stumbled === undefined) return undefined;
    try {
      yield* this.store.tryStorage();
      this.#stumbled = undefined;
      return undefined;
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      return error.failure;
    }
  }

  /** False from the start of a failover to its cancel, and after its complete. */
  get takesData(): boolean {
    return this.#record.failover === undefined && this.#record.state !== "FailedOver";
  }

  /**
   * Says of what a channel left behind when it ended amid a seal or the publishing of a seed what the next
   * opening of the store would say: a sealed delta is listed, and a first point ends the initial
   * replication. Whoever stays open does not wait for that until a restart.
   */
  *settle(): Task<void> {
    // A failover that starts meanwhile begins behind it (I23).
    yield* this.#recording.during(this.#settle());
  }

  *#settle(): Task<void> {
    if (!this.takesData) return;
    const record = settled(this.store, this.#record);
    if (record !== this.#record) {
      // Before the record, which would not tell of them any more; a log too few costs a comparison.
      if (this.#record.tail !== undefined) yield* forgetTail(this);
      yield* this.#setRecord(record);
      const { id } = this.store.newest as { readonly id: PointId };
      // The first point of a failback came like any other, and was counted when it did; that of a seed was not.
      if (this.#noted !== id) this.noteStaged(id);
    }
    const finished = yield* this.store.finishSeal();
    if (finished !== undefined) this.noteStaged(finished);
  }

  /**
   * Serves the primary on `channel` until it ends; an older channel is ended first. `admit` says whether
   * the peer may be this machine's primary, and is asked again after every wait.
   */
  *serve(channel: Channel, opening: MessageOf<"open-machine">, admit: Admit): Task<void> {
    const handle = yield* this.#serving.during(this.#receive(channel, opening, admit));
    if (handle === undefined) return;
    try {
      yield* handle.join();
    } catch (error) {
      if (!isFailed(error)) throw error;
      if (STORAGE.has(error.code)) this.#stumbled = error.failure;
      // What is staged stays, and the primary keeps its bits: it comes again, and finds the room of one point more.
      if (error.code === "no-space" && !this.store.overfull) this.#makeRoom();
      // A channel that its primary ended in order, or that was ended here, is no trouble.
      const here = error.failure.side === "local" || !channel.session.closed;
      const ended = error.code === "connection-lost" && here;
      if (error.code === "cancelled" || ended) return;
      this.ports.observer.emit({ kind: "failure", machine: this.name, failure: error.failure });
    } finally {
      // A receiver that was cancelled before it ran has closed nothing.
      channel.close();
    }
  }

  *#receive(
    channel: Channel,
    opening: MessageOf<"open-machine">,
    admit: Admit,
  ): Task<Handle<void> | undefined> {
    const receiver = new Receiver(this, channel, opening);
    const run = () => this.#scope.start(`serve/${this.name}`, receiver.run());
    // Another machine of this name, or another copy of the primary, learns where it stands; nothing of it
    // is accepted, and it does not drive away the one that replicates here.
    if (opening.machine !== this.store.machine || !this.admits(opening)) return run();
    const refusal = yield* this.#admitted(channel.session.peer.name, admit);
    if (refusal !== undefined) {
      channel.refuse(refusal);
      return undefined;
    }
    const handle = run();
    this.#receiver = { receiver, channel, handle };
    return handle;
  }

  /** Lets a primary in, or says why not. Nothing may suspend between its answer and what is made of it. */
  *#admitted(primary: string, admit: Admit): Task<Failure | undefined> {
    const admission = admit(primary, this.#record);
    if (!admission.ok) return admission.failure;
    yield* this.endChannel("Superseded by a newer connection");
    try {
      // Durable before anything of it is taken: whoever comes next is judged by it.
      yield* this.#recording.during(this.#belongTo(primary, admission.trustGroup));
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      return error.failure;
    }
    const again = admit(primary, this.#record);
    return again.ok ? undefined : again.failure;
  }

  *#belongTo(primary: string, trustGroup: string): Task<void> {
    const record = this.#record;
    if (record.primary === primary && record.trustGroup === trustGroup) return;
    yield* this.#setRecord({ ...record, primary, trustGroup });
  }

  /**
   * Ends the channel of a primary that may not be one any more, and waits until nothing of it is in flight;
   * what it has staged stays. It is told why, and keeps tracking.
   */
  *admitAgain(admit: Admit): Task<void> {
    const serving = this.#receiver;
    if (serving === undefined) return;
    const admission = admit(serving.channel.session.peer.name, this.#record);
    if (admission.ok) return;
    yield* this.endChannel(new Failed(admission.failure));
    try {
      // A seal that was behind its rename is listed now: afterwards nothing of that primary changes anything.
      yield* this.settle();
    } catch (error) {
      // The storage is at fault, which no change of authorization mends: it is tried again in time.
      if (!isFailed(error) || error.code === "cancelled") throw error;
    }
  }

  /**
   * Ends the channel that is being served, and waits until nothing of it is in flight. The primary is
   * told why; a failure stands in its status at once.
   */
  *endChannel(because: string | Failed): Task<void> {
    // Whoever comes while another ends it waits as well: a seal may be under way until then (I23).
    yield* this.#ending.during(this.#endChannel(because));
  }

  *#endChannel(because: string | Failed): Task<void> {
    const serving = this.#receiver;
    if (serving === undefined) return;
    this.#receiver = undefined;
    if (typeof because === "string") serving.channel.close(because);
    else serving.channel.refuse(because.failure);
    yield* serving.handle.cancel();
    this.#unsettled = true;
    this.#work.notify();
  }

  /** Remembers durably which package the primary told of, and its key, until the first point is here. */
  *noteMedia(media: MediaRecord | undefined): Task<void> {
    yield* this.#recording.during(this.#noteMedia(media));
  }

  *#noteMedia(media: MediaRecord | undefined): Task<void> {
    const before = this.#record.media;
    // Nobody imports over a point: the key is of no use any more.
    const wanted = this.store.newest === undefined ? media : undefined;
    const same = wanted?.digest === before?.digest && wanted?.point === before?.point &&
      wanted?.key === before?.key;
    if (!same) yield* this.#setRecord({ ...this.#record, media: wanted });
  }

  /** Remembers durably how far the import of the package with that manifest has come. */
  *noteImport(digest: string, progress: ImportRecord): Task<void> {
    yield* this.#recording.during(this.#noteImport(digest, progress));
  }

  *#noteImport(digest: string, progress: ImportRecord): Task<void> {
    const { media } = this.#record;
    // Another one was exported meanwhile, or none is wanted: an import that is cut short is not gone on with.
    if (media?.digest !== digest) return;
    yield* this.#setRecord({ ...this.#record, media: { ...media, import: progress } });
  }

  /** True while a primary sends an initial replication over the network. */
  get seedingNow(): boolean {
    return this.#receiver?.receiver.seeding === true;
  }

  /** A package became the first point: the state follows, and the primary is told. */
  *imported(point: PointId): Task<void> {
    yield* this.settle();
    this.#receiver?.receiver.applied(point);
  }

  /** Counts a point that was received, and what should have been received since the one before. */
  #countReceived(): void {
    const { clock } = this.ports;
    const newest = this.store.newest;
    const since = this.arrival.note(newest?.cutAt ?? clock.wall());
    this.monitoring.note(clock.wall(), {
      cycles: 1,
      missed: Math.max(0, Math.floor(since / this.#record.frequency) - 1),
      bytes: newest?.bytes ?? 0,
      // By two clocks: of two servers whose clocks differ it is that much wrong.
      latency: this.arrival.lag,
    });
  }

  /** A point was staged: it will be applied. */
  noteStaged(point: PointId): void {
    this.#noted = point;
    this.#stumbled = undefined;
    this.#countReceived();
    // The point of a seed is in the disks already.
    if (this.store.newest?.applied === true) this.appliedAt = this.arrival.wall;
    this.ports.observer.emit({ kind: "staged", machine: this.name, point });
    this.#work.notify();
  }

  /** Has the applier drop the oldest point, if nobody needs it (R10). */
  #makeRoom(): void {
    this.#crowded = true;
    this.#work.notify();
  }

  *#apply(): Task<void> {
    for (;;) {
      try {
        if (this.#crowded) this.#tellDropped(yield* this.store.shed());
        this.#crowded = false;
        yield* this.#verifyOnce();
        this.#unsettled = false;
        yield* this.settle();
        yield* this.applyAll();
        this.#applyFailure = undefined;
        if (!this.#unsettled && !this.#crowded) yield* this.#work.wait();
      } catch (error) {
        // `cancelled` may be another task's that it waited for; what it was stopped amid may fail with anything.
        if (!isFailed(error) || (yield* interrupted())) throw error;
        this.#applyFailure = error.failure;
        this.ports.observer.emit({ kind: "failure", machine: this.name, failure: error.failure });
        this.#crowded = error.code === "no-space";
        yield* this.ports.clock.sleep(APPLY_RETRY);
      }
    }
  }

  /**
   * Disks that may have been changed by somebody else are read once; if all is well it goes on (R9). So
   * are adopted ones, whose digests nobody knows yet; what comes meanwhile is staged, and applied behind it.
   */
  *#verifyOnce(): Task<void> {
    const due = this.store.suspect || this.store.undigested;
    if (!due || this.#verified || this.state === "FailedOver") return;
    const differences = yield* this.store.verify();
    this.#verified = true;
    for (const what of differences) {
      const failure = localFailure(
        "disk-suspect",
        what,
        "Remove the machine here and seed it again",
      );
      this.ports.observer.emit({ kind: "failure", machine: this.name, failure: failure.failure });
    }
  }

  #tellDropped(points: readonly PointId[]): void {
    for (const point of points) {
      this.ports.observer.emit({ kind: "dropped", machine: this.name, point });
    }
  }

  /** Applies everything that is staged, then drops what retention no longer keeps. */
  *applyAll(): Task<void> {
    yield* this.applying.lock();
    try {
      for (;;) {
        const point = yield* this.store.applyNext();
        if (point === undefined) break;
        this.appliedAt = this.ports.clock.wall();
        this.ports.observer.emit({ kind: "applied", machine: this.name, point });
        this.#receiver?.receiver.applied(point);
      }
      this.#tellDropped(yield* this.store.prune());
    } finally {
      this.applying.unlock();
    }
  }

  /** Exports that go on. */
  get exports(): readonly PointExport[] {
    return [...this.#exports];
  }

  /** Exports a point to the folder `path`; it ends with this machine here, and leaves nothing then. */
  *exportPoint(id: PointId, path: string): Task<ExportedPoint> {
    const point = this.store.points.find((each) => each.id === id);
    if (point === undefined) throw noSuchPoint(id);
    const progress = { point, path, bytes: 0, total: 0 };
    this.#exports.add(progress);
    try {
      const task = exportPoint(this.ports, this.store, progress);
      const handle = this.#scope.start(`export/${this.name}`, task);
      try {
        return yield* handle.join();
      } finally {
        // Who asked is gone: nobody waits for it.
        yield* handle.cancel();
      }
    } finally {
      this.#exports.delete(progress);
    }
  }

  /** Drops what retention no longer keeps. */
  *prune(): Task<void> {
    this.#tellDropped(yield* this.store.prune());
  }

  /** Ends the channel and closes the store. The scope that applies was cancelled before. */
  *close(): Task<void> {
    yield* this.endChannel("The server stops");
    // A primary that is only being let in writes the record on nobody's channel yet.
    yield* this.#recording.during(this.#closeStore());
  }

  *#closeStore(): Task<void> {
    this.#closed = true;
    yield* this.store.close();
  }
}

/** A crash between publishing a seed's point and the record's new state: the point decides. */
function settled(store: ReplicaStore, record: ReplicaRecord): ReplicaRecord {
  if (record.state === "FailbackInProgress" && store.newest?.id !== record.tail) {
    const state = nextState(record.state, "finish-failback", store.name);
    return { ...record, state, tail: undefined };
  }
  if (record.state !== "WaitingForInitialReplication" || store.newest === undefined) return record;
  return { ...record, state: "Replicating", media: undefined };
}

/** The state was rebuilt from the points (R11): they tell the generation, and nothing else is needed. */
function rebuiltRecord(store: ReplicaStore): ReplicaRecord {
  const generation = { ...firstGeneration(store.generation, "unknown"), reason: "rebuilt" };
  return {
    state: store.newest === undefined ? "WaitingForInitialReplication" : "Replicating",
    ancestry: [generation],
    failover: undefined,
    dead: [],
    primary: "unknown",
    frequency: FREQUENCY_DEFAULT,
    writer: undefined,
  };
}
