/**
 * The hypervisor that runs a machine, as far as replication needs it.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";

/** Whether a machine runs, as far as anybody can tell. */
export type MachinePower = "running" | "stopped" | "unknown";

/** Commands to one machine's hypervisor or guest. Each fails with `hypervisor` and the reason. */
export interface Hypervisor {
  /** Brings file systems and applications of the guest to rest. */
  freeze(machine: string): Task<void>;
  /** Lets them go on; succeeds only if the freeze held until now. */
  thaw(machine: string): Task<void>;
  /** Starts the machine on the given NBD URIs. */
  start(machine: string, uris: readonly string[]): Task<void>;
  /** Stops the machine. */
  stop(machine: string): Task<void>;
  /** Whether it runs. */
  status(machine: string): Task<MachinePower>;
}

/** What can be asked of a machine. */
export type HypervisorVerb = keyof Hypervisor;
