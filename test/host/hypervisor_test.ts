/**
 * The administrator's commands: what they see, what they say, and how they end.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type FailureCode, isFailed } from "../../engine/core/base/failure.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { within } from "../../engine/core/runtime/together.ts";
import { realClock } from "../../engine/host/clock.ts";
import { CommandHypervisor, type HypervisorCommands } from "../../engine/host/hypervisor.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";

function withCommands(
  commands: HypervisorCommands,
  work: (hypervisor: CommandHypervisor) => Task<void>,
): Promise<void> {
  return runTask(realLoop(), work(new CommandHypervisor(() => commands)));
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

Deno.test("without commands a machine cannot be frozen, and nobody knows whether it runs", () =>
  withCommands({}, function* (hypervisor) {
    yield* failing("hypervisor", /No command is set to freeze "db"/, hypervisor.freeze("db"));
    assert.equal(yield* hypervisor.status("db"), "unknown");
  }));

Deno.test("a command sees the machine's name and its disks", () =>
  withCommands({
    start: `test "$WARMSITE_VM" = db && test "$WARMSITE_URI_1" = nbd://b && ` +
      `test "$WARMSITE_URIS" = "nbd://a nbd://b"`,
  }, function* (hypervisor) {
    yield* hypervisor.start("db", ["nbd://a", "nbd://b"]);
    yield* failing("hypervisor", /failed with status 1/, hypervisor.start("web", []));
  }));

Deno.test("status takes the first word that it knows, and nothing else", async () => {
  for (
    const [command, power] of [
      ["echo running", "running"],
      ["echo stopped; echo running", "stopped"],
      ["echo paused", "unknown"],
    ] as const
  ) {
    await withCommands({ status: command }, function* (hypervisor) {
      assert.equal(yield* hypervisor.status("db"), power);
    });
  }
});

Deno.test("what a command says on stderr is the reason", () =>
  withCommands({ thaw: "echo the guest agent is away >&2; exit 3" }, function* (hypervisor) {
    yield* failing("hypervisor", /status 3: the guest agent is away/, hypervisor.thaw("db"));
  }));

Deno.test("a command that takes too long, or is not waited for, ends with its children", () =>
  withCommands({ freeze: "sleep 60 | cat", timeout: SECOND / 10 }, function* (hypervisor) {
    const start = realClock.now();
    yield* failing("hypervisor", /longer than 0.1 s/, hypervisor.freeze("db"));
    const stopping = new CommandHypervisor(() => ({ stop: "sleep 60 & wait" }));
    const stop = within(realClock, SECOND / 10, "stop", stopping.stop("db"));
    yield* failing("timed-out", /longer/, stop);
    yield* realClock.sleep(SECOND / 20);
    assert.ok(realClock.now() - start < 5 * SECOND);
  }));
