/**
 * Folders that must outlive everything, on the real file system.
 *
 * Rule: names are single path components, so that nothing outside the folder is ever reached
 * through one. Files are made for this user alone (0600, folders 0700).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import * as path from "node:path";
import { isFailed, requestFailure } from "../core/base/failure.ts";
import type { Disk } from "../core/ports/disk.ts";
import type { File, Folder, OpenOptions } from "../core/ports/folder.ts";
import type { Task } from "../core/runtime/task.ts";
import { openDisk } from "./disk.ts";
import { openFile } from "./file.ts";
import { Flusher } from "./flusher.ts";
import { errorName, osFailure } from "./os_failure.ts";
import { callbackTask, promiseTask } from "./real_loop.ts";

/** Bytes in a name, at most, as Linux has it. */
const NAME_SIZE_MAX = 255;

/** Opens the folder at `where`; `create` makes it and what is above it. */
export function openFolder(where: string, options: { readonly create?: boolean } = {}): RealFolder {
  const whole = path.resolve(where);
  try {
    if (options.create === true) fs.mkdirSync(whole, { recursive: true, mode: 0o700 });
    if (!fs.statSync(whole).isDirectory()) {
      throw requestFailure("bad-argument", `"${whole}" is not a folder`, "Name a folder");
    }
  } catch (error) {
    throw osFailure(error, `open the folder "${whole}"`);
  }
  return new RealFolder(whole);
}

/**
 * Opens the folder that an administrator named by its whole path. With `create` the names of the
 * folders that were made are durable when this returns: a crash before leaves some of them, empty.
 */
export function* openPlace(
  where: string,
  options: { readonly create?: boolean } = {},
): Task<RealFolder> {
  if (!path.isAbsolute(where) || where.includes("\0")) {
    throw requestFailure(
      "bad-argument",
      `The path of a folder begins with "/", and this one does not: ${JSON.stringify(where)}`,
      "Give the whole path: a server has no folder of its own in which to look",
    );
  }
  const missing = options.create === true ? firstMissing(path.resolve(where)) : undefined;
  const opened = openFolder(where, options);
  if (missing === undefined) return opened;
  for (let made = opened.path; made.length >= missing.length; made = path.dirname(made)) {
    yield* openFolder(path.dirname(made)).flush();
  }
  return opened;
}

/** The uppermost folder of the path `whole` that is not there yet. */
function firstMissing(whole: string): string | undefined {
  let missing: string | undefined;
  for (let at = whole; !fs.existsSync(at); at = path.dirname(at)) missing = at;
  return missing;
}

/** `Folder` by its path. Made by `openFolder`. */
export class RealFolder implements Folder {
  readonly path: string;
  readonly #flusher: Flusher;

  constructor(whole: string) {
    this.path = whole;
    this.#flusher = new Flusher((finish) => flushNames(whole, finish));
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *list(): Task<readonly string[]> {
    return this.#attempt("list", "", () => fs.readdirSync(this.path).sort());
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *folder(name: string, options: { readonly create?: boolean } = {}): Task<Folder> {
    const inner = this.#inner(name);
    if (options.create === true) {
      this.#attempt("make the folder", name, () => {
        try {
          fs.mkdirSync(inner, { mode: 0o700 });
        } catch (error) {
          if (errorName(error) !== "EEXIST") throw error;
        }
      });
    }
    return openFolder(inner);
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *open(name: string, options: OpenOptions = {}): Task<File> {
    return openFile(this.#inner(name), options);
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *createDisk(name: string, size: number): Task<Disk> {
    return openDisk(this.#inner(name), { create: size });
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *openDisk(name: string): Task<Disk> {
    return openDisk(this.#inner(name));
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *rename(from: string, to: string): Task<void> {
    const [old, next] = [this.#inner(from), this.#inner(to)];
    this.#attempt("rename", from, () => fs.renameSync(old, next));
  }

  *remove(name: string): Task<void> {
    const inner = this.#inner(name);
    try {
      // Not on this thread: the space of a large file takes long to give back.
      yield* promiseTask(() => Deno.remove(inner, { recursive: true }));
    } catch (error) {
      if (errorName(error) === "ENOENT" || error instanceof Deno.errors.NotFound) return;
      throw osFailure(error, `remove "${inner}"`);
    }
  }

  *flush(): Task<void> {
    try {
      yield* this.#flusher.flush();
    } catch (error) {
      throw osFailure(error, `flush the folder "${this.path}"`);
    }
  }

  *free(): Task<number> {
    try {
      return yield* callbackTask<number>((done, fail) => {
        fs.statfs(this.path, (error, stat) => {
          if (error) fail(error);
          else done(stat.bavail * stat.bsize);
        });
        return undefined;
      });
    } catch (error) {
      throw osFailure(error, `ask for the free space of "${this.path}"`);
    }
  }

  #inner(name: string): string {
    const sound = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name) &&
      Buffer.byteLength(name) <= NAME_SIZE_MAX;
    if (sound) return `${this.path}/${name}`;
    throw requestFailure(
      "bad-name",
      `Not a name in a folder: ${JSON.stringify(name.slice(0, 80))}`,
      `Use a name without "/", at most ${NAME_SIZE_MAX} bytes, other than "." and ".."`,
    );
  }

  #attempt<T>(doing: string, name: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isFailed(error)) throw error;
      throw osFailure(error, `${doing} "${name === "" ? this.path : `${this.path}/${name}`}"`);
    }
  }
}

/** Makes the names in a folder durable. The folder is opened for it, so that none stays open. */
function flushNames(folder: string, finish: (error: Error | null) => void): void {
  let descriptor: number;
  try {
    descriptor = fs.openSync(folder, "r");
  } catch (error) {
    // Not from inside the call that asked: its caller still runs.
    queueMicrotask(() => finish(error as Error));
    return;
  }
  fs.fsync(descriptor, (error) => {
    fs.closeSync(descriptor);
    finish(error);
  });
}
