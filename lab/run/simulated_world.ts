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
export function bytesFor({ scale, block }: DrillWorld): number {
  return (scale * REAL_BLOCK) / block;
}

/** The world of a drill, and what its guests do; `steps` are the events that its script may bring, for the judges to know. */
export function simulatedWorld(
  drill: DrillScenario,
  seed: number,
  steps: readonly ScenarioEvent[],
): Scenario {
  const { world, end } = drill;
  const { link, sites: [first, second] } = world;
  const factor = bytesFor(world);
  const machines = world.machines.map((machine) => simulatedMachine(machine, world));
  const regions = Math.max(...machines.flatMap(({ disks }) => disks)) * SECTOR_SIZE /
    (world.block * REGION_BLOCKS);
  const bandwidth = link.rate === 0 ? 0 : Math.max(1, Math.floor(link.rate / factor));
  const frequency = Math.min(...machines.map((machine) => machine.frequency));
  const firstCopies = world.machines.map((machine, vm): ScenarioEvent => {
    return { at: 0, kind: "first-copy", vm, first: firstCopyOf(machine) };
  });
  return {
    seed,
    world: {
      blockSize: world.block,
      regionBlocks: REGION_BLOCKS,
      slots: clamp(Math.ceil(regions), SLOTS),
      cowBlocks: Math.max(...machines.flatMap(({ disks }) => disks)) * SECTOR_SIZE / world.block,
      usualBounds: true,
      machines,
      link: {
        latency: Math.floor(link.rtt / 2),
        jitter: link.jitter,
        bandwidth,
        segment: packetBytes(bandwidth, factor),
        ...(factor === 1 ? {} : { scale: factor }),
      },
      storage: { a: first.storage, b: second.storage },
      wall: { a: first.clock, b: second.clock },
    },
    // Those of the script happen when it says so: they stand behind the end, for the judges alone.
    events: [...firstCopies, ...steps.map((event) => ({ ...event, at: end }))],
    quiet: end,
    loads: world.machines.flatMap((machine, vm) =>
      machine.workloads.map((workload) => loadOf(workload, machine, vm, world))
    ),
    scripted: true,
    round: clamp(Math.floor(frequency / LOOKS_A_CYCLE / SECOND) * SECOND, ROUND),
  };
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
      return { way: "media", delay: firstCopy.delay, harm: "none", pick: 0 };
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
