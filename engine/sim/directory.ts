/**
 * A directory of the simulated file system: the names that the kernel shows, the names that are
 * durable, and the changes between.
 *
 * Rule (E3): of the changes since the last flush of the directory any subset survives a loss of
 * power, each whole; a rename is one change. This file knows no processes.
 *
 * @module
 */

import type { Prng } from "./prng.ts";
import { FileNode, type Volume } from "./volume.ts";

/** What a name leads to. */
export type DirectoryEntry = FileNode | Directory;

/** A change of names on its way to the medium. */
interface NameChange {
  /** The name that goes, where one does. */
  readonly gone: string | undefined;
  /** The name that comes, where one does. */
  readonly come: string | undefined;
  /** What it is about. */
  readonly entry: DirectoryEntry;
}

/** A directory. */
export class Directory {
  /** Where it lies. */
  readonly volume: Volume;
  /** For people. */
  readonly path: string;
  /** The names as the kernel shows them. */
  readonly entries = new Map<string, DirectoryEntry>();
  #durable = new Map<string, DirectoryEntry>();
  #changes: NameChange[] = [];
  #first = 0;

  constructor(volume: Volume, path: string) {
    this.volume = volume;
    this.path = path;
  }

  /** True when a loss of power at this moment may lose a name. */
  get dirty(): boolean {
    return this.#changes.length > 0;
  }

  /** Names that are durable for certain, sorted, for checkers. */
  durableNames(): string[] {
    return [...this.#durable.keys()].sort();
  }

  /** Gives `entry` a name. */
  link(name: string, entry: DirectoryEntry): void {
    this.#unlinked(name);
    this.entries.set(name, entry);
    count(entry, 1);
    this.#changes.push({ gone: undefined, come: name, entry });
  }

  /** Takes a name away; what had it lives on while somebody has it open. */
  unlink(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    this.#unlinked(name);
    this.#changes.push({ gone: name, come: undefined, entry });
  }

  /** Gives what is called `from` the name `to`, replacing what had it. */
  rename(from: string, to: string): void {
    const entry = this.entries.get(from);
    if (entry === undefined || from === to) return;
    this.#unlinked(to);
    this.entries.delete(from);
    this.entries.set(to, entry);
    this.#changes.push({ gone: from, come: to, entry });
  }

  #unlinked(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    this.entries.delete(name);
    count(entry, -1);
  }

  /** Number of the next change: what a flush that begins at this moment covers. */
  mark(): number {
    return this.#first + this.#changes.length;
  }

  /** Makes all changes before `mark` durable. */
  persist(mark: number): void {
    const covered = Math.max(0, mark - this.#first);
    for (const change of this.#changes.splice(0, covered)) {
      this.#first++;
      this.#apply(change);
    }
  }

  #apply(change: NameChange): void {
    const { gone, come, entry } = change;
    if (gone !== undefined && this.#durable.get(gone) === entry) this.#durable.delete(gone);
    if (come !== undefined) this.#durable.set(come, entry);
  }

  /** Power is lost: names become some that may have reached the medium, and so does all below. */
  losePower(random: Prng): void {
    const todo: Directory[] = [this];
    for (let directory = todo.pop(); directory !== undefined; directory = todo.pop()) {
      directory.#loseNames(random);
      for (const entry of directory.entries.values()) {
        if (entry instanceof Directory) todo.push(entry);
        else {
          entry.losePower(random);
          entry.links = 1;
          entry.charged = entry.space;
          this.volume.used += entry.charged;
        }
      }
    }
  }

  #loseNames(random: Prng): void {
    const mode = random.below(3);
    for (const change of this.#changes) {
      if (mode === 0 || (mode === 2 && random.flip())) continue;
      // A file has one name: where an earlier rename is lost, its old name goes with the later one.
      for (const [name, entry] of this.#durable) {
        if (change.come !== undefined && entry === change.entry) this.#durable.delete(name);
      }
      this.#apply(change);
    }
    this.#changes = [];
    this.#first = 0;
    this.entries.clear();
    for (const [name, entry] of this.#durable) this.entries.set(name, entry);
  }
}

/** Keeps the count of names, and the space of what nobody can reach any more. */
function count(entry: DirectoryEntry, change: 1 | -1): void {
  if (entry instanceof FileNode) {
    entry.links += change;
    entry.volume.charge(entry);
    return;
  }
  if (change > 0) return;
  const todo: Directory[] = [entry];
  for (let directory = todo.pop(); directory !== undefined; directory = todo.pop()) {
    for (const below of directory.entries.values()) {
      if (below instanceof FileNode) count(below, -1);
      else todo.push(below);
    }
  }
}
