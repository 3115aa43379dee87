/**
 * From a drill to the world in which it is played: every size and rate divided by the scale, every workload as a load, every
 * step that the judges of a run have to know of beforehand.
 *
 * Rule: what is data of a machine is scaled, on its disks and on the link; times and what storage takes for an operation are
 * not, for they do not depend on how much there is.
 *
 * @module
 */

import { KiB, SECOND } from "../../engine/core/base/units.ts";
import type { LoadSpec } from "../../engine/sim/guests/load.ts";
import type {
  FirstCopy,
  MachineSpec,
  Scenario,
  ScenarioEvent,
} from "../../engine/sim/scenario/scenario.ts";
import { SECTOR_SIZE } from "../../engine/sim/sectors.ts";
import type {
  DrillMachine,
  DrillScenario,
  DrillWorld,
  Workload,
} from "../scenario/drill_scenario.ts";

/** Bytes of a real block, which a simulated one stands for at scale 1. */
export const REAL_BLOCK = 4 * KiB;

/** Blocks of a region of the activity log. */
const REGION_BLOCKS = 64;
/** Regions that may be hot at once: few enough that the log of a small world is written as that of a large one. */
const SLOTS = { min: 16, max: 4096 } as const;
/** How often administrators look: so many times a cycle, within bounds, µs. */
const LOOKS_A_CYCLE = 30;
const ROUND = { min: SECOND, max: 60 * SECOND } as const;
/** A packet of a slow link takes no longer than this, µs, so that others come between. */
const PACKET_TIME = SECOND / 2;
const PACKET_BYTES = { min: 64, max: 64 * KiB } as const;

/** For how many bytes one simulated byte of a machine's data stands. */
export function bytesFor({ scale, block, grain }: DrillWorld): number {
  return grain === undefined ? (scale * REAL_BLOCK) / block : 1;
}

/**
 * The world of a drill, and what its guests do; `events` are those of its script. Those that stand at its end happen when the
 * script says so, and are there for the judges to know.
 */
export function simulatedWorld(
  drill: DrillScenario,
  seed: number,
  events: readonly ScenarioEvent[],
): Scenario {
  const { world, end } = drill;
  const { link, sites: [first, second] } = world;
  const factor = bytesFor(world);
  const machines = world.machines.map((machine) => simulatedMachine(machine, world));
  const bandwidth = link.rate === 0 ? 0 : Math.max(1, Math.floor(link.rate / factor));
  const frequency = Math.min(...machines.map((machine) => machine.frequency));
  return {
    seed,
    world: {
      blockSize: world.block,
      ...serverBounds(world, machines),
      machines,
      link: {
        latency: Math.floor(link.rtt / 2),
        jitter: link.jitter,
        bandwidth,
        segment: world.grain?.packet ?? packetBytes(bandwidth, factor),
        ...(factor === 1 ? {} : { scale: factor }),
      },
      storage: { a: first.storage, b: second.storage },
      wall: { a: first.clock, b: second.clock },
    },
    events: [...firstCopies(world), ...events],
    quiet: end,
    loads: world.machines.flatMap((machine, vm) =>
      machine.workloads.map((workload) => loadOf(workload, machine, vm, world))
    ),
    ...(drill.attended === true ? {} : {
      scripted: true,
      round: clamp(Math.floor(frequency / LOOKS_A_CYCLE / SECOND) * SECOND, ROUND),
    }),
  };
}

/** How the first copies come to the replica; over the network they do by themselves. */
function firstCopies({ machines }: DrillWorld): ScenarioEvent[] {
  return machines.flatMap((machine, vm): ScenarioEvent[] => {
    const first = firstCopyOf(machine);
    return first.way === "network" ? [] : [{ at: 0, kind: "first-copy", vm, first }];
  });
}

/** What bounds the memory of a server: as on a real one unless the world has a grain of its own. */
function serverBounds({ block, grain }: DrillWorld, machines: readonly MachineSpec[]) {
  if (grain !== undefined) {
    return { regionBlocks: grain.region, slots: grain.slots, cowBlocks: grain.oldBlocks };
  }
  const largest = Math.max(...machines.flatMap(({ disks }) => disks)) * SECTOR_SIZE / block;
  const slots = clamp(Math.ceil(largest / REGION_BLOCKS), SLOTS);
  return { regionBlocks: REGION_BLOCKS, slots, cowBlocks: largest, usualBounds: true };
}

