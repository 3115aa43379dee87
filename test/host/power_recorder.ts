/**
 * A recorder around the real Disk and Folder adapters, and what a loss of power would have left of the
 * calls that were really made.
 *
 * Every call is passed on to real files and noted when it begins and when it has returned. For any moment
 * of that record the surviving state is made anew: of what no returned flush covers, any subset of
 * sectors, lengths and names is there (the model of `engine/sim/sectors.ts` and `directory.ts`), written
 * to real files in another folder, on which the real adapters open it again.
 *
 * Stamps of disks (inode, time of change) are the recorder's own, for no file can be given back its
 * inode: they change with each write, no flush makes them durable, and a lasting `identity` does once
 * it has returned, as the adapter promises.
 *
 * @module
 */

// Long because: the three wrappers and the record that they share are one small model.

import * as fs from "node:fs";
import type { Extent } from "../../engine/core/block/extent.ts";
import type { Disk, DiskIdentity } from "../../engine/core/ports/disk.ts";
import type { File, FileChange, Folder, OpenOptions } from "../../engine/core/ports/folder.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { openFolder } from "../../engine/host/folder.ts";
import { Directory, type DirectoryEntry } from "../../engine/sim/directory.ts";
import { Prng } from "../../engine/sim/prng.ts";
import { FileNode, USUAL_STORAGE, Volume } from "../../engine/sim/volume.ts";
import { SimWorld } from "../../engine/sim/world.ts";
import { loadKernel } from "../../wasm/codec.ts";

/** A call that changes something, or makes a change durable. */
export type RecordedCall =
  | { readonly kind: "make-folder"; readonly folder: number; readonly name: string; id: number }
  | {
    readonly kind: "make-file";
    readonly folder: number;
    readonly name: string;
    readonly inode: number;
    readonly size: number;
    readonly sparse: boolean;
  }
  | {
    readonly kind: "write";
    readonly inode: number;
    readonly at: number;
    readonly data: Uint8Array;
  }
  | { readonly kind: "zero"; readonly inode: number; readonly at: number; readonly length: number }
  | { readonly kind: "truncate"; readonly inode: number; readonly size: number }
  | { readonly kind: "flush"; readonly inode: number }
  | { readonly kind: "stamp"; readonly inode: number }
  | { readonly kind: "flush-folder"; readonly folder: number }
  | { readonly kind: "rename"; readonly folder: number; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly folder: number; readonly name: string };

/** What a file was left with. */
export interface SavedFile {
  readonly kind: "file";
  readonly inode: number;
  readonly bytes: Uint8Array;
  readonly sparse: boolean;
  /** The stamp, see the head of this file. */
  readonly changed: number;
}

/** What a folder was left with. */
export type SavedFolder = Map<string, SavedFile | SavedFolder>;

/** A moment of the record: `begin` or `end` of a call. */
interface Moment {
  readonly call: RecordedCall;
  readonly phase: "begin" | "end" | "failed";
  /** Index of the moment at which it began. */
  readonly began: number;
}

/** A decision to let a call fail instead of making it. */
export type FaultPlan = (call: RecordedCall) => Error | undefined;

const world = new SimWorld({ seed: 1, kernel: loadKernel() });
let volumes = 0;

/** Records all that happens below one folder. */
export class PowerRecorder {
  /** The folder, for the engine. */
  readonly folder: Folder;
  /** Lets calls fail; none unless set. */
  fault: FaultPlan | undefined;
  readonly #base: SavedFolder;
  readonly #moments: Moment[] = [];
  #nextId = 1;
  #nextInode: number;

