/**
 * Runs on the server: so many at once, the others wait in order; who follows one is told how far it is and how it ends.
 *
 * Rule: a follower that comes late, or again, is told the latest and then what follows. Nothing grows with the length of a
 * run: of its progress only the latest is kept.
 *
 * @module
 */

import type { DrillReport } from "../../report/drill_report.ts";
import { LabError, labErrorOf } from "../problem.ts";
import {
  INTERRUPTED,
  type RunProblem,
  type RunRequest,
  type RunStore,
  type StoredRun,
} from "../storage/run_store.ts";
import type { Page } from "../storage/saved_scenarios.ts";
import type { Progress, StartDrill } from "./drill_thread.ts";

/** Bounds of a queue. */
export interface RunBounds {
  /** Runs at once. */
  readonly atOnce: number;
  /** Runs that wait; what comes on top is refused. */
  readonly waiting: number;
  /** ms that one run may take. */
  readonly time: number;
}

/** What a follower is told. */
export interface RunEvent {
  /** Grows within a run; by it a follower that comes again says what it has seen. */
  readonly id: number;
  readonly event: "progress" | "end";
  readonly run: RunView;
}

/** A run, and how far it is while it is under way. */
export interface RunView extends StoredRun {
  readonly progress: Progress | null;
}

/** Who follows a run. */
export type Follower = (event: RunEvent) => void;

/** A run that is not over. */
interface Live {
  stored: StoredRun;
  progress: Progress | null;
  /** Of the latest event. */
  sequence: number;
  readonly followers: Set<Follower>;
  stop: (() => void) | undefined;
}

/** The queue. */
export class RunQueue {
  #store: RunStore;
  #start: StartDrill;
  #bounds: RunBounds;
  /** In the order in which they were asked for. */
  #live = new Map<string, Live>();
  /** Runs of which it could not be stored how they ended. No more come while nothing can be stored. */
  #unstored = new Map<string, StoredRun>();

  #closed = false;

  constructor(store: RunStore, start: StartDrill, bounds: RunBounds) {
    this.#store = store;
    this.#start = start;
    this.#bounds = bounds;
    store.interruptAll();
  }

