/**
 * Laws of the `Hypervisor` port.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import { MILLISECOND, SECOND } from "../../engine/core/base/units.ts";
import type {
  Hypervisor,
  HypervisorCall,
  HypervisorVerb,
} from "../../engine/core/ports/hypervisor.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { within } from "../../engine/core/runtime/together.ts";
import { law, type Stage, type Staging, thrownBy } from "./stage.ts";

const VERBS: readonly HypervisorVerb[] = ["freeze", "thaw", "start", "stop", "status"];

/** A stage with a hypervisor under which every command succeeds at first. */
export interface HypervisorStage extends Stage {
  readonly hypervisor: Hypervisor;
  /** The administrator's command to do `verb` to this machine, which works. */
  command(machine: string, verb: HypervisorVerb): string;
  /** From now on this command on this machine fails, with this reason. */
  fail(machine: string, verb: HypervisorVerb, reason: string): void;
  /** From now on it takes far longer than `LIMIT`. */
  hang(machine: string, verb: HypervisorVerb): void;
  /** The disks that it was started on last. */
  uris(machine: string): readonly string[];
}

type Fact = (text: string, body: (stage: HypervisorStage) => Task<void>) => void;

/** What a call may take where nothing hangs, µs. */
const PATIENT = 30 * SECOND;
/** What it may take where something does, µs. */
const LIMIT = 50 * MILLISECOND;

function callOf(
  stage: HypervisorStage,
  verb: HypervisorVerb,
  machine: string,
  limit = PATIENT,
  disks: readonly string[] = [],
): HypervisorCall {
  return { machine, command: stage.command(machine, verb), limit, disks };
}

/** Asks for `verb`; the answer of those that have one. */
function ask(
  stage: HypervisorStage,
  verb: HypervisorVerb,
  machine: string,
  limit = PATIENT,
  disks: readonly string[] = [],
): Task<unknown> {
  return stage.hypervisor[verb](callOf(stage, verb, machine, limit, disks)) as Task<unknown>;
}

/** Defines the tests of the `Hypervisor` port for the adapter that `staging` gives. */
export function hypervisorSuite(name: string, staging: Staging<HypervisorStage>): void {
  const fact: Fact = (text, body) => law(`Hypervisor, ${name}`, staging, text, body);
  successes(fact);
  failures(fact);
  delays(fact);
}

function successes(fact: Fact): void {
  fact("a machine that nobody started is one of which nobody knows", function* (stage) {
    assert.equal(yield* ask(stage, "status", "vm"), "unknown");
  });
  fact("a machine runs when it was started, on its disks, until it is stopped", function* (stage) {
    for (const disks of [["vm/0", "vm/1"], ["vm - Test/0"], []]) {
      yield* ask(stage, "start", "vm", PATIENT, disks);
      assert.equal(yield* ask(stage, "status", "vm"), "running");
      assert.deepEqual(stage.uris("vm"), disks);
      yield* ask(stage, "stop", "vm");
      assert.equal(yield* ask(stage, "status", "vm"), "stopped");
    }
  });
  fact("a freeze holds until its thaw, and a second thaw finds none", function* (stage) {
    for (let round = 0; round < 2; round++) {
      yield* ask(stage, "freeze", "vm");
      assert.equal(yield* ask(stage, "thaw", "vm"), "held");
      assert.equal(yield* ask(stage, "thaw", "vm"), "broken");
    }
  });
  fact("machines have nothing to do with each other", function* (stage) {
    yield* ask(stage, "start", "db");
    yield* ask(stage, "freeze", "db");
    yield* ask(stage, "stop", "web");
    assert.equal(yield* ask(stage, "status", "db"), "running");
    assert.equal(yield* ask(stage, "thaw", "web"), "broken");
    assert.equal(yield* ask(stage, "thaw", "db"), "held");
  });
}

function failures(fact: Fact): void {
  fact("a command that fails fails with hypervisor and its reason", function* (stage) {
    for (const verb of VERBS) {
      stage.fail(verb, verb, `no ${verb} today`);
      const error = yield* thrownBy(ask(stage, verb, verb));
      assert.ok(isFailed(error, "hypervisor"), verb);
      assert.equal(error.failure.side, "local");
      assert.match(error.failure.message, new RegExp(`no ${verb} today`));
      assert.notEqual(error.failure.action, "", "it says what to do");
    }
  });
  fact("a freeze that failed froze nothing", function* (stage) {
    stage.fail("vm", "freeze", "the guest agent is away");
    yield* thrownBy(ask(stage, "freeze", "vm"));
    assert.equal(yield* ask(stage, "thaw", "vm"), "broken");
  });
  fact("a failing thaw, start or stop leaves the machine as it was", function* (stage) {
    for (const [machine, verb] of [["a", "start"], ["b", "stop"]] as const) {
      yield* ask(stage, verb === "start" ? "stop" : "start", machine);
      const before = yield* ask(stage, "status", machine);
      stage.fail(machine, verb, "no");
      yield* thrownBy(ask(stage, verb, machine));
      stage.fail(machine, verb, "");
      assert.equal(yield* ask(stage, "status", machine), before);
    }
    yield* ask(stage, "freeze", "c");
    stage.fail("c", "thaw", "no");
    yield* thrownBy(ask(stage, "thaw", "c"));
    stage.fail("c", "thaw", "");
    assert.equal(yield* ask(stage, "thaw", "c"), "held");
  });
}

function delays(fact: Fact): void {
  fact(
    "a command that hangs is ended at its limit and fails, with nothing done",
    function* (stage) {
      const { clock } = stage;
      for (const verb of VERBS) {
        stage.hang(verb, verb);
        const began = clock.now();
        const error = yield* thrownBy(ask(stage, verb, verb, LIMIT));
        assert.ok(isFailed(error, "hypervisor"), `${verb}: ${error}`);
        assert.match(error.failure.message, /took longer than 0\.05 s/);
        const took = clock.now() - began;
        assert.ok(took >= LIMIT && took < 20 * SECOND, `${verb} took ${took} µs`);
      }
      assert.equal(
        yield* ask(stage, "status", "start"),
        "unknown",
        "the hanging start started nothing",
      );
      assert.equal(yield* ask(stage, "thaw", "freeze"), "broken");
    },
  );
  fact("whoever cancels a thaw waits for its end", function* (stage) {
    const { clock } = stage;
    yield* ask(stage, "freeze", "vm");
    stage.hang("vm", "thaw");
    const began = clock.now();
    yield* thrownBy(within(clock, MILLISECOND, "thaw", ask(stage, "thaw", "vm", LIMIT)));
    assert.ok(clock.now() - began >= LIMIT);
  });
  fact("whoever gives up waiting is free at once, and nothing was done", function* (stage) {
    const { clock } = stage;
    for (const verb of VERBS.filter((each) => each !== "thaw")) {
      stage.hang(verb, verb);
      const began = clock.now();
      const asked = ask(stage, verb, verb, 3600 * SECOND);
      const waiting = within(clock, 20 * MILLISECOND, verb, asked);
      assert.ok(isFailed(yield* thrownBy(waiting), "timed-out"), verb);
      assert.ok(clock.now() - began < 20 * SECOND);
    }
    assert.equal(yield* ask(stage, "status", "start"), "unknown");
  });
}
