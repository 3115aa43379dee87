/**
 * Test failovers of one machine: machines `VM - Test`, `VM - Test 2`, … on recovery points of the replica, each on
 * overlays of its own, while replication goes on beneath (R8).
 *
 * A test has no lineage: nothing of it is ever merged, and no relationship knows of it. It holds its point by
 * the name `test-N`, so that neither retention nor a lack of space takes it.
 *
 * What a crash leaves. Making one: hold → overlays in `tests/N` → the record `tests/N/test.json`, with which it
 * exists. Deleting one: the record goes, with which it does not exist any more → its folder → the hold. So whatever is
 * found in `tests` without a record, and whatever hold without a test, is a stray, and cleared at the next opening.
 *
 * @module
 */
// Long because: what there is of a test, in memory, on disk and after a crash, is told in one place.

import {
  type Failed,
  type Failure,
  isFailed,
  localFailure,
  requestFailure,
} from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import { isIdentity, MiB, type PointId } from "../base/units.ts";
import type { Folder } from "../ports/folder.ts";
import { loadRecord, saveRecord } from "../relationship/record.ts";
import { type ReplicaMachine, TEST_HOLD } from "../replica/replica_machine.ts";
import type { Task } from "../runtime/task.ts";
import { attempt } from "../runtime/together.ts";
import { choosePoint, notVerified } from "./chosen_point.ts";
import { closePointDisks, openPointDisks, type PointDisks } from "./point_disks.ts";
import { TestDisk } from "./test_disk.ts";

/** Tests of one machine at a time: each holds a point, and files open. */
export const TESTS_MAX = 8;
/** Folder of the tests, in the machine's. */
export const TESTS = "tests";
const RECORD = "test.json";
/** What tests leave free at least, bytes, beside a sixteenth of the machine's disks. */
const SPARED_MIN = 256 * MiB;

/** A machine that tests a failover. */
export interface TestFailover {
  /** `VM - Test`, `VM - Test 2`, … */
  readonly name: string;
  readonly number: number;
  readonly point: PointId;
  /** Wall time at its start, µs since 1970; 0 where that cannot be read. */
  readonly startedAt: number;
  /** Its disks as guests may use them; none while `failure` says why. */
  readonly disks: readonly TestDisk[];
  /** Why it has no disks: its point or its overlays cannot be read, or it is being deleted. */
  readonly failure: Failure | undefined;
  /** Bytes that its overlays take. */
  readonly bytes: number;
}

class Test implements TestFailover {
  readonly name: string;
  readonly number: number;
  readonly point: PointId;
  readonly startedAt: number;
  disks: readonly TestDisk[] = [];
  failure: Failure | undefined;
  opened: PointDisks | undefined;

  constructor(machine: string, number: number, point: PointId, startedAt: number) {
    this.name = testName(machine, number);
    this.number = number;
    this.point = point;
    this.startedAt = startedAt;
  }

  get bytes(): number {
    return this.opened?.disks.reduce((sum, disk) => sum + disk.changedBytes, 0) ?? 0;
  }
}

/** The number of the test whose hold has this name; 0 for that of anything else. */
function numberOf(hold: string): number {
  return hold.startsWith(TEST_HOLD) ? Number(hold.slice(TEST_HOLD.length)) || 0 : 0;
}

function testName(machine: string, number: number): string {
  return number === 1 ? `${machine} - Test` : `${machine} - Test ${number}`;
}

/** The tests of one machine. Whoever changes them does so alone, and withdraws disks before they go. */
export class TestFailovers {
  readonly #machine: ReplicaMachine;
  readonly #folder: Folder;
  readonly #tests = new Map<number, Test>();

  private constructor(machine: ReplicaMachine, folder: Folder) {
    this.#machine = machine;
    this.#folder = folder;
  }

  /** Takes up the tests that are there, and clears what a crash left of others. `folder` is the machine's. */
  static *open(machine: ReplicaMachine, folder: Folder): Task<TestFailovers> {
    const tests = new TestFailovers(machine, folder);
    const failure = yield* tests.#trying(tests.#openAll());
    // No test is worth a replica: the next start tries again. What is not known is nobody's to clear until then.
    if (failure !== undefined) tests.#keepUnread(failure);
    else yield* tests.#trying(tests.#clearStrays());
    return tests;
  }

