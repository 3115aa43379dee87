/**
 * Disks, files and folders whose requests are watched: what a server works with in place of its ports'
 * own, so that storage that hangs is failed and everything else goes on (E2).
 *
 * @module
 */

import type { Failure } from "../base/failure.ts";
import { DISK_FLUSH_MAX } from "../base/limits.ts";
import type { Extent } from "../block/extent.ts";
import { type Disk, type DiskIdentity, growDisk, readInto } from "../ports/disk.ts";
import type { File, FileChange, Folder, OpenOptions } from "../ports/folder.ts";
import type { GuestDisk, LogPlace, Ports } from "../ports/ports.ts";
import { done, type Task } from "../runtime/task.ts";
import { type RequestWatch, WatchedHandle } from "./request_watch.ts";

/** `ports` with every request to storage under `watch`. */
export function watchedPorts(ports: Ports, watch: RequestWatch): Ports {
  return {
    ...ports,
    data: new WatchedFolder(watch, ports.data),
    openGuestDisk: (path) => openGuestDisk(ports, watch, path),
    logPlace: (path) => logPlace(ports, watch, path),
    openPlace: (path, options) => openPlace(ports, watch, path, options),
  };
}

function* openPlace(
  ports: Ports,
  watch: RequestWatch,
  path: string,
  options?: { readonly create?: boolean },
): Task<Folder> {
  const opening = new WatchedHandle(watch, path, false);
  const most = options?.create === true ? DISK_FLUSH_MAX : undefined;
  const folder = yield* opening.ask("open", -1, ports.openPlace(path, options), most);
  return new WatchedFolder(watch, folder);
}

function* openGuestDisk(ports: Ports, watch: RequestWatch, path: string): Task<GuestDisk> {
  const opening = new WatchedHandle(watch, path, false);
  const { disk, logs, stem } = yield* opening.ask("open", -1, ports.openGuestDisk(path));
  return {
    disk: new WatchedDisk(watch, disk, path),
    logs: new WatchedFolder(watch, logs),
    stem,
  };
}

function* logPlace(ports: Ports, watch: RequestWatch, path: string): Task<LogPlace> {
  const opening = new WatchedHandle(watch, path, false);
  const { logs, stem } = yield* opening.ask("look at", -1, ports.logPlace(path));
  return { logs: new WatchedFolder(watch, logs), stem };
}

class WatchedDisk implements Disk {
  readonly #disk: Disk;
  readonly #handle: WatchedHandle;

  constructor(watch: RequestWatch, disk: Disk, name: string) {
    this.#disk = disk;
    this.#handle = new WatchedHandle(watch, name, true);
  }

  get size(): number {
    return this.#disk.size;
  }

  grow(size: number): Task<void> {
    return this.#handle.ask("grow", -1, growDisk(this.#disk, size), DISK_FLUSH_MAX);
  }

  get failure(): Failure | undefined {
    return this.#handle.failure?.failure;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#handle.ask("read", at, this.#disk.read(at, length));
  }

  readInto(at: number, into: Uint8Array): Task<void> {
    return this.#handle.ask("read", at, readInto(this.#disk, at, into));
  }

  write(at: number, data: Uint8Array): Task<void> {
    return this.#handle.ask("write", at, this.#disk.write(at, data));
  }

  zero(at: number, length: number, options?: { readonly keepSpace?: boolean }): Task<void> {
    // Where it cannot give space back, it writes as much.
    return this.#handle.ask("zero", at, this.#disk.zero(at, length, options), DISK_FLUSH_MAX);
  }

  flush(): Task<void> {
    return this.#handle.ask("flush", -1, this.#disk.flush(), DISK_FLUSH_MAX);
  }

  identity(options?: { readonly lasting?: boolean }): Task<DiskIdentity> {
    const most = options?.lasting === true ? DISK_FLUSH_MAX : undefined;
    return this.#handle.ask("tell who it is", -1, this.#disk.identity(options), most);
  }

