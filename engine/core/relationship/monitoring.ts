/**
 * Statistics of a relationship by monitoring interval: what happened in the one that runs, and what in those before.
 *
 * Intervals begin at a time of day, local time, and every so many hours or days from there; the first and one that was
 * reset are shorter. The counters are those of Hyper-V's `Msvm_ReplicationStatistics`. Rule: nothing that was counted
 * goes: a reset ends the interval, which joins the history, and begins another one.
 *
 * @module
 */

import { asObject, type Json, type JsonObject } from "../base/json.ts";
import { DAY } from "../base/units.ts";
import { instantOf, localReading, type Zone } from "./local_time.ts";

/** How long intervals are, and when they begin. */
export interface MonitoringPolicy {
  /** µs: hours that divide a day, or whole days. */
  readonly monitoringInterval: number;
  /** µs after midnight, local time. */
  readonly monitoringStart: number;
}

/** Counters of one interval; times in µs. */
export interface IntervalCounters {
  /** Wall time, µs since 1970; it ends before `until`. */
  from: number;
  until: number;
  /** Cycles whose point was staged, and cycles that should have been and were not. */
  cycles: number;
  missed: number;
  /** Bytes sent, in all and in the largest cycle. */
  bytes: number;
  bytesMax: number;
  /** From a cycle's start until its point was staged, in all and at most. */
  latency: number;
  latencyMax: number;
  /** Bytes that were still to be sent when a cycle began: in all, at most, and how often that was looked at. */
  pending: number;
  pendingMax: number;
  looks: number;
  /** Failures of the link and of everything else; guests that could not be brought to rest. */
  networkFailures: number;
  replicationFailures: number;
  consistencyFailures: number;
}

/** What happened since the last time. */
export type Happened = Partial<
  Omit<IntervalCounters, "from" | "until" | "bytesMax" | "latencyMax" | "pendingMax">
>;

/** Past intervals that are kept: a month of the usual ones. */
export const HISTORY_MAX = 64;

/** The interval that `wall` lies in. */
export function intervalAt(
  zone: Zone,
  wall: number,
  { monitoringInterval, monitoringStart }: MonitoringPolicy,
): { readonly from: number; readonly until: number } {
  const { day, timeOfDay } = localReading(zone, wall);
  const since = day * DAY + timeOfDay - monitoringStart;
  const begins = monitoringStart + Math.floor(since / monitoringInterval) * monitoringInterval;
  const instant = (reading: number) => {
    const whole = Math.floor(reading / DAY);
    return instantOf(zone, { day: whole, timeOfDay: reading - whole * DAY });
  };
  return { from: instant(begins), until: instant(begins + monitoringInterval) };
}

/** Statistics of one machine on one side. */
export class Monitoring {
  readonly #zone: Zone;
  readonly #policy: () => MonitoringPolicy;
  #current: IntervalCounters;
  #past: IntervalCounters[] = [];
  #lastTest: number | undefined;
  #dirty = false;

  /** `policy` is asked at the beginning of every interval. */
  constructor(zone: Zone, wall: number, policy: () => MonitoringPolicy) {
    this.#zone = zone;
    this.#policy = policy;
    this.#current = this.#begin(wall);
  }

  /** The interval that runs. */
  current(wall: number): Readonly<IntervalCounters> {
    this.#roll(wall);
    return this.#current;
  }

  /** Intervals that are over, oldest first. */
  get past(): readonly Readonly<IntervalCounters>[] {
    return this.#past;
  }

  /** When a failover of the machine was last tested here, wall time in µs since 1970; no reset forgets it. */
  get lastTest(): number | undefined {
    return this.#lastTest;
  }

  /** A test failover was made at `wall`. */
  noteTest(wall: number): void {
    this.#lastTest = wall;
    this.#dirty = true;
  }

