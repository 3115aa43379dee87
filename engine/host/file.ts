/**
 * Files that must outlive everything, on the real file system.
 *
 * @module
 */

import * as fs from "node:fs";
import { localFailure, requestFailure } from "../core/base/failure.ts";
import { KiB, MiB } from "../core/base/units.ts";
import type { File, FileChange, OpenOptions } from "../core/ports/folder.ts";
import type { Task } from "../core/runtime/task.ts";
import { deviceNumber } from "./block_device.ts";
import { lockFile, type Unlock } from "./file_lock.ts";
import { Flusher } from "./flusher.ts";
import { libc } from "./libc.ts";
import { namedFailure, numberName, osFailure } from "./os_failure.ts";
import { PositionalIo } from "./positional_io.ts";
import { callbackTask } from "./real_loop.ts";

/** For a longer read the length of the file is asked first, so that no memory is wasted. */
const SMALL = 64 * KiB;

/** Opens the file at `path`. */
export function openFile(path: string, options: OpenOptions = {}): RealFile {
  const { O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
  const create = options.create === true ? O_CREAT : 0;
  const truncate = options.truncate === true ? O_TRUNC : 0;
  let descriptor = -1;
  try {
    descriptor = fs.openSync(path, O_RDWR | create | truncate, 0o600);
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) {
      const action = "Move away what is there in its place, or name a file";
      throw requestFailure("bad-argument", `"${path}" is not a file`, action);
    }
    return new RealFile(path, descriptor);
  } catch (error) {
    if (descriptor >= 0) fs.closeSync(descriptor);
    throw osFailure(error, `open "${path}"`);
  }
}

/** `File` on one descriptor. Made by `openFile`. */
export class RealFile implements File {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #io: PositionalIo;
  readonly #flusher: Flusher;
  #unlock: Unlock | undefined;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#io = new PositionalIo(descriptor);
    // fdatasync makes the length durable too where it is needed to read the contents.
    this.#flusher = new Flusher((finish) => fs.fdatasync(descriptor, finish));
  }

  get size(): number {
    // Asked of the kernel each time: other handles of the same file may write too.
    return fs.fstatSync(this.#descriptor).size;
  }

  *read(at: number, length: number): Task<Uint8Array> {
    const wanted = length <= SMALL ? length : Math.max(0, Math.min(length, this.size - at));
    const bytes = new Uint8Array(wanted);
    try {
      const count = yield* this.#io.read(bytes, at);
      return count < wanted ? bytes.slice(0, count) : bytes;
    } catch (error) {
      throw osFailure(error, `read "${this.#path}" at ${at}`);
    }
  }

  *write(at: number, data: Uint8Array): Task<void> {
    try {
      yield* this.#io.write(data, at);
    } catch (error) {
      throw osFailure(error, `write "${this.#path}" at ${at}`);
    }
  }

  *truncate(size: number): Task<void> {
    try {
      // Giving back the space of a large file takes long, so not on this thread.
      yield* callbackTask<void>((done, fail) => {
        fs.ftruncate(this.#descriptor, size, (error) => error ? fail(error) : done());
        return undefined;
      });
    } catch (error) {
      throw osFailure(error, `set the length of "${this.#path}" to ${size}`);
    }
  }

  *allocate(size: number): Task<void> {
    const trouble = libc === undefined ? "EOPNOTSUPP" : numberName(
      libc.allocate(this.#descriptor, size),
    );
    if (trouble === "") return;
    const doing = `take ${size} bytes for "${this.#path}"`;
    if (trouble !== "EOPNOTSUPP" && trouble !== "EINVAL") throw namedFailure(trouble, doing);
    const held = this.size;
    yield* this.#allocateByWriting(Math.min(size, held));
    if (size > held) yield* this.#expectFree(size - held, doing);
  }

  /** Where the file system takes no space by itself, contents written over themselves do. */
  *#allocateByWriting(size: number): Task<void> {
    for (let at = 0; at < size; at += MiB) {
      const piece = yield* this.read(at, Math.min(MiB, size - at));
      yield* this.write(at, piece);
    }
  }

  /** Space beyond the end cannot be taken without growing the file: it is only looked for. */
  // deno-lint-ignore require-yield -- the kernel answers at once
  *#expectFree(wanted: number, doing: string): Task<void> {
    const { bavail, bsize } = fs.statfsSync(this.#path);
    if (bavail * bsize < wanted) throw namedFailure("ENOSPC", doing);
  }

  *flush(): Task<void> {
    try {
      yield* this.#flusher.flush();
    } catch (error) {
      throw osFailure(error, `flush "${this.#path}"`);
    }
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *lastChange(): Task<FileChange> {
    const device = deviceNumber(fs.fstatSync(this.#descriptor, { bigint: true }).dev);
    return { device, changed: libc?.changedAt(this.#descriptor)?.toString() ?? "" };
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *lock(): Task<void> {
    if (this.#unlock !== undefined) {
      throw localFailure(
        "locked",
        `Cannot lock "${this.#path}": this server has locked it`,
        'Look at "warmsite vm list" for the machine that has it',
      );
    }
    this.#unlock = lockFile(this.#descriptor, this.#path);
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *close(): Task<void> {
    fs.closeSync(this.#descriptor);
    this.#unlock?.();
  }
}
