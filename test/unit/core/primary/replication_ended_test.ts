/**
 * Who waits for a machine's replicator hears of it when replication is ended, whether it ever ran or not.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { Incarnation } from "../../../../engine/core/base/units.ts";
import { Links } from "../../../../engine/core/primary/links.ts";
import { Replicator } from "../../../../engine/core/primary/replicator.ts";
import type { Run } from "../../../../engine/core/runtime/loop.ts";
import { Mutex } from "../../../../engine/core/runtime/lock.ts";
import { Scope } from "../../../../engine/core/runtime/scope.ts";
import { Signal } from "../../../../engine/core/runtime/signal.ts";
import { done, type Task } from "../../../../engine/core/runtime/task.ts";
import type { MachineContext } from "../../../../engine/core/primary/machine.ts";
import { Exports } from "../../../../engine/core/server/exports.ts";
import { PrimaryMachines } from "../../../../engine/core/server/primary_role/machines.ts";
import { makePair, protect, type Site } from "../server/pair.ts";

function begin<T>(site: Site, task: Task<T>): Run<T> {
  return site.host.process!.loop.start("asked", task);
}

/** All have failed because replication was ended, and not after some time-out. */
function heard(runs: readonly Run<unknown>[], { host: { world } }: Site): void {
  world.runWhile(() => runs.some(({ outcome }) => outcome === undefined), SECOND);
  for (const { outcome } of runs) {
    ok(outcome !== undefined, "nobody told it");
    ok(!outcome.ok && isFailed(outcome.error, "cancelled"), JSON.stringify(outcome));
  }
  equal(world.violations[0], undefined);
}

Deno.test("who waits for a replicator that never ran hears that replication was ended", () => {
  const { a, world } = makePair(441);
  protect(a);
  const { ports, primary } = a.server!;
  const { machine } = primary.entry("vm");
  const scope = new Scope(ports.loop, "links");
  const incarnation = "1".repeat(32) as Incarnation;
  const links = new Links(ports, scope, { server: "a", incarnation });
  const replicator = new Replicator(ports, machine, machine.settings!, links);
  const folder = a.host.run(ports.data.folder("elsewhere", { create: true }));
  const context = { ports, server: "a" } as MachineContext;
  const machines = new PrimaryMachines(context, folder, new Exports(), links);
  const entry = {
    machine,
    replicator,
    changing: new Mutex(),
    scope: new Scope(ports.loop, "replicate"),
    putOff: new Signal(),
  };
  const waiting = [
    begin(a, replicator.cycle()),
    begin(a, replicator.errand(() => done(undefined))),
  ];
  world.runFor(MINUTE);
  for (const { outcome } of waiting) equal(outcome, undefined, "it waits: the task does not run");
  a.host.run(machines.stop(entry));
  heard(waiting, a);
  heard([begin(a, replicator.cycle())], a);
});

Deno.test("who waits for a cycle or has something to say hears that replication was ended beneath it", () => {
  const { a, world } = makePair(442);
  protect(a);
  const { replicator } = a.server!.primary.entry("vm");
  // The replica never answers what is said, and the cycle comes behind that.
  const waiting = [
    begin(a, replicator!.errand(() => new Signal().wait())),
    begin(a, replicator!.cycle()),
  ];
  world.runFor(MINUTE);
  for (const { outcome } of waiting) equal(outcome, undefined, "it waits");
  a.host.run(a.server!.call("replication disable", { vm: "vm" }), SECOND);
  heard(waiting, a);
});
