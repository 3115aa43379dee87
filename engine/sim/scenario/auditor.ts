/**
 * The auditor: reads points at the replica through the engine's own views, as somebody who asks for a
 * file would, and looks at tracking at the primary; what it sees goes to the invariants.
 *
 * Its reads are part of the run, and take their time like anybody's.
 *
 * @module
 */
// Long because: what is read, when, and who judges it are one account of all that can be seen.

import { assert } from "../../core/base/assert.ts";
import { asObject, type Json } from "../../core/base/json.ts";
import type { PointId } from "../../core/base/units.ts";
import { decodeUtf8 } from "../../core/base/utf8.ts";
import type { Task } from "../../core/runtime/task.ts";
import { retentionText } from "../../core/wire/retention.ts";
import type { GuestHost } from "../guests/guest.ts";
import { Directory } from "../directory.ts";
import { FileNode } from "../volume.ts";
import type { ImageReason } from "../invariants/fact.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import type { Drill } from "./drill.ts";
import { SPARE_CONTENT } from "./spare_disks.ts";
import { type MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import type { HostName } from "./scenario.ts";
import type { Site } from "./site.ts";
import { fileAt } from "./replica_files.ts";

/** The place at the replica to which points are exported. */
export const EXPORTS = "exports";

/** Reads and tells. */
export class Auditor {
  /** Exports that were judged. */
  readonly #judged = new Set<string>();
  readonly #drill: Drill;
  /** Points being read at this moment, by site. */
  readonly #reading: Record<HostName, number> = { a: 0, b: 0 };

  constructor(drill: Drill) {
    this.#drill = drill;
  }

  /** Points being read at this moment. */
  get reading(): number {
    return this.#reading.a + this.#reading.b;
  }

  /** Nobody reads at a server that died. */
  died({ name }: Site): void {
    this.#reading[name] = 0;
  }

  /** A point was staged: it is read whole. */
  staged(machine: MachineRun, point: PointId): void {
    this.read(machine, point, "staged");
  }

  /** Reads a point whole, if the replica is there and lists it. */
  read(machine: MachineRun, point: PointId, why: ImageReason): void {
    const { vm } = machine.guest;
    const b = this.#drill.awayOf(machine);
    if (b.current === undefined || machine.leaving) return;
    const tell = (found: Uint8Array[]) => {
      this.#spare(machine, point, found);
      this.seen(machine, point, found, why);
    };
    // It counts from here on: a host that stands still begins to read when it goes on.
    const reading = this.#reading;
    reading[b.name]++;
    const done = () => reading[b.name]--;
    this.#drill.within(b, `audit/${vm}`, function* (host) {
      try {
        const store = replicaOf(host.server, vm)?.store;
        if (store?.points.some(({ id }) => id === point)) tell(yield* readPoint(store, point));
      } finally {
        done();
      }
    });
  }

  /** The image of a point was seen: the oracle judges it. */
  seen(machine: MachineRun, point: PointId, whole: readonly Uint8Array[], why: ImageReason): void {
    const { vm } = machine.guest;
    const image = whole.slice(0, machine.spec.disks.length);
    // The end of a failover is a point that no cut made: its guest's history says what it must hold.
    const seen = why === "completed" ? undefined : machine.cuts.get(point);
    const cut = seen?.instant;
    const tail = seen === undefined && why !== "completed" && this.isTail(machine, point);
    const guest = tail ? machine.former : machine.failover?.guest;
    const history = seen?.history ?? guest?.history;
    if (history === undefined) return;
    const instant = cut ?? this.#drill.instant();
    if (tail) {
      this.#drill.probe("reverse/losing-tail-read");
      machine.tails.set(point, { instant, history });
    }
    const judgement = history.judge(image, instant);
    // A failover offers a disk of each, whatever the point has.
    const sizes = why === "failover" ? undefined : machine.cuts.get(point)?.sizes;
    this.#drill.tell({ kind: "image", vm, point, image, why, cut, sizes, judgement });
  }

  /** What a point has of disks that are not its guest's. */
  #spare(machine: MachineRun, point: PointId, image: readonly Uint8Array[]): void {
    const { vm } = machine.guest;
    // The end of a failover is a point that no cut made: to one from before it came the disk is empty.
    if (!machine.cuts.has(point)) return;
    const expected = SPARE_CONTENT;
    for (const [disk, found] of image.entries()) {
      if (disk < machine.spec.disks.length || found.length === 0) continue;
      const wrong = found.length === expected.length
        ? found.findIndex((byte, at) => byte !== expected[at])
        : Math.min(found.length, expected.length);
      this.#drill.probe("disk/in-a-point");
      const sector = wrong < 0 ? undefined : Math.floor(wrong / SECTOR_SIZE);
      this.#drill.tell({ kind: "added", vm, point, disk, wrong: sector });
    }
    const { current } = this.#drill.awayOf(machine);
    const store = current === undefined ? undefined : replicaOf(current.server, vm)?.store;
    const arriving = store?.points.find(({ id }) => id === point)?.arriving;
    if (arriving !== undefined) this.#drill.probe("disk/point-beside-its-copy");
  }

  /** True for the point of what a demoted primary alone had (L6). */
  isTail(machine: MachineRun, point: PointId): boolean {
    const { current } = this.#drill.awayOf(machine);
    const store = machine.roaming && current !== undefined
      ? replicaOf(current.server, machine.guest.vm)?.store
      : undefined;
    return store?.holds.has("losing-tail") === true && store.points[0]?.id === point;
  }

  /** A failover was completed: the machine's disk files hold what its guest left. */
  completed(machine: MachineRun, point: PointId): void {
    this.seen(machine, point, this.files(machine), "completed");
  }

  /** The disk files of a completed failover, as whoever starts the machine from them finds them. */
  files(machine: MachineRun): Uint8Array[] {
    const { current, host } = this.#drill.awayOf(machine);
    const store = current === undefined
      ? undefined
      : replicaOf(current.server, machine.guest.vm)?.store;
    assert(store !== undefined, "The server that completed a failover has its replica");
    return store.diskFiles.map((path) => {
      // A copy that was at the replica from the beginning lies where it was.
      const copy = host.disks.get(path)?.node;
      if (copy !== undefined) return copy.sectors.peek();
      const found = fileAt(host, path);
      assert(found !== undefined, `A disk file of a completed failover is at ${path}`);
      return found.sectors.peek();
    });
  }

  /** Every whole export of a machine is the image of its point, whatever the verb that made it was told. */
  lookAtExports(machine: MachineRun): void {
    const { vm } = machine.guest;
    const place = this.#drill.awayOf(machine).host.places.get(EXPORTS);
    for (const [name, folder] of place?.entries ?? []) {
      if (!name.startsWith(`${vm}.`) || this.#judged.has(name)) continue;
      this.#judged.add(name);
      const count = machine.spec.disks.length;
      const found = folder instanceof Directory ? exported(folder, count) : undefined;
      if (found !== undefined) this.seen(machine, found.point, found.image, "exported");
      else {this.#drill.simulated.violate(
          "half-export",
          `${vm}: "${name}" has its name and is not whole`,
        );}
    }
  }

  /** What the replica lists; some of it is read again. */
  lookAtPoints(machine: MachineRun, host: GuestHost, opened: boolean): void {
    const { vm } = machine.guest;
    const replica = replicaOf(host.server, vm);
    if (replica === undefined) return;
    const points = replica.store.points.map((point) => {
      const { id, parent, generation, applied, broken, kind, protectedAt } = point;
      return { id, parent, generation, applied, broken, kind, protectedAt };
    });
    // A sealed delta that a restart found is staged without a word.
    for (const { id } of points) {
      // From the end: what is listed is the newest of what was ever staged.
      if (machine.staged.lastIndexOf(id as PointId) >= 0) continue;
      machine.staged.push(id as PointId);
      this.#drill.tell({ kind: "staged", vm, point: id as PointId });
    }
    const retention = retentionText(replica.store.retention);
    const failedOver = replica.record.failover !== undefined;
    // A complete that goes on, or is being answered, drops all points but one.
    const completing = replica.state === "FailedOver" || replica.record.failover?.completing;
    const going = completing === true ? points.length : 0;
    const held = replica.store.holds.size + this.reading + going;
    const { rotten } = this.#drill.faults;
    this.#drill.tell({
      kind: "points",
      vm,
      points,
      retention,
      held,
      opened,
      failedOver,
      completed: replica.state === "FailedOver",
      damaged: this.#drill.faults.damaged(machine),
      rotten,
    });
    // What a crash cut off from its answer as well.
    if (opened) this.lookAtExports(machine);
    if (opened) { for (const { id } of points) this.read(machine, id as PointId, "again"); }
  }

  /** How long a guest has been frozen, on either side, counted from when nothing kept its server from thawing it. */
  lookAtFreeze(machine: MachineRun): void {
    const { faults, now, sites } = this.#drill;
    for (const [host, frozenAt] of machine.frozenAt) {
      const { current, opened } = sites[host];
      if (current === undefined) continue;
      const since = Math.max(frozenAt, opened, faults.thawsSince(host));
      this.#drill.tell({ kind: "frozen", vm: machine.guest.vm, micros: now - since });
    }
  }

  /** Measures replication logs and old contents at the primary. */
  lookAtSpace(machine: MachineRun): void {
    const { cowBlocks, blockSize } = this.#drill.world;
    const { logs } = this.#drill.homeOf(machine).host;
    for (const disk of machine.spec.disks.keys()) {
      const stem = machine.device(disk);
      for (const [suffix, bound] of [["hrl", undefined], ["cow", cowBlocks * blockSize]] as const) {
        const entry = logs.entries.get(`${stem}.${suffix}`);
        if (!(entry instanceof FileNode)) continue;
        const name = `${stem}.${suffix}`;
        this.#drill.tell({
          kind: "space",
          name,
          bytes: entry.sectors.length,
          bound,
          disk: machine.asked[disk] ?? 0,
        });
      }
    }
  }

  /** Compares what is marked with what is really different. */
  lookAtTracking(machine: MachineRun, host: GuestHost, opened: boolean): void {
    const { vm } = machine.guest;
    const real = primaryOf(host.server, vm);
    // Behind the record that says so tracking ends, and its logs claim nothing.
    const tracked = real === undefined || real.state === "Disabled" ? [] : real.tracked;
    for (const each of tracked) {
      const disk = each.index;
      // One that is not its guest's has no history.
      if (disk >= machine.spec.disks.length) continue;
      const sectors = this.#drill.sectors(machine, disk);
      this.#drill.tell({
        kind: "tracked",
        host: machine.home,
        vm,
        disk,
        base: each.base,
        issued: each.issued,
        marks: (word) => each.marks(word),
        blockSize: each.geometry.blockSize,
        content: this.#drill.contents(machine, disk),
        changed: (at, length) => sectors?.changed(at, length) ?? 0,
        opened,
      });
    }
  }
}

