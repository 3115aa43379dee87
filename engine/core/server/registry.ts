/**
 * The machines of one role by name: those that are open, those that could not be opened, and names on
 * their way in or out.
 *
 * Rule: whoever changes a machine does so alone. It does not know what a machine is.
 *
 * @module
 */

import { Failed, type Failure } from "../base/failure.ts";
import type { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";

/** What a role keeps of a machine. */
export interface RegistryEntry {
  /** Held by whoever changes the machine. */
  readonly changing: Mutex;
}

/** Machines by name. */
export class Registry<Entry extends RegistryEntry> {
  /** Those that are open, in the order in which they came. */
  readonly entries = new Map<string, Entry>();
  /** Those that are here and cannot be opened, and why. */
  readonly unopened = new Map<string, Failure>();
  readonly #reserved = new Set<string>();
  readonly #missing: (name: string) => Failed;

  /** `missing` says that there is no machine of a name. */
  constructor(missing: (name: string) => Failed) {
    this.#missing = missing;
  }

  /** All names, opened or not. */
  names(): readonly string[] {
    return [...this.entries.keys(), ...this.unopened.keys()];
  }

  /** True when a machine has that name, or is just being added or removed. */
  has(name: string): boolean {
    return this.entries.has(name) || this.unopened.has(name) || this.#reserved.has(name);
  }

  /**
   * The machine whose name cannot be told from `name` where case does not count: in folders of some file
   * systems, and by people. `undefined` when there is none.
   */
  rival(name: string): string | undefined {
    const folded = name.toLowerCase();
    return [...this.names(), ...this.#reserved].find((other) => other.toLowerCase() === folded);
  }

  /** True while a machine of that name is being added or removed. */
  reserved(name: string): boolean {
    return this.#reserved.has(name);
  }

  /** Runs `task` while nobody else may have the name. */
  *reserve<T>(name: string, task: Task<T>): Task<T> {
    this.#reserved.add(name);
    try {
      return yield* task;
    } finally {
      this.#reserved.delete(name);
    }
  }

  /** Runs `task` on the machine's entry, which nobody else changes meanwhile. */
  *alone<T>(name: string, task: (entry: Entry) => Task<T>): Task<T> {
    const entry = this.entry(name);
    yield* entry.changing.lock();
    try {
      return yield* task(this.entry(name));
    } finally {
      entry.changing.unlock();
    }
  }

  /** The open machine of that name; fails with why it is not open, or that there is none. */
  entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry;
    const failure = this.unopened.get(name);
    throw failure === undefined ? this.#missing(name) : new Failed(failure);
  }
}
