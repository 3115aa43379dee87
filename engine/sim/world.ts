/**
 * The simulated world: one clock, one event queue, the hosts, the network, and what went wrong.
 *
 * Rule: a run is a pure function of the seed and of the calls made here. After every event all
 * loops that have something to run are drained, so no time passes while a process computes, unless
 * its host was given a lag. This file does not know what the processes do.
 *
 * @module
 */

import { assert } from "../core/base/assert.ts";
import type { Kernel } from "../core/ports/codec.ts";
import type { EngineEvent } from "../core/ports/observer.ts";
import { SECOND } from "../core/base/units.ts";
import { type CodecCosts, FREE_CODEC } from "./codec.ts";
import { EventQueue, type SimEvent } from "./event_queue.ts";
import { type HostOptions, SimHost } from "./host.ts";
import { SimNet } from "./network.ts";
import { Prng } from "./prng.ts";
import type { SimProcess } from "./process.ts";
import { EVENT, type EventKind, Trace } from "./trace.ts";

/** Somebody to whom events happen: a number for the trace, and a stream for ties. */
export interface Actor {
  /** Its place in the trace. */
  readonly id: number;
  /** For people. */
  readonly name: string;
  /** Draws the tie-breaks of its events. */
  readonly ties: Prng;
}

/** A claim about the world that was found false. */
export interface Violation {
  /** An invariant's id, or `engine-panic`. */
  readonly id: string;
  /** What was found, with every value that matters. */
  readonly message: string;
  /** When, µs of world time. */
  readonly time: number;
}

/** Something the engine reported, with the world's time and the host's name added. */
export interface Sighting {
  /** When, µs of world time. */
  readonly time: number;
  /** The host whose engine reported it. */
  readonly host: string;
  /** What it reported. */
  readonly event: EngineEvent;
}

/** How a world is made. */
export interface WorldOptions {
  /** Decides everything that chance decides; a safe integer that is not negative. */
  readonly seed: number;
  /** Digests, checksums, compression. */
  readonly kernel: Kernel;
  /** What the kernel's work costs in simulated time; nothing by default. */
  readonly codecCosts?: CodecCosts;
  /** Keeps the trace as text as well. */
  readonly keepTrace?: boolean;
}

/** Why a run of the world came back. */
export type StopReason = "time" | "idle" | "condition" | "violation";

/** The simulated world. */
export class SimWorld {
  /** What the world was made from. */
  readonly seed: number;
  /** The root of all streams. */
  readonly random: Prng;
  /** The rolling hash. */
  readonly trace: Trace;
  /** Links, partitions, connections. */
  readonly net: SimNet;
  /** Digests, checksums, compression. */
  readonly kernel: Kernel;
  /** What they cost. */
  readonly codecCosts: CodecCosts;
  /** All hosts, by name, in the order in which they were added. */
  readonly hosts = new Map<string, SimHost>();
  /** What was found wrong; the first one stops the run. */
  readonly violations: Violation[] = [];
  /** Called with everything the engines report, as it happens. */
  readonly onEngineEvent: ((sighting: Sighting) => void)[] = [];
  /** Called after every event and the drains it caused. For checkers; must not change the world. */
  readonly afterEvent: (() => void)[] = [];
  /** How often each engine probe fired, by name. */
  readonly probes = new Map<string, number>();
  #now = 0;
  #order = 0;
  #events = 0;
  readonly #queue = new EventQueue();
  readonly #actors: Actor[] = [];
  /** Whose loop has something to run, the first `#readyCount` of these; emptied without being made anew. */
  readonly #ready: SimProcess[] = [];
  #readyCount = 0;
  #draining = false;
  /** Draws nothing that a host, disk or link draws: for scripts. */
  readonly script: Actor;