function clamp(
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  return Math.min(max, Math.max(min, value));
}

function packetBytes(bandwidth: number, factor: number): number {
  if (factor === 1 || bandwidth === 0) return PACKET_BYTES.max;
  return clamp(Math.floor((bandwidth * PACKET_TIME) / SECOND), PACKET_BYTES);
}

function simulatedMachine(machine: DrillMachine, world: DrillWorld): MachineSpec {
  const { replication } = machine;
  const factor = bytesFor(world);
  return {
    name: machine.name,
    disks: machine.disks.map((bytes) => bytes / factor / SECTOR_SIZE),
    block: machine.device,
    frequency: replication.frequency,
    keep: 24,
    retention: replication.retention,
    compression: replication.compression,
    bandwidth: Math.ceil(replication.bandwidth / factor),
    used: machine.used,
    ...(replication.appConsistent === 0 ? {} : { appConsistent: replication.appConsistent }),
    ...(replication.resync === "auto" ? {} : { resync: replication.resync }),
  };
}

function firstCopyOf({ replication: { firstCopy } }: DrillMachine): FirstCopy {
  switch (firstCopy.way) {
    case "network":
      return firstCopy;
    case "scheduled":
      return { way: "scheduled", after: firstCopy.after };
    case "existing-copy":
      return { way: "existing-copy", stale: Math.floor(firstCopy.stale / 1000) };
    case "media":
      return {
        way: "media",
        delay: firstCopy.delay,
        harm: firstCopy.harm?.kind ?? "none",
        pick: firstCopy.harm?.pick ?? 0,
        ...(firstCopy.harm?.stumble === undefined ? {} : { stumble: firstCopy.harm.stumble }),
      };
  }
}

/** Bytes of one simulated request of a workload: whole blocks in a scale model, whole sectors otherwise. */
export function requestBytes({ size }: Workload, world: DrillWorld): number {
  const factor = bytesFor(world);
  const unit = factor === 1 ? SECTOR_SIZE : world.block;
  return Math.max(1, Math.ceil(size / factor / unit)) * unit;
}

/** For how many writes of the world that is meant one simulated write of a machine stands, on average over its workloads. */
export function writesForEach(vm: string, world: DrillWorld): number {
  const workloads = world.machines.find(({ name }) => name === vm)?.workloads ?? [];
  const factor = bytesFor(world);
  let [meant, simulated] = [0, 0];
  for (const workload of workloads) {
    meant += workload.rate / workload.size;
    simulated += workload.rate / (requestBytes(workload, world) * factor);
  }
  return simulated === 0 ? 1 : Math.max(1, meant / simulated);
}

/** A workload as its guest does it. */
function loadOf(
  workload: Workload,
  machine: DrillMachine,
  vm: number,
  world: DrillWorld,
): LoadSpec {
  const factor = bytesFor(world);
  const bytes = requestBytes(workload, world);
  const { kind, id, disk, from, until, rate, span, rough, hot, hotWrites } = workload;
  const sectors = (machine.disks[disk] as number) / factor / SECTOR_SIZE;
  const part = Math.max(bytes / SECTOR_SIZE, Math.floor((sectors * span) / 1_000_000));
  return {
    vm,
    id,
    disk,
    from,
    until,
    gap: Math.max(1, Math.floor((bytes * factor * SECOND) / rate)),
    chance: kind !== "sequential" && kind !== "ransomware",
    count: bytes / SECTOR_SIZE,
    first: 0,
    sectors: part,
    pattern: PATTERNS[kind],
    hot,
    hotWrites,
    rough: kind === "ransomware" ? 1_000_000 : rough,
    flush: kind === "database" ? workload.commit : 0,
    ...(kind === "diurnal" ? { day: { peak: workload.peak, night: workload.night } } : {}),
    ...(kind === "bursts" ? { bursts: { on: workload.on, off: workload.off } } : {}),
  };
}

const PATTERNS = {
  steady: "anywhere",
  diurnal: "anywhere",
  bursts: "anywhere",
  zipf: "hot",
  sequential: "in-order",
  database: "log-and-pages",
  ransomware: "once",
} as const;
