/**
 * One short life of a tiny protected machine, from enabling to the end of a failover, in phases; and what
 * a crash at a given port call of a given phase makes of it.
 *
 * Rule: up to the crash every life is the same life, so the calls of a phase can be counted once and then
 * swept. It knows how to go on after a crash, as an administrator would: a verb whose effect is not there
 * is asked for again. What must hold is judged by the invariants of the simulated world, and by the few
 * of this file about failover verbs and ends.
 *
 * @module
 */

// Long because: a life is one story, from what the world is like to what must be true at its end.

import { MILLISECOND, SECOND } from "../../engine/core/base/units.ts";
import type { PointId } from "../../engine/core/base/units.ts";
import type { Kernel } from "../../engine/core/ports/codec.ts";
import type { ReplicaMachine } from "../../engine/core/replica/replica_machine.ts";
import type { Invariant } from "../../engine/sim/invariants/fact.ts";
import { INVARIANTS } from "../../engine/sim/invariants/table.ts";
import { Drill } from "../../engine/sim/scenario/drill.ts";
import { Ending } from "../../engine/sim/scenario/ending.ts";
import { type MachineRun, replicaOf } from "../../engine/sim/scenario/machine_run.ts";
import type { HostName, Scenario } from "../../engine/sim/scenario/scenario.ts";
import type { CrashKind, CrashMoment } from "../../engine/sim/world.ts";

/** The phases of a life, in their order; a life ends with cancel and resume, or with complete. */
export const PHASES = [
  "enabling",
  "initial",
  "cycle",
  "apply",
  "failover",
  "writes",
  "cancel",
  "resume",
  "complete",
] as const;
/** A phase. */
export type Phase = typeof PHASES[number];

/** A crash, and perhaps a second one while the host starts again. */
export interface CrashPoint {
  readonly phase: Phase;
  readonly host: HostName;
  /** Port call of the host, counted from 1 at the beginning of the phase. */
  readonly call: number;
  readonly when: CrashMoment;
  readonly how: CrashKind;
  /** Port call of the host counted from its first crash, at which it crashes again. */
  readonly again?: number;
}

/** What became of a life. */
export interface LifeResult {
  /** What was found wrong. */
  readonly wrong: string | undefined;
  /** How many crashes really came. */
  readonly crashes: number;
  /** Port calls of each host in each phase. */
  readonly calls: ReadonlyMap<Phase, Readonly<Record<HostName, number>>>;
  /** Port calls of the crashed host from its first crash to its server being open. */
  readonly opening: number;
}

const KEEP = 2;
/** Where the guest that was failed over writes last. */
const LAST_SECTOR = 4;
/** How long a phase may take from its beginning, crashes and restarts included. */
const PATIENCE = 60 * SECOND;
/** When a verb whose effect is not there is asked for again. */
const AGAIN = 1_300 * MILLISECOND;
/** How long a phase goes on behind its goal. */
const BEHIND = 8 * MILLISECOND;
const STORAGE = {
  readMin: 20,
  readMean: 40,
  writeMin: 10,
  writeMean: 30,
  flushMin: 100,
  flushMean: 300,
  bandwidth: 1_000_000_000,
};

/** The seed decides which sectors survive a loss of power, and which event comes first. */
const SCENARIO: Omit<Scenario, "seed"> = {
  world: {
    blockSize: 512,
    regionBlocks: 4,
    slots: 3,
    cowBlocks: 4,
    machines: [{
      name: "vm",
      disks: [24, 16],
      block: false,
      frequency: SECOND,
      keep: KEEP,
      compression: true,
      bandwidth: 0,
    }],
    link: { latency: 200, jitter: 50, bandwidth: 0, segment: 4096 },
    storage: { a: STORAGE, b: STORAGE },
    wall: { a: 0, b: 0 },
  },
  events: [],
  quiet: 0,
};

/** A life. */
export class Life {
  readonly drill: Drill;
  readonly #crash: CrashPoint | undefined;
  readonly #calls = new Map<Phase, Readonly<Record<HostName, number>>>();
  /** A crash is to come. */
  #armed = false;
  #crashes = 0;
  #crashedAt = 0;
  #opening = 0;
  /** Whether the replica must be failed over: what was answered counts. */
  #failedOver: boolean | undefined = false;
  /** Guests' steps so far, which decide where they write. */
  #step = 0;

