/**
 * Scopes: ownership, joining, cancelling, and where failures go (E2).
 *
 * @module
 */

import assert from "node:assert/strict";
import { AssertionError } from "../../../../engine/core/base/assert.ts";
import { isFailed, localFailure } from "../../../../engine/core/base/failure.ts";
import { Scope } from "../../../../engine/core/runtime/scope.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { Door, pending, TestLoop } from "./test_loop.ts";

// deno-lint-ignore require-yield
function* failing(error: Error): Task<never> {
  throw error;
}

Deno.test("join gives the value or throws what was thrown, also to several and late", () => {
  const bench = new TestLoop();
  const scope = new Scope(bench.loop, "s");
  const door = new Door();
  const good = scope.start("good", door.pass<number>());
  const bad = scope.start("bad", failing(localFailure("io-error", "x", "Try again")));
  const joins = [bench.start(good.join()), bench.start(good.join())];
  assert.equal(good.ended, false);
  door.open(7);
  bench.loop.drain();
  for (const join of joins) assert.deepEqual(join.outcome, { ok: true, value: 7 });
  assert.equal(bench.value(good.join()), 7);
  assert.throws(() => bench.value(bad.join()), /io-error/);
  assert.deepEqual(bench.panics, []);
});

Deno.test("handle.cancel waits until the task has cleaned up (E2)", () => {
  const bench = new TestLoop();
  const scope = new Scope(bench.loop, "s");
  const cleanup = new Door(true);
  const handle = scope.start(
    "t",
    (function* (): Task<void> {
      try {
        yield* new Door().pass();
      } finally {
        yield* cleanup.pass();
      }
    })(),
  );
  bench.loop.drain();
  const cancel = bench.start(handle.cancel());
  assert.ok(pending(cancel));
  cleanup.open();
  bench.loop.drain();
  assert.equal(cancel.outcome?.ok, true);
  assert.equal(handle.ended, true);
});

Deno.test("scope.cancel ends every task, also those started meanwhile; then nothing starts", () => {
  const bench = new TestLoop();
  const scope = new Scope(bench.loop, "s");
  const [write, late] = [new Door(true), new Door()];
  let lateRan = false;
  scope.spawn("w", write.pass());
  scope.spawn(
    "t",
    (function* (): Task<void> {
      try {
        yield* new Door().pass();
      } finally {
        scope.spawn(
          "late",
          (function* (): Task<void> {
            lateRan = true;
            yield* late.pass();
          })(),
        );
      }
    })(),
  );
  bench.loop.drain();
  const cancel = bench.start(scope.cancel());
  assert.ok(pending(cancel));
  assert.equal(scope.closed, true);
  write.open();
  bench.loop.drain();
  assert.equal(cancel.outcome?.ok, true);
  assert.equal(lateRan, false);
  const after = scope.start("after", late.pass());
  bench.loop.drain();
  assert.ok(after.outcome?.ok === false && isFailed(after.outcome.error, "cancelled"));
  assert.deepEqual(bench.panics, []);
});

Deno.test("a failure of a spawned task goes to onFailure, or stops the process", () => {
  const bench = new TestLoop();
  const seen: string[] = [];
  const heard = new Scope(
    bench.loop,
    "heard",
    (error, task) => seen.push(`${task} ${error.message}`),
  );
  heard.spawn("a", failing(localFailure("no-space", "full", "Try again")));
  bench.loop.drain();
  assert.deepEqual(seen, ["a no-space: full"]);
  assert.deepEqual(bench.panics, []);
  new Scope(bench.loop, "deaf").spawn("b", failing(localFailure("no-space", "full", "Try again")));
  bench.loop.drain();
  assert.deepEqual(bench.panics, ["b"]);
});

Deno.test("what a cancelled task fails with on its way out stops no process; an assertion there does", () => {
  for (
    const [error, panics, heard] of [
      [localFailure("hypervisor", "no agent", "Try again"), [], ["t hypervisor: no agent"]],
      [new AssertionError("bug"), ["t"], []],
    ] as const
  ) {
    const bench = new TestLoop();
    const seen: string[] = [];
    const scopes = [
      new Scope(bench.loop, "deaf"),
      new Scope(bench.loop, "heard", (failure, task) => seen.push(`${task} ${failure.message}`)),
    ];
    for (const scope of scopes) {
      scope.spawn(
        "t",
        (function* (): Task<void> {
          try {
            yield* new Door().pass();
          } finally {
            yield* failing(error);
          }
        })(),
      );
      bench.loop.drain();
      assert.equal(bench.start(scope.cancel()).outcome?.ok, true);
    }
    assert.deepEqual([...new Set(bench.panics)], panics);
    assert.deepEqual(seen, heard);
  }
});

Deno.test("an assertion stops the process, whoever listens or joins", () => {
  const bench = new TestLoop();
  const scope = new Scope(bench.loop, "s", () => {});
  scope.spawn("spawned", failing(new AssertionError("bug")));
  scope.start("joined", failing(new AssertionError("bug")));
  scope.spawn("foreign", failing(new TypeError("bug")));
  bench.loop.drain();
  assert.deepEqual(bench.panics, ["spawned", "joined", "foreign"]);
});
