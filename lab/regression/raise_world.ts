/**
 * Worlds of random runs as drills have them: every bound said, everything at its own size.
 *
 * @module
 */

import {
  type FirstCopy,
  type MachineSpec,
  retentionOf,
  type Scenario,
} from "../../engine/sim/scenario/scenario.ts";
import { SECTOR_SIZE } from "../../engine/sim/sectors.ts";
import type { DrillMachine, DrillWorld, FirstCopySpec } from "../scenario/drill_scenario.ts";

/** The world of a run. */
export function raiseWorld({ world, events }: Scenario): DrillWorld {
  const { blockSize, regionBlocks, slots, cowBlocks, link, storage, wall } = world;
  return {
    scale: 1,
    block: blockSize,
    grain: { region: regionBlocks, slots, oldBlocks: cowBlocks, packet: link.segment },
    sites: [
      { name: "a", storage: storage.a, clock: wall.a },
      { name: "b", storage: storage.b, clock: wall.b },
    ],
    link: { name: "wan", rtt: 2 * link.latency, jitter: link.jitter, rate: link.bandwidth },
    machines: world.machines.map((machine, vm) => {
      const first = events.find((event) => event.kind === "first-copy" && event.vm === vm);
      return raiseMachine(machine, first?.kind === "first-copy" ? first.first : undefined);
    }),
  };
}

function raiseMachine(spec: MachineSpec, first: FirstCopy = { way: "network" }): DrillMachine {
  const { name, disks, block, frequency, compression, bandwidth, used = 0 } = spec;
  return {
    name,
    disks: disks.map((sectors) => sectors * SECTOR_SIZE),
    used,
    device: block,
    // Each thing that a guest does is a step of its own.
    workloads: [],
    replication: {
      frequency,
      retention: retentionOf(spec),
      compression,
      bandwidth,
      appConsistent: spec.appConsistent ?? 0,
      resync: spec.resync ?? "auto",
      firstCopy: raiseFirstCopy(first),
    },
    objective: { rpo: 0, rto: 0 },
  };
}

function raiseFirstCopy(first: FirstCopy): FirstCopySpec {
  switch (first.way) {
    case "network":
      return first;
    case "scheduled":
      return { way: "scheduled", after: first.after };
    case "existing-copy":
      // There it is of a thousand sectors, here of a million.
      return { way: "existing-copy", stale: first.stale * 1000 };
    case "media": {
      const { delay, harm: kind, pick, stumble } = first;
      const harm = { kind, pick, ...(stumble === undefined ? {} : { stumble }) };
      return { way: "media", delay, harm };
    }
  }
}
