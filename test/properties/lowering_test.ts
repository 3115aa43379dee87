/**
 * Whatever a script says of a fault, what the simulator is told of it can be done: whole numbers within their bounds, at hosts and
 * disks that there are.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import type { FaultDefinition, Suffering, Target } from "../../engine/sim/faults/definition.ts";
import { FAULTS, lowerFault } from "../../engine/sim/faults/registry.ts";
import { readScenario } from "../../lab/scenario/read_scenario.ts";
import { faultSteps, type Written } from "./arbitrary_drill.ts";

const SECTORS = 1024;
const END = 30_000_000;

/** Shares, in millionths. */
const SHARES = new Set(["rate", "enter", "leave", "loss"]);

/** Numbers that may be negative. */
const SIGNED = new Set(["by"]);

/** What is wrong with an action; undefined where nothing is. */
function problemOf(action: Suffering): string | undefined {
  const fields: [string, unknown][] = [];
  const gather = (value: object) => {
    for (const [key, each] of Object.entries(value)) {
      if (each !== null && typeof each === "object") gather(each);
      else fields.push([key, each]);
    }
  };
  gather(action);
  for (const [key, value] of fields) {
    if (key === "host" && value !== "a" && value !== "b") return `host ${value}`;
    if (typeof value === "boolean" || typeof value === "string") continue;
    if (!Number.isSafeInteger(value)) return `${key} is ${value}`;
    const number = value as number;
    if (number < 0 && !SIGNED.has(key)) return `${key} is ${number}`;
    if (SHARES.has(key) && number > 1_000_000) return `${key} is ${number}`;
    if ((key === "vm" || key === "disk") && number !== 0) return `${key} is ${number}`;
    if (key === "sector" && number >= SECTORS) return `${key} is ${number}`;
  }
  return undefined;
}

function targetsOf({ targets }: FaultDefinition): Target[] {
  return targets.flatMap((kind): Target[] => {
    if (kind === "site") return [{ kind, host: "a" }, { kind, host: "b" }];
    if (kind === "link") return [{ kind }];
    const homes = ["a", "b"] as const;
    return homes.map((home) =>
      kind === "machine" ? { kind, vm: 0, home } : { kind, vm: 0, disk: 0, home, sectors: SECTORS }
    );
  });
}

/** The parameters of a step that is read. */
function read(step: Written) {
  const machines = { vm: { disks: ["512KiB"] } };
  const world = { sites: { near: {}, far: {} }, machines };
  const result = readScenario(JSON.stringify({ name: "x", world, script: [step], end: "30s" }));
  if (!result.ok) throw new Error(JSON.stringify([step, result.problems]));
  const [found] = result.scenario.script;
  ok(found?.kind === "fault");
  return found;
}

for (const fault of FAULTS.values()) {
  Deno.test(`${fault.id} is lowered to what can be done, wherever it hits and at any scale`, () => {
    const scales = fc.constantFrom(1, 8, 128, 8192);
    fc.assert(
      fc.property(faultSteps(fault, END), scales, (written, scale) => {
        const { params, for: lasts } = read(written);
        for (const target of targetsOf(fault)) {
          const actions = lowerFault(fault, target, params, lasts, scale);
          ok(actions.length > 0);
          for (const action of actions) deepEqual(problemOf(action), undefined);
          deepEqual(lowerFault(fault, target, params, lasts, scale), actions);
        }
      }),
      { numRuns: 25 },
    );
  });
}
