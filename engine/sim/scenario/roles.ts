/**
 * Machines that change sides in a run: planned failovers in one act and step by step, prepared ones that are taken back, and
 * failovers that are reversed. A machine's `home` is the site of its primary, and moves with it.
 *
 * Who is the primary is looked up at the servers, never concluded from answers: a promotion that a crash cut off from its answer
 * is one from its record on, and what the demoted side does afterwards is its own matter.
 *
 * @module
 */
// Long because: who asks for a move, who sees that it happened, and where its guest goes on are one account.

import type { JsonObject } from "../../core/base/json.ts";
import { relate } from "../../core/lineage/generation.ts";
import { wordsOf } from "../oracle/stamp.ts";
import type { Guest } from "../guests/guest.ts";
import type { SimProcess } from "../process.ts";
import type { Drill } from "./drill.ts";
import { type FailoverRun, type MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import { fileAt } from "./replica_files.ts";
import type { RoleAction } from "./scenario.ts";
import { retentionOf } from "./scenario.ts";
import type { Site } from "./site.ts";

/** A machine whose guest is to be started at its new home. */
interface Boot {
  /** The failover that was reversed; none where it was planned. */
  readonly failover: FailoverRun | undefined;
  /** The disks of its old home, where nothing has happened to that host since the guest left them. */
  readonly left: readonly Uint8Array[] | undefined;
}

/** What an administrator shuts down, and in which process that goes on. */
type Shutting = Map<MachineRun, SimProcess>;

/** Changes roles, and follows who has which. */
export class Roles {
  readonly #drill: Drill;
  readonly #boots = new Map<MachineRun, Boot>();
  readonly #shutting: Shutting = new Map();
  /** In which process of its home a guest was shut down for a planned failover. */
  readonly #leftIn = new Map<MachineRun, number>();

  constructor(drill: Drill) {
    this.#drill = drill;
  }

  /** Does what the scenario says; one that is where it is to go already stays there. */
  act(machine: MachineRun, { what, to }: RoleAction, told: JsonObject = {}): void {
    // What is left of a machine whose home burned is brought up for good, unless the scenario has a new home for it.
    const lost = machine.burnt && this.#drill.scenario.scripted !== true;
    // Final is final in a random run; in a drill whoever completed a failover protects the machine the other way round.
    const retired = machine.retired && !(what === "reverse" && this.#reversesFinal(machine));
    if (retired || lost || machine.home === to) return;
    if (what === "reverse") this.#reverse(machine, told);
    else if (what === "cancel" || what === "force") {
      // Nobody takes back by force what was given away: both sides would go on.
      const given = machine.planned || machine.failover !== undefined;
      this.#takeBack(machine, what === "force" && !given);
    } else this.#move(machine, what);
  }

  /** True while its guest is yet to be started at its new home. */
  boots(machine: MachineRun): boolean {
    return this.#boots.has(machine);
  }

  /** The other side cannot take it up, whatever it has promised: it is taken back. */
  refused(machine: MachineRun): void {
    machine.planned = false;
    this.#takeBack(machine, false);
  }

  /** What comes of it, looked at every second. */
  look(machine: MachineRun): void {
    if (!machine.roaming || this.settle(machine)) return;
    const drill = this.#drill;
    const home = drill.homeOf(machine);
    const { current } = home;
    if (current === undefined) return;
    this.#resolve(machine);
    if (!machine.shut) return;
    if (this.#boots.has(machine)) return this.#boot(machine);
    if (this.#shutting.get(machine)?.alive === true) return;
    if (drill.operator.busy(home, machine)) return;
    const quiet = drill.faults.quietFor >= 0;
    if (quiet && machine.failover === undefined) {
      if (this.#takeUp(machine) || this.#reverseForgotten(machine)) return;
    }
    if (machine.failover !== undefined) return quiet ? this.#reverse(machine) : undefined;
    const state = primaryOf(current.server, machine.spec.name)?.state;
    if (state === "PreparedForFailover") {
      if (!quiet) return;
      if (machine.planned) this.#move(machine, "planned");
      else this.#takeBack(machine, false);
    } else if (state !== undefined) this.#goOn(machine);
  }

  /** A guest could not read the disks of a failover when it began, and is started there now; false where there is none. */
  #takeUp(machine: MachineRun): boolean {
    const { current } = this.#drill.awayOf(machine);
    const replica = current === undefined
      ? undefined
      : replicaOf(current.server, machine.spec.name);
    const failover = replica?.record.failover;
    if (replica === undefined || failover === undefined || machine.takenUpBy(replica)) return false;
    this.#drill.operator.failovers.begin(machine, failover.point);
    return true;
  }

  /** A replica was put back to before it had promised to take the machine, and had begun: its administrator goes on with that. */
  #reverseForgotten(machine: MachineRun): boolean {
    const drill = this.#drill;
    const away = drill.awayOf(machine);
    const record = away.current === undefined
      ? undefined
      : replicaOf(away.current.server, machine.spec.name)?.record;
    if (record === undefined || record.planned?.taken === true || record.reverse !== undefined) {
      return false;
    }
    if (record.failover === undefined && record.state !== "FailedOver") return false;
    if (drill.operator.tests.drop(machine)) return true;
    drill.operator.ask(away, machine, "failover reverse", this.#wayBack(machine), () => {
      drill.roles.settle(machine);
    });
    return true;
  }

  /** What is said of the way back by whoever reverses. */
  #wayBack({ home, spec }: MachineRun): JsonObject {
    const { name: vm, frequency, compression } = spec;
    return { vm, to: `${home}:7700`, frequency, compression, retention: retentionOf(spec) };
  }

  /**
   * Both sides went on: once nothing goes wrong any more its home is kept. Either side is asked, whatever it was told since its
   * server was started.
   */
  #resolve(machine: MachineRun): void {
    const drill = this.#drill;
    const { vm } = machine.guest;
    const [home, away] = [drill.homeOf(machine), drill.awayOf(machine)];
    const [ours, theirs] = [home, away].map(({ current }) =>
      current === undefined ? undefined : primaryOf(current.server, vm)
    );
    if (drill.faults.quietFor < 0 || ours === undefined || theirs === undefined) return;
    if (relate(ours.ancestry, theirs.ancestry) !== "split") return;
    const site = drill.scenario.seed % 2 === 0 ? home : away;
    const args = { vm, keep: ours.generation };
    drill.operator.ask(site, machine, "failover resolve", args, (result) => {
      if (result !== undefined) drill.probe("split/resolved");
    });
  }

  /** It has not moved: its guest is started again where it was. */
  #goOn(machine: MachineRun): void {
    const { current } = this.#drill.homeOf(machine);
    if (current === undefined) return;
    machine.shut = false;
    machine.planned = false;
    machine.guest.attach(current);
  }

  #move(machine: MachineRun, what: "planned" | "prepare"): void {
    const drill = this.#drill;
    const home = drill.homeOf(machine);
    const { current } = home;
    const { vm } = machine.guest;
    const state = current === undefined ? undefined : primaryOf(current.server, vm)?.state;
    if (current === undefined || machine.failover !== undefined) return;
    if (state !== "Replicating" && state !== "PreparedForFailover") return;
    if (this.#boots.has(machine) || drill.operator.busy(home, machine)) return;
    if (!machine.shut) this.#leftIn.set(machine, home.host.incarnations);
    machine.roaming = true;
    if (what === "planned") machine.planned = true;
    this.#shutDown(home, machine, machine.guest, () => {
      drill.operator.ask(home, machine, `failover ${what}`, { vm }, (_, code) => {
        const quiet = drill.faults.quietFor >= 0;
        // Nobody knows what its disks hold; or it was made anew, and has nothing of the machine.
        const anew = code === "not-the-base";
        if (quiet && (anew || code === "disk-suspect")) this.#takeBack(machine, anew);
        // The other side has it and cannot do it yet: nobody asks again at once.
        else if (code !== "wrong-state") this.look(machine);
      });
    });
  }

  /** Shuts down a guest of the machine, which stays off until it has moved, or does not. */
  #shutDown(site: Site, machine: MachineRun, guest: Guest, then: () => void): void {
    const { current } = site;
    if (current === undefined) return;
    const shutting = this.#shutting;
    machine.shut = true;
    shutting.set(machine, current.process);
    this.#drill.within(site, `shutdown/${guest.vm}`, function* () {
      yield* guest.detach();
      shutting.delete(machine);
      then();
    });
  }

  #takeBack(machine: MachineRun, force: boolean): void {
    const drill = this.#drill;
    const home = drill.homeOf(machine);
    const { vm } = machine.guest;
    const server = home.current?.server;
    const state = server === undefined ? undefined : primaryOf(server, vm)?.state;
    if (state !== "PreparedForFailover") return;
    drill.operator.ask(
      home,
      machine,
      "failover cancel",
      force ? { vm, force } : { vm },
      (result, code) => {
        if (result !== undefined) this.#remember(machine);
        if (result !== undefined) drill.probe(force ? "planned/forced" : "planned/cancelled");
        if (code !== "wrong-state") this.look(machine);
      },
    );
  }

  #reverse(machine: MachineRun, told: JsonObject = {}): void {
    const drill = this.#drill;
    const { failover, guest: { vm } } = machine;
    const home = drill.homeOf(machine);
    const away = drill.awayOf(machine);
    if (failover === undefined || away.current === undefined) return;
    if (failover.completed && !this.#reversesFinal(machine)) return;
    // Nobody takes a replica up beneath tests of it.
    if (drill.operator.busy(away, machine) || drill.operator.tests.drop(machine)) return;
    this.#shutDown(home, machine, machine.guest, () => {});
    machine.roaming = true;
    machine.shut = true;
    const args = { ...this.#wayBack(machine), ...told };
    drill.within(away, `shutdown/${vm}`, function* (host) {
      yield* failover.guest.detach();
      drill.operator.ask(away, machine, "failover reverse", args, () => {
        if (drill.roles.settle(machine) || machine.failover !== failover) return;
        // Of one that is final nobody offers the disks any more.
        if (away.current === host && !failover.completed) failover.guest.attach(host);
      });
    });
  }

  #reversesFinal({ failover }: MachineRun): boolean {
    return failover?.completed === true && this.#drill.scenario.scripted === true;
  }

  /** A machine that was prepared is its home's again, by an administrator's word. */
  takenBack(machine: MachineRun): void {
    this.#remember(machine);
    this.look(machine);
  }

  /** A machine that was taken back by force is of a generation that the other side has not heard of. */
  #remember(machine: MachineRun): void {
    const { current } = this.#drill.homeOf(machine);
    const real = current === undefined ? undefined : primaryOf(current.server, machine.guest.vm);
    if (real !== undefined) machine.generations.add(real.generation);
  }

  /** Sees whether the other side is the primary by now, and has the machine move there; true if it has. */
  settle(machine: MachineRun): boolean {
    const drill = this.#drill;
    const away = drill.awayOf(machine);
    if (!machine.roaming || away.current === undefined) return false;
    const real = primaryOf(away.current.server, machine.spec.name);
    // A primary of a generation that its home knows is the one that it left, and was not told yet.
    if (real === undefined || machine.generations.has(real.generation)) return false;
    const home = drill.homeOf(machine);
    const old = home.current === undefined
      ? undefined
      : primaryOf(home.current.server, machine.spec.name);
    for (const { generation } of [...real.ancestry, ...old?.ancestry ?? []]) {
      machine.generations.add(generation);
    }
    const { failover, guest } = machine;
    drill.operator.tests.gone(machine);
    const settled = failover === undefined && this.#leftIn.get(machine) === home.host.incarnations;
    const left = settled ? contentsOf(home, this.#paths(machine)) : undefined;
    machine.former = undefined;
    if (failover !== undefined) {
      machine.former = guest;
      machine.guest = failover.guest;
      machine.failover = undefined;
      drill.within(home, `shutdown/${guest.vm}`, () => guest.detach());
    }
    drill.probe(failover === undefined ? "planned/moved" : "reverse/moved");
    if (failover !== undefined && away.name === "a") drill.probe("reverse/failed-back");
    machine.home = away.name;
    machine.claimed = undefined;
    // A reversal that was cut short behind the complete looked like no more than that.
    machine.retired = false;
    machine.burnt = false;
    machine.moves++;
    machine.paths = real.disks.map(({ path }) => path);
    const base = real.tracked[0]?.base;
    const sure = base?.kind === "point" ? base.point : undefined;
    drill.failbacks.begin(machine, failover === undefined ? sure : failover.point);
    machine.shut = true;
    machine.planned = false;
    this.#boots.set(machine, { failover, left });
    this.#boot(machine);
    return true;
  }

  #paths(machine: MachineRun): readonly string[] {
    return machine.paths ?? machine.spec.disks.map((_, disk) => machine.device(disk));
  }

  /** Starts its guest at its new home, once its disks were read whole and judged. */
  #boot(machine: MachineRun): void {
    const drill = this.#drill;
    const boot = this.#boots.get(machine);
    const home = drill.homeOf(machine);
    if (boot === undefined || this.#shutting.get(machine)?.alive === true) return;
    const boots = this.#boots;
    const { guest } = machine;
    const judge = (image: readonly Uint8Array[]) => this.#judge(machine, boot, image);
    drill.within(home, `boot/${guest.vm}`, function* (host) {
      const image = yield* guest.image(host);
      if (image === undefined || boots.get(machine) !== boot) return;
      boots.delete(machine);
      judge(image);
      machine.shut = false;
      guest.begin();
      guest.attach(host);
    });
  }

  #judge(machine: MachineRun, { failover, left }: Boot, image: readonly Uint8Array[]): void {
    const drill = this.#drill;
    const { vm, history } = machine.guest;
    // Its server died amid the reversal: what was not flushed by then may be gone.
    if (failover?.died === true) return drill.operator.failovers.survived(failover, image);
    const judgement = history.judge(image, drill.instant());
    const different = [...(left ?? []).entries()].flatMap(([disk, bytes]) =>
      same(bytes, image[disk] ?? new Uint8Array(0)) ? [] : [disk]
    );
    drill.tell({ kind: "moved", vm, judgement, different });
  }

  /**
   * The server at the home of a machine died; true where its guest was not started there yet: nothing of what it has then may be
   * lost, and that is judged when it is started.
   */
  homeDied(machine: MachineRun, how: "kill" | "power"): boolean {
    const boot = this.#boots.get(machine);
    if (boot?.failover?.died === true && how === "power") boot.failover.lostPower = true;
    return boot !== undefined;
  }

  /** The server at the other site died. */
  awayDied(machine: MachineRun, how: "kill" | "power"): void {
    machine.former?.lost();
    // What was not flushed there may be gone, whenever that side hears that it is the replica.
    if (how === "power") machine.former = undefined;
  }
}

/** What the disks of a machine hold at a site. */
function contentsOf({ host }: Site, paths: readonly string[]): readonly Uint8Array[] | undefined {
  const all = paths.map((path) =>
    (host.disks.get(path)?.node ?? fileAt(host, path))?.sectors.peek().slice()
  );
  return all.every((bytes) => bytes !== undefined) ? all as Uint8Array[] : undefined;
}

/** True where `other` holds what `one` does; behind that it may have grown since. */
function same(one: Uint8Array, other: Uint8Array): boolean {
  const words = wordsOf(other);
  return one.length <= other.length && wordsOf(one).every((word, at) => word === words[at]);
}
