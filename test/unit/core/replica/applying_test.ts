/**
 * The task that applies what is staged: it ends when it is asked to and at nothing else.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { type FailureCode, localFailure } from "../../../../engine/core/base/failure.ts";
import { HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { makePair, protect } from "../server/pair.ts";

// deno-lint-ignore require-yield
function* failing(code: FailureCode): Task<never> {
  throw localFailure(code, "What was begun cannot be ended", "Try again");
}

/** The next time that a point is to be applied, `instead` is what happens. */
function replaceOnce(store: ReplicaStore, instead: ReplicaStore["applyNext"]): () => boolean {
  const own = store.applyNext.bind(store);
  let met = false;
  store.applyNext = function (): ReturnType<ReplicaStore["applyNext"]> {
    if (met) return own();
    met = true;
    return instead.call(store);
  };
  return () => met;
}

Deno.test("another task's cancel, met while a point is applied, ends no applying: it is tried again", () => {
  const { a, b, world } = makePair(451);
  protect(a);
  const machine = b.server!.replica.machine("vm");
  const met = replaceOnce(machine.store, () => failing("cancelled"));
  a.call("replication cycle", { vm: "vm" });
  world.runFor(MINUTE);
  ok(met());
  equal(machine.store.newest?.applied, true, "nothing was applied any more");
  equal(machine.troubles[0], undefined);
  equal(world.violations[0], undefined);
});

Deno.test("a server that stops amid an apply stops also where the way out of it fails", () => {
  const { a, b, world } = makePair(452);
  protect(a);
  const machine = b.server!.replica.machine("vm");
  const met = replaceOnce(machine.store, function* (): Task<undefined> {
    try {
      yield* machine.ports.clock.sleep(HOUR);
      return undefined;
    } finally {
      yield* failing("io-error");
    }
  });
  a.call("replication cycle", { vm: "vm" });
  world.runFor(MINUTE);
  ok(met());
  const closing = b.host.process!.loop.start("closing", b.server!.replica.close());
  world.runWhile(() => closing.outcome === undefined, MINUTE);
  equal(closing.outcome?.ok, true, "the server never stopped");
  equal(world.violations[0], undefined);
  b.host.kill();
  b.start();
  world.runFor(10 * SECOND);
  equal(b.server!.replica.machine("vm").store.newest?.applied, true);
});
