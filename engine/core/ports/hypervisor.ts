/**
 * The hypervisor that runs a machine, as far as replication needs it: the commands that its
 * administrator gave, and who runs them.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";

/** Whether a machine runs, as far as anybody can tell. */
export type MachinePower = "running" | "stopped" | "unknown";

/** What became of a freeze: it held until the thaw, or the guest had gone on by itself before. */
export type FreezeEnd = "held" | "broken";

/** What one call is about. */
export interface HypervisorCall {
  /** The machine, e.g. `db`, or `db - Test` for one that tests a failover. */
  readonly machine: string;
  /** The administrator's command. */
  readonly command: string;
  /** How long it may take, µs; then it is ended and has failed. */
  readonly limit: number;
  /** Exports of the machine's disks, e.g. `db/0`; none where they do not matter. */
  readonly disks: readonly string[];
  /** The recovery point that it is brought up on, if it is. */
  readonly point?: string;
  /** Whether it is a test of a failover. */
  readonly test?: boolean;
}

/** Commands to one machine's hypervisor or guest. Each fails with `hypervisor` and the reason. */
export interface Hypervisor {
  /** Brings file systems and applications of the guest to rest. */
  freeze(call: HypervisorCall): Task<void>;
  /** Lets them go on, and tells whether the freeze held until now. Whoever cancels it waits for its end. */
  thaw(call: HypervisorCall): Task<FreezeEnd>;
  /** Starts the machine on its disks. */
  start(call: HypervisorCall): Task<void>;
  /** Stops the machine. */
  stop(call: HypervisorCall): Task<void>;
  /** Whether it runs. */
  status(call: HypervisorCall): Task<MachinePower>;
}

/** What can be asked of a machine. */
export type HypervisorVerb = keyof Hypervisor;
