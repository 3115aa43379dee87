/**
 * A simulated host with an overlay on it, and a model of what its sectors may read as.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { MachineId, PointId } from "../../../../engine/core/base/units.ts";
import {
  Overlay,
  type OverlayBase,
  type OverlaySpec,
} from "../../../../engine/core/history/overlay.ts";
import type { Extent } from "../../../../engine/core/block/extent.ts";
import { done, type Task } from "../../../../engine/core/runtime/task.ts";
import { all } from "../../../../engine/core/runtime/together.ts";
import type { SimHost } from "../../../../engine/sim/host.ts";
import type { Prng } from "../../../../engine/sim/prng.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

export const SECTOR = 512;
export const CLUSTER = 4096;
/** The last cluster is short. */
export const SIZE = 20 * CLUSTER + 3 * SECTOR;
export const SECTORS = SIZE / SECTOR;

export const SPEC: OverlaySpec = {
  machine: "1".repeat(32) as MachineId,
  point: "2".repeat(32) as PointId,
  disk: 3,
};

/** A stamp fills a sector: 0 is zeros, 1 to `SECTORS` are the base's, above are writes. */
export function stamped(stamps: readonly number[]): Uint8Array {
  const words = new Uint32Array((stamps.length * SECTOR) / 4);
  stamps.forEach((stamp, index) => words.fill(stamp, index * 128, (index + 1) * 128));
  return new Uint8Array(words.buffer);
}

/** The stamps that `bytes` hold; fails when a sector is torn inside. */
export function stampsOf(bytes: Uint8Array): number[] {
  const words = new Uint32Array(bytes.slice().buffer);
  const stamps: number[] = [];
  for (let at = 0; at < words.length; at += 128) {
    const stamp = words[at]!;
    for (let next = at; next < at + 128; next++) assert.equal(words[next], stamp, "garbage");
    stamps.push(stamp);
  }
  return stamps;
}

/** What the overlay lies over: sector n holds stamp n + 1, every fifth zeros. */
export function baseStamp(sector: number): number {
  return sector % 5 === 4 ? 0 : sector + 1;
}

export function memoryBase(size = SIZE): OverlayBase {
  const bytes = stamped(Array.from({ length: size / SECTOR }, (_, sector) => baseStamp(sector)));
  const isData = (sector: number) => baseStamp(sector) !== 0;
  return {
    size,
    read: (at, length) => done(bytes.slice(at, at + length)),
    allocated: (at, length) => {
      const extents: Extent[] = [];
      for (let place = at; place < at + length;) {
        const sector = Math.floor(place / SECTOR);
        const end = Math.min((sector + 1) * SECTOR, at + length);
        if (isData(sector)) extents.push({ at: place, length: end - place });
        place = end;
      }
      return done(extents);
    },
  };
}

/** A host whose process waits for tasks. */
export function overlayHost(seed: number): SimHost {
  const world = new SimWorld({ seed, kernel: loadKernel() });
  const host = world.addHost("beta");
  host.boot();
  return host;
}

/** The process is started again, after the power where it was lost. */
export function restart(host: SimHost): void {
  host.powerOn();
  host.boot();
}

export function createOverlay(host: SimHost, base = memoryBase()): Task<Overlay> {
  const ports = host.ports!;
  return Overlay.create(ports, ports.data, "vm-0", base, SPEC, CLUSTER);
}

export function openOverlay(host: SimHost, base = memoryBase(), spec = SPEC): Task<Overlay> {
  const ports = host.ports!;
  return Overlay.open(ports, ports.data, "vm-0", base, spec);
}

/** One request of a batch. */
export interface Request {
  readonly first: number;
  readonly count: number;
  /** What it writes; 0 is `zero()`. */
  readonly stamp: number;
}

/** What every sector may read as: sharing no code with the overlay. */
export class SectorModel {
  /** As a kill leaves it: what was acknowledged, or what may have overtaken it. */
  now: Set<number>[];
  /** As a loss of power may leave it: anything since the last flush. */
  after: Set<number>[];

  constructor() {
    this.now = Array.from({ length: SECTORS }, (_, sector) => new Set([baseStamp(sector)]));
    this.after = this.now.map((set) => new Set(set));
  }

  /** Requests that overlapped in time; `acknowledged` when all of them returned. */
  batch(requests: readonly Request[], acknowledged: boolean): void {
    const written = new Map<number, Set<number>>();
    for (const { first, count, stamp } of requests) {
      for (let sector = first; sector < first + count; sector++) {
        if (!written.has(sector)) written.set(sector, new Set());
        written.get(sector)!.add(stamp);
      }
    }
    for (const [sector, stamps] of written) {
      if (acknowledged) this.now[sector] = new Set();
      for (const stamp of stamps) {
        this.now[sector]!.add(stamp);
        this.after[sector]!.add(stamp);
      }
    }
  }

  /** A flush returned. */
  flushed(): void {
    this.after = this.now.map((set) => new Set(set));
  }

  /** What was read after a crash is what it is; only after a loss of power is it durable as well. */
  settle(stamps: readonly number[], how: "kill" | "power"): void {
    stamps.forEach((stamp, sector) => {
      this.now[sector] = new Set([stamp]);
      if (how === "power") this.after[sector] = new Set([stamp]);
    });
  }

  /** Every sector reads as it may. */
  check(stamps: readonly number[], how: "kill" | "power", what: string): void {
    const allowed = how === "kill" ? this.now : this.after;
    stamps.forEach((stamp, sector) => {
      const possible = [...allowed[sector]!].join(" or ");
      assert(allowed[sector]!.has(stamp), `${what}: sector ${sector} is ${stamp}, not ${possible}`);
    });
  }
}

/** Some requests that may overlap each other. */
export function randomBatch(random: Prng, stamp: () => number): Request[] {
  return Array.from({ length: random.between(1, 6) }, () => {
    const first = random.below(SECTORS);
    const longest = Math.min(SECTORS - first, random.pick([1, 3, 8, 20, 60]));
    const count = random.below(12) === 0 ? SECTORS - first : random.between(1, longest);
    return { first, count, stamp: random.below(3) === 0 ? 0 : stamp() };
  });
}

/** Does all of them at the same time. */
export function* perform(overlay: Overlay, requests: readonly Request[]): Task<void> {
  yield* all(
    "batch",
    requests.map(({ first, count, stamp }) =>
      stamp === 0
        ? overlay.zero(first * SECTOR, count * SECTOR)
        : overlay.write(first * SECTOR, stamped(new Array(count).fill(stamp)))
    ),
  );
}
