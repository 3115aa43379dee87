/**
 * Initial replication onto media (M25): passes over the live disk into a package, the last one a cut (C5).
 *
 * It is the initial replication over the network with a folder in the replica's place: a block's bit is cleared once
 * the part that holds it is durable with its line in the index (T3), what the guest writes meanwhile is
 * marked again, and the point of the cut is issued on every disk before the package names it (T4). From the cut
 * on bits are relative to that point, so that what changed since travels once the replica has imported it.
 *
 * The package is sealed with a key that was drawn for it. The key is durable here before the first byte is written, so that
 * the export goes on after a crash; the replica is told of it with the digest of the manifest, over the connection
 * that both have authenticated (`opening.ts`), and it lies nowhere on the medium.
 *
 * Crash before the manifest: the package goes on where its last whole part ends. Between the manifest and
 * the bases, or amid these: the manifest is found, and the other bases and the record follow. Between the bases and
 * the record: the same. The record comes last, for only it lets the package be imported: a disk whose base were the
 * package's seed by then could be taken for one whose blocks had travelled to the replica, which knows that seed
 * from the import, and what was in the package alone would never be sent.
 *
 * @module
 */

import { isFailed, localFailure } from "../base/failure.ts";
import { fromHex, type SeedId, toHex } from "../base/units.ts";
import { type CompletePackage, findComplete, PackageWriter } from "../history/package_writer.ts";
import {
  PACKAGE_FORMAT,
  PACKAGE_KEY_SIZE,
  type PackageManifest,
  packageName,
} from "../history/package_format.ts";
import type { Folder } from "../ports/folder.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { PackageKey } from "../relationship/seeding_plan.ts";
import type { Task } from "../runtime/task.ts";
import type { Compare, Compared } from "../wire/compare.ts";
import type { StagedExtent } from "../wire/extent.ts";
import type { Cut } from "./cutting.ts";
import { declare } from "./cycle.ts";
import { finalPass, livePasses } from "./passes.ts";
import type { Replication } from "./replication.ts";
import { sendPending } from "./sending.ts";
import { Shipment } from "./shipment.ts";

/** Cuts of one attempt whose views were given up, at most. */
const CUTS_MAX = 4;

/** Exports the machine as its plan says, and moves on to wait for the import. */
export function* exportMachine(work: Replication): Task<void> {
  const { machine, ports } = work;
  const { plan } = machine;
  const path = plan?.path;
  if (plan === undefined || path === undefined) {
    throw localFailure(
      "not-found",
      `No folder is known to export "${machine.name}" to`,
      exportAgain(machine.name),
    );
  }
  // Not made: what is not mounted would fill the file system beneath it.
  const place = yield* ports.openPlace(path);
  const folder = yield* place.folder(packageName(machine.name, machine.id), { create: true });
  yield* place.flush();
  const base = machine.tracked[0]?.base;
  const seed = base?.kind === "seed" &&
      machine.tracked.every((disk) => disk.base.kind === "seed" && disk.base.seed === base.seed)
    ? base.seed
    : undefined;
  // A crash between the bases leaves some disks at its point already.
  const ours = ({ seed, point }: PackageManifest) =>
    machine.tracked.length > 0 && plan.packageKey?.seed === seed &&
    machine.tracked.every(({ base }) =>
      base.kind === "seed" ? base.seed === seed : base.kind === "point" && base.point === point.id
    );
  const done = (yield* findComplete(ports.codec.kernel, folder, ours)) ??
    (yield* write(work, folder, seed));
  const { digest, manifest } = done;
  const exported = { point: manifest.point.id, digest, folder: folder.path };
  for (const disk of machine.tracked) {
    const { base } = disk;
    const there = base.kind === "point" && base.point === manifest.point.id;
    if (!there) yield* disk.exported(manifest.point.id);
  }
  const { packageKey } = machine.plan ?? plan;
  yield* machine.enterWith("finish-export", { ...plan, packageKey, exported });
}

/** Writes the package, or the rest of it. */
function* write(
  work: Replication,
  folder: Folder,
  before: SeedId | undefined,
): Task<CompletePackage> {
  const { machine, ports } = work;
  const sink = yield* begin(work, folder, before);
  const { writer, shipment } = sink;
  try {
    yield* livePasses(work, () => writePass(work, sink));
    const cut = yield* writeCut(work, sink);
    return yield* writer.complete({
      point: declare(work, cut),
      sizes: machine.sizes,
      blockSize: machine.tracked[0]?.geometry.blockSize ?? 0,
    });
  } catch (error) {
    if (isFailed(error, "no-space")) {
      ports.observer.emit({ kind: "probe", name: "export/no-space" });
      throw noRoom(folder, error.failure.message);
    }
    throw error;
  } finally {
    // What is in no finished part is pending again.
    shipment.takeBack();
    yield* writer.close();
  }
}