  constructor(kernel: Kernel, seed: number, crash?: CrashPoint) {
    this.#crash = crash;
    this.drill = new Drill(
      { ...SCENARIO, seed },
      kernel,
      [...INVARIANTS, this.#verbsAreAtomic()],
      false,
    );
  }

  /** Lives it to its end, the one with `complete` or the one with `cancel`. */
  live(end: "cancel" | "complete"): LifeResult {
    let wrong: string | undefined;
    try {
      wrong = this.#live(end);
    } catch (error) {
      wrong = `thrown: ${(error as Error).stack}`;
    }
    const violation = this.drill.simulated.violations[0];
    if (violation !== undefined) wrong = `${violation.id}: ${violation.message}`;
    return { wrong, crashes: this.#crashes, calls: this.#calls, opening: this.#opening };
  }

  #live(end: "cancel" | "complete"): string | undefined {
    const { drill } = this;
    const { simulated } = drill;
    const path = PHASES.filter((phase) =>
      end === "cancel" ? phase !== "complete" : phase !== "cancel" && phase !== "resume"
    );
    simulated.afterEvent.push(() => this.#watch());
    for (const phase of path) {
      const { a, b } = drill.sites;
      const before = { a: a.host.calls, b: b.host.calls };
      if (this.#crash?.phase === phase) this.#arm(this.#crash, this.#crash.call);
      if (phase === "enabling") {
        drill.sites.a.start();
        drill.sites.b.start();
        simulated.schedule(20 * MILLISECOND, () => drill.operator.begin());
      }
      if (!this.#through(phase)) {
        return simulated.stopped ? undefined : `"${phase}" does not end: ${this.#tell()}`;
      }
      this.#calls.set(phase, { a: a.host.calls - before.a, b: b.host.calls - before.b });
      // Nothing is learnt from phases behind the crash but from those that end a failover.
      const ended = drill.machines[0]?.failover === undefined || phase === "complete";
      if (this.#crash !== undefined && ended && this.#isPast(phase)) break;
    }
    this.#armed = false;
    new Ending(drill).run();
    return this.#atRest();
  }

  #isPast(phase: Phase): boolean {
    return PHASES.indexOf(phase) >= PHASES.indexOf(this.#crash?.phase as Phase);
  }

  /** Runs a phase; false when it does not end. */
  #through(phase: Phase | "rest"): boolean {
    const { simulated } = this.drill;
    const { begin, done } = this.#phase(phase);
    const end = simulated.now + PATIENCE;
    while (!simulated.stopped && simulated.now < end) {
      begin();
      if (simulated.runWhile(() => !done(), AGAIN) !== "condition") continue;
      // What goes on behind an answer is of the phase that it answers.
      simulated.runFor(BEHIND);
      return true;
    }
    return false;
  }

  // Long because: one arm for each phase, side by side.
  #phase(phase: Phase | "rest"): { readonly begin: () => void; readonly done: () => boolean } {
    const { drill } = this;
    const [machine] = drill.machines as [MachineRun];
    const began = drill.now;
    const here = () => drill.sites.a.current?.server;
    const there = () => {
      const server = drill.sites.b.current?.server;
      return server === undefined ? undefined : replicaOf(server, "vm");
    };
    const ask = (kind: "cycle" | "cancel" | "complete") => () => {
      if (kind === "cycle") this.#write(machine);
      drill.operator.act({ kind, vm: 0 });
    };
    /** Told of `count` points cut in this phase. */
    const staged = (count: number) => {
      const fresh = (id: string) => (machine.cuts.get(id)?.time ?? -1) >= began;
      return machine.told.filter(fresh).length >= count;
    };
    switch (phase) {
      case "enabling":
        return {
          begin: () => {},
          done: () => {
            const primary = here()?.primary;
            // A machine that is being added has a name, and nothing else.
            if (primary === undefined || !primary.names().includes("vm")) return false;
            return primary.entry("vm").machine.state !== "Disabled";
          },
        };
      case "initial":
        return {
          begin: () => this.#write(machine),
          done: () => machine.told.length > 0 && machine.guest.attached,
        };
      case "rest": {
        const begin = () => drill.operator.act({ kind: "cycle", vm: 0 });
        return { begin, done: () => staged(1) };
      }
      case "cycle":
      case "resume":
        return { begin: ask("cycle"), done: () => staged(1) };
      case "apply":
        return {
          begin: ask("cycle"),
          done: () => {
            const points = there()?.store.points;
            return staged(2) && points !== undefined && points.length <= KEEP &&
              points.every(({ applied }) => applied);
          },
        };
      case "failover":
        this.#failedOver = undefined;
        return {
          begin: () => drill.operator.act({ kind: "failover", vm: 0, back: 1 }),
          done: () => machine.failover !== undefined && machine.failover.guest.attached,
        };
      case "writes": {
        const begin = () => {
          const guest = machine.failover?.guest;
          if (guest?.attached === true) this.#use(guest);
        };
        const done = () => {
          const guest = machine.failover?.guest;
          // The last write is not flushed when the failover is completed: a loss of power may take it.
          const last = guest?.history.requests.at(-1);
          return guest?.attached === true && last?.sector === LAST_SECTOR &&
            last.acknowledged !== Infinity;
        };
        return { begin, done };
      }
      case "cancel":
        this.#failedOver = undefined;
        return { begin: ask("cancel"), done: () => machine.failover === undefined };
      case "complete":
        this.#failedOver = undefined;
        return { begin: ask("complete"), done: () => machine.failover?.completed === true };
    }
  }

  /** The guest writes while the phase goes on: before, amid and behind the cut. */
  #write(machine: MachineRun): void {
    const step = this.#step++;
    for (let at = 0; at < 6; at++) {
      const disk = (step + at) % 2;
      const size = machine.spec.disks[disk] as number;
      const count = 1 + (at % 3);
      const sector = (step * 5 + at * 7) % (size - count);
      const kind = at === 4 ? "zero" as const : "write" as const;
      const act = () => machine.guest.act({ kind, vm: 0, disk, sector, count, rough: at === 2 });
      if (at < 3) act();
      else this.drill.simulated.schedule(at * MILLISECOND, act);
    }
    const flush = () => machine.guest.act({ kind: "flush", vm: 0, disk: step % 2 });
    this.drill.simulated.schedule(15 * MILLISECOND, flush);
  }

  /** The guest that was failed over writes, flushes, and writes again without a flush. */
  #use(guest: MachineRun["guest"]): void {
    const { simulated } = this.drill;
    const write = (disk: number, sector: number, count: number) =>
      guest.act({ kind: "write", vm: 0, disk, sector, count, rough: false });
    write(0, 3, 2);
    write(1, 8, 1);
    guest.act({ kind: "zero", vm: 0, disk: 0, sector: 10, count: 3 });
    simulated.schedule(3 * MILLISECOND, () => {
      for (const disk of [0, 1]) guest.act({ kind: "flush", vm: 0, disk });
    });
    // The last one is flushed by nobody.
    simulated.schedule(6 * MILLISECOND, () => write(0, LAST_SECTOR, 1));
  }