/** The point and the first `count` disks of an export; `undefined` where something of it is missing. */
function exported(
  folder: Directory,
  count: number,
): { readonly point: PointId; readonly image: Uint8Array[] } | undefined {
  const manifest = folder.entries.get("manifest.json");
  if (!(manifest instanceof FileNode)) return undefined;
  const text = decodeUtf8(manifest.sectors.peek().slice(0, manifest.sectors.length));
  const told = text === undefined ? undefined : asObject(parseOrNone(text));
  const point = asObject(told?.["point"])?.["id"];
  const disks = told?.["disks"];
  if (typeof point !== "string" || !Array.isArray(disks)) return undefined;
  const image: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const disk = folder.entries.get(`disk-${index}.raw`);
    if (!(disk instanceof FileNode)) return undefined;
    image.push(disk.sectors.peek());
  }
  return { point: point as PointId, image };
}

function parseOrNone(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

interface Store {
  view(point: PointId): Task<{
    readonly sizes: readonly number[];
    read(disk: number, at: number, length: number): Task<Uint8Array>;
    close(): Task<void>;
  }>;
}

function* readPoint(store: Store, point: PointId): Task<Uint8Array[]> {
  const view = yield* store.view(point);
  try {
    const image: Uint8Array[] = [];
    for (const [disk, size] of view.sizes.entries()) image.push(yield* view.read(disk, 0, size));
    return image;
  } finally {
    yield* view.close();
  }
}
