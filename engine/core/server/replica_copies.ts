/**
 * The copies that wait at a replica server for their primaries (M26): one record each in `DATA/copies`.
 *
 * A record is durable before its copy is listed, and goes after the replica that was made of it is told of; so
 * a crash leaves the copy, or the replica, or both: then the record means nothing and the next start removes it.
 *
 * @module
 */

import { isFailed, requestFailure } from "../base/failure.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import {
  copyFromJson,
  copyToJson,
  type ExistingCopy,
  inspectCopy,
} from "../replica/existing_copy.ts";
import { loadRecord, saveRecord } from "../relationship/record.ts";
import type { Task } from "../runtime/task.ts";

/** Folder of the records in the data folder. */
const COPIES = "copies";
/** What a record's name has behind the machine's. */
const SUFFIX = ".json";

/** Copies by the name of their machine. */
export class ReplicaCopies {
  readonly #ports: Pick<Ports, "codec" | "data" | "openGuestDisk">;
  readonly #copies = new Map<string, ExistingCopy>();
  #folder: Folder | undefined;

  constructor(ports: Pick<Ports, "codec" | "data" | "openGuestDisk">) {
    this.#ports = ports;
  }

  /** Finds those that wait; `known` says which machines are replicated to here already. */
  *open(known: (name: string) => boolean): Task<void> {
    const { codec, data } = this.#ports;
    if (!(yield* data.list()).includes(COPIES)) return;
    const folder = this.#folder = yield* data.folder(COPIES);
    for (const file of yield* folder.list()) {
      if (!file.endsWith(SUFFIX)) continue;
      const name = file.slice(0, -SUFFIX.length);
      let copy: ExistingCopy | undefined;
      try {
        const record = yield* loadRecord(codec.kernel, folder, file);
        copy = record === undefined ? undefined : copyFromJson(record);
      } catch (error) {
        // The files themselves are untouched, and are named again.
        if (!isFailed(error, "damaged")) throw error;
      }
      if (copy === undefined || known(name)) yield* this.drop(name);
      else this.#copies.set(name, copy);
    }
  }

  /** Names of the machines whose copies wait. */
  names(): readonly string[] {
    return [...this.#copies.keys()];
  }

  /** The copy of a machine, if one waits. */
  get(name: string): ExistingCopy | undefined {
    return this.#copies.get(name);
  }

  /** The one whose name is `name`, case aside. */
  rival(name: string): string | undefined {
    const folded = name.toLowerCase();
    return this.names().find((other) => other.toLowerCase() === folded);
  }

  /** Takes files as the copy of a machine; they are looked at and left as they are. */
  *take(
    name: string,
    blockSize: number,
    paths: readonly string[],
    from: string | undefined,
  ): Task<void> {
    for (const [other, copy] of this.#copies) {
      const twice = copy.paths.find((path) => paths.includes(path));
      if (twice === undefined) continue;
      throw requestFailure(
        "exists",
        `"${twice}" is the copy of "${other}"`,
        "A file belongs to one machine: name another one",
      );
    }
    const sizes = yield* inspectCopy(this.#ports, blockSize, paths);
    const copy = { paths, sizes, from };
    const { codec, data } = this.#ports;
    if (this.#folder === undefined) {
      this.#folder = yield* data.folder(COPIES, { create: true });
      yield* data.flush();
    }
    yield* saveRecord(codec.kernel, this.#folder, `${name}${SUFFIX}`, copyToJson(copy));
    this.#copies.set(name, copy);
  }

  /** Forgets a copy; its files stay as they are. */
  *drop(name: string): Task<void> {
    if (this.#folder !== undefined) {
      yield* this.#folder.remove(`${name}${SUFFIX}`);
      yield* this.#folder.flush();
    }
    this.#copies.delete(name);
  }
}