  /** Does `work`; what it fails with, told to whoever observes. */
  *#trying(work: Task<void>): Task<Failure | undefined> {
    const failure = yield* attempt(work);
    const { name: machine, ports: { observer } } = this.#machine;
    if (failure !== undefined) observer.emit({ kind: "failure", machine, failure });
    return failure;
  }

  /** Tests that could not be looked at are there, as their holds tell, and nobody can use them. */
  #keepUnread(failure: Failure): void {
    const { store, name } = this.#machine;
    for (const [hold, point] of store.holds) {
      const number = numberOf(hold);
      if (number === 0 || this.#tests.has(number)) continue;
      const test = new Test(name, number, point, 0);
      test.failure = failure;
      this.#tests.set(number, test);
    }
  }

  /** Holds without a test, and the folder of tests once there is none. */
  *#clearStrays(): Task<void> {
    const { store } = this.#machine;
    for (const name of store.holds.keys()) {
      const number = numberOf(name);
      if (number > 0 && !this.#tests.has(number)) yield* store.unhold(name);
    }
    const there = (yield* this.#folder.list()).includes(TESTS);
    if (there && this.#tests.size === 0) yield* this.#clearAll();
  }

  *#openAll(): Task<void> {
    if (!(yield* this.#folder.list()).includes(TESTS)) return;
    const { kernel } = this.#machine.ports.codec;
    const folder = yield* this.#folder.folder(TESTS);
    for (const name of yield* folder.list()) {
      const number = /^[1-9]\d{0,2}$/.test(name) ? Number(name) : 0;
      const own = number === 0 ? undefined : yield* folder.folder(name);
      const record = own === undefined ? undefined : yield* readRecord(kernel, own);
      if (own === undefined || record === undefined) yield* this.#clear(name);
      else yield* this.#takeUp(number, own, record);
    }
  }

  *#takeUp(number: number, folder: Folder, record: TestRecord): Task<void> {
    const { store, name } = this.#machine;
    const test = new Test(name, number, record.point, record.startedAt);
    this.#tests.set(number, test);
    try {
      // A state from a backup may not know of the hold.
      if (store.holds.get(`${TEST_HOLD}${number}`) !== test.point) {
        yield* store.hold(test.point, `${TEST_HOLD}${number}`);
      }
      yield* this.#offer(test, folder, "open");
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      test.failure = error.failure;
    }
  }

  *#offer(test: Test, folder: Folder, how: "create" | "open"): Task<void> {
    const opened = yield* openPointDisks(this.#machine, folder, test.point, how);
    const sixteenth = Math.ceil(opened.view.sizes.reduce((sum, size) => sum + size, 0) / 16);
    const spared = Math.max(SPARED_MIN, sixteenth);
    test.opened = opened;
    test.disks = opened.disks.map((disk) => new TestDisk(disk, folder, spared));
  }

  /** All of them, in the order of their numbers. */
  get list(): readonly TestFailover[] {
    return [...this.#tests.values()].sort((left, right) => left.number - right.number);
  }

  /** Makes a test on `chosen`, or on the newest point. A failure leaves nothing of it. */
  *create(chosen: PointId | undefined, unverified: boolean): Task<TestFailover> {
    const machine = this.#machine;
    const { ports, store, name } = machine;
    if (machine.state === "FailedOver" || machine.record.failover?.completing === true) {
      throw requestFailure(
        "wrong-state",
        `Cannot test a failover of "${name}" in state ${machine.state}: its disks are the machine's own`,
        "Protect it from here first; then test it at its replica",
      );
    }
    const point = choosePoint(machine, chosen);
    if (point.unverified && !unverified) throw notVerified(name);
    const number = this.#free();
    yield* store.hold(point.id, `${TEST_HOLD}${number}`);
    const startedAt = Math.max(0, ports.clock.wall());
    const test = new Test(name, number, point.id, startedAt);
    try {
      const folder = yield* this.#makeFolder(number);
      yield* this.#offer(test, folder, "create");
      const record = { point: point.id, startedAt };
      yield* saveRecord(ports.codec.kernel, folder, RECORD, record);
    } catch (error) {
      if (test.opened !== undefined) yield* closePointDisks(test.opened);
      // Nobody knows whether the record is durable: what stays all the same is there at the next opening.
      yield* this.#forget(number);
      throw error;
    }
    this.#tests.set(number, test);
    return test;
  }

  #free(): number {
    for (let number = 1; number <= TESTS_MAX; number++) if (!this.#tests.has(number)) return number;
    throw requestFailure(
      "busy",
      `"${this.#machine.name}" has ${TESTS_MAX} test failovers, and more are not held`,
      `Delete one: warmsite failover test ${this.#machine.name} --delete NAME`,
    );
  }

  *#makeFolder(number: number): Task<Folder> {
    const tests = yield* this.#folder.folder(TESTS, { create: true });
    yield* this.#folder.flush();
    yield* tests.remove(`${number}`);
    const folder = yield* tests.folder(`${number}`, { create: true });
    yield* tests.flush();
    return folder;
  }

  /** The test of that name; `bad-argument` when there is none. */
  named(name: string): TestFailover {
    const test = this.list.find((each) => each.name === name);
    if (test !== undefined) return test;
    throw requestFailure(
      "bad-argument",
      `"${this.#machine.name}" has no test failover "${name.slice(0, 80)}"`,
      'Look at "warmsite vm list" for those that there are',
    );
  }

  /** Removes a test with all that was written on it. Its exports were withdrawn before. Can be repeated. */
  *delete({ number }: TestFailover): Task<void> {
    const test = this.#tests.get(number);
    if (test === undefined) return;
    const { opened } = test;
    test.disks = [];
    test.failure =
      localFailure("busy", `"${test.name}" is being deleted`, "Delete it again").failure;
    test.opened = undefined;
    if (opened !== undefined) yield* closePointDisks(opened);
    yield* this.#forget(number);
    this.#tests.delete(number);
    if (this.#tests.size === 0) yield* this.#clearAll();
  }

  *#forget(number: number): Task<void> {
    const tests = yield* this.#folder.folder(TESTS, { create: true });
    if ((yield* tests.list()).includes(`${number}`)) {
      const folder = yield* tests.folder(`${number}`);
      yield* folder.remove(RECORD);
      yield* folder.flush();
    }
    yield* this.#clear(`${number}`);
    yield* this.#machine.store.unhold(`${TEST_HOLD}${number}`);
    if (this.#tests.size === 0) yield* this.#clearAll();
  }

  *#clear(name: string): Task<void> {
    const tests = yield* this.#folder.folder(TESTS);
    yield* tests.remove(name);
    yield* tests.flush();
  }

  *#clearAll(): Task<void> {
    yield* this.#folder.remove(TESTS);
    yield* this.#folder.flush();
  }

  /** Fails with `wrong-state` while there are tests: `what` would take the points from beneath them. */
  refuseWhileThere(what: string): void {
    const [first] = this.list;
    if (first === undefined) return;
    throw requestFailure(
      "wrong-state",
      `Cannot ${what} "${this.#machine.name}" while "${first.name}" stands on one of its points`,
      `Delete the test first: warmsite failover test ${this.#machine.name} --delete "${first.name}"`,
    );
  }

  /** Gives the disks of all of them back; they are there again at the next opening. */
  *close(): Task<void> {
    for (const test of this.#tests.values()) {
      const { opened } = test;
      test.opened = undefined;
      test.disks = [];
      if (opened !== undefined) yield* closePointDisks(opened);
    }
  }
}

interface TestRecord {
  readonly point: PointId;
  readonly startedAt: number;
}

/** The record of a test; `undefined` where there is none, or none that can be read: nobody needs a test. */
function* readRecord(
  kernel: Parameters<typeof loadRecord>[0],
  folder: Folder,
): Task<TestRecord | undefined> {
  let record: JsonObject | undefined;
  try {
    record = yield* loadRecord(kernel, folder, RECORD);
  } catch (error) {
    if (!isFailed(error, "damaged")) throw error as Failed;
  }
  const { point, startedAt } = record ?? {};
  if (!isIdentity(point) || typeof startedAt !== "number") return undefined;
  return { point: point as PointId, startedAt };
}