  /** Makes an empty world at time 0. */
  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.random = new Prng(options.seed);
    this.trace = new Trace(options.keepTrace ?? false);
    this.kernel = options.kernel;
    this.codecCosts = options.codecCosts ?? FREE_CODEC;
    this.script = this.actor("script");
    this.net = new SimNet(this);
  }

  /** World time in µs. */
  get now(): number {
    return this.#now;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** True once something was found wrong: nothing more happens. */
  get stopped(): boolean {
    return this.violations.length > 0;
  }

  /** The stream called `name`: the same whoever else draws. */
  stream(name: string): Prng {
    return this.random.stream(name);
  }

  /** Registers somebody to whom events will happen. */
  actor(name: string): Actor {
    const made = { id: this.#actors.length, name, ties: this.stream(`ties/${name}`) };
    this.#actors.push(made);
    return made;
  }

  /** Adds a host, switched on, with nothing running. */
  addHost(name: string, options: HostOptions = {}): SimHost {
    assert(!this.hosts.has(name), "Every host has a name of its own");
    const host = new SimHost(this, name, options);
    this.hosts.set(name, host);
    return host;
  }

  /** The host called `name`, which must exist. */
  host(name: string): SimHost {
    const found = this.hosts.get(name);
    assert(found !== undefined, `There is a host ${name}`);
    return found;
  }

  /** Lets `run` happen `delay` µs from this moment (not negative, whole). */
  schedule(
    delay: number,
    run: () => void,
    actor: Actor = this.script,
    kind: EventKind = EVENT.script,
    payload = 0,
  ): SimEvent {
    const time = this.#now + (delay > 0 ? Math.floor(delay) : 0);
    const tie = actor.ties.u32();
    const event = { time, tie, order: this.#order++, kind, actor: actor.id, payload, run };
    this.#queue.push(event);
    return event;
  }

  /** Takes an event back, if it has not happened. */
  cancel(event: SimEvent): void {
    this.#queue.cancel(event);
  }

  /** Records something found wrong, and stops the run. */
  violate(id: string, message: string): void {
    this.violations.push({ id, message, time: this.#now });
  }

  /** Notes in the trace what is no event of the queue. */
  note(kind: EventKind, actor: Actor, payload: number): void {
    this.trace.note(this.#now, kind, actor.id, payload, actor.name);
  }

  /** For processes: their loop has something to run. */
  wake(process: SimProcess): void {
    this.#ready[this.#readyCount++] = process;
  }

  /** Runs what is runnable at this moment, without an event. */
  settle(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let at = 0; at < this.#readyCount; at++) {
        (this.#ready[at] as SimProcess).drain();
        if (this.stopped) break;
      }
    } finally {
      this.#readyCount = 0;
      this.#draining = false;
    }
  }

  /** Makes the next event happen and runs what it woke; false when there was none. */
  step(): boolean {
    if (this.stopped) return false;
    if (this.#readyCount > 0) this.settle();
    if (this.stopped) return false;
    const event = this.#queue.pop();
    if (event === undefined) return false;
    const run = event.run as () => void;
    event.run = undefined;
    this.#now = event.time;
    this.#events++;
    const name = (this.#actors[event.actor] as Actor).name;
    this.trace.note(event.time, event.kind, event.actor, event.payload, name);
    run();
    if (this.#readyCount > 0) this.settle();
    for (const check of this.afterEvent) check();
    return true;
  }

  /** When the next event happens; `undefined` when there is none. */
  get nextTime(): number | undefined {
    return this.#queue.nextTime();
  }

  /** Runs until world time is `time` µs, the queue is empty, or something was found wrong. */
  runUntil(time: number): StopReason {
    this.settle();
    for (;;) {
      if (this.stopped) return "violation";
      const next = this.#queue.nextTime();
      if (next === undefined || next > time) {
        this.#now = Math.max(this.#now, time);
        return next === undefined ? "idle" : "time";
      }
      this.step();
    }
  }

  /** Runs for `micros` of world time. */
  runFor(micros: number): StopReason {
    return this.runUntil(this.#now + micros);
  }

  /** Runs until `condition` holds, looked at after every event, or for at most `limit` µs. */
  runWhile(condition: () => boolean, limit: number = 3600 * SECOND): StopReason {
    const end = this.#now + limit;
    this.settle();
    while (condition()) {
      if (this.stopped) return "violation";
      const next = this.#queue.nextTime();
      if (next === undefined) return "idle";
      if (next > end) return "time";
      this.step();
    }
    return "condition";
  }

  /** For observers of processes: one event of an engine. */
  sight(sighting: Sighting): void {
    if (sighting.event.kind === "probe") {
      const name = sighting.event.name;
      this.probes.set(name, (this.probes.get(name) ?? 0) + 1);
    }
    for (const listener of this.onEngineEvent) listener(sighting);
  }

  /**
   * Crashes `host` at its port call number `n` (`SimHost.calls` counts from 1 over all processes):
   * before it has any effect, after its effect and before the caller learns of it, or, for writes,
   * with only some sectors of it done (`torn`; other calls then crash as `before` or `after`).
   */
  crashAt(host: string, n: number, when: CrashMoment, how: CrashKind): void {
    this.host(host).crashPlan = { call: n, when, how };
  }
}

/** Where in a port call a crash comes. */
export type CrashMoment = "before" | "after" | "torn";
/** Whether the process dies or the whole host loses its power. */
export type CrashKind = "kill" | "power";