  allocated(at: number, length: number): Task<readonly Extent[]> {
    return this.#handle.ask("tell its holes", at, this.#disk.allocated(at, length));
  }

  close(): Task<void> {
    return closing(this.#handle, this.#disk);
  }
}

class WatchedFile implements File {
  readonly #file: File;
  readonly #handle: WatchedHandle;

  constructor(watch: RequestWatch, file: File, name: string) {
    this.#file = file;
    this.#handle = new WatchedHandle(watch, name, true);
  }

  get size(): number {
    return this.#file.size;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#handle.ask("read", at, this.#file.read(at, length));
  }

  write(at: number, data: Uint8Array): Task<void> {
    return this.#handle.ask("write", at, this.#file.write(at, data));
  }

  truncate(size: number): Task<void> {
    return this.#handle.ask("change its length", -1, this.#file.truncate(size), DISK_FLUSH_MAX);
  }

  allocate(size: number): Task<void> {
    return this.#handle.ask("take space", -1, this.#file.allocate(size), DISK_FLUSH_MAX);
  }

  flush(): Task<void> {
    return this.#handle.ask("flush", -1, this.#file.flush(), DISK_FLUSH_MAX);
  }

  lastChange(): Task<FileChange> {
    return this.#handle.ask("look at", -1, this.#file.lastChange());
  }

  lock(): Task<void> {
    return this.#handle.ask("give its lock", -1, this.#file.lock());
  }

  close(): Task<void> {
    return closing(this.#handle, this.#file);
  }
}

/** A folder is no device: what it does not do in time fails alone. */
class WatchedFolder implements Folder {
  readonly path: string;
  readonly #watch: RequestWatch;
  readonly #folder: Folder;
  readonly #handle: WatchedHandle;

  constructor(watch: RequestWatch, folder: Folder) {
    this.path = folder.path;
    this.#watch = watch;
    this.#folder = folder;
    this.#handle = new WatchedHandle(watch, folder.path, false);
  }

  list(): Task<readonly string[]> {
    return this.#handle.ask("list its names", -1, this.#folder.list());
  }

  *folder(name: string, options?: { readonly create?: boolean }): Task<Folder> {
    const folder = yield* this.#handle.ask(
      `open "${name}"`,
      -1,
      this.#folder.folder(name, options),
    );
    return new WatchedFolder(this.#watch, folder);
  }

  *open(name: string, options?: OpenOptions): Task<File> {
    const file = yield* this.#handle.ask(`open "${name}"`, -1, this.#folder.open(name, options));
    return new WatchedFile(this.#watch, file, `${this.path}/${name}`);
  }

  *createDisk(name: string, size: number): Task<Disk> {
    const disk = yield* this.#handle.ask(
      `make "${name}"`,
      -1,
      this.#folder.createDisk(name, size),
    );
    return new WatchedDisk(this.#watch, disk, `${this.path}/${name}`);
  }

  *openDisk(name: string): Task<Disk> {
    const disk = yield* this.#handle.ask(`open "${name}"`, -1, this.#folder.openDisk(name));
    return new WatchedDisk(this.#watch, disk, `${this.path}/${name}`);
  }

  rename(from: string, to: string): Task<void> {
    return this.#handle.ask(`rename "${from}"`, -1, this.#folder.rename(from, to), DISK_FLUSH_MAX);
  }

  remove(name: string): Task<void> {
    return this.#handle.ask(`remove "${name}"`, -1, this.#folder.remove(name), DISK_FLUSH_MAX);
  }

  flush(): Task<void> {
    return this.#handle.ask("flush", -1, this.#folder.flush(), DISK_FLUSH_MAX);
  }

  free(): Task<number> {
    return this.#handle.ask("tell its free space", -1, this.#folder.free());
  }
}

/** What was given up may still be in the kernel: its handle and its lock stay until the process ends. */
function closing(handle: WatchedHandle, storage: { close(): Task<void> }): Task<void> {
  if (handle.failure !== undefined) return done(undefined);
  return handle.ask("close", -1, storage.close());
}
