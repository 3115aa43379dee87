/**
 * One short life of a tiny protected machine, in the phases of a course (`course.ts`, `phases/`); and what a
 * crash at a given port call of a given phase makes of it.
 *
 * Rule: up to the crash every life of a course is the same life, so the calls of a phase can be counted once
 * and then swept. It knows how to go on after a crash, as an administrator would: a verb whose effect is not
 * there is asked for again. What must hold is judged by the invariants of the simulated world, and by the few
 * of this file about failover verbs and ends.
 *
 * @module
 */
// Long because: a life is one story, from what the world is like to what must be true at its end.

import { MILLISECOND, SECOND } from "../../engine/core/base/units.ts";
import type { PointId } from "../../engine/core/base/units.ts";
import type { Server } from "../../engine/core/server/server.ts";
import type { Kernel } from "../../engine/core/ports/codec.ts";
import type { ReplicaMachine } from "../../engine/core/replica/replica_machine.ts";
import type { Invariant } from "../../engine/sim/invariants/fact.ts";
import { INVARIANTS } from "../../engine/sim/invariants/table.ts";
import { Drill } from "../../engine/sim/scenario/drill.ts";
import { Ending } from "../../engine/sim/scenario/ending.ts";
import { type MachineRun, replicaOf } from "../../engine/sim/scenario/machine_run.ts";
import type { HostName, Scenario } from "../../engine/sim/scenario/scenario.ts";
import type { CrashKind, CrashMoment } from "../../engine/sim/world.ts";
import { LIFE_KEEP, type Phase, type Stage } from "./course.ts";

/** A crash, and perhaps a second one while the host starts again. */
export interface CrashPoint {
  /** Name of the phase. */
  readonly phase: string;
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
  readonly calls: ReadonlyMap<string, Readonly<Record<HostName, number>>>;
  /** Port calls of the crashed host from its first crash to its server being open. */
  readonly opening: number;
}

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
      keep: LIFE_KEEP,
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

/** A cycle while nobody writes. */
const REST: Phase = {
  name: "rest",
  run: (life) => {
    const began = life.drill.now;
    return {
      begin: () => life.drill.operator.act({ kind: "cycle", vm: 0 }),
      done: () => life.staged(began, 1),
    };
  },
};

/** A life. */
export class Life implements Stage {
  readonly drill: Drill;
  readonly #course: readonly Phase[];
  readonly #crash: CrashPoint | undefined;
  readonly #calls = new Map<string, Readonly<Record<HostName, number>>>();
  /** A crash is to come. */
  #armed = false;
  #crashes = 0;
  #crashedAt = 0;
  #opening = 0;
  /** Whether the replica must be failed over: what was answered counts. */
  #failedOver: boolean | undefined = false;
  /** When each verb was last answered without a failure. */
  readonly #answered = new Map<string, number>();
  /** Guests' steps so far, which decide where they write. */
  #step = 0;

  constructor(kernel: Kernel, seed: number, course: readonly Phase[], crash?: CrashPoint) {
    this.#course = course;
    this.#crash = crash;
    this.drill = new Drill(
      { ...SCENARIO, seed },
      kernel,
      [...INVARIANTS, this.#verbsAreAtomic()],
      false,
    );
  }

  /** Lives it to its end. */
  live(): LifeResult {
    let wrong: string | undefined;
    try {
      wrong = this.#live();
    } catch (error) {
      wrong = `thrown: ${(error as Error).stack}`;
    }
    const violation = this.drill.simulated.violations[0];
    if (violation !== undefined) wrong = `${violation.id}: ${violation.message}`;
    return { wrong, crashes: this.#crashes, calls: this.#calls, opening: this.#opening };
  }

  #live(): string | undefined {
    const { drill } = this;
    const { simulated } = drill;
    simulated.afterEvent.push(() => this.#watch());
    let past = false;
    for (const [index, phase] of this.#course.entries()) {
      const { a, b } = drill.sites;
      const before = { a: a.host.calls, b: b.host.calls };
      if (this.#crash?.phase === phase.name) {
        this.#arm(this.#crash, this.#crash.call);
        past = true;
      }
      if (index === 0) {
        drill.sites.a.start();
        drill.sites.b.start();
        simulated.schedule(20 * MILLISECOND, () => drill.operator.begin());
      }
      if (!this.#through(phase)) {
        return simulated.stopped ? undefined : `"${phase.name}" does not end: ${this.#tell()}`;
      }
      this.#calls.set(phase.name, { a: a.host.calls - before.a, b: b.host.calls - before.b });
      // Nothing is learnt from phases behind the crash but from those that end what it met.
      if (past && phase.open !== true) break;
    }
    this.#armed = false;
    // At one go.
    new Ending(drill, { left: Infinity }).run().next();
    return this.#atRest();
  }

  /** Runs a phase; false when it does not end. */
  #through(phase: Phase): boolean {
    const { simulated } = this.drill;
    const { begin, done } = phase.run(this);
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

  /** See `Stage`. */
  get machine(): MachineRun {
    return this.drill.machines[0] as MachineRun;
  }

  /** See `Stage`. */
  get here(): Server | undefined {
    return this.drill.sites.a.current?.server;
  }

  /** See `Stage`. */
  get there(): ReplicaMachine | undefined {
    const server = this.drill.sites.b.current?.server;
    return server === undefined ? undefined : replicaOf(server, "vm");
  }

  /** See `Stage`. */
  staged(since: number, count: number): boolean {
    const { cuts, told } = this.machine;
    return told.filter((id) => (cuts.get(id)?.time ?? -1) >= since).length >= count;
  }

  /** See `Stage`. */
  answered(verb: string): number {
    return this.#answered.get(verb) ?? -1;
  }

  /** See `Stage`. */
  unsure(): void {
    this.#failedOver = undefined;
  }

  /** See `Stage`. */
  write(): void {
    const { machine } = this;
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
    const { machine } = this;
    if (drill.simulated.stopped || machine.retired) return undefined;
    if (!this.#through(REST)) return `no cycle at rest: ${this.#tell()}`;
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
          this.#answered.set(verb, this.drill.now);
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
