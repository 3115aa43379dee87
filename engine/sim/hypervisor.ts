/**
 * The `Hypervisor` port of the simulated world: machines that do what a script says.
 *
 * Rule: a machine and what is done to it outlive the process that asked. A guest that was frozen stays so
 * when the server that froze it dies, until somebody thaws it or its host loses power.
 *
 * @module
 */

import { localFailure } from "../core/base/failure.ts";
import { MILLISECOND, SECOND } from "../core/base/units.ts";
import type {
  FreezeEnd,
  Hypervisor,
  HypervisorCall,
  HypervisorVerb,
  MachinePower,
} from "../core/ports/hypervisor.ts";
import type { Task } from "../core/runtime/task.ts";
import type { SimProcess } from "./process.ts";
import { hashText } from "./prng.ts";
import { EVENT } from "./trace.ts";

/** The guest of a machine, where a run has one. */
export interface FreezableGuest {
  /** Whether it is up. */
  readonly attached: boolean;
  /** Requests of it that are not answered yet. */
  readonly pending: number;
  /** From here on it writes nothing. */
  hold(): void;
  /** It goes on. */
  release(): void;
}

/** The guest of a machine that does not run here. */
export const NO_GUEST: FreezableGuest = {
  attached: false,
  pending: 0,
  hold: () => {},
  release: () => {},
};

/** One machine as the script has it. */
export interface ScriptedMachine {
  /** Whether it runs. */
  power: MachinePower;
  /** True while its file systems are at rest. */
  frozen: boolean;
  /** Reasons with which commands fail, with nothing done; "" lets one succeed. */
  readonly fails: Record<HypervisorVerb, string>;
  /** How long commands take, µs; one that takes longer than it may does nothing and has failed. */
  readonly times: Record<HypervisorVerb, number>;
  /** A freeze has frozen the guest and never returns. */
  sticks: boolean;
  /** How long after a freeze the guest goes on by itself, µs; 0: never. */
  breaksAfter: number;
  /** The exports that it was started on last. */
  uris: readonly string[];
}

/** How long commands usually take, µs. */
const TIMES: Readonly<Record<HypervisorVerb, number>> = {
  freeze: 20 * MILLISECOND,
  thaw: MILLISECOND,
  start: 10 * MILLISECOND,
  stop: 10 * MILLISECOND,
  status: MILLISECOND,
};

/** How long a freeze takes behind the moment when the guest writes no more, µs. */
const SETTLE = 5 * MILLISECOND;
/** How often a freeze looks whether the guest has come to rest, µs. */
const LOOK = MILLISECOND;

/** The machines of one host. Lives as long as the host, not as a process. */
export class HypervisorScript {
  readonly #machines = new Map<string, ScriptedMachine>();
  /** Counts freezes: one that breaks by itself must not end a later one. */
  #freezes = 0;
  /** Called when a machine was frozen, thawed, started or stopped: guests hang on this. */
  onChange: ((machine: string, what: "freeze" | "thaw" | "start" | "stop") => void) | undefined;
  /** The guest of a machine, in a run that has guests. */
  guestOf: ((machine: string) => FreezableGuest | undefined) | undefined;

  /** The machine called `name`, unknown at first. */
  machine(name: string): ScriptedMachine {
    let found = this.#machines.get(name);
    if (found === undefined) {
      found = {
        power: "unknown",
        frozen: false,
        fails: { freeze: "", thaw: "", start: "", stop: "", status: "" },
        times: { ...TIMES },
        sticks: false,
        breaksAfter: 0,
        uris: [],
      };
      this.#machines.set(name, found);
    }
    return found;
  }

  /** Freezes a machine; a number that only this freeze has. */
  freeze(name: string): number {
    this.machine(name).frozen = true;
    this.guestOf?.(name)?.hold();
    this.onChange?.(name, "freeze");
    return ++this.#freezes;
  }

  /** Thaws a machine, or ends the freeze number `only` if it goes on; whether it was frozen. */
  thaw(name: string, only?: number): boolean {
    if (only !== undefined && only !== this.#freezes) return false;
    const machine = this.machine(name);
    const held = machine.frozen;
    machine.frozen = false;
    this.guestOf?.(name)?.release();
    if (held) this.onChange?.(name, "thaw");
    return held;
  }

  /** The host lost its power: every machine on it is off, and nothing is frozen any more. */
  losePower(): void {
    for (const name of this.#machines.keys()) this.thaw(name);
  }

  /** Everything works again. */
  heal(): void {
    for (const machine of this.#machines.values()) {
      Object.assign(machine.fails, { freeze: "", thaw: "", start: "", stop: "", status: "" });
      Object.assign(machine.times, TIMES);
      machine.sticks = false;
      machine.breaksAfter = 0;
    }
  }
}

// Long because: one arm for each command, and what they share between them.
/** The port of `process` on its host's machines. */
export function simHypervisor(process: SimProcess, script: HypervisorScript): Hypervisor {
  const { world } = process.host;

  /** A command that may be given up on, which leaves the machine as it is. */
  function command<T>(
    verb: HypervisorVerb,
    { machine: name, limit }: HypervisorCall,
    perform: (machine: ScriptedMachine) => T,
  ): Task<T> {
    const machine = script.machine(name);
    const time = machine.times[verb];
    return process.call<T>({
      kind: EVENT.hypervisor,
      payload: hashText(name, time),
      delay: Math.min(time, limit),
      binding: verb === "thaw",
      perform: () => {
        if (time > limit) throw late(limit);
        const reason = machine.fails[verb];
        if (reason !== "") throw localFailure("hypervisor", reason, "Look at its log");
        return perform(machine);
      },
    });
  }

  function* freeze(call: HypervisorCall): Task<void> {
    const { machine: name, limit } = call;
    const began = world.now;
    const number = yield* command("freeze", call, (machine) => {
      if (script.guestOf?.(name)?.attached === false) {
        throw localFailure("hypervisor", `The guest of "${name}" does not answer`, "Start it");
      }
      const number = script.freeze(name);
      if (machine.breaksAfter > 0) {
        world.schedule(machine.breaksAfter, () => void script.thaw(name, number));
      }
      return number;
    });
    const look = hashText(name, number);
    const settle = Math.min(SETTLE, limit);
    yield* process.call({
      kind: EVENT.hypervisor,
      payload: look,
      delay: settle,
      perform: () => {},
    });
    const calm = () => (script.guestOf?.(name)?.pending ?? 0) === 0;
    while (script.machine(name).sticks || !calm()) {
      if (world.now - began >= limit) throw late(limit);
      const delay = Math.min(LOOK, limit);
      yield* process.call({ kind: EVENT.hypervisor, payload: look, delay, perform: () => {} });
    }
  }

  return {
    freeze,
    thaw: (call) =>
      command("thaw", call, (): FreezeEnd => script.thaw(call.machine) ? "held" : "broken"),
    start: (call) =>
      command("start", call, (machine) => {
        machine.power = "running";
        machine.uris = call.disks;
        script.onChange?.(call.machine, "start");
      }),
    stop: (call) =>
      command("stop", call, (machine) => {
        machine.power = "stopped";
        script.onChange?.(call.machine, "stop");
      }),
    status: (call) => command("status", call, (machine) => machine.power),
  };
}

function late(limit: number): Error {
  const what = `It took longer than ${limit / SECOND} s and was ended`;
  return localFailure("hypervisor", what, "Look at the hypervisor's log");
}
