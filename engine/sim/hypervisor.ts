/**
 * The `Hypervisor` port of the simulated world: machines that do what a script says.
 *
 * @module
 */

import { localFailure } from "../core/base/failure.ts";
import { MILLISECOND } from "../core/base/units.ts";
import type { Hypervisor, MachinePower } from "../core/ports/hypervisor.ts";
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
  /** Freezing fails with this reason; "" lets it succeed. */
  freezeFails: string;
  /** The freeze ends by itself, so that thawing fails. */
  thawFails: string;
  /** Any other command fails with this reason. */
  commandFails: string;
  /** How long freezing takes, µs. */
  freezeTime: number;
  /** The URIs it was started on last. */
  uris: readonly string[];
}

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
        freezeFails: "",
        thawFails: "",
        commandFails: "",
        freezeTime: 20 * MILLISECOND,
        uris: [],
      };
      this.#machines.set(name, found);
    }
    return found;
  }
}

/** The port of `process` on its host's machines. */
export function simHypervisor(process: SimProcess, script: HypervisorScript): Hypervisor {
  function command(name: string, delay: number, perform: () => void): Task<void> {
    const payload = hashText(name, delay);
    return process.call<void>({ kind: EVENT.hypervisor, payload, delay, binding: true, perform });
  }
  function refuse(reason: string): void {
    if (reason !== "") throw localFailure("hypervisor", reason, "Look at the hypervisor's log");
  }
  return {
    freeze: (name) => {
      const machine = script.machine(name);
      return command(name, machine.freezeTime, () => {
        refuse(machine.freezeFails);
        machine.frozen = true;
        script.onChange?.(name, "freeze");
      });
    },
    thaw: (name) =>
      command(name, MILLISECOND, () => {
        const machine = script.machine(name);
        const held = machine.frozen;
        machine.frozen = false;
        script.onChange?.(name, "thaw");
        refuse(machine.thawFails !== "" || held ? machine.thawFails : "The freeze did not hold");
      }),
    start: (name, uris) =>
      command(name, 10 * MILLISECOND, () => {
        const machine = script.machine(name);
        refuse(machine.commandFails);
        machine.power = "running";
        machine.uris = uris;
        script.onChange?.(name, "start");
      }),
    stop: (name) =>
      command(name, 10 * MILLISECOND, () => {
        const machine = script.machine(name);
        refuse(machine.commandFails);
        machine.power = "stopped";
        script.onChange?.(name, "stop");
      }),
    status: (name) =>
      process.call<MachinePower>({
        kind: EVENT.hypervisor,
        delay: MILLISECOND,
        perform: () => {
          const machine = script.machine(name);
          refuse(machine.commandFails);
          return machine.power;
        },
      }),
  };
}
