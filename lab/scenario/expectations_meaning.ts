/**
 * From the written form of expectations to what must have come true.
 *
 * @module
 */

import type { DrillWorld, Expectation, Range, Step } from "./drill_scenario.ts";
import { shown } from "./form.ts";
import type { Issues } from "./issues.ts";
import { Names } from "./names.ts";
import { INVARIANT_IDS, INVARIANT_IDS_TEXT } from "./invariant_ids.ts";
import { hint } from "./nearest.ts";
import type { Path } from "./source.ts";
import { EXPECTATIONS } from "./written_world.ts";

const KINDS = Object.keys(EXPECTATIONS) as (keyof typeof EXPECTATIONS)[];

/** What is expected; where nothing is, that every invariant holds. */
export function expectationsMeant(
  written: readonly unknown[] | undefined,
  world: DrillWorld,
  steps: readonly Step[],
  issues: Issues,
): Expectation[] {
  if (written === undefined) return [{ kind: "invariants", ids: "all", line: 0 }];
  const names = new Names(world);
  return written.flatMap((each, at) => {
    const path = ["expect", at];
    if (issues.full) return [];
    return expectationMeant(each, path, names, steps, issues) ?? [];
  });
}

function expectationMeant(
  written: unknown,
  path: Path,
  names: Names,
  steps: readonly Step[],
  issues: Issues,
): Expectation | undefined {
  const fields = written !== null && typeof written === "object" && !Array.isArray(written)
    ? written as Record<string, unknown>
    : undefined;
  const kind = KINDS.find((key) => fields?.[key] !== undefined);
  if (fields === undefined || kind === undefined) {
    issues.add(path, `Expected one of ${KINDS.join(", ")}, found ${shown(written)}`);
    return undefined;
  }
  const line = issues.source.line(path);
  switch (kind) {
    case "vm":
      return ofMachine(fields, path, names, line, issues);
    case "invariants":
      return ofInvariants(fields, path, line, issues);
    case "converges": {
      const read = issues.read(EXPECTATIONS.converges, fields, path);
      return read === undefined ? undefined : { kind, cycles: read.converges, line };
    }
    case "step": {
      const read = issues.read(EXPECTATIONS.step, fields, path);
      if (read === undefined) return undefined;
      const ids = steps.map(({ id }) => id);
      const step = String(read.step);
      if (!ids.includes(step)) {
        issues.add([...path, "step"], `No step is called ${shown(step)}${hint(step, ids)}`);
      }
      return { kind, step, outcome: read.outcome, line };
    }
  }
}

function ofInvariants(
  fields: Record<string, unknown>,
  path: Path,
  line: number,
  issues: Issues,
): Expectation | undefined {
  const written = fields["invariants"];
  const at = [...path, "invariants"];
  if (written !== "all" && !Array.isArray(written)) {
    const such = typeof written === "string" && INVARIANT_IDS.includes(written) ? written : "I1";
    issues.add(
      at,
      `Expected "all", or a list such as [${such}] of ${INVARIANT_IDS_TEXT}; found ${
        shown(written)
      }`,
    );
    return undefined;
  }
  const read = issues.read(EXPECTATIONS.invariants, fields, path);
  if (read === undefined) return undefined;
  for (const [index, id] of read.invariants === "all" ? [] : read.invariants.entries()) {
    if (INVARIANT_IDS.includes(id)) continue;
    const words = `No invariant is called ${shown(id)}; there are ${INVARIANT_IDS_TEXT}`;
    issues.add([...at, index], words);
  }
  return { kind: "invariants", ids: read.invariants, line };
}

function ofMachine(
  fields: unknown,
  path: Path,
  names: Names,
  line: number,
  issues: Issues,
): Expectation | undefined {
  const read = issues.read(EXPECTATIONS.vm, fields, path);
  if (read === undefined) return undefined;
  const { vm, runsAt } = read;
  const machine = names.machine(vm);
  if ("wrong" in machine) issues.add([...path, "vm"], machine.wrong);
  const wrong = runsAt === undefined || runsAt === "" ? undefined : names.site(runsAt);
  if (wrong !== undefined) issues.add([...path, "runsAt"], wrong);
  const ranges: Record<string, Range> = {};
  for (const key of ["rpo", "rto", "lostWrites", "lostBytes", "worstRpo"] as const) {
    const range = read[key];
    if (range !== undefined) ranges[key] = rangeMeant(range);
  }
  const at = runsAt === undefined ? {} : { runsAt };
  return { kind: "machine", vm, ...ranges, ...at, line };
}

function rangeMeant(
  range: number | {
    min?: number | undefined;
    max?: number | undefined;
    about?: number | undefined;
  },
): Range {
  if (typeof range === "number") return { about: range };
  const { min, max, about } = range;
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(about === undefined ? {} : { about }),
  };
}
