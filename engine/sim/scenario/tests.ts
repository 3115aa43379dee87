/**
 * Test failovers in a run: machines beside replication, with guests of their own, which crashes and losses of power
 * must leave as they were flushed, and which must leave nothing when they are deleted (I32).
 *
 * @module
 */

import type { JsonObject } from "../../core/base/json.ts";
import { MILLISECOND, type PointId } from "../../core/base/units.ts";
import { Directory } from "../directory.ts";
import { Guest, type GuestHost } from "../guests/guest.ts";
import { MachineHistory, NEVER } from "../oracle/history.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, replicaOf } from "./machine_run.ts";

/** A test that a run knows of. */
interface TestRun {
  readonly name: string;
  readonly guest: Guest;
  /** Its server died, and what is left was not looked at yet. */
  died: "kill" | "power" | undefined;
  /** It is being deleted. */
  deleting: boolean;
}

/** Asks the server of its replica for a verb about a machine. */
export type Ask = (
  machine: MachineRun,
  args: JsonObject,
  then: (result: JsonObject | undefined) => void,
) => void;

/** Between two requests of a test's guest, µs. */
const PACE = 70 * MILLISECOND;

/** The tests of all machines. */
export class Tests {
  readonly #drill: Drill;
  readonly #ask: Ask;
  readonly #runs = new Map<MachineRun, Map<string, TestRun>>();
  /** Histories so far: what one test wrote is told from what another did. */
  #made = 0;

  constructor(drill: Drill, ask: Ask) {
    this.#drill = drill;
    this.#ask = ask;
  }

