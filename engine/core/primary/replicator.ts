/**
 * The replicator: the one task that moves a machine's changes to its replica, cycle after cycle.
 *
 * It waits until a cycle is due or asked for, opens the channel, lets lineage decide, and runs initial
 * replication or one cycle. A failure ends the attempt, never tracking and never the task. A slow
 * transfer delays the next cycle; cycles do not overlap.
 *
 * @module
 */

import { type Failure, isFailed, localFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import { decide, type Decision } from "../lineage/decision.ts";
import type { Ports } from "../ports/ports.ts";
import { retryDelay } from "../relationship/retry.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import { newStatistics, type Statistics } from "../relationship/statistics.ts";
import { Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import type { MessageOf } from "../wire/message.ts";
import { runCycle } from "./cycle.ts";
import type { Links } from "./links.ts";
import type { PrimaryMachine } from "./machine.ts";
import type { OpenDelta } from "./open_delta.ts";
import { ReplicaPeer } from "./replica_peer.ts";
import { seed, SeedProgress } from "./seed.ts";
import { StagedClock } from "./staged_clock.ts";

/** What cycle and seed work with. */
export interface Replication {
  readonly ports: Ports;
  readonly machine: PrimaryMachine;
  readonly settings: RelationshipSettings;
  readonly statistics: Statistics;
  /** When points were cut and staged. */
  readonly staged: StagedClock;
  /** The delta under way; survives connections. */
  delta: OpenDelta | undefined;
  /** The initial replication under way; survives connections. */
  seeding: SeedProgress | undefined;
  /** Cuts made by this process for this machine. */
  cuts: number;
  /** The newest point known to be staged. */
  base: PointId | undefined;
}

/** Replicates one machine until its scope is cancelled. */
export class Replicator {
  readonly #work: Replication;
  readonly #links: Links;
  readonly #wake = new Signal();
  readonly #turned = new Signal();
  #peer: ReplicaPeer | undefined;
  #peerScope: Scope | undefined;
  #asked = false;
  #due = 0;
  #failures = 0;
  #lastFailure: Failure | undefined;
  #attempts = 0;

  constructor(ports: Ports, machine: PrimaryMachine, settings: RelationshipSettings, links: Links) {
    this.#links = links;
    this.#work = {
      ports,
      machine,
      settings,
      statistics: newStatistics(),
      staged: new StagedClock(ports.clock),
      delta: undefined,
      seeding: undefined,
      cuts: 0,
      base: undefined,
    };
  }

  /** Counters of this process. */
  get statistics(): Statistics {
    return this.#work.statistics;
  }

  /** The newest point known to be staged, by an earlier process too. */
  get base(): PointId | undefined {
    return this.#work.base;
  }

  /** When points were cut and staged. */
  get staged(): StagedClock {
    return this.#work.staged;
  }

  /** Why the newest attempt failed; `undefined` when it succeeded. */
  get lastFailure(): Failure | undefined {
    return this.#lastFailure;
  }

  /** The newest point that the replica said it has applied. */
  get applied(): PointId | undefined {
    return this.#peer?.applied;
  }

  /** Wakes the replicator: there is something to do before the next cycle is due. */
  ask(): void {
    this.#asked = true;
    this.#wake.notify();
  }

  /**
   * Asks for a cycle and returns the point once it is staged at the replica; the cut is made after this
   * call. Throws what the attempt failed with.
   */
  *cycle(): Task<PointId> {
    const cuts = this.#work.cuts;
    // An attempt that was under way when we asked may end without our cut: only the next one counts.
    let attempts = this.#attempts;
    const running = this.#running;
    this.ask();
    for (;;) {
      const staged = this.#work.staged.newest;
      if (staged !== undefined && staged.cutNumber > cuts) return staged.point;
      if (this.#attempts > attempts + (running ? 1 : 0) && this.#lastFailure !== undefined) {
        throw localFailure(
          this.#lastFailure.code,
          this.#lastFailure.message,
          this.#lastFailure.action,
        );
      }
      if (this.#attempts > attempts + (running ? 1 : 0)) {
        attempts = this.#attempts;
        this.ask();
      }
      yield* this.#turned.wait();
    }
  }

  #running = false;

  /** The task. */
  *run(): Task<void> {
    const { clock } = this.#work.ports;
    try {
      for (;;) {
        yield* this.#untilDue();
        this.#asked = false;
        const started = clock.now();
        this.#running = true;
        try {
          yield* this.#turn();
          this.#failures = 0;
          this.#lastFailure = undefined;
        } catch (error) {
          yield* this.#failed(error);
        }
        this.#running = false;
        this.#schedule(started);
        this.#attempts++;
        this.#turned.notify();
      }
    } finally {
      this.#running = false;
      this.#closePeer();
    }
  }

  *#untilDue(): Task<void> {
    const { clock, loop } = this.#work.ports;
    while (!this.#asked && !this.#ready()) {
      const left = this.#due - clock.now();
      const idle = this.#idle();
      if (!idle && left <= 0) return;
      if (idle) yield* this.#wake.wait();
      else {
        // Whichever comes first: the time, or somebody who asks.
        const timer = loop.start("due", clock.sleep(left));
        timer.whenEnded(() => this.#wake.notify());
        try {
          yield* this.#wake.wait();
        } finally {
          timer.interrupt();
        }
      }
    }
  }

  #ready(): boolean {
    return !this.#idle() && this.#due <= this.#work.ports.clock.now();
  }

  /** Nothing is due in these states until somebody asks. */
  #idle(): boolean {
    const { state } = this.#work.machine;
    return state === "ReadyForInitialReplication" || state === "Disabled";
  }

  #schedule(started: number): void {
    const { clock } = this.#work.ports;
    const { frequency } = this.#work.settings;
    const now = clock.now();
    if (this.#failures > 0) {
      this.#due = now + retryDelay(this.#failures, frequency);
      return;
    }
    const late = Math.floor((now - started) / frequency);
    this.#work.statistics.missed += late;
    this.#due = late > 0 ? now : started + frequency;
  }

  *#failed(error: unknown): Task<void> {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    this.#failures++;
    this.#work.statistics.failures++;
    this.#lastFailure = error.failure;
    const { machine, ports } = this.#work;
    ports.observer.emit({ kind: "failure", machine: machine.name, failure: error.failure });
    if (this.#peer?.failure !== undefined || error.failure.side === "peer") {
      yield* this.#endPeer();
    }
  }

  *#turn(): Task<void> {
    const { machine } = this.#work;
    if (this.#idle()) return;
    const decision = yield* this.#opened();
    const peer = this.#peer as ReplicaPeer;
    if (decision.kind === "seed") {
      yield* seed(this.#work, peer, decision.resume);
      yield* machine.enter("finish-initial-replication");
    } else yield* runCycle(this.#work, peer);
  }

  /** What to do on an open channel; opens one when there is none. */
  *#opened(): Task<Decision> {
    if (this.#peer !== undefined && this.#peer.failure === undefined) {
      const { state } = this.#work.machine;
      if (state === "Replicating") return { kind: "cycle", disks: [] };
      if (state === "InitialReplicationInProgress") return { kind: "seed", resume: true };
    }
    yield* this.#endPeer();
    const opened = yield* this.#connect();
    const decision = this.#decide(opened);
    yield* this.#follow(decision, opened.newest);
    return decision;
  }

  *#connect(): Task<MessageOf<"machine-opened">> {
    const { ports, machine, settings } = this.#work;
    const session = yield* this.#links.session(settings.to);
    const scope = new Scope(ports.loop, `peer/${machine.name}`);
    this.#peerScope = scope;
    const throttle = this.#links.throttle(settings);
    const channel = session.openChannel(throttle === undefined ? {} : { throttle });
    this.#peer = new ReplicaPeer(channel, ports.clock, scope);
    const base = machine.tracked[0]?.base;
    return yield* this.#peer.open({
      type: "open-machine",
      machine: machine.id,
      name: machine.name,
      generation: machine.generation,
      ancestry: machine.ancestry,
      disks: machine.disks.map((disk) => disk.size),
      blockSize: machine.tracked[0]?.geometry.blockSize ?? 0,
      keep: settings.keep,
      frequency: settings.frequency,
      base: base?.kind === "point" ? base.point : null,
      issued: machine.tracked[0]?.issued ?? [],
    });
  }

  #decide(opened: MessageOf<"machine-opened">): Decision {
    const { machine } = this.#work;
    const disks = machine.tracked.map(({ base, issued }) => ({
      point: base.kind === "point" ? base.point : undefined,
      seed: base.kind === "seed" ? base.seed : undefined,
      issued,
    }));
    return decide(machine.ancestry, disks, machine.state === "InitialReplicationInProgress", {
      ancestry: opened.ancestry,
      newest: opened.newest,
      seed: opened.seed,
      failedOver: opened.state === "FailedOverWaitingCompletion",
    });
  }

  /** Brings disks and state in line with the decision, before anything is sent. */
  *#follow(decision: Decision, newest: PointId | null): Task<void> {
    const { machine } = this.#work;
    switch (decision.kind) {
      case "hold":
        // A failover that may still be cancelled changes no state here (L5).
        if (decision.failure.code !== "wrong-state") yield* machine.enter("refused-by-replica");
        throw localFailure(
          decision.failure.code,
          decision.failure.message,
          decision.failure.action,
        );
      case "replica-lost":
        yield* machine.enter("lose-replica");
        throw localFailure(
          "not-the-base",
          "The replica holds nothing of this machine",
          'Start initial replication again: "warmsite replication start"',
        );
      case "seed":
        return;
      case "cycle":
        yield* this.#rebase(decision, newest as PointId);
        yield* machine.enter(
          machine.state === "InitialReplicationInProgress"
            ? "finish-initial-replication"
            : "welcomed-by-replica",
        );
    }
  }

  /** L2: every disk's bits are made relative to the replica's newest point. */
  *#rebase(decision: Decision & { kind: "cycle" }, newest: PointId): Task<void> {
    const { machine } = this.#work;
    const delta = this.#work.delta;
    for (const [index, disk] of machine.tracked.entries()) {
      const step = decision.disks[index];
      if (step === "ready" || step === undefined) continue;
      // Our own delta was sealed and the answer was lost, or an earlier process of ours made the cut.
      if (step === "adopt" && delta?.point === newest) yield* disk.staged(newest);
      else {
        disk.forgetProgress();
        const base = { kind: "point", point: newest } as const;
        yield* disk.setBase(base, { suspectAll: step === "compare-whole" });
      }
    }
    if (delta !== undefined && delta.point === newest) this.#work.staged.note(delta);
    if (delta !== undefined && delta.parent !== newest) {
      this.#work.delta = undefined;
      for (const disk of machine.tracked) disk.forgetProgress();
    }
    this.#work.seeding = undefined;
    this.#work.base = newest;
  }

  *#endPeer(): Task<void> {
    this.#closePeer();
    const scope = this.#peerScope;
    this.#peerScope = undefined;
    if (scope !== undefined) yield* scope.cancel();
  }

  #closePeer(): void {
    this.#peer?.close();
    this.#peer = undefined;
  }
}
