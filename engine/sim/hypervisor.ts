/**
 * The `Hypervisor` port of the simulated world: machines that do what a script says.
 *
 * @module
 */

import { localFailure } from "../core/base/failure.ts";
import { MILLISECOND, SECOND } from "../core/base/units.ts";
import type { Hypervisor, HypervisorVerb, MachinePower } from "../core/ports/hypervisor.ts";
import type { Task } from "../core/runtime/task.ts";
import type { SimProcess } from "./process.ts";
import { hashText } from "./prng.ts";
import { EVENT } from "./trace.ts";

/** One machine as the script has it. */
export interface ScriptedMachine {
  /** Whether it runs. */
  power: MachinePower;
  /** True while its file systems are at rest. */
  frozen: boolean;
  /** Reasons with which commands fail; "" lets one succeed. A thaw that fails has thawed all the same. */
  readonly fails: Record<HypervisorVerb, string>;
  /** How long commands take, µs. */
  readonly times: Record<HypervisorVerb, number>;
  /** How long any may take, µs; then it is ended, nothing done, and has failed. */
  limit: number;
  /** The URIs it was started on last. */
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

/** The machines of one host. Lives as long as the host, not as a process. */
export class HypervisorScript {
  readonly #machines = new Map<string, ScriptedMachine>();
  /** Called when a machine was frozen, thawed, started or stopped: guests hang on this. */
  onChange: ((machine: string, what: "freeze" | "thaw" | "start" | "stop") => void) | undefined;

  /** The machine called `name`, unknown at first. */
  machine(name: string): ScriptedMachine {
    let found = this.#machines.get(name);
    if (found === undefined) {
      found = {
        power: "unknown",
        frozen: false,
        fails: { freeze: "", thaw: "", start: "", stop: "", status: "" },
        times: { ...TIMES },
        limit: 30 * SECOND,
        uris: [],
      };
      this.#machines.set(name, found);
    }
    return found;
  }
}

/** The port of `process` on its host's machines. */
export function simHypervisor(process: SimProcess, script: HypervisorScript): Hypervisor {
  /** A command that may be given up on, which leaves the machine as it is. */
  function command<T>(
    name: string,
    verb: HypervisorVerb,
    perform: (machine: ScriptedMachine) => T,
  ): Task<T> {
    const machine = script.machine(name);
    const time = machine.times[verb];
    const delay = Math.min(time, machine.limit);
    return process.call<T>({
      kind: EVENT.hypervisor,
      payload: hashText(name, delay),
      delay,
      perform: () => {
        if (time > machine.limit) refuse(`It took longer than ${machine.limit / SECOND} s`);
        return perform(machine);
      },
    });
  }
  function refuse(reason: string): void {
    if (reason !== "") throw localFailure("hypervisor", reason, "Look at the hypervisor's log");
  }
  return {
    freeze: (name) =>
      command(name, "freeze", (machine) => {
        refuse(machine.fails.freeze);
        machine.frozen = true;
        script.onChange?.(name, "freeze");
      }),
    thaw: (name) =>
      command(name, "thaw", (machine) => {
        const held = machine.frozen;
        machine.frozen = false;
        script.onChange?.(name, "thaw");
        refuse(machine.fails.thaw);
        refuse(held ? "" : "The freeze did not hold");
      }),
    start: (name, uris) =>
      command(name, "start", (machine) => {
        refuse(machine.fails.start);
        machine.power = "running";
        machine.uris = uris;
        script.onChange?.(name, "start");
      }),
    stop: (name) =>
      command(name, "stop", (machine) => {
        refuse(machine.fails.stop);
        machine.power = "stopped";
        script.onChange?.(name, "stop");
      }),
    status: (name) =>
      command(name, "status", (machine) => {
        refuse(machine.fails.status);
        return machine.power;
      }),
  };
}
