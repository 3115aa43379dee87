/**
 * Failovers of a run: begun at the replica, with a guest on what they offer, cancelled, completed, and what crashes
 * leave of them.
 *
 * @module
 */

import type { JsonObject } from "../../core/base/json.ts";
import type { PointId } from "../../core/base/units.ts";
import { Guest, type GuestHost } from "../guests/guest.ts";
import { MachineHistory, NEVER } from "../oracle/history.ts";
import type { Drill } from "./drill.ts";
import { type FailoverRun, type MachineRun, replicaOf } from "./machine_run.ts";
import type { Site } from "./site.ts";
import type { Tests } from "./tests.ts";

/** Asks a server for a verb about a machine; `then` takes what it returned, or the code of its failure. */
type Ask = (
  site: Site,
  machine: MachineRun,
  verb: string,
  args: JsonObject,
  then: (result: JsonObject | undefined, code: string) => void,
) => void;

/** What the administrator of the replica does about failovers. */
export class Failovers {
  readonly #drill: Drill;
  readonly #tests: Tests;
  readonly #ask: Ask;

  constructor(drill: Drill, tests: Tests, ask: Ask) {
    this.#drill = drill;
    this.#tests = tests;
    this.#ask = ask;
  }

  /** Fails a machine over to its newest point, or to the sound one `back` before it. */
  start(machine: MachineRun, back: number, told: JsonObject = {}): void {
    const b = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    const server = b.current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, vm);
    if (replica === undefined || machine.failover !== undefined) return;
    const { points } = replica.store;
    const sound = points.filter(({ broken }) => broken === undefined);
    const chosen = back === 0 ? undefined : sound[Math.max(0, sound.length - 1 - back)]?.id;
    const newest = sound[sound.length - 1]?.id;
    const args = chosen === undefined ? { vm, ...told } : { vm, point: chosen, ...told };
    this.#ask(b, machine, "failover start", args, (result) => {
      if (result === undefined) return;
      const started = result["point"] as PointId;
      const asked = chosen ?? newest ?? "";
      this.#drill.tell({ kind: "failed-over", vm, asked: back === 0 ? started : asked, started });
      if (started !== newest) this.#drill.probe("failover/to-an-older-point");
      this.begin(machine, started);
    });
  }

  /** Starts a guest on what the failover offers, once its disks were read whole. */
  begin(machine: MachineRun, point: PointId): void {
    const drill = this.#drill;
    const b = drill.awayOf(machine);
    const { vm } = machine.guest;
    const ground = drill.guests;
    const blank = new Guest(
      ground,
      vm,
      new MachineHistory(machine.index + 100, machine.largest),
    );
    drill.within(b, `boot/${vm}`, function* (host) {
      const image = yield* blank.image(host);
      if (image === undefined) return;
      if (machine.failover !== undefined) return;
      drill.auditor.seen(machine, point, image, "failover");
      const history = new MachineHistory(machine.index + 100, machine.largest, image);
      const guest = new Guest(ground, vm, history);
      machine.failover = {
        point,
        guest,
        completed: false,
        lostPower: false,
        died: false,
        shut: false,
        told: false,
      };
      guest.attach(host);
    });
  }

  /** A server at `b` opened: a failover that it resumed gets its guest back. */
  resumed(machine: MachineRun, host: GuestHost): void {
    const { vm } = machine.guest;
    const replica = replicaOf(host.server, vm);
    if (replica === undefined) return;
    const { failover } = replica.record;
    const known = machine.failover;
    if (machine.takenUpBy(replica) && known === undefined) return;
    if (failover === undefined) {
      if (known === undefined || known.completed) return;
      // A crash amid cancel or complete: what the server made of it counts.
      const { state, store } = replica;
      if (state !== "FailedOver") machine.failover = undefined;
      else if (store.newest !== undefined) this.#completedInCrash(machine, known, store.newest.id);
      return;
    }
    if (known === undefined) return this.begin(machine, failover.point);
    const survived = (image: readonly Uint8Array[]) => this.survived(known, image);
    // Nobody gets its disks any more: what is left to do is to complete it.
    known.shut = failover.completing;
    this.#drill.within(this.#drill.awayOf(machine), `boot/${vm}`, function* (here) {
      const image = yield* known.guest.image(here);
      if (image === undefined) return;
      survived(image);
      known.guest.attach(here);
    });
  }

  /** Judges what a crash left of a failed-over machine; its history goes on from there. */
  survived(run: FailoverRun, image: readonly Uint8Array[]): void {
    const drill = this.#drill;
    const now = drill.instant();
    const { vm, history, flushed } = run.guest;
    const power = run.lostPower;
    const judgement = history.judgeSurvivors(
      image,
      now,
      (request) => power ? flushed.has(request) : request.acknowledged !== NEVER,
      !power,
    );
    // The overlay is the only copy of what its guest wrote: a last record that rotted looks like one that was torn.
    if (!drill.rotten) {
      drill.tell({ kind: "survived", vm, how: power ? "power" : "kill", judgement });
    }
    history.rebase(image, now);
    flushed.clear();
    run.lostPower = false;
    run.died = false;
  }

  /** A server that opened went on with a complete: what it merged is what the crash had left of its guest's writes. */
  #completedInCrash(machine: MachineRun, run: FailoverRun, point: PointId): void {
    if (!run.told) this.#drill.probe("failover/completed-in-a-crash");
    this.survived(run, this.#drill.auditor.files(machine));
    this.completed(machine, point);
  }

  /** The server under a failed-over machine died. */
  died(machine: MachineRun, how: "kill" | "power"): void {
    const { failover } = machine;
    if (failover === undefined) return;
    failover.guest.lost();
    failover.died = true;
    failover.shut = false;
    if (how === "power") failover.lostPower = true;
  }

  /** Cancels a failover that is not complete. */
  cancel(machine: MachineRun): void {
    const { failover } = machine;
    if (failover === undefined || failover.completed || machine.burnt) return;
    const { vm } = machine.guest;
    this.#ask(this.#drill.awayOf(machine), machine, "failover cancel", { vm }, (result) => {
      if (result !== undefined && machine.failover === failover) machine.failover = undefined;
    });
  }

  /** Shuts its guest down and completes a failover. */
  complete(machine: MachineRun): void {
    const { failover } = machine;
    if (failover === undefined || failover.completed || this.#tests.drop(machine)) return;
    const { vm } = machine.guest;
    const b = this.#drill.awayOf(machine);
    const drill = this.#drill;
    const complete = () =>
      this.#ask(b, machine, "failover complete", { vm }, (result, code) => {
        // A disk that failed is open again only after a restart.
        if (code === "disk-failed") b.host.kill();
        if (result === undefined) return;
        // Told by a server that was on its way down: the next one shows where its disks lie.
        failover.told = b.current === undefined;
        if (failover.told) return;
        const point = result["point"] as PointId;
        if (failover.died) this.#completedInCrash(machine, failover, point);
        else this.completed(machine, point);
      });
    drill.within(b, `shutdown/${vm}`, function* () {
      yield* failover.guest.detach();
      failover.shut = true;
      complete();
    });
  }

  /** A failover is final: its point is what the machine is from here on. */
  completed(machine: MachineRun, point: PointId): void {
    const { failover } = machine;
    if (failover === undefined) return;
    failover.completed = true;
    machine.retired = true;
    this.#drill.auditor.completed(machine, point);
  }
}