/** Goes on with the package that was begun, or begins one: then every block is to be written. */
function* begin(work: Replication, folder: Folder, before: SeedId | undefined): Task<PackageSink> {
  const { machine, ports } = work;
  const { codec, entropy } = ports;
  const size = machine.disks.reduce((sum, disk) => sum + disk.size, 0);
  const draft = { format: PACKAGE_FORMAT, machine: machine.id, name: machine.name };
  const known = machine.plan?.packageKey;
  let writer: PackageWriter | undefined;
  if (before !== undefined && known?.seed === before) {
    const tools = { codec, entropy, key: bytesOf(known) };
    writer = yield* PackageWriter.resume(tools, folder, { ...draft, seed: before }, size);
    if (writer !== undefined && writer.bytes > 0) {
      ports.observer.emit({ kind: "probe", name: "export/resumed" });
    }
  }
  if (writer === undefined) {
    const packageKey = yield* newKey(work);
    const { seed } = packageKey;
    const tools = { codec, entropy, key: bytesOf(packageKey) };
    writer = yield* PackageWriter.begin(tools, folder, { ...draft, seed }, size);
    // A crash between leaves blocks marked for a package that is not there: it begins anew.
    for (const disk of machine.tracked) {
      yield* disk.markAllChanged();
      yield* disk.setBase({ kind: "seed", seed });
    }
  }
  // What an attempt before had read and not written in whole parts.
  for (const disk of machine.tracked) disk.forgetProgress();
  return new PackageSink(writer, new Shipment(codec.kernel, machine.tracked));
}

function exportAgain(name: string): string {
  return `Say where to, if it is still wanted: "warmsite replication start ${name} --export DIR"`;
}

/**
 * A key for a package that is begun, durable. Crash before: the key of one before, which seals no other. After it: a key for
 * which there is no package.
 */
function* newKey({ machine, ports: { entropy } }: Replication): Task<PackageKey> {
  const { plan } = machine;
  if (plan === undefined) {
    const what = `The export of "${machine.name}" was called off`;
    throw localFailure("not-found", what, exportAgain(machine.name));
  }
  const seed = newIdentity<SeedId>(entropy);
  const packageKey = { seed, key: toHex(entropy.bytes(PACKAGE_KEY_SIZE)) };
  yield* machine.enterWith(undefined, { ...plan, packageKey });
  return packageKey;
}

function bytesOf({ key }: PackageKey): Uint8Array {
  return fromHex(key) as Uint8Array;
}

/** The package in the replica's place, for whoever sends. */
class PackageSink {
  readonly writer: PackageWriter;
  readonly shipment: Shipment;
  /** A part was finished since the bits were cleared. */
  finished = false;

  constructor(writer: PackageWriter, shipment: Shipment) {
    this.writer = writer;
    this.shipment = shipment;
  }

  /** Writes one record. */
  *ship(shipment: Shipment, extent: StagedExtent, digest: Uint8Array): Task<void> {
    shipment.add(extent, digest);
    yield* this.writer.append(extent);
    if (this.writer.full) yield* this.finishPart();
  }

  /** A package cannot be asked: what is suspected is written. */
  // deno-lint-ignore require-yield -- the answer is known
  *compare({ disk, unit, at, count }: Compare): Task<Compared> {
    const differs = new Uint8Array(Math.ceil(count / 8)).fill(0xff);
    if (count % 8 !== 0) differs[differs.length - 1] = (1 << (count % 8)) - 1;
    return { disk, unit, at, count, differs };
  }

  /** What was written is durable: it leaves the views. */
  *finishPart(): Task<void> {
    yield* this.writer.finishPart();
    this.shipment.acknowledge(this.shipment.sent);
    this.finished = true;
  }
}

function* writePass(work: Replication, sink: PackageSink): Task<true> {
  yield* sendPending({
    ...sending(work, sink),
    *between() {
      if (sink.finished) yield* settle(work, sink);
    },
  });
  yield* sink.finishPart();
  yield* settle(work, sink);
  return true;
}

function* settle(work: Replication, sink: PackageSink): Task<void> {
  sink.finished = false;
  for (const disk of work.machine.tracked) yield* disk.settle();
}

function writeCut(work: Replication, sink: PackageSink): Task<Cut> {
  let cuts = 0;
  return finalPass(work, () => sendPending(sending(work, sink)), function* () {
    yield* sink.finishPart();
    if (++cuts < CUTS_MAX) return;
    throw localFailure(
      "view-given-up",
      `The frozen view was given up ${CUTS_MAX} times in one export`,
      "Use a faster medium, or export at a time when less is written; nothing is lost meanwhile",
    );
  });
}

function sending(work: Replication, sink: PackageSink) {
  const { machine, ports } = work;
  return {
    codec: ports.codec,
    disks: machine.tracked,
    peer: sink,
    shipment: sink.shipment,
    compression: true,
    chained: true,
    // Nothing of it travels over the network.
    onSent: () => {},
  };
}

function noRoom(folder: Folder, cause: string): Error {
  return localFailure(
    "no-space",
    `No room on the medium for the package in ${folder.path}: ${cause}`,
    "Free space on it, and the export goes on by itself; or stop it and export to a larger one",
  );
}
