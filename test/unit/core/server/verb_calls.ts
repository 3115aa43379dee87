/**
 * Every verb with arguments that make sense of it wherever its machine stands: what it is refused for is then its state
 * or its side, and never a word that nobody would have said.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { type Failure, isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import { primaryOf, replicaOf } from "../../../../engine/sim/scenario/machine_run.ts";
import type { Site } from "./pair.ts";
import { otherOf, packagePath, type Side, type Stage } from "./verb_stage.ts";

/** What a point or a branch is called where there is none: well formed, and nobody's. */
const NOBODYS = "0123456789abcdef0123456789abcdef";

/** What each argument is, where the machine has something of that kind. */
const ARGUMENTS: Readonly<Record<string, (site: Site) => JsonObject[string]>> = {
  vm: () => "vm",
  disks: () => ["spare.img"],
  disk: () => 1,
  size: () => MiB / 2,
  to: (site) => `${otherOf(site)}:7700`,
  point: ({ server }) => replicaOf(server!, "vm")?.store.newest?.id ?? NOBODYS,
  out: () => "/out/point",
  path: () => packagePath(),
  keep: ({ server }) => {
    const newest = (primaryOf(server!, "vm") ?? replicaOf(server!, "vm")?.record)?.ancestry[0];
    return newest?.generation ?? NOBODYS;
  },
  name: (site) => otherOf(site),
  trustGroup: () => "moving",
};

/** Arguments that may be left out, and without which a verb does nothing. */
const WANTED: Readonly<Record<string, JsonObject>> = {
  "replication set": { frequency: 1800 * SECOND },
  "server set": { transfers: 2 },
  "authorization set": { trustGroup: "moving" },
};

/** Other ways to ask, by what they are called here. */
const WAYS: Readonly<
  Record<string, { readonly verb: string; readonly args: (site: Site) => JsonObject }>
> = {
  "vm remove --force": { verb: "vm remove", args: () => ({ force: true }) },
  "failover cancel --force": { verb: "failover cancel", args: () => ({ force: true }) },
  "failover test --delete": {
    verb: "failover test",
    args: (site) => {
      const tests = (site.call("vm list") as JsonObject[]).filter(({ testOf }) => testOf === "vm");
      return { delete: tests[0]?.["vm"] ?? "vm - Test" };
    },
  },
};

/** Everything that can be asked for. */
export const CALLS: readonly string[] = [...Object.keys(VERBS), ...Object.keys(WAYS)];

/** The verb of a call, and its arguments at a site. */
function asked(call: string, site: Site): { readonly verb: string; readonly args: JsonObject } {
  const verb = WAYS[call]?.verb ?? call;
  const args: Record<string, JsonObject[string]> = { ...WANTED[verb], ...WAYS[call]?.args(site) };
  for (const name of VERBS[verb]?.args ?? []) {
    const key = name.replace("?", "");
    if (name.endsWith("?") && name !== "vm?") continue;
    if (key in args) continue;
    args[key] = ARGUMENTS[key]?.(site) ?? "x";
  }
  if (verb === "vm disk add") args["disk"] = "spare.img";
  // One that there is no entry for yet, and one that there is.
  if (verb === "authorization add") args["name"] = "c";
  if (verb === "authorization remove") args["name"] = otherOf(site);
  return { verb, args };
}

/** Begins a call at a side. */
export function begun(stage: Stage, side: Side, call: string) {
  const site = stage[side];
  ok(site.server !== undefined);
  const { verb, args } = asked(call, site);
  return site.server.call(verb, args);
}

const PATIENCE = 600 * SECOND;

/** What became of a call: done, or why it was refused. */
export function ask(stage: Stage, side: Side, call: string): "done" | Failure {
  const outcome = stage[side].host.attempt(begun(stage, side, call), PATIENCE);
  const violation = stage.world.violations[0];
  ok(violation === undefined, `"${call}" at ${side}: ${violation?.message}`);
  ok(outcome !== undefined, `"${call}" at ${side} ends`);
  if (outcome.ok) return "done";
  if (!isFailed(outcome.error)) throw outcome.error;
  return outcome.error.failure;
}

/** A refusal says why, and what to do. */
export function refusedWell(call: string, where: string, { message, action }: Failure): void {
  ok(message.length > 8, `"${call}" ${where} says why: ${message}`);
  ok(action.length > 8, `"${call}" ${where} says what to do: ${message}`);
}