  /** True when there is something that was not saved. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Counts what happened. `bytes` and `latency` are of one cycle, `pending` of one look. */
  note(wall: number, happened: Happened): void {
    this.#roll(wall);
    add(this.#current, happened);
    this.#current.bytesMax = Math.max(this.#current.bytesMax, happened.bytes ?? 0);
    this.#current.latencyMax = Math.max(this.#current.latencyMax, happened.latency ?? 0);
    this.#current.pendingMax = Math.max(this.#current.pendingMax, happened.pending ?? 0);
    this.#dirty = true;
  }

  /** Ends the interval now and begins one that lasts until the next boundary; history is kept. */
  reset(wall: number): void {
    this.#roll(wall);
    this.#current.until = Math.max(wall, this.#current.from);
    this.#end();
    this.#current = this.#begin(wall);
    this.#dirty = true;
  }

  /** Everything, as a record keeps it. */
  toJson(): JsonObject {
    this.#dirty = false;
    return {
      version: 1,
      lastTest: this.#lastTest ?? null,
      current: { ...this.#current },
      past: this.#past.map((each) => ({ ...each })),
    };
  }

  /** What was given to be saved last may not have been: there is something to be saved. */
  notSaved(): void {
    this.#dirty = true;
  }

  /** Goes on with what an earlier process saved; what was counted meanwhile is added. Unsound records are left. */
  adopt(json: JsonObject, wall: number): void {
    const { current, past, lastTest } = json;
    if (typeof lastTest === "number" && Number.isSafeInteger(lastTest)) this.#lastTest ??= lastTest;
    const known = Array.isArray(past) ? past.map(countersFrom) : [];
    this.#past = [...known.filter((each) => each !== undefined), ...this.#past].slice(-HISTORY_MAX);
    const saved = countersFrom(current);
    if (saved === undefined) return;
    this.#roll(wall);
    if (saved.until === this.#current.until) {
      // Only sums are to be added; the largest are the larger of both.
      const mine = this.#current;
      this.#current = { ...saved };
      add(this.#current, mine);
      for (const key of ["bytesMax", "latencyMax", "pendingMax"] as const) {
        this.#current[key] = Math.max(saved[key], mine[key]);
      }
    } else if (isUsed(saved)) this.#past = [...this.#past, saved].slice(-HISTORY_MAX);
  }

  /** A clock that jumps, either way, ends the interval as its boundary does. */
  #roll(wall: number): void {
    if (wall >= this.#current.from && wall < this.#current.until) return;
    this.#end();
    this.#current = this.#begin(wall);
    this.#dirty = true;
  }

  #end(): void {
    if (isUsed(this.#current)) this.#past = [...this.#past, this.#current].slice(-HISTORY_MAX);
  }

  #begin(wall: number): IntervalCounters {
    const { until } = intervalAt(this.#zone, wall, this.#policy());
    return { ...NOTHING, from: wall, until: Math.max(until, wall + 1) };
  }
}

/** True when more than one of five cycles was missed. */
export function missedTooMany(
  { cycles, missed }: Pick<IntervalCounters, "cycles" | "missed">,
): boolean {
  return missed * 5 > cycles + missed;
}

/** The mean of a cycle's latency, µs; `undefined` before the first. */
export function averageLatency(
  { cycles, latency }: Pick<IntervalCounters, "cycles" | "latency">,
): number | undefined {
  return cycles === 0 ? undefined : Math.floor(latency / cycles);
}

/** An interval for people and programs: totals, averages, maxima. */
export function intervalJson(counters: Readonly<IntervalCounters>): JsonObject {
  const { cycles, looks, latency, bytes, pending, ...rest } = counters;
  const mean = (sum: number, of: number) => of === 0 ? null : Math.floor(sum / of);
  const { from, until, missed, bytesMax, latencyMax, pendingMax } = rest;
  const expected = cycles + missed;
  return {
    from,
    until,
    cycles,
    missed,
    missedPercent: expected === 0 ? 0 : Math.floor((missed * 100) / expected),
    bytes,
    bytesAverage: mean(bytes, cycles),
    bytesMax,
    latencyAverageMicros: mean(latency, cycles),
    latencyMaxMicros: latencyMax,
    pendingAverage: mean(pending, looks),
    pendingMax,
    networkFailures: rest.networkFailures,
    replicationFailures: rest.replicationFailures,
    consistencyFailures: rest.consistencyFailures,
  };
}

const NOTHING: IntervalCounters = {
  from: 0,
  until: 0,
  cycles: 0,
  missed: 0,
  bytes: 0,
  bytesMax: 0,
  latency: 0,
  latencyMax: 0,
  pending: 0,
  pendingMax: 0,
  looks: 0,
  networkFailures: 0,
  replicationFailures: 0,
  consistencyFailures: 0,
};

const SUMS = [
  "cycles",
  "missed",
  "bytes",
  "latency",
  "pending",
  "looks",
  "networkFailures",
  "replicationFailures",
  "consistencyFailures",
] as const;

function add(counters: IntervalCounters, happened: Happened): void {
  for (const key of SUMS) counters[key] += happened[key] ?? 0;
}

function isUsed(counters: IntervalCounters): boolean {
  return SUMS.some((key) => counters[key] > 0);
}

function countersFrom(json: Json | undefined): IntervalCounters | undefined {
  const given = asObject(json);
  if (given === undefined) return undefined;
  const counters = { ...NOTHING };
  for (const key of Object.keys(NOTHING) as (keyof IntervalCounters)[]) {
    const value = given[key];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) return undefined;
    counters[key] = value;
  }
  return counters;
}
