/**
 * Reads a scenario: YAML, or canonical JSON, which is YAML as well.
 *
 * Rule: whatever the text is, what comes of it is a scenario that can be run within bounds, or problems with their places
 * in the text; nothing is thrown, and nothing takes long.
 *
 * @module
 */

import { HOUR } from "../../engine/core/base/units.ts";
import { type DrillScenario, FORMAT_VERSION } from "./drill_scenario.ts";
import { BOUNDS } from "./bounds.ts";
import { expectationsMeant } from "./expectations_meaning.ts";
import { readBy } from "./form.ts";
import { Issues } from "./issues.ts";
import { parseQuantity } from "./quantities.ts";
import { ScriptMeaning } from "./script_meaning.ts";
import { type Path, type Problem, readSource } from "./source.ts";
import { worldMeant } from "./world_meaning.ts";
import { SCENARIO } from "./written_world.ts";

export type { Problem } from "./source.ts";
export { canonicalScenario } from "./canonical_scenario.ts";

/** A scenario, or what is wrong with its text. */
export type ReadResult =
  | { readonly ok: true; readonly scenario: DrillScenario }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The scenario that `text` spells. */
export function readScenario(text: string): ReadResult {
  const source = readSource(text);
  if (!("value" in source)) return { ok: false, problems: source };
  const issues = new Issues(source);
  const scenario = scenarioMeant(source.value, issues);
  const { problems } = issues;
  return scenario === undefined || problems.length > 0
    ? { ok: false, problems }
    : { ok: true, scenario };
}

function scenarioMeant(value: unknown, issues: Issues): DrillScenario | undefined {
  if (value === null) {
    issues.add([], 'The file says nothing: a scenario has a "name", a "world" and a "script"');
    return undefined;
  }
  const written = wholeRead(value, issues);
  if (written === undefined) return undefined;
  // What is wrong with a world in place of the one that is written is nobody's mistake.
  const ofWorld = issues.problems.length > 0 ? new Issues(issues.source) : issues;
  const { name, title = name, story, seed, engineHash } = written;
  const script = written.script ?? [];
  const end = written.end ?? usualEnd(script);
  const world = worldMeant(written.world, end, ofWorld);
  const manner = written.attended ? { attended: true } as const : {};
  const steps = new ScriptMeaning({ world, end, ...manner }, issues).steps(script);
  const expect = expectationsMeant(written.expect ?? undefined, world, steps, issues);
  return {
    formatVersion: FORMAT_VERSION,
    name,
    title,
    story,
    seed,
    ...(engineHash === undefined ? {} : { engineHash }),
    ...manner,
    world,
    script: steps,
    expect,
    end,
  };
}

/** The whole; where parts of it are wrong, and that was said, what it is without them: its script is looked at all the same. */
function wholeRead(value: unknown, issues: Issues) {
  const first = readBy(SCENARIO, value);
  if (first.ok) return first.value;
  for (const { path, message, key } of first.issues) {
    issues.add(path, message, key ? "key" : "value");
  }
  const second = readBy(SCENARIO, mended(value, first.issues.map(({ path }) => path)));
  return second.ok ? second.value : undefined;
}

/** A copy without what stands at these places; nothing where a script might mean just that. */
function mended(value: unknown, paths: readonly Path[]): unknown {
  const copy = structuredClone(value);
  for (const path of paths) {
    const [part, what, , ...below] = path;
    const isName = part === "world" &&
      (what === undefined || NAMED.has(what) && below.length === 0);
    if (isName || path.length === 0) return undefined;
    let around = copy as Record<string, unknown>;
    for (const key of path.slice(0, -1)) around = (around?.[key] ?? {}) as typeof around;
    if (path.length === 1 && part === "name") around["name"] = "unnamed";
    else delete around[path.at(-1)!];
  }
  return copy;
}

/** Where names stand that steps say, or what every size depends on. */
const NAMED: ReadonlySet<string | number> = new Set([
  ...["sites", "links", "machines"],
  ...["scale", "block", "grain"],
]);

/** An hour behind the last time that a step names: what it lasts and waits for counted to it. */
function usualEnd(script: readonly unknown[]): number {
  let waited = 0;
  let last = 0;
  const read = (value: unknown) =>
    typeof value === "string" ? Math.max(0, parseQuantity("time", value) ?? 0) : 0;
  for (const step of script) {
    if (step === null || typeof step !== "object") continue;
    const fields = step as Record<string, unknown>;
    waited += read(fields["wait"]);
    last = Math.max(last, read(fields["at"]) + read(fields["for"]));
  }
  return Math.min(last + waited + HOUR, BOUNDS.time);
}
