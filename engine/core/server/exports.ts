/**
 * Exports: the disks that guests may attach to, by name `VM/INDEX`, and how one is taken away.
 *
 * Rule: a disk is closed or removed only after its export was withdrawn and whoever serves exports has
 * drained it (L6). Knows no protocol.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Disk } from "../ports/disk.ts";
import type { Task } from "../runtime/task.ts";

/** A disk that guests may attach to. */
export interface Export {
  /** `VM/INDEX`. */
  readonly name: string;
  readonly disk: Disk;
}

/** Whoever serves exports to guests, e.g. an NBD server. */
export interface ExportUser {
  /** Drops every client of `name` and returns when no request of theirs is in flight. */
  drop(name: string): Task<void>;
  /** How many clients `name` has. */
  clients(name: string): number;
}

/** All exports of one server. */
export class Exports {
  readonly #exports = new Map<string, Export>();
  readonly #users: ExportUser[] = [];

  /** Names in the order in which they were offered. */
  list(): readonly string[] {
    return [...this.#exports.keys()];
  }

  /** The export of that name, while it is offered. */
  get(name: string): Export | undefined {
    return this.#exports.get(name);
  }

  /** Offers a disk. */
  offer(name: string, disk: Disk): void {
    assert(!this.#exports.has(name), "An export is offered once");
    this.#exports.set(name, { name, disk });
  }

  /** Takes an export away; when it returns, nobody uses its disk. */
  *withdraw(name: string): Task<void> {
    this.#exports.delete(name);
    for (const user of this.#users) yield* user.drop(name);
  }

  /** How many clients use `name`. */
  clients(name: string): number {
    return this.#users.reduce((sum, user) => sum + user.clients(name), 0);
  }

  /** Adds somebody who serves exports. */
  use(user: ExportUser): void {
    this.#users.push(user);
  }
}

/** The export name of a machine's disk. */
export function exportName(machine: string, disk: number): string {
  return `${machine}/${disk}`;
}
