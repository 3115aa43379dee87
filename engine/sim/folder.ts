/**
 * The `Folder` port of the simulated world. Files as they are once open are in `file.ts`.
 *
 * @module
 */

import { localFailure, requestFailure } from "../core/base/failure.ts";
import type { Disk } from "../core/ports/disk.ts";
import type { File, Folder, OpenOptions } from "../core/ports/folder.ts";
import type { Task } from "../core/runtime/task.ts";
import { Directory } from "./directory.ts";
import { SimDisk } from "./disk.ts";
import { SimFile, truncateNode } from "./file.ts";
import type { Job, SimProcess } from "./process.ts";
import { hashText } from "./prng.ts";
import { EVENT } from "./trace.ts";
import { FileNode, hits, ioError, UNIT_SIZE } from "./volume.ts";

/** A folder as one process sees it. */
export class SimFolder implements Folder {
  readonly path: string;
  /** What it shows, for checkers. */
  readonly directory: Directory;
  readonly #process: SimProcess;

  constructor(process: SimProcess, directory: Directory) {
    this.path = directory.path;
    this.directory = directory;
    this.#process = process;
  }

  list(): Task<readonly string[]> {
    const { directory } = this;
    return this.#inquire("list", () => [...directory.entries.keys()].sort());
  }

  folder(name: string, options: { readonly create?: boolean } = {}): Task<Folder> {
    const { directory } = this;
    return this.#change(EVENT.open, name, () => {
      const found = directory.entries.get(name);
      if (found instanceof FileNode) throw notFound(this.path, name, "it is a file");
      if (found !== undefined) return new SimFolder(this.#process, found);
      if (options.create !== true) throw notFound(this.path, name, "no such folder");
      directory.volume.checkWritable("make", `${this.path}/${name}`);
      const made = new Directory(directory.volume, `${directory.path}/${name}`);
      directory.link(name, made);
      return new SimFolder(this.#process, made);
    });
  }

  open(name: string, options: OpenOptions = {}): Task<File> {
    const open = () => {
      const found = this.directory.entries.get(name);
      if (found instanceof Directory) throw notFound(this.path, name, "it is a folder");
      if (found === undefined && options.create !== true) {
        throw notFound(this.path, name, "no such file");
      }
      const node = found ?? this.#make(name, 0, false);
      if (options.truncate === true && node.sectors.length > 0) {
        node.volume.checkWritable("cut", `${this.path}/${name}`);
        truncateNode(this.#process, node, 0);
      }
      return new SimFile(this.#process, node, `${this.path}/${name}`);
    };
    return this.#change<SimFile>(EVENT.open, name, open, (file) => file.abandon());
  }

  createDisk(name: string, size: number): Task<Disk> {
    const create = () => {
      if (this.directory.entries.has(name)) {
        throw localFailure("exists", `${this.path}/${name} exists already`, "Choose another name");
      }
      const node = this.#make(name, size, true);
      return new SimDisk(this.#process, node, `${this.path}/${name}`, true);
    };
    return this.#change<SimDisk>(EVENT.open, name, create, (disk) => disk.abandon());
  }

  openDisk(name: string): Task<Disk> {
    const open = () => {
      const node = this.directory.entries.get(name);
      if (!(node instanceof FileNode)) throw notFound(this.path, name, "no such disk");
      return new SimDisk(this.#process, node, `${this.path}/${name}`, true);
    };
    return this.#change<SimDisk>(EVENT.open, name, open, (disk) => disk.abandon());
  }

  #make(name: string, size: number, sparse: boolean): FileNode {
    const { volume } = this.directory;
    volume.checkWritable("make", `${this.path}/${name}`);
    volume.room(UNIT_SIZE);
    const node = new FileNode(volume, size, sparse, this.#process.host.wall());
    this.directory.link(name, node);
    return node;
  }

  *rename(from: string, to: string): Task<void> {
    checkComponent(to);
    yield* this.#change(EVENT.rename, from, () => {
      const { directory } = this;
      directory.volume.checkWritable("rename", `${this.path}/${from}`);
      const entry = directory.entries.get(from);
      if (entry === undefined) throw notFound(this.path, from, "no such file");
      const target = directory.entries.get(to);
      const clash = target !== undefined && target !== entry &&
        (target instanceof Directory || entry instanceof Directory);
      if (clash) {
        throw localFailure("exists", `${this.path}/${to} exists already`, "Choose another name");
      }
      directory.rename(from, to);
    });
  }

  remove(name: string): Task<void> {
    return this.#change(EVENT.remove, name, () => {
      this.directory.volume.checkWritable("remove", `${this.path}/${name}`);
      this.directory.unlink(name);
    });
  }

  *flush(): Task<void> {
    const { directory } = this;
    const { volume } = directory;
    const mark = directory.mark();
    yield* this.#process.call<void>({
      kind: EVENT.flush,
      payload: mark,
      delay: volume.flushTime(),
      stalledUntil: () => volume.faults.stalledUntil,
      binding: true,
      perform: () => {
        volume.check("flush", this.path);
        const { faults, random } = volume;
        if (hits(faults, "failFlushes", faults.failFlushes, faults.flushErrorRate, random)) {
          throw ioError(`flush ${this.path}`, "it failed");
        }
        directory.persist(mark);
      },
    });
  }

  free(): Task<number> {
    return this.#inquire("look at", () => this.directory.volume.free);
  }

  #inquire<T>(verb: string, perform: () => T): Task<T> {
    const { volume } = this.directory;
    return this.#process.call<T>({
      kind: EVENT.inquire,
      delay: volume.readTime(0),
      stalledUntil: () => volume.faults.stalledUntil,
      perform: () => {
        volume.check(verb, this.path);
        return perform();
      },
    });
  }

  /** A call that may change names. When the process dies meanwhile it was done or it was not. */
  *#change<T>(
    kind: Job<T>["kind"],
    name: string,
    perform: () => T,
    undo?: (result: T) => void,
  ): Task<T> {
    checkComponent(name);
    const { volume } = this.directory;
    const job: Job<T> = {
      kind,
      payload: hashText(name, 0),
      delay: volume.writeTime(0),
      stalledUntil: () => volume.faults.stalledUntil,
      perform: () => {
        volume.check("use", `${this.path}/${name}`);
        return perform();
      },
      abandon: () => {
        if (!volume.random.flip()) return;
        try {
          perform();
        } catch {
          // It would have failed, and nobody is there to be told.
        }
      },
    };
    return yield* this.#process.call<T>(
      undo === undefined ? { ...job, binding: true } : { ...job, undo },
    );
  }
}

function notFound(path: string, name: string, why: string): Error {
  return localFailure("not-found", `Cannot open ${path}/${name}: ${why}`, "Check the name");
}

/** Fails with `bad-name` unless `name` is a single path component. */
function checkComponent(name: string): void {
  const good = name !== "" && name !== "." && name !== ".." && name.length <= 255 &&
    !/[/\0]/.test(name);
  if (good) return;
  const what = `Not a name in a folder: ${JSON.stringify(name)}`;
  throw requestFailure("bad-name", what, "Choose one without / and shorter than 256 bytes");
}
