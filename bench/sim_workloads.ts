/**
 * What the simulator is measured with: three machines that each write ten times a second, a cycle every
 * five minutes, without faults or with those of random runs.
 *
 * Rule: pure, for it runs in a browser's worker as well.
 *
 * @module
 */

import { HOUR, KiB, MiB, MINUTE, SECOND } from "../engine/core/base/units.ts";
import type { Kernel } from "../engine/core/ports/codec.ts";
import { INVARIANTS } from "../engine/sim/invariants/table.ts";
import { type RunResult, runScenario } from "../engine/sim/scenario/run.ts";
import { Prng } from "../engine/sim/prng.ts";
import { faultEvents } from "../engine/sim/scenario/generate/faults.ts";
import type { Scenario, ScenarioEvent } from "../engine/sim/scenario/scenario.ts";
import { USUAL_STORAGE } from "../engine/sim/volume.ts";
import { runDrill } from "../lab/run/session.ts";
import type { DrillMachine, DrillScenario } from "../lab/scenario/drill_scenario.ts";

const MACHINES = 3;
const WRITES_A_SECOND = 10;
/** Blocks of each machine's one disk. */
const BLOCKS = 1024;
const SECTOR = 512;
/** Decides which faults come when. */
const SWARM_SEED = 1;
/**
 * Faults of random runs that end a machine, or its replica, until everything heals at the end of the run: behind a fire, or
 * a replica whose state rotted away, a day would measure machines that do nothing.
 */
const FINAL: ReadonlySet<string> = new Set(["destroy", "rot"]);
/** Of the writes so many millionths do not compress. */
const ROUGH = 250_000;

/** Workloads by name, and what they are. */
export const WORKLOADS = {
  r1: "blocks of 4 KiB, in a world as random runs have it",
  r1s: "blocks of 512 bytes, in a world as random runs have it",
  "r1s-swarm": "as r1s, with the faults of a random run, but for fires and rot, spread over it",
  "r1s-storm": "as r1s, with such faults every hour",
  drill: "blocks of 512 bytes, as a drill of the lab, with everything that is kept of it",
} as const;

/** A workload. */
export type WorkloadName = keyof typeof WORKLOADS;

/** What came of a run. */
export type Measured = Pick<RunResult, "events" | "micros" | "hash" | "violation">;

/** Lets a workload run for so many µs of world time, judged by all invariants or by none. */
export function playWorkload(
  name: WorkloadName,
  micros: number,
  kernel: Kernel,
  judged = true,
): Measured {
  if (name === "drill") return playDrill(micros, kernel, judged);
  const invariants = judged ? INVARIANTS : [];
  const scenario = makeScenario(name === "r1" ? 4 * KiB : SECTOR, micros);
  const every = name === "r1s-swarm" ? micros : name === "r1s-storm" ? HOUR : 0;
  const events = every === 0 ? [] : swarm(scenario.world, micros, every);
  return runScenario({ ...scenario, events }, kernel, { invariants });
}

/** Faults as a random run has them, about half of all kinds, each some times: in every stretch of so many µs. */
function swarm(world: Scenario["world"], micros: number, every: number): ScenarioEvent[] {
  const all: ScenarioEvent[] = [];
  for (let from = 0; from < micros; from += every) {
    const events: ScenarioEvent[] = [];
    const stretch = new Prng(SWARM_SEED).stream(`stretch/${from / every}`);
    faultEvents(stretch, world, Math.min(every, micros - from), events);
    for (const event of events) {
      if (!FINAL.has(event.kind)) all.push({ ...event, at: from + event.at });
    }
  }
  return all;
}

function makeScenario(block: number, micros: number): Scenario {
  const sectors = block / SECTOR;
  return {
    seed: 1,
    world: {
      blockSize: block,
      regionBlocks: 64,
      slots: 16,
      cowBlocks: BLOCKS,
      machines: Array.from({ length: MACHINES }, (_, index) => ({
        name: `vm${index}`,
        disks: [BLOCKS * sectors],
        block: false,
        frequency: 5 * MINUTE,
        keep: 4,
        compression: true,
        bandwidth: 0,
      })),
      link: { latency: 1000, jitter: 200, bandwidth: 0, segment: 64 * KiB },
      storage: { a: USUAL_STORAGE, b: USUAL_STORAGE },
      wall: { a: 0, b: 0 },
    },
    events: [],
    loads: Array.from({ length: MACHINES }, (_, vm) => ({
      ...{ vm, id: "steady", disk: 0, from: 0, until: micros },
      ...{ gap: SECOND / WRITES_A_SECOND, chance: true, count: sectors },
      ...{ first: 0, sectors: BLOCKS * sectors, pattern: "anywhere" as const },
      ...{ hot: 0, hotWrites: 0, rough: ROUGH, flush: 0 },
    })),
    quiet: micros,
  };
}

function playDrill(micros: number, kernel: Kernel, judged: boolean): Measured {
  const drill = makeDrill(micros, judged);
  const { events, ended, traceHash, violation } = runDrill(drill, kernel, {
    engineHash: "0".repeat(16),
  });
  return { events, micros: ended, hash: traceHash, violation };
}

/** One simulated byte stands for eight: a block for one of 4 KiB, and the same world as that of `r1s`. */
function makeDrill(micros: number, judged: boolean): DrillScenario {
  const size = 4 * KiB;
  const machine = (name: string): DrillMachine => ({
    name,
    disks: [BLOCKS * size],
    used: 0,
    device: false,
    workloads: [{
      ...{ id: "steady", kind: "steady", disk: 0, rate: WRITES_A_SECOND * size, size },
      ...{ from: 0, until: micros, span: 1_000_000, rough: ROUGH, on: 0, off: 0 },
      ...{ hot: 0, hotWrites: 0, commit: 0, peak: 0, night: 0 },
    }],
    replication: {
      ...{ frequency: 5 * MINUTE, retention: "last 4", compression: true, bandwidth: 0 },
      ...{ appConsistent: 0, resync: "auto", firstCopy: { way: "network" } },
    },
    objective: { rpo: 10 * MINUTE, rto: 0 },
  });
  return {
    ...{ formatVersion: 1, name: "speed", title: "Speed", story: "", seed: 1 },
    world: {
      scale: 1,
      block: SECTOR,
      sites: [
        { name: "here", storage: USUAL_STORAGE, clock: 0 },
        { name: "there", storage: USUAL_STORAGE, clock: 0 },
      ],
      link: { name: "wan", rtt: 2000, jitter: 200, rate: 100 * MiB },
      machines: Array.from({ length: MACHINES }, (_, index) => machine(`vm${index}`)),
    },
    script: [],
    expect: judged ? [] : [{ kind: "invariants", ids: [], line: 0 }],
    end: micros,
  };
}
