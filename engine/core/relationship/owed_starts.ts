/**
 * Machines that moved here by a planned failover and are to be started by their command: who is owed that, and why
 * it has not been done.
 *
 * On disk each is an empty file `starts/NAME`: durable before the machine runs here, removed once it was started.
 * A crash before leaves the machine at the other side; a crash between leaves the file, and the next start of the
 * server tells that nobody started the guest. It does not run the command again: the guest may have been started
 * all the same, and two of one machine would share its disks.
 *
 * @module
 */

import { type Failure, isFailed, localFailure } from "../base/failure.ts";
import { isName } from "../base/name.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";

/** Folder of the marks, in the data folder. */
const FOLDER = "starts";

/** The starts that are owed on one server. */
export class OwedStarts {
  readonly #ports: Ports;
  /** By machine; `undefined` while its command is under way. */
  readonly #owed = new Map<string, Failure | undefined>();

  private constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Reads what an earlier process has left. */
  static *open(ports: Ports): Task<OwedStarts> {
    const starts = new OwedStarts(ports);
    try {
      const folder = yield* ports.data.folder(FOLDER);
      for (const name of yield* folder.list()) {
        if (isName(name)) starts.#owed.set(name, interrupted(name));
      }
    } catch (error) {
      if (!isFailed(error, "not-found")) throw error;
    }
    return starts;
  }

  /** Machines whose start is owed. */
  get machines(): readonly string[] {
    return [...this.#owed.keys()];
  }

  /** True while a machine's start is owed. */
  has(machine: string): boolean {
    return this.#owed.has(machine);
  }

  /** Why a machine that moved here does not run; `undefined` where none is owed, or it is just being started. */
  failure(machine: string): Failure | undefined {
    return this.#owed.get(machine);
  }

  /** The machine is going to run here, and its command to start it; durable when it returns. */
  *owe(machine: string): Task<void> {
    const { data } = this.#ports;
    const folder = yield* data.folder(FOLDER, { create: true });
    yield* data.flush();
    const file = yield* folder.open(machine, { create: true });
    yield* file.close();
    yield* folder.flush();
    this.#owed.set(machine, undefined);
  }

  /** The command failed, with `failure`. */
  failed(machine: string, { code, side, message, action }: Failure): void {
    this.#owed.set(machine, {
      code,
      side,
      message: `"${machine}" has moved here and was not started: ${message}`,
      action,
    });
  }

  /** It runs, or is not here any more. */
  *settle(machine: string): Task<void> {
    if (!this.#owed.has(machine)) return;
    const folder: Folder = yield* this.#ports.data.folder(FOLDER);
    yield* folder.remove(machine);
    yield* folder.flush();
    this.#owed.delete(machine);
  }
}

function interrupted(machine: string): Failure {
  return localFailure(
    "hypervisor",
    `"${machine}" has moved here, and this server stopped before its command to start had ended`,
    "Start its guest by hand, unless it runs",
  ).failure;
}
