/**
 * A pair of servers in each state that a machine can be brought into, with all that a verb may be asked for about it: disks
 * to add, a medium with its package, a place to export to, entries of authorization.
 *
 * @module
 */

import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { packageOf } from "./media_stage.ts";
import { filled, makePair, type Site } from "./pair.ts";

/** Both servers. */
export interface Stage {
  readonly world: SimWorld;
  readonly a: Site;
  readonly b: Site;
}

/** Which of the two. */
export type Side = "a" | "b";

const VM = { vm: "vm" };
const SIZE = MiB / 4;

/** How a stage is brought into each state, by what it is called here. */
const BUILDERS = {
  none: () => {},
  Disabled: ({ a }) => {
    a.call("vm add", { ...VM, disks: ["vm.img", "two.img"] });
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
  // Its package is on its way.
  WaitingForInitialReplication: (stage) => {
    const { a, world } = stage;
    build("ReadyForInitialReplication", stage);
    a.call("replication start", { ...VM, export: "/media" });
    world.runWhile(() => stateOf(a) !== "WaitingForInitialReplication", 600 * SECOND);
    // It tells the replica of what was exported.
    world.runFor(2 * SECOND);
  },
  Replicating: (stage) => {
    build("ReadyForInitialReplication", stage);
    stage.a.call("replication start", VM);
    stage.a.call("replication cycle", VM);
    stage.a.write("vm/0", 0, filled(8 * KiB, 1));
    stage.a.call("replication cycle", VM);
  },
  WaitingForUpdateCompletion: (stage) => {
    build("Replicating", stage);
    stage.world.net.partition("a", "b");
    stage.a.call("vm disk add", { ...VM, disk: "three.img" });
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
  "a test failover": (stage) => {
    build("Replicating", stage);
    stage.b.call("failover test", VM);
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
  Error: (stage) => {
    build("FailedOver", stage);
    attempt(stage.a, "replication cycle");
    attempt(stage.a, "replication cycle");
  },
  PreparedForFailover: (stage) => {
    build("Replicating", stage);
    stage.a.call("failover prepare", VM);
  },
  "prepared, and started there": (stage) => {
    build("PreparedForFailover", stage);
    stage.b.call("failover start", VM);
    stage.b.write("vm/0", 4 * KiB, filled(512, 2));
  },
  "prepared, and completed there": (stage) => {
    build("prepared, and started there", stage);
    stage.b.call("failover complete", VM);
  },
  FailbackInProgress: (stage) => {
    const { a, b, world } = stage;
    build("FailedOverWaitingCompletion", stage);
    b.call("failover reverse", VM);
    world.runWhile(() => stateOf(a) !== "FailbackInProgress", 60 * SECOND);
    world.net.partition("a", "b");
  },
  // a is the replica now.
  reversed: (stage) => {
    build("Replicating", stage);
    stage.a.call("failover planned", VM);
    stage.b.call("replication cycle", VM);
  },
  "split brain": (stage) => {
    const { a, b, world } = stage;
    build("prepared, and started there", stage);
    a.call("failover cancel", { ...VM, force: true });
    a.write("vm/0", 0, filled(KiB, 3));
    b.call("failover reverse", VM);
    attempt(a, "replication cycle");
    attempt(b, "replication cycle");
    world.runFor(10 * SECOND);
  },
  Suspended: (stage) => {
    build("Replicating", stage);
    stage.a.call("replication pause", VM);
  },
  "Suspended at the replica": (stage) => {
    build("Replicating", stage);
    stage.b.call("replication pause", VM);
  },
} satisfies Readonly<Record<string, (stage: Stage) => void>>;

/** What a stage is called. */
export type StageName = keyof typeof BUILDERS;

/** States that there are verbs for. */
export const STAGES = Object.keys(BUILDERS) as readonly StageName[];

function build(state: StageName, stage: Stage): void {
  BUILDERS[state](stage);
}

/** Two servers in a state, with whatever that takes. */
export function stageIn(state: StageName): Stage {
  const stage = bare();
  build(state, stage);
  rest(stage);
  exported ??= filesOf(state === PACKED ? stage : stageIn(PACKED));
  if (state !== PACKED) put(stage.a, exported);
  put(stage.b, exported);
  return stage;
}

function bare(): Stage {
  const stage = makePair(1, SIZE);
  for (const { host } of [stage.a, stage.b]) {
    for (const name of ["two.img", "three.img", "spare.img"]) {
      if (!host.disks.has(name)) host.addDisk(name, { size: SIZE });
    }
    // The medium, and where points are exported to.
    for (const name of ["media", "out"]) host.addPlace(name);
    // Both may be the replica of the other, by an entry that can be changed.
    const site = host === stage.a.host ? stage.a : stage.b;
    site.call("server set", { allow: "entries" });
    site.call("authorization add", { name: otherOf(site), trustGroup: "default" });
  }
  return stage;
}

/** Lets applies and greetings come to rest. */
export function rest({ world }: Pick<Stage, "world">): void {
  world.runFor(2 * SECOND);
}

/** Where the machine stands at a site. */
export function stateOf(site: Site): string {
  const machines = site.call("vm list") as JsonObject[];
  return String(machines.find(({ vm }) => vm === "vm")?.["state"] ?? "none");
}

function attempt(site: Site, verb: string): void {
  try {
    site.call(verb, VM);
  } catch (error) {
    if (!isFailed(error)) throw error;
  }
}

/** The other server's name. */
export function otherOf({ settings: { name } }: Site): Side {
  return name === "a" ? "b" : "a";
}

const PACKED: StageName = "WaitingForInitialReplication";

/** A package on media: its folder's path, and its files by name. */
interface Packed {
  readonly path: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The package of a stage in which it is on its way: machines and keys are the same in each of these. */
let exported: Packed | undefined;

function filesOf({ a }: Stage): Packed {
  const path = packageOf(a);
  const place = a.server!.ports.openPlace(path);
  const files = new Map<string, Uint8Array>();
  a.host.run(function* () {
    const folder = yield* place;
    for (const name of yield* folder.list()) {
      const file = yield* folder.open(name);
      files.set(name, (yield* file.read(0, file.size)).slice());
      yield* file.close();
    }
  }());
  return { path, files };
}

/** Brings the medium to a site. */
function put({ host, server }: Site, { path, files }: Packed): void {
  host.run(function* () {
    const folder = yield* server!.ports.openPlace(path, { create: true });
    for (const [name, bytes] of files) {
      const file = yield* folder.open(name, { create: true });
      yield* file.write(0, bytes);
      yield* file.flush();
      yield* file.close();
    }
    yield* folder.flush();
  }());
}

/** Where the package lies that belongs to the machine. */
export function packagePath(): string {
  return exported?.path ?? "/media/none";
}
