/**
 * The replicator: the one task that moves a machine's changes to its replica, cycle after cycle.
 *
 * It waits until a cycle is due or asked for, opens the channel, lets lineage decide, and runs initial
 * replication or one cycle. A failure ends the attempt, never tracking nor the task; so does what the replica
 * refuses between two cycles. A slow transfer delays the next cycle; cycles do not overlap.
 *
 * What follows a failure is decided by its class. One of a single cycle leads to the next. A recoverable one is tried
 * again by the ladder, and looked after quietly in between (`relationship/retry.ts`). A final one is state Error, in
 * which nothing is tried until somebody resumes.
 *
 * @module
 */
// Long because: waiting, connecting and failing are one task's, over the same few fields.

import { Failed, type Failure, isFailed, localFailure, requestFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import type { Ancestry } from "../lineage/generation.ts";
import type { Ports } from "../ports/ports.ts";
import { classOf, isOfTheLink } from "../relationship/failure_class.ts";
import { untilNextLook } from "../relationship/resync_policy.ts";
import { lookDelay, retryDelay } from "../relationship/retry.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import type { ReplicationState } from "../relationship/state.ts";
import { Monitoring } from "../relationship/monitoring.ts";
import { newStatistics, type Statistics } from "../relationship/statistics.ts";
import { Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { interrupted } from "../runtime/together.ts";
import { copyBetween, runCycle } from "./cycle.ts";
import { hasCopying } from "./joining.ts";
import type { Channel } from "../wire/channel.ts";
import type { Session } from "../wire/session.ts";
import { inTurn } from "../wire/shared_throttle.ts";
import { ChangingThrottle } from "../wire/throttle.ts";
import type { Links } from "./links.ts";
import type { PrimaryMachine } from "./machine.ts";
import { handOver, isHandedOver } from "./planned.ts";
import { Quiescing } from "./quiescing.ts";
import { ReplicaPeer } from "./replica_peer.ts";
import { exportMachine } from "./export.ts";
import { askWhereItRuns, type Course, openMachine } from "./opening.ts";
import { askStanding, type Standing } from "./standing.ts";
import type { Replication } from "./replication.ts";
import {
  finishResync,
  newProgress,
  resyncHeld,
  resynchronize,
  type ResyncProgress,
  settleState,
  suspendedBecause,
} from "./resynchronization.ts";
import { seed } from "./seed.ts";
import { Verification } from "./verification.ts";
import { verifyInTurns } from "./verifying.ts";
import { StagedClock, type StagedPoint } from "./staged_clock.ts";

/** Something that is said to the replica in place of a cycle. */
interface Errand {
  readonly run: (peer: ReplicaPeer) => Task<void>;
  outcome: { readonly failure: Failure | undefined } | undefined;
}

/** States in which there is something to send, or to ask the replica. */
const SENDING: ReadonlySet<ReplicationState> = new Set<ReplicationState>([
  "InitialReplicationInProgress",
  // Its package is on its way: the replica says when it has been imported.
  "WaitingForInitialReplication",
  "Replicating",
  "WaitingForStartResynchronize",
  "Resynchronizing",
  "ResynchronizeSuspended",
  "WaitingForUpdateCompletion",
]);
/** States in which an open channel goes on with the next cycle. */
const GOING_ON: readonly ReplicationState[] = [
  "Replicating",
  "PreparedForFailover",
  "WaitingForUpdateCompletion",
];

/** Replicates one machine until its scope is cancelled. */
export class Replicator {
  readonly #work: Replication;
  readonly #links: Links;
  readonly #throttle: ChangingThrottle;
  readonly #wake = new Signal();
  readonly #turned = new Signal();
  #peer: ReplicaPeer | undefined;
  #peerScope: Scope | undefined;
  /** What earlier channels told of the newest applied point. */
  #applied: PointId | undefined;
  #appliedAt: number | undefined;
  /** Number of the newest cut when somebody last asked; `undefined` when nobody waits for an attempt. */
  #askedAt: number | undefined;
  #due = 0;
  /** When the first attempt began that failed since something was staged: cycles from then on were missed. */
  #failedSince: number | undefined;
  /** Failures in a row that were counted. */
  #failures = 0;
  /** When to look whether the cause of a failure is gone; `undefined` while nothing failed. */
  #lookAt: number | undefined;
  /** What the attempt under way was ended with on purpose: it has not failed. */
  #interruption: Failed | undefined;
  #lastFailure: Failure | undefined;
  #attempts = 0;
  #errands: Errand[] = [];
  #verification: Verification | undefined;
  #running = false;
  #stopped: Failure | undefined;
  /** When the newest attempt started, by the monotonic clock. */
  #startedAt: number;
  /** The replica is to be told of other settings before anything else is sent. */
  #reopen = false;

  /** `before`: the one before, where the same relationship goes on with its counters and its trouble. */
  constructor(
    ports: Ports,
    machine: PrimaryMachine,
    settings: RelationshipSettings,
    links: Links,
    before?: Replicator,
  ) {
    this.#lastFailure = before?.lastFailure;
    this.#links = links;
    this.#startedAt = ports.clock.now();
    this.monitoring = before?.monitoring ??
      new Monitoring(ports.clock, ports.clock.wall(), machine.monitoring);
    // One bucket for the life of the relationship: neither a reconnect nor a change of disks fills it (I42).
    this.#throttle = before === undefined
      ? new ChangingThrottle(ports.clock, settings.bandwidth)
      : before.#throttle;
    this.#work = {
      ports,
      machine,
      settings,
      statistics: before?.statistics ?? newStatistics(),
      staged: new StagedClock(ports.clock),
      quiescing: before?.quiescing ?? new Quiescing(ports, machine.name, machine.commands),
      delta: undefined,
      swept: new Map(),
      cuts: 0,
      unusedPoint: undefined,
      offered: undefined,
      theirs: undefined,
      base: undefined,
      resync: newProgress(),
    };
    this.#unquietCounted = before === undefined ? 0 : before.#unquietCounted;
    // Without the delta of the one before, what its shipment took off the views is known to nobody (C4).
    if (before !== undefined) { for (const disk of machine.tracked) disk.forgetProgress(); }
  }

  /** Counters by monitoring interval. */
  readonly monitoring: Monitoring;
  /** Application-consistent cuts that failed, as far as they were counted there. */
  #unquietCounted: number;

  /** Counters of this process. */
  get statistics(): Statistics {
    return this.#work.statistics;
  }

  /** How far the resynchronization under way has come, in this process. */
  get resync(): ResyncProgress {
    return this.#work.resync;
  }

  /** The history that the replica told last. */
  get theirs(): Ancestry | undefined {
    return this.#work.theirs;
  }

  /** The newest point known to be staged, by an earlier process too. */
  get base(): PointId | undefined {
    return this.#work.base;
  }

  /** When points were cut and staged. */
  get staged(): StagedClock {
    return this.#work.staged;
  }

  /** Application-consistent points. */
  get quiescing(): Quiescing {
    return this.#work.quiescing;
  }

  /** Why the newest attempt failed; `undefined` when it succeeded. */
  get lastFailure(): Failure | undefined {
    return this.#lastFailure;
  }

  /** Failures in a row since something was staged. */
  get failures(): number {
    return this.#failures;
  }

  /** When the next attempt is made, whatever happens, by the monotonic clock; `undefined` while none is. */
  get nextAttempt(): number | undefined {
    return this.#idle() ? undefined : this.#due;
  }

  /** The machine was paused: what is under way ends, and what failed is not tried any more. */
  pause(): void {
    this.#interrupt(localFailure(
      "paused",
      `Replication of "${this.#work.machine.name}" was paused`,
      'Resume it: "warmsite replication resume"',
    ));
    this.#failures = 0;
    this.#failedSince = undefined;
    this.#lookAt = undefined;
    this.#lastFailure = undefined;
  }

  /** The machine was resumed: an attempt is made at once. `because` stands until one succeeds. */
  resume(because: Failure | undefined): void {
    this.#failures = 0;
    this.#lookAt = undefined;
    this.#lastFailure ??= because;
    this.ask();
  }

  #interrupt(because: Failed): void {
    if (this.#running) this.#interruption = because;
    this.#peer?.close(because);
    this.#wake.notify();
  }

  /** What was tried is over: nobody asks why it failed. */
  forgetFailure(): void {
    this.#lastFailure = undefined;
  }

  /** The newest point that the replica said it has applied. */
  get applied(): PointId | undefined {
    return this.#peer?.applied ?? this.#applied;
  }

  /** When the replica last said that it has applied a point, wall time in µs since 1970. */
  get appliedAt(): number | undefined {
    return this.#peer?.appliedAt ?? this.#appliedAt;
  }

  /**
   * Goes on with other settings, which are durable. The next cycle is one by them, and the replica is told of them
   * before it; a cycle under way ends as it began. Bandwidth holds at once, and a cycle to another server than the
   * one that was chosen ends.
   */
  change(settings: RelationshipSettings): void {
    const before = this.#work.settings;
    this.#work.settings = settings;
    this.#throttle.limit(settings.bandwidth);
    this.#reopen = true;
    if (this.#failures === 0 && this.#attempts > 0) {
      this.#due = this.#startedAt + settings.frequency;
    }
    if (settings.to === before.to) return this.#wake.notify();
    const why = "Another replica server was chosen";
    this.#interrupt(localFailure("connection-lost", why, `Nothing: it goes on at ${settings.to}`));
    this.#failures = 0;
    if (!this.#idle()) this.ask();
  }

  /** Wakes the replicator: there is something to do before the next cycle is due. */
  ask(): void {
    this.#askedAt = this.#work.cuts;
    this.#wake.notify();
  }

  /**
   * Asks for a cycle and returns the point once it is staged at the replica; the cut is made after this
   * call, with the guest at rest if `atRest`. Throws what the attempt failed with.
   */
  *cycle(atRest = false): Task<StagedPoint> {
    const { cuts } = this.#work;
    // An attempt that is under way may end without a cut of ours: the one after it counts.
    let counts = this.#attempts + (this.#running ? 1 : 0);
    for (;;) {
      if (atRest && this.#work.cuts === cuts) this.quiescing.asked = true;
      this.ask();
      yield* this.#turned.until(() =>
        this.#attempts > counts || this.#pointAfter(cuts) !== undefined ||
        this.#stopped !== undefined
      );
      const point = this.#pointAfter(cuts);
      if (point !== undefined) return point;
      const failure = this.#stopped ?? this.#lastFailure;
      if (failure !== undefined) throw new Failed(failure);
      if (this.#idle()) throw this.#notReplicating();
      counts = this.#attempts;
    }
  }

  /**
   * Says something to the replica in place of a cycle, at once; returns when `run` has, throws what the attempt
   * failed with.
   */
  *errand(run: (peer: ReplicaPeer) => Task<void>): Task<void> {
    const errand: Errand = { run, outcome: undefined };
    this.#errands.push(errand);
    this.ask();
    yield* this.#turned.until(() => errand.outcome !== undefined || this.#stopped !== undefined);
    const failure = errand.outcome === undefined ? this.#stopped : errand.outcome.failure;
    if (failure !== undefined) throw new Failed(failure);
  }

  /** Tells whoever waits that nothing more comes; also of one that was ended before it ever ran. */
  ended(): void {
    const { name } = this.#work.machine;
    this.#stopped = localFailure(
      "cancelled",
      `Replication of "${name}" was ended`,
      `Look at "warmsite replication status ${name}" for where it stands now, then ask again`,
    ).failure;
    this.#attempts++;
    this.#turned.notify();
  }

  /**
   * Compares the replica's newest point with the disks, cycles going on in between (M46). Ends with its caller.
   * Throws `busy` while another one runs, and what the last of several attempts in a row failed with.
   */
  *verify(): Task<Verification> {
    const { machine, ports } = this.#work;
    if (this.#verification !== undefined) {
      throw requestFailure(
        "busy",
        `"${machine.name}" is being verified`,
        "Wait until that has ended",
      );
    }
    const verification = new Verification(ports.codec, machine.tracked);
    this.#verification = verification;
    try {
      yield* verifyInTurns(this.#work, verification, this);
      return verification;
    } finally {
      this.#verification = undefined;
    }
  }

  /** The verification under way. */
  get verification(): Verification | undefined {
    return this.#verification;
  }

  /** Where the machine runs, as the replica says; asks it (L6). */
  standing(): Task<Standing> {
    return askStanding(this.#work.ports.clock, {
      connect: () => this.#connect(),
      greet: () => this.#greet(),
    });
  }

  *#connect(): Task<void> {
    yield* this.#links.session(this.#work.settings.to);
  }

  /** Opens a channel of its own for that: this is asked before the task runs. */
  *#greet(): Task<Failure | undefined> {
    try {
      return yield* askWhereItRuns(this.#work, yield* this.#openPeer());
    } finally {
      yield* this.#endPeer();
    }
  }

  /** Waits until the replica takes what this server sends. */
  *untilWelcome(): Task<void> {
    yield* this.#turned.until(() => this.#attempts > 0 && this.#lastFailure === undefined);
  }

  /** As an errand: sends what is left of a machine that is prepared for a planned failover. */
  handOver(peer: ReplicaPeer): Task<void> {
    return handOver(this.#work, peer);
  }

  /** The newest staged point, if its cut is a later one than number `cuts`. */
  #pointAfter(cuts: number): StagedPoint | undefined {
    const { newest } = this.#work.staged;
    return newest !== undefined && newest.cutNumber > cuts ? newest : undefined;
  }

  /** Replication was ended in one way or another while somebody waited for a cycle. */
  #notReplicating(): Failed {
    const { name, state } = this.#work.machine;
    return requestFailure(
      "wrong-state",
      `Nothing of "${name}" is sent in state ${state}`,
      'Look at "warmsite replication status"',
    );
  }

  /** The task. */
  *run(): Task<void> {
    const onOpened = (address: string) => this.#reachable(address);
    this.#links.listeners.add(onOpened);
    try {
      for (;;) {
        yield* this.#untilDue();
        yield* this.#attempt();
        this.#attempts++;
        this.#turned.notify();
      }
    } finally {
      this.#links.listeners.delete(onOpened);
      this.#running = false;
      this.ended();
      yield* this.#endPeer();
    }
  }

  /** One attempt, whatever becomes of it; nothing where nothing is to be sent any more. */
  *#attempt(): Task<void> {
    const { clock } = this.#work.ports;
    const started = clock.now();
    const due = this.#asked || this.#due <= started;
    this.#askedAt = undefined;
    if (this.#resting) return yield* this.#endPeer();
    // What is only said to the replica is no cycle: the next one is due when it was.
    const errands = this.#errands.length > 0;
    // Nor is what is sent of first copies until then.
    const copies = !due && this.#copying;
    if (!errands && !copies) this.#startedAt = started;
    this.#running = true;
    const counted = { ...this.#work.statistics };
    this.#notePending();
    try {
      // Not asked for and not due: the replica has said why it takes nothing more, and is believed.
      if (!due && this.#refusal !== undefined) throw this.#refusal;
      if (copies) {
        yield* this.#copy();
        return this.#noteCycle(counted, 0);
      }
      const held = yield* this.#turn();
      // Something could be said: what failed before is tried at once, and stands until something is staged.
      if (errands && this.#lastFailure !== undefined && !this.#idle()) {
        this.#due = clock.now();
        return;
      }
      this.#failures = 0;
      this.#lookAt = undefined;
      this.#lastFailure = held;
      if (!errands) this.#schedule(started);
      this.#noteCycle(counted, this.#work.staged.newest === undefined ? 0 : clock.now() - started);
    } catch (error) {
      // Whatever it says: it was an attempt that failed, unless this very task was asked to stop.
      if (!isFailed(error) || (yield* interrupted())) throw error;
      const looking = !due && this.#lookAt !== undefined;
      this.#noteCycle(counted, 0);
      // The next attempt begins with a handshake: whatever went wrong, both sides say where they stand.
      yield* this.#endPeer();
      const meant = this.#interruption !== undefined || this.#resting;
      for (const errand of this.#errands) this.#endErrand(errand, error.failure);
      // What a handshake finds may be why the state is Error by now.
      if (meant && this.#work.machine.state !== "Error") this.#ended();
      else yield* this.#failed(error, started, looking);
    } finally {
      this.#running = false;
      this.#interruption = undefined;
    }
  }

  #notePending(): void {
    const { machine, ports: { clock } } = this.#work;
    const pending = machine.tracked.reduce((sum, disk) => sum + disk.backlogBytes, 0);
    this.monitoring.note(clock.wall(), { pending, looks: 1 });
  }

  /** What an attempt sent, whatever became of it; `latency` where its points were staged. */
  #noteCycle(before: Statistics, latency: number): void {
    const { statistics, quiescing, ports: { clock } } = this.#work;
    const cycles = statistics.cycles - before.cycles;
    const consistencyFailures = quiescing.failed - this.#unquietCounted;
    this.#unquietCounted = quiescing.failed;
    this.monitoring.note(clock.wall(), {
      consistencyFailures,
      cycles,
      missed: statistics.missed - before.missed,
      bytes: statistics.bytesSent - before.bytesSent,
      latency: cycles > 0 ? latency : 0,
    });
  }

  /** It was ended on purpose. What is to be sent when it goes on is one point of then, not of now. */
  #ended(): void {
    if (!this.#idle()) return;
    for (const { view } of this.#work.machine.tracked) {
      if (view?.mode === "frozen") view.giveUp("replication is paused");
    }
  }

  /** Waits until an attempt is due or asked for, the replica refuses, or it is time to look again. */
  *#untilDue(): Task<void> {
    const { clock } = this.#work.ports;
    for (;;) {
      if (this.#asked) return;
      if (this.#idle()) {
        // A channel that is open tells nobody anything any more. Who wakes us meanwhile is looked at again.
        if (this.#peer !== undefined) yield* this.#endPeer();
        else yield* this.#wake.wait();
        continue;
      }
      if (this.#refusal !== undefined || this.#copying) return;
      const left = Math.min(this.#due, this.#lookAt ?? Infinity) - clock.now();
      if (left <= 0) return;
      yield* this.#wokenWithin(left);
    }
  }

  /** Returns after `micros`, or when somebody wakes it. */
  *#wokenWithin(micros: number): Task<void> {
    const { clock, loop } = this.#work.ports;
    const timer = loop.start("due", clock.sleep(micros));
    // A timer that was called off wakes nobody: the next wait has one of its own.
    let over = false;
    timer.whenEnded(() => over || this.#wake.notify());
    try {
      yield* this.#wake.wait();
    } finally {
      over = true;
      timer.interrupt();
    }
  }

  /** The replica server was reached, by whichever machine: who waits for that goes on. */
  #reachable(address: string): void {
    if (this.#running || this.#lookAt === undefined || this.#lastFailure === undefined) return;
    if (address !== this.#work.settings.to || !isOfTheLink(this.#lastFailure.code)) return;
    this.#lookAt = this.#work.ports.clock.now();
    this.#wake.notify();
  }

  /** Somebody asked, and no cut was made since that answers them; none answers who has something to say. */
  get #asked(): boolean {
    return this.#askedAt === this.#work.cuts || this.#errands.length > 0;
  }

  /** What the replica said on the open channel in place of going on. */
  get #refusal(): Failed | undefined {
    return this.#peer?.refusal;
  }

  /** First copies go on between the cycles, while all is well. */
  get #copying(): boolean {
    const { state } = this.#work.machine;
    const well = this.#peer !== undefined && this.#peer.failure === undefined && !this.#reopen;
    return state === "WaitingForUpdateCompletion" && well && this.#lookAt === undefined &&
      hasCopying(this.#work);
  }

  /** Sends of first copies until the next cycle is due; one that has come to its end makes it due. */
  *#copy(): Task<void> {
    const { clock } = this.#work.ports;
    const over = () => this.#asked || this.#due <= clock.now() || this.#reopen;
    yield* copyBetween(this.#work, this.#peer as ReplicaPeer, over);
    if (!hasCopying(this.#work)) this.#due = clock.now();
  }

  /** There is nothing to send and nothing to say. */
  get #resting(): boolean {
    return this.#idle() && this.#errands.length === 0;
  }

  /** Nothing is sent in these states, whoever asks. */
  #idle(): boolean {
    const { state } = this.#work.machine;
    if (state === "PreparedForFailover") return isHandedOver(this.#work.machine);
    return !SENDING.has(state);
  }

  /** The next cycle: at once when it is late, and what should have begun meanwhile was missed. */
  #schedule(started: number): void {
    const { clock } = this.#work.ports;
    const { frequency } = this.#work.settings;
    const now = clock.now();
    const late = Math.floor((now - (this.#failedSince ?? started)) / frequency);
    this.#failedSince = undefined;
    this.#work.statistics.missed += late;
    this.#due = late > 0 ? now : started + frequency;
    this.#due = Math.min(this.#due, now + this.#untilLook());
  }

  /** µs until a resynchronization that is held may be looked at again: its window opens, or its time comes. */
  #untilLook(): number {
    const { machine, settings, ports: { clock } } = this.#work;
    const { state, resync: { plan } } = machine;
    const held = state === "ResynchronizeSuspended" || state === "WaitingForStartResynchronize";
    if (!held || resyncHeld(this.#work) === undefined) return Infinity;
    return untilNextLook(settings.resync, plan, clock, clock.wall());
  }

  /** `looking`: a quiet look in between, which counts only where it finds another trouble than was known. */
  *#failed({ failure }: Failed, started: number, looking: boolean): Task<void> {
    const { settings } = this.#work;
    const known = looking && isSame(this.#lastFailure, failure);
    this.#lastFailure = failure;
    const now = this.#work.ports.clock.now();
    this.#lookAt = now + lookDelay(settings.frequency);
    this.#failedSince ??= started;
    if (known) return;
    // Another trouble than before has a ladder of its own.
    if (looking) this.#failures = 0;
    yield* this.#count(failure);
    if (classOf(failure.code) === "this-cycle") {
      this.#due = Math.max(now, started + settings.frequency);
      this.#lookAt = undefined;
    } else this.#due = now + retryDelay(this.#failures);
  }

  *#count(failure: Failure): Task<void> {
    this.#failures++;
    const { machine, ports, statistics } = this.#work;
    statistics.failures++;
    const link = isOfTheLink(failure.code) ? 1 : 0;
    const failed = { networkFailures: link, replicationFailures: 1 - link };
    this.monitoring.note(ports.clock.wall(), failed);
    ports.observer.emit({ kind: "failure", machine: machine.name, failure });
    if (classOf(failure.code) !== "final") return;
    try {
      yield* machine.enter("refused-by-replica", failure);
    } catch (error) {
      // A record that cannot be written, or a state that somebody changed meanwhile: it is tried again.
      if (!isFailed(error) || (yield* interrupted())) throw error;
    }
  }

  /** One attempt; returns what holds it, if nothing is to be done before somebody does something. */
  *#turn(): Task<Failure | undefined> {
    const work = this.#work;
    const { machine } = work;
    if (this.#resting) return undefined;
    if (machine.state === "InitialReplicationInProgress" && machine.plan?.method === "export") {
      yield* exportMachine(work);
    }
    yield* settleState(work);
    const stands = machine.state === "ResynchronizeSuspended";
    if (stands && this.#errands.length === 0) {
      return (yield* this.#refusedMeanwhile()) ?? suspendedBecause(work);
    }
    const course = yield* this.#opened();
    // While it connected there was nothing that could be ended.
    if (this.#interruption !== undefined) throw this.#interruption;
    const peer = this.#peer as ReplicaPeer;
    if (this.#errands.length > 0) {
      yield* this.#runErrands(peer);
      // Nothing was sent: what the last attempt failed with stands.
      return this.#lastFailure;
    }
    if (machine.state === "PreparedForFailover") {
      yield* handOver(work, peer);
      return undefined;
    }
    switch (course.kind) {
      case "held":
        return course.failure;
      case "await-import":
        return undefined;
      case "seed":
        yield* this.#seed(peer, course.resume);
        return undefined;
      case "resynchronize":
        // One that stands still keeps no channel: it goes on with a handshake.
        if (!(yield* resynchronize(work, peer))) yield* this.#endPeer();
        return undefined;
      case "cycle":
        yield* runCycle(work, peer);
        // It may have been locked for a planned failover meanwhile.
        yield* handOver(work, peer);
        return undefined;
    }
  }

  /**
   * Why the replica would take nothing, for who sends nothing and would not hear of a failover else; throws what
   * nobody but a person mends. A replica that cannot be asked holds nothing up.
   */
  *#refusedMeanwhile(): Task<Failure | undefined> {
    let refusal: Failure | undefined;
    yield* this.#endPeer();
    try {
      refusal = yield* this.#greet();
    } catch (error) {
      if (!isFailed(error) || (yield* interrupted())) throw error;
      refusal = classOf(error.failure.code) === "final" ? error.failure : undefined;
    }
    // While it connected there was nothing that could be ended.
    if (this.#interruption !== undefined) throw this.#interruption;
    if (refusal !== undefined && classOf(refusal.code) === "final") throw new Failed(refusal);
    return refusal;
  }

  *#seed(peer: ReplicaPeer, resume: boolean): Task<void> {
    const work = this.#work;
    const { machine } = work;
    if (machine.state !== "Resynchronizing") {
      yield* this.#links.outgoing.transfer(seed(work, peer, resume));
      return yield* machine.enterWith("finish-initial-replication", undefined);
    }
    // The replica had lost everything: it is the same, on the way and at the end of a resynchronization.
    const stopped = () => machine.state !== "Resynchronizing" || resyncHeld(work) !== undefined;
    const seeding = this.#links.outgoing.transfer(seed(work, peer, resume, stopped));
    if (yield* seeding) yield* finishResync(work);
    else {
      yield* settleState(work);
      yield* this.#endPeer();
    }
  }

  *#runErrands(peer: ReplicaPeer): Task<void> {
    for (const errand of [...this.#errands]) {
      yield* errand.run(peer);
      this.#endErrand(errand, undefined);
    }
  }

  #endErrand(errand: Errand, failure: Failure | undefined): void {
    errand.outcome = { failure };
    this.#errands = this.#errands.filter((each) => each !== errand);
  }

  /** Connects, and opens a channel that nothing was said on yet. */
  *#openPeer(): Task<ReplicaPeer> {
    const { ports, machine, settings } = this.#work;
    const session = yield* this.#links.session(settings.to);
    const channel = this.#openChannel(session);
    this.#peerScope = new Scope(ports.loop, `peer/${machine.name}`);
    const onRefused = () => this.#wake.notify();
    const onApplied = () => machine.state === "WaitingForInitialReplication" && this.ask();
    this.#peer = new ReplicaPeer(channel, ports.clock, this.#peerScope, onRefused, onApplied);
    return this.#peer;
  }

  /** What to do on an open channel; opens one when there is none. */
  *#opened(): Task<Course> {
    if (this.#peer !== undefined && this.#peer.failure === undefined && !this.#reopen) {
      const { state } = this.#work.machine;
      if (GOING_ON.includes(state)) {
        return { kind: "cycle", disks: [] };
      }
      if (state === "InitialReplicationInProgress") return { kind: "seed", resume: true };
      if (state === "Resynchronizing" && this.#work.base !== undefined) {
        return { kind: "resynchronize" };
      }
    }
    yield* this.#endPeer();
    // Settings that change from here on are told by another opening.
    this.#reopen = false;
    return yield* openMachine(this.#work, yield* this.#openPeer());
  }

  #openChannel(session: Session): Channel {
    try {
      const flow = this.#links.outgoing.flow(this.#work.settings.to);
      return session.openChannel({ throttle: inTurn([this.#throttle, flow]) });
    } catch (error) {
      // A connection whose channel numbers are used up: the next attempt makes another one.
      if (isFailed(error, "busy")) session.close();
      throw error;
    }
  }

  *#endPeer(): Task<void> {
    this.#applied = this.applied;
    this.#appliedAt = this.appliedAt;
    this.#peer?.close();
    this.#peer = undefined;
    const scope = this.#peerScope;
    this.#peerScope = undefined;
    if (scope !== undefined) yield* scope.cancel();
  }
}

/** True when a look found what was known: the link fails in more than one way for one reason. */
function isSame(known: Failure | undefined, found: Failure): boolean {
  if (known === undefined) return false;
  return known.code === found.code || (isOfTheLink(known.code) && isOfTheLink(found.code));
}