  /** What there is to do. */
  get load(): { running: number; waiting: number; followers: number } {
    const all = [...this.#live.values()];
    const running = all.filter(({ stop }) => stop !== undefined).length;
    const followers = all.reduce((sum, live) => sum + live.followers.size, 0);
    return { running, waiting: all.length - running, followers };
  }

  /** Lets a run wait for its turn, which may be at once. */
  submit(request: RunRequest): RunView {
    const { atOnce, waiting } = this.#bounds;
    if (this.#live.size >= atOnce + waiting) {
      throw new LabError(
        "busy",
        `${this.#live.size} runs wait or are under way already`,
        "Try again when one is over, or cancel one",
      );
    }
    const stored = this.#store.add(request);
    const quiet = { progress: null, sequence: 0, followers: new Set<Follower>(), stop: undefined };
    this.#live.set(stored.id, { stored, ...quiet });
    this.#fill();
    return this.get(stored.id);
  }

  /** A run as it is now. */
  get(id: string): RunView {
    const stored = this.#store.get(id);
    if (stored === undefined) throw noSuchRun(id);
    return this.#view(stored);
  }

  /** The report of a run that is done. */
  report(run: RunView): DrillReport {
    const report = run.state === "done" ? this.#store.report(run.id) : undefined;
    if (report !== undefined) return report;
    if (run.problem === null) {
      throw new LabError(
        "not-finished",
        `There is no report: the run is ${run.state}`,
        run.state === "cancelled" ? "Start it again" : `Follow it: GET /api/runs/${run.id}/events`,
      );
    }
    throw new LabError("not-finished", run.problem.message, run.problem.action);
  }

  /** At most `limit` runs, newest first, those older than number `before`. */
  list(limit: number, before: number): Page<RunView> {
    const { items, next } = this.#store.list(limit, before);
    return { items: items.map((stored) => this.#view(stored)), next };
  }

  #view(stored: StoredRun): RunView {
    const live = this.#live.get(stored.id);
    const run = live?.stored ?? this.#unstored.get(stored.id) ?? stored;
    return { ...run, progress: live?.progress ?? null };
  }

  /** Ends a run that is not over; one that is stays as it is. */
  cancel(id: string): RunView {
    const live = this.#live.get(id);
    if (live !== undefined) this.#settle(live, { state: "cancelled" });
    return this.get(id);
  }

  /** Forgets a run that is over. */
  delete(id: string): void {
    if (this.#live.has(id)) {
      throw new LabError(
        "not-finished",
        "The run is not over",
        `Cancel it first: POST /api/runs/${id}/cancel`,
      );
    }
    if (this.#store.get(id) === undefined) throw noSuchRun(id);
    this.#store.delete(id);
    this.#unstored.delete(id);
  }

  /** Whether a follower that has seen event `seen` has seen all that there will ever be. */
  isSeenToItsEnd(id: string, seen: number): boolean {
    this.get(id);
    return !this.#live.has(id) && seen >= END;
  }

  /** Tells `follower` the latest, if it is newer than event `seen`, and what follows, until the function that it gives is called. */
  follow(id: string, seen: number, follower: Follower): () => void {
    const live = this.#live.get(id);
    if (live === undefined) {
      follower({ id: END, event: "end", run: this.get(id) });
      return () => {};
    }
    live.followers.add(follower);
    if (live.sequence > seen || seen === 0) follower(this.#event(live, "progress"));
    return () => live.followers.delete(follower);
  }

  /** Ends everything: runs that are not over are said to be interrupted, and no other begins. */
  close(): void {
    this.#closed = true;
    for (const live of [...this.#live.values()]) {
      this.#settle(live, { state: "failed", problem: INTERRUPTED });
    }
  }

  /** Lets runs begin while there is room. */
  #fill(): void {
    if (this.#closed) return;
    for (const live of this.#live.values()) {
      if (this.load.running >= this.#bounds.atOnce) return;
      if (live.stop === undefined) this.#begin(live);
    }
  }

  #begin(live: Live): void {
    const { text, seed } = live.stored;
    live.stored = { ...live.stored, state: "running", started: Date.now() };
    const timer = setTimeout(
      () => this.#settle(live, { state: "failed", problem: tooLong(this.#bounds.time) }),
      this.#bounds.time,
    );
    const stop = this.#start({ text, seed }, {
      progress: (progress) => {
        live.progress = progress;
        this.#tell(live, "progress");
      },
      done: (report) => {
        const { verdict, sentence } = report;
        this.#settle(live, { state: "done", verdict, sentence }, report);
      },
      failed: (message) => this.#settle(live, { state: "failed", problem: died(message) }),
    });
    live.stop = () => {
      clearTimeout(timer);
      stop();
    };
    this.#tell(live, "progress");
  }

  /** A run is over: stores that, tells it, and lets the next one begin. */
  #settle(live: Live, how: Partial<StoredRun>, report?: DrillReport): void {
    const { id } = live.stored;
    if (!this.#live.delete(id)) return;
    live.stop?.();
    live.progress = null;
    live.stored = { ...live.stored, ...how, ended: Date.now() };
    try {
      this.#store.settle(live.stored, report);
    } catch (error) {
      const { code, message, action } = labErrorOf(error);
      const problem = { code, message, action };
      live.stored = { ...live.stored, state: "failed", verdict: null, sentence: null, problem };
      this.#unstored.set(id, live.stored);
    }
    this.#tell(live, "end");
    this.#fill();
  }

  #tell(live: Live, event: RunEvent["event"]): void {
    live.sequence++;
    const told = this.#event(live, event);
    for (const follower of live.followers) follower(told);
  }

  #event(live: Live, event: RunEvent["event"]): RunEvent {
    const { stored, progress } = live;
    return { id: event === "end" ? END : live.sequence, event, run: { ...stored, progress } };
  }
}

/** The id of the last event of every run: the highest that there can be. */
export const END: number = Number.MAX_SAFE_INTEGER;

/** No run has that id. */
export function noSuchRun(id: string): LabError {
  return new LabError(
    "not-found",
    `There is no run "${id}"`,
    "See /api/runs for those that there are",
  );
}

function died(message: string): RunProblem {
  return {
    code: "worker-died",
    message: `The run ended before its report: ${message}`,
    action: "Start it again; if it ends in the same way, report it with its scenario and seed",
  };
}

function tooLong(time: number): RunProblem {
  return {
    code: "too-long",
    message: `The run took longer than ${time / 1000} s and was stopped`,
    action:
      "Shorten the drill, write less in it, or raise its scale; or run it with `deno task drill`",
  };
}
