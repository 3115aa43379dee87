/**
 * The administrator's commands: what they see, what they say, and how they end.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type FailureCode, isFailed } from "../../engine/core/base/failure.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { HypervisorCall } from "../../engine/core/ports/hypervisor.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { within } from "../../engine/core/runtime/together.ts";
import { realClock } from "../../engine/host/clock.ts";
import { CommandHypervisor } from "../../engine/host/hypervisor.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";

const hypervisor = new CommandHypervisor((disk) => `nbd://${disk}`);

function run(work: Task<void>): Promise<void> {
  return runTask(realLoop(), work);
}

function call(command: string, more: Partial<HypervisorCall> = {}): HypervisorCall {
  return { machine: "db", command, limit: 30 * SECOND, disks: [], ...more };
}

function* failing(code: FailureCode, words: RegExp, task: Task<unknown>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    assert.ok(isFailed(error, code), String(error));
    assert.match(error.failure.message, words);
    return;
  }
  assert.fail(`nothing failed with ${code}`);
}

Deno.test("a command sees the machine, what is asked, its disks, point and that it is a test", () =>
  run(function* () {
    const plain = `test "$WARMSITE_VM" = db && test "$WARMSITE_URI_1" = nbd://db/1 && ` +
      `test "$WARMSITE_URIS" = "$(printf 'nbd://db/0\\nnbd://db/1')" && ` +
      `test "$WARMSITE_ACTION" = start && test -z "$WARMSITE_TEST$WARMSITE_POINT"`;
    yield* hypervisor.start(call(plain, { disks: ["db/0", "db/1"] }));
    const test = `test "$WARMSITE_VM" = "db - Test" && test "$WARMSITE_TEST" = 1 && ` +
      `test "$WARMSITE_POINT" = beef && test "$WARMSITE_ACTION" = stop`;
    yield* hypervisor.stop(call(test, { machine: "db - Test", point: "beef", test: true }));
    yield* failing("hypervisor", /failed with status 1/, hypervisor.start(call(plain)));
  }()));

Deno.test("status takes the first word that it knows, and nothing else", () =>
  run(function* () {
    for (
      const [command, power] of [
        ["echo running", "running"],
        ["echo stopped; echo running", "stopped"],
        ["echo paused", "unknown"],
      ] as const
    ) assert.equal(yield* hypervisor.status(call(command)), power);
    yield* failing("hypervisor", /status 1/, hypervisor.status(call("echo running; exit 1")));
  }()));

Deno.test("what a command says on stderr is the reason, else what it says on stdout", () =>
  run(function* () {
    const away = call("echo nothing; echo the guest agent is away >&2; exit 4");
    yield* failing("hypervisor", /status 4: the guest agent is away$/, hypervisor.thaw(away));
    yield* failing("hypervisor", /status 4: out$/, hypervisor.stop(call("echo out; exit 4")));
    const chatty = call("yes | head -c 3000000 >&2; exit 5");
    try {
      yield* hypervisor.stop(chatty);
      assert.fail("it failed with status 5");
    } catch (error) {
      assert.ok(isFailed(error, "hypervisor"));
      assert.ok(error.failure.message.length < 600, "what it printed without end is cut");
    }
  }()));

Deno.test("thaw tells by status 3 that the guest was not frozen any more", () =>
  run(function* () {
    assert.equal(yield* hypervisor.thaw(call("exit 0")), "held");
    assert.equal(yield* hypervisor.thaw(call("exit 3")), "broken");
  }()));

Deno.test("a command that takes too long, or is not waited for, ends with its children", () =>
  run(function* () {
    const start = realClock.now();
    const slow = call("sleep 60 | cat", { limit: SECOND / 10 });
    yield* failing("hypervisor", /longer than 0.1 s/, hypervisor.freeze(slow));
    const stop = within(realClock, SECOND / 10, "stop", hypervisor.stop(call("sleep 60 & wait")));
    yield* failing("timed-out", /longer/, stop);
    yield* realClock.sleep(SECOND / 20);
    assert.ok(realClock.now() - start < 5 * SECOND);
  }()));

Deno.test("a machine that a command leaves running goes on, and is not waited for", () =>
  run(function* () {
    const folder = Deno.makeTempDirSync({ prefix: "warmsite-test-" });
    try {
      const start = realClock.now();
      const left = call(`(sleep 2; echo lives > '${folder}/mark') & echo $! > '${folder}/pid'`);
      yield* hypervisor.start(left);
      assert.ok(realClock.now() - start < SECOND * 3 / 2, "nobody waited for it");
      while (!existsSync(`${folder}/mark`)) yield* realClock.sleep(SECOND / 20);
      assert.ok(realClock.now() - start < 20 * SECOND);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  }()));
