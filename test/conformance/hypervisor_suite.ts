/**
 * Laws of the `Hypervisor` port.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import { MILLISECOND, SECOND } from "../../engine/core/base/units.ts";
import type { Hypervisor, HypervisorVerb } from "../../engine/core/ports/hypervisor.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { within } from "../../engine/core/runtime/together.ts";
import { law, type Stage, type Staging, thrownBy } from "./stage.ts";

const VERBS: readonly HypervisorVerb[] = ["freeze", "thaw", "start", "stop", "status"];

/** A stage with a hypervisor under which every command succeeds at first. */
export interface HypervisorStage extends Stage {
  readonly hypervisor: Hypervisor;
  /** From now on this command on this machine fails, with this reason. */
  fail(machine: string, verb: HypervisorVerb, reason: string): void;
  /** From now on it does not end by itself; `limit` µs after its beginning it is ended. */
  hang(machine: string, verb: HypervisorVerb, limit: number): void;
  /** The URIs that it was started on last. */
  uris(machine: string): readonly string[];
}

type Fact = (text: string, body: (stage: HypervisorStage) => Task<void>) => void;

/** Asks for `verb`; the answer of those that have one. */
function ask(hypervisor: Hypervisor, verb: HypervisorVerb, machine: string): Task<unknown> {
  return verb === "start" ? hypervisor.start(machine, ["nbd://x"]) : hypervisor[verb](machine);
}

/** Defines the tests of the `Hypervisor` port for the adapter that `staging` gives. */
export function hypervisorSuite(name: string, staging: Staging<HypervisorStage>): void {
  const fact: Fact = (text, body) => law(`Hypervisor, ${name}`, staging, text, body);
  successes(fact);
  failures(fact);
  delays(fact);
}

function successes(fact: Fact): void {
  fact("a machine that nobody started is one of which nobody knows", function* ({ hypervisor }) {
    assert.equal(yield* hypervisor.status("vm"), "unknown");
  });
  fact("a machine runs when it was started, on its disks, until it is stopped", function* (stage) {
    const { hypervisor } = stage;
    for (const uris of [["nbd://a", "nbd+unix:///x?socket=/tmp/a"], ["nbd://b"], []]) {
      yield* hypervisor.start("vm", uris);
      assert.equal(yield* hypervisor.status("vm"), "running");
      assert.deepEqual(stage.uris("vm"), uris);
      yield* hypervisor.stop("vm");
      assert.equal(yield* hypervisor.status("vm"), "stopped");
    }
  });
  fact("a machine thaws once for each time it was frozen", function* ({ hypervisor }) {
    for (let round = 0; round < 2; round++) {
      yield* hypervisor.freeze("vm");
      yield* hypervisor.thaw("vm");
      assert.ok(isFailed(yield* thrownBy(hypervisor.thaw("vm")), "hypervisor"));
    }
  });
  fact("machines have nothing to do with each other", function* ({ hypervisor }) {
    yield* hypervisor.start("db", ["nbd://a"]);
    yield* hypervisor.freeze("db");
    yield* hypervisor.stop("web");
    assert.equal(yield* hypervisor.status("db"), "running");
    assert.ok(isFailed(yield* thrownBy(hypervisor.thaw("web")), "hypervisor"));
    yield* hypervisor.thaw("db");
  });
}

function failures(fact: Fact): void {
  fact("a command that fails fails with hypervisor and its reason", function* (stage) {
    for (const verb of VERBS) {
      stage.fail(verb, verb, `no ${verb} today`);
      const error = yield* thrownBy(ask(stage.hypervisor, verb, verb));
      assert.ok(isFailed(error, "hypervisor"), verb);
      assert.equal(error.failure.side, "local");
      assert.match(error.failure.message, new RegExp(`no ${verb} today`));
      assert.notEqual(error.failure.action, "", "it says what to do");
    }
  });
  fact("a freeze that failed froze nothing", function* (stage) {
    stage.fail("vm", "freeze", "the guest agent is away");
    yield* thrownBy(stage.hypervisor.freeze("vm"));
    assert.ok(isFailed(yield* thrownBy(stage.hypervisor.thaw("vm")), "hypervisor"));
  });
  fact("a failing start or stop leaves the machine as it was", function* (stage) {
    const { hypervisor } = stage;
    for (const [machine, verb] of [["a", "start"], ["b", "stop"]] as const) {
      yield* verb === "start" ? hypervisor.stop(machine) : hypervisor.start(machine, []);
      const before = yield* hypervisor.status(machine);
      stage.fail(machine, verb, "no");
      yield* thrownBy(ask(hypervisor, verb, machine));
      stage.fail(machine, verb, "");
      assert.equal(yield* hypervisor.status(machine), before);
    }
  });
}

function delays(fact: Fact): void {
  fact(
    "a command that hangs is ended at its limit and fails, with nothing done",
    function* (stage) {
      const { clock, hypervisor } = stage;
      for (const verb of VERBS) {
        stage.hang(verb, verb, 50 * MILLISECOND);
        const began = clock.now();
        const error = yield* thrownBy(ask(hypervisor, verb, verb));
        assert.ok(isFailed(error, "hypervisor"), `${verb}: ${error}`);
        assert.match(error.failure.message, /took longer than 0\.05 s/);
        const took = clock.now() - began;
        assert.ok(took >= 50 * MILLISECOND && took < 20 * SECOND, `${verb} took ${took} µs`);
      }
      assert.equal(
        yield* hypervisor.status("start"),
        "unknown",
        "the hanging start started nothing",
      );
      assert.ok(isFailed(yield* thrownBy(hypervisor.thaw("freeze")), "hypervisor"));
    },
  );
  fact("whoever gives up waiting is free at once, and nothing was done", function* (stage) {
    const { clock, hypervisor } = stage;
    for (const verb of VERBS) {
      stage.hang(verb, verb, 3600 * SECOND);
      const began = clock.now();
      const waiting = within(clock, 20 * MILLISECOND, verb, ask(hypervisor, verb, verb));
      assert.ok(isFailed(yield* thrownBy(waiting), "timed-out"), verb);
      assert.ok(clock.now() - began < 20 * SECOND);
    }
    assert.equal(yield* hypervisor.status("start"), "unknown");
  });
}