  #arm(crash: CrashPoint, call: number): void {
    const { simulated, sites } = this.drill;
    this.#armed = true;
    simulated.crashAt(crash.host, sites[crash.host].host.calls + call, crash.when, crash.how);
  }

  /** Notes the crash, has the second one come, and counts what the restart calls. */
  #watch(): void {
    const crash = this.#crash;
    if (crash === undefined) return;
    const site = this.drill.sites[crash.host];
    if (this.#armed && site.host.crashPlan === undefined) {
      this.#armed = false;
      this.#crashes++;
      this.#crashedAt = site.host.calls;
      if (this.#crashes === 1 && crash.again !== undefined) this.#arm(crash, crash.again);
    }
    if (this.#crashes > 0 && this.#opening === 0 && site.current !== undefined) {
      this.#opening = site.host.calls - this.#crashedAt;
    }
  }

  /** One more cycle while nobody writes: the newest point is what the guest's disks hold. */
  #atRest(): string | undefined {
    const { drill } = this;
    const [machine] = drill.machines as [MachineRun];
    if (drill.simulated.stopped || machine.retired) return undefined;
    if (!this.#through("rest")) return `no cycle at rest: ${this.#tell()}`;
    const point = machine.told[machine.told.length - 1] as PointId;
    let differs: string | undefined = "the newest point could not be read";
    drill.within(drill.sites.b, "sweep/read", function* ({ server }) {
      const view = yield* (replicaOf(server, "vm") as ReplicaMachine).store.view(point);
      differs = undefined;
      for (const [disk, size] of view.sizes.entries()) {
        const image = yield* view.read(disk, 0, size);
        const wanted = drill.contents(machine, disk);
        const at = image.findIndex((byte, index) => byte !== wanted[index]);
        if (at >= 0) differs = `disk ${disk} differs from the newest point at byte ${at}`;
      }
      yield* view.close();
    }, (code) => differs = `the newest point cannot be read: ${code}`);
    drill.simulated.runFor(200 * MILLISECOND);
    return differs;
  }

  #tell(): string {
    const { a, b } = this.drill.sites;
    const here = a.current?.server.primary;
    const there = b.current?.server.replica;
    return JSON.stringify({
      a: here?.has("vm") === true ? here.status("vm") : null,
      b: there?.has("vm") === true ? there.status("vm") : null,
    });
  }

  #verbsAreAtomic(): Invariant {
    return {
      id: "S1",
      about: "A failover verb that was answered is in force, and stays so",
      begin: (ground) => ({
        verb: ({ verb, outcome }) => {
          if (outcome !== "") return;
          if (verb === "failover start") this.#failedOver = true;
          if (verb === "failover cancel" || verb === "failover complete") this.#failedOver = false;
        },
        points: ({ failedOver }) => {
          if (this.#failedOver === undefined || failedOver === this.#failedOver) return;
          ground.violate("S1", `failed over: ${failedOver}; answered: ${this.#failedOver}`);
        },
      }),
    };
  }
}