  /** Makes `path` hold what `base` says, with real files, and records from then on. */
  constructor(path: string, base: SavedFolder = new Map()) {
    this.#base = base;
    this.#nextInode = 1 + highestInode(base);
    fs.mkdirSync(path, { recursive: true });
    restore(path, base);
    this.folder = new RecordedFolder(this, path, 0, this.#names(base));
  }

  /** Moments so far; any number up to it is one at which power may be lost. */
  get length(): number {
    return this.#moments.length;
  }

  /** What a moment was, for messages. */
  describe(moment: number): string {
    const found = this.#moments[moment - 1];
    if (found === undefined) return "the beginning";
    const { data: _, ...call } = found.call as RecordedCall & { data?: Uint8Array };
    return `${found.phase} of ${JSON.stringify(call)}`;
  }

  /** What is left when power is lost after the first `moment` moments; `seed` decides what survives. */
  survivors(moment: number, seed: number): SavedFolder {
    const volume = new Volume(
      world,
      `recorded-${volumes++}`,
      Number.MAX_SAFE_INTEGER,
      USUAL_STORAGE,
    );
    const replay = new Replay(volume, this.#base);
    const begun = new Set<number>();
    const marks = new Map<number, number>();
    for (let at = 0; at < moment; at++) {
      const { call, phase, began } = this.#moments[at] as Moment;
      if (phase === "begin") {
        begun.add(at);
        marks.set(at, replay.mark(call));
        continue;
      }
      begun.delete(began);
      // A call that failed may have done any part of what it was to do.
      if (phase === "end" || call.kind === "write") replay.apply(call, marks.get(began) ?? 0);
    }
    for (const at of begun) {
      const { call } = this.#moments[at] as Moment;
      if (["write", "zero", "remove"].includes(call.kind)) replay.apply(call, 0);
    }
    replay.root.losePower(new Prng(seed));
    return save(replay.root);
  }

  /** Names of a folder as ids, given out anew. */
  #names(folder: SavedFolder): Map<string, Known> {
    const known = new Map<string, Known>();
    for (const [name, entry] of folder) {
      known.set(
        name,
        entry instanceof Map
          ? { kind: "folder", id: this.#nextId++, names: this.#names(entry) }
          : { kind: "file", inode: entry.inode, changed: { value: entry.changed } },
      );
    }
    return known;
  }

  /** A fresh id for a folder. */
  folderId(): number {
    return this.#nextId++;
  }

  /** A fresh inode. */
  inode(): number {
    return this.#nextInode++;
  }

  /** Makes a call, noting when it begins and when it has returned. */
  *make<T>(call: RecordedCall, work: Task<T>): Task<T> {
    const began = this.#moments.length;
    this.#moments.push({ call, phase: "begin", began });
    try {
      const fault = this.fault?.(call);
      if (fault !== undefined) throw fault;
      const result = yield* work;
      this.#moments.push({ call, phase: "end", began });
      return result;
    } catch (error) {
      this.#moments.push({ call, phase: "failed", began });
      throw error;
    }
  }
}

/** What the recorder knows under a name. */
type Known =
  | { readonly kind: "folder"; readonly id: number; readonly names: Map<string, Known> }
  | { readonly kind: "file"; readonly inode: number; readonly changed: { value: number } };

class RecordedFolder implements Folder {
  readonly path: string;
  readonly #recorder: PowerRecorder;
  readonly #real: Folder;
  readonly #id: number;
  readonly #names: Map<string, Known>;

  constructor(recorder: PowerRecorder, path: string, id: number, names: Map<string, Known>) {
    this.path = path;
    this.#recorder = recorder;
    this.#real = openFolder(path);
    this.#id = id;
    this.#names = names;
  }

  list(): Task<readonly string[]> {
    return this.#real.list();
  }

  *folder(name: string, options: { readonly create?: boolean } = {}): Task<Folder> {
    let known = this.#names.get(name);
    if (known?.kind !== "folder" && options.create === true) {
      const id = this.#recorder.folderId();
      const call = { kind: "make-folder", folder: this.#id, name, id } as const;
      yield* this.#recorder.make(call, this.#real.folder(name, options));
      known = { kind: "folder", id, names: new Map() };
      this.#names.set(name, known);
    }
    const { path } = yield* this.#real.folder(name);
    if (known?.kind !== "folder") throw new Error(`Nobody made the folder ${name}`);
    return new RecordedFolder(this.#recorder, path, known.id, known.names);
  }

  *open(name: string, options: OpenOptions = {}): Task<File> {
    const known = this.#names.get(name);
    if (known?.kind === "file") {
      if (options.truncate !== true) {
        return new RecordedFile(this.#recorder, known.inode, yield* this.#real.open(name));
      }
      const call = { kind: "truncate", inode: known.inode, size: 0 } as const;
      const file = yield* this.#recorder.make(call, this.#real.open(name, options));
      return new RecordedFile(this.#recorder, known.inode, file);
    }
    if (options.create !== true) return yield* this.#real.open(name, options);
    const inode = this.#recorder.inode();
    const call = {
      kind: "make-file",
      folder: this.#id,
      name,
      inode,
      size: 0,
      sparse: false,
    } as const;
    const file = yield* this.#recorder.make(call, this.#real.open(name, options));
    this.#names.set(name, { kind: "file", inode, changed: { value: 0 } });
    return new RecordedFile(this.#recorder, inode, file);
  }

  *createDisk(name: string, size: number): Task<Disk> {
    const inode = this.#recorder.inode();
    const call = { kind: "make-file", folder: this.#id, name, inode, size, sparse: true } as const;
    const disk = yield* this.#recorder.make(call, this.#real.createDisk(name, size));
    const changed = { value: 1 };
    this.#names.set(name, { kind: "file", inode, changed });
    return new RecordedDisk(this.#recorder, inode, changed, disk);
  }

  *openDisk(name: string): Task<Disk> {
    const disk = yield* this.#real.openDisk(name);
    const known = this.#names.get(name);
    if (known?.kind !== "file") throw new Error(`Nobody made the disk ${name}`);
    return new RecordedDisk(this.#recorder, known.inode, known.changed, disk);
  }

  *rename(from: string, to: string): Task<void> {
    const call = { kind: "rename", folder: this.#id, from, to } as const;
    yield* this.#recorder.make(call, this.#real.rename(from, to));
    const known = this.#names.get(from);
    this.#names.delete(from);
    if (known !== undefined) this.#names.set(to, known);
  }

  *remove(name: string): Task<void> {
    const call = { kind: "remove", folder: this.#id, name } as const;
    yield* this.#recorder.make(call, this.#real.remove(name));
    this.#names.delete(name);
  }

  flush(): Task<void> {
    return this.#recorder.make({ kind: "flush-folder", folder: this.#id }, this.#real.flush());
  }

  free(): Task<number> {
    return this.#real.free();
  }
}

class RecordedFile implements File {
  readonly #recorder: PowerRecorder;
  readonly #inode: number;
  readonly #real: File;

  constructor(recorder: PowerRecorder, inode: number, real: File) {
    this.#recorder = recorder;
    this.#inode = inode;
    this.#real = real;
  }

  get size(): number {
    return this.#real.size;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#real.read(at, length);
  }

  write(at: number, data: Uint8Array): Task<void> {
    const call = { kind: "write", inode: this.#inode, at, data: data.slice() } as const;
    return this.#recorder.make(call, this.#real.write(at, data));
  }

  truncate(size: number): Task<void> {
    const call = { kind: "truncate", inode: this.#inode, size } as const;
    return this.#recorder.make(call, this.#real.truncate(size));
  }

  allocate(size: number): Task<void> {
    return this.#real.allocate(size);
  }

  flush(): Task<void> {
    return this.#recorder.make({ kind: "flush", inode: this.#inode }, this.#real.flush());
  }

  /** Disks here count their changes: that of a file is as late as none of them. */
  // deno-lint-ignore require-yield
  *lastChange(): Task<FileChange> {
    return { device: "recorded", changed: "0" };
  }

  lock(): Task<void> {
    return this.#real.lock();
  }

  close(): Task<void> {
    return this.#real.close();
  }
}

class RecordedDisk implements Disk {
  readonly size: number;
  readonly #recorder: PowerRecorder;
  readonly #inode: number;
  readonly #changed: { value: number };
  readonly #real: Disk;

  constructor(recorder: PowerRecorder, inode: number, changed: { value: number }, real: Disk) {
    this.size = real.size;
    this.#recorder = recorder;
    this.#inode = inode;
    this.#changed = changed;
    this.#real = real;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#real.read(at, length);
  }

  *write(at: number, data: Uint8Array): Task<void> {
    this.#changed.value++;
    const call = { kind: "write", inode: this.#inode, at, data: data.slice() } as const;
    yield* this.#recorder.make(call, this.#real.write(at, data));
  }

  *zero(at: number, length: number): Task<void> {
    this.#changed.value++;
    const call = { kind: "zero", inode: this.#inode, at, length } as const;
    yield* this.#recorder.make(call, this.#real.zero(at, length));
  }

  flush(): Task<void> {
    return this.#recorder.make({ kind: "flush", inode: this.#inode }, this.#real.flush());
  }

  *identity({ lasting = false } = {}): Task<DiskIdentity> {
    const call = { kind: "stamp", inode: this.#inode } as const;
    const asked = this.#real.identity({ lasting });
    // A lasting one is a flush as well.
    const flush = { kind: "flush", inode: this.#inode } as const;
    const real = yield* lasting
      ? this.#recorder.make(flush, this.#recorder.make(call, asked))
      : asked;
    const { size } = real;
    const changed = this.#changed.value.toString();
    return { device: "recorded", inode: this.#inode.toString(), size, changed, stamped: true };
  }

  allocated(at: number, length: number): Task<readonly Extent[]> {
    return this.#real.allocated(at, length);
  }

  close(): Task<void> {
    return this.#real.close();
  }
}

/** The record, played on the model of what a loss of power leaves. */
class Replay {
  readonly root: Directory;
  readonly #volume: Volume;
  readonly #folders = new Map<number, Directory>();
  readonly #files = new Map<number, FileNode>();
  #ids = 1;

  constructor(volume: Volume, base: SavedFolder) {
    this.#volume = volume;
    this.root = this.#directory(base, 0);
  }

  /** The same order of ids as when the recorder took up its base. */
  #directory(saved: SavedFolder, id: number): Directory {
    const directory = new Directory(this.#volume, "");
    this.#folders.set(id, directory);
    for (const [name, entry] of saved) directory.link(name, this.#entry(entry));
    directory.persist(directory.mark());
    return directory;
  }

  #entry(entry: SavedFile | SavedFolder): DirectoryEntry {
    if (entry instanceof Map) return this.#directory(entry, this.#ids++);
    const node = this.#file(entry.inode, entry.bytes.length, entry.sparse, entry.changed);
    node.sectors.write(0, entry.bytes);
    node.sectors.persist(node.sectors.mark());
    return node;
  }

  #file(inode: number, size: number, sparse: boolean, changed: number): FileNode {
    this.#volume.nextInode = inode;
    const node = new FileNode(this.#volume, size, sparse, changed);
    this.#files.set(inode, node);
    return node;
  }

  #node(inode: number): FileNode {
    return this.#files.get(inode) as FileNode;
  }

  #folder(id: number): Directory {
    return this.#folders.get(id) as Directory;
  }

  /** What a flush that begins here covers. */
  mark(call: RecordedCall): number {
    if (call.kind === "flush") return this.#node(call.inode).sectors.mark();
    if (call.kind === "stamp") return this.#node(call.inode).changed;
    if (call.kind === "flush-folder") return this.#folder(call.folder).mark();
    return 0;
  }

  apply(call: RecordedCall, mark: number): void {
    switch (call.kind) {
      case "make-folder": {
        const made = new Directory(this.#volume, call.name);
        this.#folders.set(call.id, made);
        return this.#folder(call.folder).link(call.name, made);
      }
      case "make-file": {
        const node = this.#file(call.inode, call.size, call.sparse, call.sparse ? 1 : 0);
        return this.#folder(call.folder).link(call.name, node);
      }
      case "write":
      case "zero":
      case "truncate":
        return this.#change(call);
      case "flush":
        // The time of the last change stays where it is: fdatasync writes no times.
        return this.#node(call.inode).sectors.persist(mark);
      case "stamp":
        this.#node(call.inode).durableChanged = mark;
        return;
      case "flush-folder":
        return this.#folder(call.folder).persist(mark);
      case "rename":
        return this.#folder(call.folder).rename(call.from, call.to);
      case "remove":
        return this.#remove(this.#folder(call.folder), call.name);
    }
  }

  /** A folder goes name by name, those below it first: of these any may survive while it does. */
  #remove(folder: Directory, name: string): void {
    const entry = folder.entries.get(name);
    if (entry instanceof Directory) {
      for (const below of [...entry.entries.keys()]) this.#remove(entry, below);
    }
    folder.unlink(name);
  }

  #change(call: Extract<RecordedCall, { kind: "write" | "zero" | "truncate" }>): void {
    const node = this.#node(call.inode);
    node.changed++;
    if (call.kind === "write") node.sectors.write(call.at, call.data);
    else if (call.kind === "zero") node.sectors.zero(call.at, call.length);
    else node.sectors.truncate(call.size);
  }
}

function save(directory: Directory): SavedFolder {
  const saved: SavedFolder = new Map();
  for (const [name, entry] of directory.entries) {
    if (entry instanceof Directory) saved.set(name, save(entry));
    else {
      const { inode, sparse, changed } = entry;
      const bytes = entry.sectors.durable();
      saved.set(name, { kind: "file", inode, bytes, sparse, changed });
    }
  }
  return saved;
}

function restore(path: string, folder: SavedFolder): void {
  for (const [name, entry] of folder) {
    const inner = `${path}/${name}`;
    if (entry instanceof Map) {
      fs.mkdirSync(inner);
      restore(inner, entry);
    } else fs.writeFileSync(inner, entry.bytes);
  }
}

function highestInode(folder: SavedFolder): number {
  let highest = 100;
  for (const entry of folder.values()) {
    highest = Math.max(highest, entry instanceof Map ? highestInode(entry) : entry.inode);
  }
  return highest;
}

/** The saved file of that name. */
export function savedFile(folder: SavedFolder, name: string): SavedFile | undefined {
  const entry = folder.get(name);
  return entry instanceof Map ? undefined : entry;
}
