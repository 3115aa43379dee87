/**
 * A small drill for tests: one machine of 4 MiB at Amsterdam that is replicated to Bern every minute.
 *
 * @module
 */

import { HOUR, KiB, MiB, MINUTE } from "../../../../engine/core/base/units.ts";
import { USUAL_STORAGE } from "../../../../engine/sim/volume.ts";
import type {
  DrillMachine,
  DrillScenario,
  FaultStep,
  Step,
  VerbStep,
  When,
  Workload,
} from "../../../../lab/scenario/drill_scenario.ts";

/** Writes of 4 KiB anywhere, ten a second. */
export const WORKLOAD: Workload = {
  ...{ id: "steady", kind: "steady", disk: 0, rate: 40 * KiB, size: 4 * KiB },
  ...{ from: 0, until: 100 * HOUR, span: 1_000_000, rough: 500_000, on: 0, off: 0 },
  ...{ hot: 200_000, hotWrites: 800_000, commit: 0, peak: 0, night: 0 },
};

/** The machine. */
export const MACHINE: DrillMachine = {
  name: "erp",
  disks: [4 * MiB],
  used: 0,
  device: false,
  workloads: [WORKLOAD],
  replication: {
    frequency: MINUTE,
    retention: "last 4",
    compression: true,
    bandwidth: 0,
    appConsistent: 0,
    resync: "auto",
    firstCopy: { way: "network" },
  },
  objective: { rpo: 2 * MINUTE, rto: 10 * MINUTE },
};

/** A drill of ten minutes with this script. */
export function smallDrill(
  script: readonly Step[],
  change: Partial<DrillScenario> = {},
): DrillScenario {
  return {
    formatVersion: 1,
    name: "small",
    title: "Small",
    story: "",
    seed: 1,
    world: {
      scale: 1,
      block: 4 * KiB,
      sites: [
        { name: "amsterdam", storage: USUAL_STORAGE, clock: 0 },
        { name: "bern", storage: USUAL_STORAGE, clock: 0 },
      ],
      link: { name: "wan", rtt: 10_000, jitter: 200, rate: 12_500_000 },
      machines: [MACHINE],
    },
    script,
    expect: [],
    end: 10 * MINUTE,
    ...change,
  };
}

/** A step at which something goes wrong. */
export function fault(
  id: string,
  when: When,
  kind: string,
  on: string,
  rest: Partial<FaultStep> = {},
): Step {
  return { id, when, line: 0, kind: "fault", fault: kind, on, for: 0, params: {}, ...rest };
}

/** A step at which a verb is typed. */
export function verb(id: string, when: When, words: string, args: VerbStep["args"] = {}): Step {
  return { id, when, line: 0, kind: "verb", verb: words, vm: "erp", on: "", args };
}