  #of(machine: MachineRun): Map<string, TestRun> {
    const known = this.#runs.get(machine) ?? new Map<string, TestRun>();
    this.#runs.set(machine, known);
    return known;
  }

  /** Makes a test on the newest point but `back`, whose guest asks for so many writes. */
  make(machine: MachineRun, back: number, writes: number, told: JsonObject = {}): void {
    const { vm } = machine.guest;
    const server = this.#drill.awayOf(machine).current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, vm);
    if (replica === undefined || machine.leaving) return;
    const sound = replica.store.points.filter(({ broken }) => broken === undefined);
    const point = sound[Math.max(0, sound.length - 1 - back)]?.id;
    const args = point === undefined ? { vm, ...told } : { vm, point, ...told };
    this.#ask(machine, args, (result) => {
      if (result === undefined) return;
      this.#drill.probe("test/made");
      this.#boot(machine, String(result["vm"]), result["point"] as PointId, writes);
    });
  }

  /** Starts a guest on a test, once its disks were read whole. */
  #boot(machine: MachineRun, name: string, point: PointId, writes: number): void {
    const drill = this.#drill;
    const runs = this.#of(machine);
    const { disks } = machine.spec;
    const number = 200 + (this.#made++ % 50);
    const blank = new Guest(drill.guests, name, new MachineHistory(number, disks));
    const write = (run: TestRun) => this.#write(run, disks, writes);
    drill.within(drill.awayOf(machine), `boot/${name}`, function* (host) {
      const image = yield* blank.image(host);
      if (image === undefined || runs.has(name)) return;
      drill.auditor.seen(machine, point, image, "test");
      const guest = new Guest(drill.guests, name, new MachineHistory(number, disks, image));
      const run: TestRun = { name, guest, died: undefined, deleting: false };
      runs.set(name, run);
      guest.attach(host);
      write(run);
    });
  }

  #write({ guest }: TestRun, disks: readonly number[], writes: number): void {
    const { simulated } = this.#drill;
    for (let step = 0; step < writes; step++) {
      const disk = step % disks.length;
      const sector = (step * 5 + 1) % (disks[disk] as number);
      const place = { vm: 0, disk, sector, count: 1 };
      simulated.schedule((step + 1) * PACE, () => {
        guest.act({ kind: "write", ...place, rough: step % 2 === 0 });
        guest.act({ kind: "read", ...place });
        if (step % 3 === 0) guest.act({ kind: "flush", vm: 0, disk });
      });
    }
  }

  /** Deletes a test of the machine, the first one unless it is named; false when there is none. */
  drop(machine: MachineRun, name?: string): boolean {
    const { vm } = machine.guest;
    const server = this.#drill.awayOf(machine).current?.server;
    const first = server?.replica.tests()
      .find(({ of, test }) => of === vm && (name ?? test.name) === test.name)?.test;
    if (first === undefined) return false;
    const runs = this.#of(machine);
    const run = runs.get(first.name);
    this.#ask(machine, { vm, delete: first.name }, (result) => {
      if (result === undefined) {
        if (run !== undefined) run.deleting = false;
        return;
      }
      runs.delete(first.name);
      this.#drill.probe("test/deleted");
      const residue = this.#residue(machine, first.number);
      this.#drill.tell({ kind: "test-deleted", vm, name: first.name, residue });
    });
    if (run !== undefined) run.deleting = true;
    return true;
  }

  /** What there is of a test that is not there any more. */
  #residue(machine: MachineRun, number: number): readonly string[] {
    const { vm } = machine.guest;
    const { host, current } = this.#drill.awayOf(machine);
    const replicas = host.data.entries.get("replicas");
    const folder = replicas instanceof Directory ? replicas.entries.get(vm) : undefined;
    const tests = folder instanceof Directory ? folder.entries.get("tests") : undefined;
    const left: string[] = [];
    if (
      tests instanceof Directory && (tests.entries.size === 0 || tests.entries.has(`${number}`))
    ) {
      left.push("a folder");
    }
    const store = current === undefined ? undefined : replicaOf(current.server, vm)?.store;
    if (store?.holds.has(`test-${number}`)) left.push("a hold");
    return left;
  }

  /** The server of its replica died. */
  died(machine: MachineRun, how: "kill" | "power"): void {
    for (const run of this.#of(machine).values()) {
      run.guest.lost();
      if (run.died !== "power") run.died = how;
    }
  }

  /** The replica is gone, or has become the primary, and its tests with it. */
  gone(machine: MachineRun): void {
    this.#runs.delete(machine);
  }

  /** The server of its replica opened: tests are there as they were left. */
  resumed(machine: MachineRun, host: GuestHost): void {
    const { vm } = machine.guest;
    if (replicaOf(host.server, vm) === undefined) return;
    const runs = this.#of(machine);
    const found = host.server.replica.tests().filter(({ of }) => of === vm);
    for (const run of [...runs.values()]) {
      if (found.some(({ test }) => test.name === run.name)) continue;
      runs.delete(run.name);
      // Whoever takes a machine up for good has ended its tests.
      if (!run.deleting && !machine.planned) this.#lost(machine, run, "it is gone");
    }
    for (const { test } of found) {
      const run = runs.get(test.name);
      // One of which nobody was told is looked at like one that was.
      if (run === undefined) this.#boot(machine, test.name, test.point, 0);
      else if (test.failure === undefined) this.#goOn(machine, run);
      else this.#lost(machine, run, test.failure.message);
    }
  }

  #lost(machine: MachineRun, { name }: TestRun, why: string): void {
    const drill = this.#drill;
    if (drill.rotten || drill.doubtful(drill.awayOf(machine).name)) return;
    drill.tell({ kind: "test-lost", vm: machine.guest.vm, name, why });
  }

  /** Judges what a crash left of a test; its history goes on from there. */
  #goOn(machine: MachineRun, run: TestRun): void {
    const drill = this.#drill;
    run.deleting = false;
    drill.within(drill.awayOf(machine), `boot/${run.name}`, function* (host) {
      const { guest, died } = run;
      const image = yield* guest.image(host);
      if (image === undefined || died === undefined || run.deleting) return;
      const { history, flushed, vm } = guest;
      const now = drill.instant();
      const judgement = history.judgeSurvivors(
        image,
        now,
        (request) => died === "power" ? flushed.has(request) : request.acknowledged !== NEVER,
        died === "kill",
      );
      if (!drill.rotten) drill.tell({ kind: "survived", vm, how: died, judgement });
      history.rebase(image, now);
      flushed.clear();
      run.died = undefined;
      drill.probe("test/survived");
      guest.attach(host);
    });
  }
}
