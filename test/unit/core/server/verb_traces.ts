/**
 * What verbs leave behind at a pair of servers: what a refused one must leave as it was, what one that was done has brought
 * about, and the points that stay.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { retentionText } from "../../../../engine/core/wire/retention.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import { primaryOf, replicaOf } from "../../../../engine/sim/scenario/machine_run.ts";
import type { Site } from "./pair.ts";
import type { Side, Stage } from "./verb_stage.ts";

/** Everything that a refused verb must leave as it is, as text. */
export function footprint({ a, b }: Stage): string {
  return JSON.stringify([a, b].map(footprintOf), null, 1);
}

function footprintOf(site: Site): unknown {
  const { server } = site;
  if (server === undefined) return "down";
  const primary = primaryOf(server, "vm");
  const replica = replicaOf(server, "vm");
  return {
    ...standingOf(site),
    exports: [...server.exports.list()].sort(),
    ancestry: primary?.ancestry,
    planned: primary?.planned,
    bases: primary?.tracked.map(({ base }) => base),
    replica: replica === undefined ? null : {
      failover: replica.record.failover ?? null,
      planned: replica.record.planned,
      ancestry: replica.record.ancestry,
      dead: replica.record.dead,
      points: replica.store.points.map(({ id, digests, broken }) => ({ id, digests, broken })),
      holds: [...replica.store.holds],
    },
  };
}

/**
 * What a verb has brought about at its side, without what is another one each time it is asked for, and without what is
 * offered: a server that starts asks first where its machine runs.
 */
export function standing(stage: Stage, side: Side): string {
  return JSON.stringify(standingOf(stage[side]), inOrder, 1);
}

/** What was read from a record has its fields in another order. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1));
}

function standingOf(site: Site): object {
  const { server } = site;
  if (server === undefined) return { down: true };
  const primary = primaryOf(server, "vm");
  const replica = replicaOf(server, "vm");
  const names = ["machines", "replicas"].map((name) =>
    [...(site.host.data.entries.get(name) as Directory).entries.keys()].sort()
  );
  return {
    names,
    policy: server.record.policy,
    primary: primary === undefined ? null : {
      state: primary.state,
      settings: primary.settings ?? null,
      hold: primary.resync.plan.hold,
      way: primary.plan?.method ?? null,
      disks: primary.disks.map(({ path, size, part }) => ({ path, size, part })),
    },
    state: replica?.state ?? null,
    failedOver: replica?.record.failover !== undefined,
    tests: [...replica?.store.holds.keys() ?? []].filter((hold) => hold.startsWith("test-")).length,
    retention: replica === undefined ? null : retentionText(replica.store.retention),
  };
}

/** The points that a site lists of the machine, and what they hold. */
export function pointsOf({ server }: Site): ReadonlyMap<string, readonly string[]> {
  const store = server === undefined ? undefined : replicaOf(server, "vm")?.store;
  return new Map((store?.points ?? []).map(({ id, digests }) => [id, digests.map(String)]));
}

/** Fails unless `site` lists each of `before`, with the same contents. */
export function keepsPoints(site: Site, before: ReturnType<typeof pointsOf>, where: string): void {
  const now = pointsOf(site);
  for (const [id, digests] of before) deepEqual(now.get(id), digests, `point ${id} ${where}`);
}

/** Fails where a server could not open what it has. */
export function allOpen({ a, b }: Stage, where: string): void {
  for (const site of [a, b]) {
    const unopened = (site.call("vm list") as { warnings?: string[] }[])
      .filter((machine) => /cannot be opened|Cannot open/.test(String(machine.warnings)));
    equal(unopened.length, 0, `${where}: ${JSON.stringify(unopened)}`);
  }
}
