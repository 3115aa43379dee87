/**
 * The end of a run: everything heals, guests go on writing for a while, and every machine that is still
 * replicated must have a point of its own time within three cycles and what the transfer takes (I47).
 *
 * @module
 */

import { PEER_SILENCE_MAX } from "../../core/base/limits.ts";
import { SECOND } from "../../core/base/units.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import { as, during, type Pace, type Paced } from "./paced.ts";
import { narrowest, widest } from "./scenario.ts";
import { SPARE_SECTORS } from "./spare_disks.ts";

/** What recovery, retry and greeting may take on top of cycles, µs. */
const GRACE = 10 * SECOND;
/** How long a planned failover may wait for the other side, µs. */
const MOVING = 150 * SECOND;
/** How many points of each machine are read again at the end. */
const READ_AGAIN = 3;

/** Brings a run to its end. */
export class Ending {
  readonly #drill: Drill;
  readonly #pace: Pace;
  /** Guests write no more. */
  #still = false;

  constructor(drill: Drill, pace: Pace) {
    this.#drill = drill;
    this.#pace = pace;
  }

  /** Heals, waits, judges. */
  *run(): Paced {
    const drill = this.#drill;
    const { simulated } = drill;
    drill.faults.heal();
    const healed = simulated.now;
    // A packet that a slow link took on comes when it comes.
    const carried = Math.max(0, ...simulated.net.links.map(({ carriesFor }) => carriesFor));
    const patience = Math.max(...drill.machines.map((machine) => this.#patience(machine)));
    const deadline = healed + carried + patience;
    let step = 0;
    const write = () => {
      if (this.#still) return;
      for (const machine of drill.machines) this.#write(machine, step);
      step++;
      if (simulated.now < deadline - SECOND) simulated.schedule(700_000, write);
    };
    write();
    const agree = () => drill.machines.some((machine) => !this.#agrees(machine, healed));
    yield* as(simulated, this.#pace, agree, deadline - healed);
    this.#still = true;
    if (simulated.stopped) return;
    for (const machine of drill.machines) this.#judge(machine, healed);
    yield* this.#overdue(healed);
    if (simulated.stopped) return;
    yield* this.#lastLook();
    if (drill.scenario.seed % 8 === 0 && !simulated.stopped) yield* this.#calm();
  }

  /** Nobody writes, nothing fails: little must happen. */
  *#calm(): Paced {
    const { simulated, machines } = this.#drill;
    const micros = 2 * Math.max(...machines.map(({ spec }) => spec.frequency)) + SECOND;
    const moved = () => simulated.net.links.reduce((sum, { bytes }) => sum + bytes, 0);
    // First the last writes travel.
    yield* during(simulated, this.#pace, micros);
    const { events } = simulated;
    const bytes = moved();
    yield* during(simulated, this.#pace, micros);
    const calm = { micros, events: simulated.events - events, bytes: moved() - bytes };
    if (!simulated.stopped) this.#drill.tell({ kind: "calm", ...calm });
  }

  /** What was asked before everything healed has ended. */
  *#overdue(healed: number): Paced {
    const { simulated, operator } = this.#drill;
    // One that waits for the other side to take a machine over may do so for minutes, and says so in the end.
    const moving = operator.overdue(healed).some(({ verb }) => verb === "failover planned");
    yield* as(
      simulated,
      this.#pace,
      () => operator.overdue(healed).length > 0,
      moving ? MOVING : 3 * GRACE,
    );
    if (simulated.stopped) return;
    for (const { host, vm, verb, since } of this.#drill.operator.overdue(healed)) {
      const state = { outcome: undefined, before: "", after: "" };
      const took = this.#drill.now - since;
      this.#drill.tell({ kind: "verb", host, vm, verb, ...state, took });
    }
  }

  /** A few writes to places that the end of the scenario decides. */
  #write(machine: MachineRun, step: number): void {
    const vm = machine.index;
    for (const [disk, size] of machine.spec.disks.entries()) {
      const sector = (step * 7 + disk * 3 + this.#drill.scenario.seed) % size;
      machine.guest.act({ kind: "write", vm, disk, sector, count: 1, rough: false });
    }
  }

  /** How long a machine may take, µs. */
  #patience(machine: MachineRun): number {
    const { disks } = machine.spec;
    const { link, machines } = this.#drill.world;
    const all = this.#drill.scenario.events;
    const { frequency } = widest(machine.spec, machine.index, all);
    const bandwidth = narrowest(machine.spec, machine.index, all);
    const events: readonly { readonly kind: string; readonly what?: string }[] =
      this.#drill.scenario.events;
    const speeds = [bandwidth, link.bandwidth].filter((speed) => speed > 0);
    const spare = all.some(({ kind }) => kind === "disk") ? SPARE_SECTORS : 0;
    const bytes = disks.reduce((sum, sectors) => sum + sectors * 512, spare * 512) *
      machines.length;
    const transfer = speeds.length === 0 ? 0 : (2 * bytes * SECOND) / Math.min(...speeds);
    // A frame whose length was changed on the way keeps its reader waiting until the peer counts as silent.
    const garbled = events.some(({ kind, what }) => kind === "link" && what === "corruptRate");
    const silence = garbled ? PEER_SILENCE_MAX : 0;
    return 3 * frequency + Math.ceil(transfer) + GRACE + silence;
  }

  /** True when a point that was cut after `healed` is staged, or nothing is expected. */
  #agrees(machine: MachineRun, healed: number): boolean {
    const there = this.#drill.awayOf(machine).current?.server;
    const replica = there === undefined ? undefined : replicaOf(there, machine.spec.name);
    if (machine.burnt) {
      const nothing = replica?.store.points.every(({ broken }) => broken !== undefined) ?? true;
      return machine.retired || (there !== undefined && nothing);
    }
    // Amid a planned move the other side has taken it up, and is its primary a moment later.
    if (machine.planned && replica?.state === "FailedOver") return false;
    // Failed over at the end: nothing is sent until somebody cancels.
    const over = machine.failover !== undefined || replica?.record.failover !== undefined;
    if (machine.retired || over) return this.#knows(machine);
    const newest = machine.told[machine.told.length - 1];
    const cut = newest === undefined ? undefined : machine.cuts.get(newest);
    return cut !== undefined && cut.time >= healed && machine.staged.includes(newest as never);
  }

  /** The primary of a machine that was failed over knows it, or has no business with it. */
  #knows(machine: MachineRun): boolean {
    const server = this.#drill.homeOf(machine).current?.server;
    if (server === undefined) return false;
    const { vm } = machine.guest;
    if (primaryOf(server, vm) === undefined) return true;
    const { state, health } = server.primary.status(vm);
    if (state === "Disabled" || state === "Error") return true;
    // One that was paused asks nobody.
    if (state === "Suspended" && health !== "Normal") return true;
    const there = this.#drill.awayOf(machine).current?.server;
    if (there === undefined) return false;
    // A replica that could not be opened, for its state is older than a failover, tells nobody how that ended.
    const unopened = there.replica.names().includes(vm) &&
      replicaOf(there, vm) === undefined;
    // A complete is one from its record on; whoever asked for it is answered later.
    const completed = machine.retired || replicaOf(there, vm)?.state === "FailedOver";
    return (unopened || !completed) && health !== "Normal";
  }

  /**
   * True for a replica whose state is of a time in which it had a disk that was taken out, or left out, since: the file
   * went with the points that had it, and the replica says so and opens no more.
   */
  #missesDisk(machine: MachineRun): boolean {
    const { vm } = machine.guest;
    const { faults, scenario } = this.#drill;
    const replica = this.#drill.awayOf(machine).current?.server.replica;
    if (!faults.restored || replica?.names().includes(vm) !== true) return false;
    const taken = scenario.events.some((event) =>
      event.kind === "disk" && event.vm === machine.index &&
      (event.change === "remove" || event.change === "exclude")
    );
    return taken && /Disk \S+ of the replica is not there/.test(JSON.stringify(replica.status(vm)));
  }

  #judge(machine: MachineRun, healed: number): void {
    const { vm } = machine.guest;
    const server = this.#drill.homeOf(machine).current?.server;
    const there = this.#drill.awayOf(machine).current?.server;
    const known = server !== undefined && primaryOf(server, vm) !== undefined;
    const status = known ? server.primary.status(vm) : {};
    this.#drill.tell({
      kind: "deadline",
      vm,
      state: String(status["state"] ?? "none"),
      health: String(status["health"] ?? "none"),
      replica: there === undefined ? "none" : replicaOf(there, vm)?.state ?? "none",
      converged: this.#agrees(machine, healed) || this.#drill.faults.rotten ||
        this.#missesDisk(machine),
      detail: JSON.stringify(status),
    });
  }

  /** Everything is read once more. */
  *#lastLook(): Paced {
    const { simulated, auditor, machines } = this.#drill;
    for (const machine of machines) {
      const here = this.#drill.homeOf(machine).current;
      const there = this.#drill.awayOf(machine).current;
      if (here !== undefined) auditor.lookAtTracking(machine, here, false);
      if (there !== undefined) auditor.lookAtPoints(machine, there, false);
      for (const point of machine.staged.slice(-READ_AGAIN)) auditor.read(machine, point, "again");
    }
    yield* during(simulated, this.#pace, SECOND);
  }
}
