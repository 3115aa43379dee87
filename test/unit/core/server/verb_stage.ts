/**
 * A pair of servers in each state that a machine can be brought into, and what must not change when a
 * verb is refused there.
 *
 * @module
 */

import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { retentionText } from "../../../../engine/core/wire/retention.ts";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import { primaryOf, replicaOf } from "../../../../engine/sim/scenario/machine_run.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

/** Both servers. */
export interface Stage {
  readonly world: SimWorld;
  readonly a: Site;
  readonly b: Site;
}

const VM = { vm: "vm" };

/** How a stage is brought into each state, by the state's name and the side that is in it. */
const BUILDERS: Readonly<Record<string, (stage: Stage) => void>> = {
  none: () => {},
  Disabled: ({ a }) => {
    a.call("vm add", { ...VM, disks: ["vm.img"] });
  },
  ReadyForInitialReplication: (stage) => {
    build("Disabled", stage);
    stage.a.call("replication enable", { ...VM, to: "b:7700", frequency: 3600 * SECOND });
  },
  InitialReplicationInProgress: (stage) => {
    build("ReadyForInitialReplication", stage);
    stage.world.net.partition("a", "b");
    stage.a.call("replication start", VM);
  },
  Replicating: ({ a }) => {
    protect(a);
    a.write("vm/0", 0, filled(8 * KiB, 1));
    a.call("replication cycle", VM);
  },
  WaitingForStartResynchronize: (stage) => {
    build("Replicating", stage);
    stage.a.call("replication set", { ...VM, resync: "manual" });
    stage.b.call("vm remove", VM);
    attempt(stage.a, "replication cycle");
    attempt(stage.a, "replication cycle");
  },
  Resynchronizing: (stage) => {
    build("Replicating", stage);
    stage.world.net.partition("a", "b");
    stage.a.call("replication resync start", VM);
  },
  ResynchronizeSuspended: (stage) => {
    build("Resynchronizing", stage);
    stage.a.call("replication resync pause", VM);
  },
  FailedOverWaitingCompletion: (stage) => {
    build("Replicating", stage);
    stage.b.call("failover start", VM);
    stage.b.write("vm/0", 4 * KiB, filled(512, 2));
  },
  FailedOver: (stage) => {
    build("FailedOverWaitingCompletion", stage);
    stage.b.call("failover complete", VM);
    // Its old primary finds that out when it tries again.
    stage.world.runFor(70 * SECOND);
  },
  Suspended: (stage) => {
    build("Replicating", stage);
    stage.a.call("replication pause", VM);
  },
  "Suspended at the replica": (stage) => {
    build("Replicating", stage);
    stage.b.call("replication pause", VM);
  },
  Error: (stage) => {
    build("FailedOver", stage);
    attempt(stage.a, "replication cycle");
    attempt(stage.a, "replication cycle");
  },
};

/** States that there are verbs for. */
export const STAGES: readonly string[] = Object.keys(BUILDERS);

function build(state: string, stage: Stage): void {
  BUILDERS[state]?.(stage);
}

/** Two servers in a state, with whatever that takes. */
export function stageIn(state: string, seed: number): Stage {
  const stage = makePair(seed, MiB / 4);
  stage.a.host.addDisk("spare.img", { size: MiB / 4 });
  stage.b.host.addDisk("spare.img", { size: MiB / 4 });
  build(state, stage);
  rest(stage);
  return stage;
}

/** Lets applies and greetings come to rest. */
export function rest({ world }: Stage): void {
  world.runFor(2 * SECOND);
}

function attempt(site: Site, verb: string): void {
  try {
    site.call(verb, VM);
  } catch (error) {
    if (!isFailed(error)) throw error;
  }
}

/** What to give for arguments that cannot be left out, by name; a text where nothing is said. */
const ARGUMENTS: JsonObject = { vm: "vm", disks: ["spare.img"], to: "b:7700" };

/** Arguments that make sense of a verb for the machine. */
export function argumentsOf(verb: string): JsonObject {
  const args: Record<string, JsonObject[string]> = {};
  for (const name of VERBS[verb]?.args ?? []) {
    if (name.endsWith("?") && name !== "vm?") continue;
    const key = name.replace("?", "");
    args[key] = ARGUMENTS[key] ?? "x";
  }
  return args;
}

/** Everything that a refused verb must leave as it is, as text. */
export function footprint({ a, b }: Stage): string {
  return JSON.stringify([a, b].map(footprintOf), null, 1);
}

function footprintOf(site: Site): unknown {
  const { server } = site;
  if (server === undefined) return "down";
  const primary = primaryOf(server, "vm");
  const replica = replicaOf(server, "vm");
  const names = ["machines", "replicas"].map((name) =>
    [...(site.host.data.entries.get(name) as Directory).entries.keys()].sort()
  );
  return {
    names,
    exports: server.exports.list(),
    primary: primary === undefined ? null : {
      state: primary.state,
      settings: primary.settings ?? null,
      ancestry: primary.ancestry,
      disks: primary.disks.map(({ path, size }) => ({ path, size })),
      bases: primary.tracked.map(({ base }) => base),
    },
    replica: replica === undefined ? null : {
      state: replica.state,
      failover: replica.record.failover ?? null,
      ancestry: replica.record.ancestry,
      dead: replica.record.dead,
      points: replica.store.points.map(({ id, digests, broken }) => ({ id, digests, broken })),
      holds: [...replica.store.holds],
      retention: retentionText(replica.store.retention),
    },
  };
}
