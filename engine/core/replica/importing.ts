/**
 * Taking a package in: what its machine's primary exported becomes the first recovery point here (M25).
 *
 * Rule: the whole package is read and checked before the first byte is written, and it is the one that the primary
 * told of over its authenticated connection, sealed with the key that came with that word, or it is refused and nothing
 * has changed. Crash, or a medium that fails, while it is written: no point refers to the disks yet, and the next import
 * goes on behind the last part that is durable in them, with what is left checked again first.
 *
 * @module
 */

import { type Failed, localFailure, requestFailure } from "../base/failure.ts";
import { fromHex, MiB, type PointId, type SeedId } from "../base/units.ts";
import type { PackageReader } from "../history/package_reader.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { Task } from "../runtime/task.ts";
import { extentContent, type StagedExtent } from "../wire/extent.ts";
import type { ReplicaMachine } from "./replica_machine.ts";
import type { ImportRecord } from "./replica_record.ts";

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
  const key = keyOf(machine, reader);
  const { manifest } = reader;
  const before = begunBefore(machine);
  const from = before?.parts ?? 0;
  const done = from === 0 ? 0 : yield* reader.bytesOf(from);
  const own: { progress: ImportProgress } = {
    progress: { phase: "checking", bytes: done, of: manifest.bytes },
  };
  const onRead = (bytes: number) => {
    own.progress.bytes += bytes;
    if (machine.importStops) throw stopped();
  };
  machine.importing = own.progress;
  try {
    yield* reader.check(key, from, onRead);
    own.progress = { phase: "writing", bytes: done, of: manifest.bytes };
    machine.importing = own.progress;
    if (from > 0) machine.ports.observer.emit({ kind: "probe", name: "import/resumed" });
    yield* write({ machine, reader, key, before, onRead });
  } finally {
    machine.importing = undefined;
  }
  yield* machine.imported(manifest.point.id);
  return manifest.point.id;
}

/** What an earlier import of this very package has durably written; `undefined` where nothing is of use. */
function begunBefore({ record, store }: ReplicaMachine): ImportRecord | undefined {
  const begun = record.media?.import;
  // With another seed somebody else has written to the disks since.
  return begun !== undefined && begun.seed === store.seed ? begun : undefined;
}

/** An import that writes. */
interface Writing {
  readonly machine: ReplicaMachine;
  readonly reader: PackageReader;
  readonly key: Uint8Array;
  readonly before: ImportRecord | undefined;
  readonly onRead: (bytes: number) => void;
}

/** Writes every record straight to the disks, as an initial replication over the network does (C5). */
function* write({ machine, reader, key, before, onRead }: Writing): Task<void> {
  const { store, ports } = machine;
  const { manifest, digest } = reader;
  // A seed of its own: no primary takes half an import for what it had sent.
  const seed = before?.seed ?? newIdentity<SeedId>(ports.entropy);
  yield* store.beginSeed(seed, manifest.bytes);
  let unflushed = 0;
  yield* reader.records({
    key,
    from: before?.parts ?? 0,
    onRead,
    *take(extent: StagedExtent): Task<void> {
      const unpacked = yield* extentContent(ports.codec, extent, store.geometry.blockSize);
      yield* store.seedWrite(extent, unpacked?.content, unpacked?.setDigest);
      unflushed += extent.length;
      if (unflushed < FLUSH_BYTES) return;
      unflushed = 0;
      yield* store.seedFlush();
    },
    *onPart(parts: number): Task<void> {
      yield* store.seedFlush();
      unflushed = 0;
      // Crash before: this part is written again, to the same places. After: the next import begins behind it.
      yield* machine.noteImport(digest, { seed, parts });
    },
  });
  yield* store.publishSeed(manifest.point);
}

/** The key of a package. Refuses what is not the package of this machine that its primary told of last. */
// Long because: each reason to refuse has its words and its advice, in the order in which they are looked for.
function keyOf(machine: ReplicaMachine, { manifest, digest }: PackageReader): Uint8Array {
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
  const key = media?.key === undefined ? undefined : fromHex(media.key);
  if (media === undefined || key === undefined) {
    throw refusal(
      "wrong-state",
      `The key of the package of "${name}" has not come from its primary yet`,
      "Connect the two servers: the primary hands it over once its export has finished. Import the package then",
    );
  }
  if (media.point !== point.id) {
    throw refusal(
      "stale",
      `The package of "${name}" is not the one that its primary exported last`,
      "Import the one that was made last. If this is it, its key has not come yet: connect the two servers first",
    );
  }
  if (media.digest !== digest) {
    throw refusal(
      "damaged",
      `The package of "${name}" is not what its primary wrote: its manifest was altered`,
      "Copy it again from the medium, or export again at the primary",
    );
  }
  const sizes = areOrWere(manifest.sizes, store.sizes) &&
    point.sizes.join() === manifest.sizes.join() &&
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
  return key;
}

/** True for sizes of the same disks. One that grew while the medium was on its way follows like any other that grows. */
function areOrWere(sizes: readonly number[], now: readonly number[]): boolean {
  return sizes.length === now.length && sizes.every((size, disk) => {
    const larger = now[disk] ?? 0;
    return size === larger || (size > 0 && size < larger);
  });
}

function refusal(code: Failed["failure"]["code"], message: string, action: string): Failed {
  return requestFailure(code, message, action);
}

function stopped(): Failed {
  return localFailure(
    "busy",
    "The server stops",
    "Import the package again once it runs: it goes on",
  );
}
