/**
 * Taking a package in: what its machine's primary exported becomes the first recovery point here (M25).
 *
 * Rule: the whole package is read and checked before the first byte is written, and it is the one that the primary
 * told of over its authenticated connection, or it is refused and nothing has changed. Crash, or a medium that
 * fails, while it is written: no point refers to the disks yet, the import is done again from the beginning.
 *
 * @module
 */

import { type Failed, localFailure, requestFailure } from "../base/failure.ts";
import { MiB, type PointId, type SeedId } from "../base/units.ts";
import type { PackageReader } from "../history/package_reader.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { Task } from "../runtime/task.ts";
import { extentContent, type StagedExtent } from "../wire/extent.ts";
import type { ReplicaMachine } from "./replica_machine.ts";

/** Bytes written between two flushes. */
const FLUSH_BYTES = 64 * MiB;

/** An import under way. */
export interface ImportProgress {
  readonly phase: "checking" | "writing";
  /** Bytes of the package that this phase has read. */
  bytes: number;
  /** Bytes of the package. */
  readonly of: number;
}

/** Imports a package that belongs to `machine`, whose state nobody else changes meanwhile. */
export function* importPackage(machine: ReplicaMachine, reader: PackageReader): Task<PointId> {
  refuseOther(machine, reader);
  const { manifest } = reader;
  const own: { progress: ImportProgress } = {
    progress: { phase: "checking", bytes: 0, of: manifest.bytes },
  };
  const onRead = (bytes: number) => {
    own.progress.bytes += bytes;
    if (machine.importStops) throw stopped();
  };
  machine.importing = own.progress;
  try {
    yield* reader.check(onRead);
    own.progress = { phase: "writing", bytes: 0, of: manifest.bytes };
    machine.importing = own.progress;
    yield* write(machine, reader, onRead);
  } finally {
    machine.importing = undefined;
  }
  yield* machine.imported(manifest.point.id);
  return manifest.point.id;
}

/** Writes every record straight to the disks, as an initial replication over the network does (C5). */
function* write(
  machine: ReplicaMachine,
  reader: PackageReader,
  onRead: (bytes: number) => void,
): Task<void> {
  const { store, ports } = machine;
  const { manifest } = reader;
  // A seed of its own: no primary takes half an import for what it had sent.
  yield* store.beginSeed(newIdentity<SeedId>(ports.entropy), manifest.bytes);
  let unflushed = 0;
  yield* reader.records(function* (extent: StagedExtent): Task<void> {
    const unpacked = yield* extentContent(ports.codec, extent, store.geometry.blockSize);
    yield* store.seedWrite(extent, unpacked?.content, unpacked?.setDigest);
    unflushed += extent.length;
    if (unflushed < FLUSH_BYTES) return;
    unflushed = 0;
    yield* store.seedFlush();
  }, onRead);
  yield* store.publishSeed(manifest.point);
}

/** Refuses what is not the package of this machine that its primary told of last. */
// Long because: each reason to refuse has its words and its advice, in the order in which they are looked for.
function refuseOther(machine: ReplicaMachine, { manifest, digest }: PackageReader): void {
  const { name, store, record } = machine;
  const { point } = manifest;
  if (store.machine !== manifest.machine) {
    throw refusal(
      "wrong-disk",
      `The package is of another machine "${manifest.name}", ${manifest.machine}`,
      `The machine of that name here is ${store.machine}: import the package of that one`,
    );
  }
  if (store.points.some(({ id }) => id === point.id)) {
    throw refusal(
      "exists",
      `The package of "${name}" was imported already`,
      "Nothing is to be done",
    );
  }
  if (store.newest !== undefined || machine.state !== "WaitingForInitialReplication") {
    throw refusal(
      "stale",
      `"${name}" has recovery points here already: the package is older than what is here`,
      "Nothing is to be done: changes come over the network",
    );
  }
  const { media } = record;
  if (media === undefined) {
    throw refusal(
      "wrong-state",
      `The primary of "${name}" has not told this server of a package`,
      "Wait until the two are connected after the export has finished; then import it",
    );
  }
  if (media.point !== point.id) {
    throw refusal(
      "stale",
      `The package of "${name}" is not the one that its primary exported last`,
      "Import the one that was made last",
    );
  }
  if (media.digest !== digest) {
    throw refusal(
      "damaged",
      `The package of "${name}" is not what its primary wrote: its manifest was altered`,
      "Copy it again from the medium, or export again at the primary",
    );
  }
  const sizes = manifest.sizes.join() === store.sizes.join() &&
    point.sizes.join() === store.sizes.join() &&
    manifest.blockSize === store.geometry.blockSize;
  if (!sizes || point.generation !== store.generation) {
    throw refusal(
      "wrong-disk",
      `The package of "${name}" has disks of ${manifest.sizes.join(", ")} bytes, and the machine ` +
        `${store.sizes.join(", ")}, or is of another generation`,
      "Export again at the primary",
    );
  }
  if (machine.seedingNow) {
    throw refusal(
      "busy",
      `An initial replication of "${name}" over the network is under way`,
      `Stop it at the primary first: "warmsite replication stop ${name}"`,
    );
  }
}

function refusal(code: Failed["failure"]["code"], message: string, action: string): Failed {
  return requestFailure(code, message, action);
}

function stopped(): Failed {
  return localFailure("busy", "The server stops", "Import the package again once it runs");
}
