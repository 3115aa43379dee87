/**
 * The package that carries a first copy on media (M25), as docs/MEDIA.md describes it: manifest, index and parts.
 *
 * Rule: what is read here comes from a medium that anybody may have had in hands: everything is bounded and
 * checked before it is believed, and what is wrong is said in words. This file knows formats, no folders.
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { asObject, canonicalBytes, type Json, parseCanonical } from "../base/json.ts";
import { DISK_SIZE_MAX, DISKS_MAX } from "../base/limits.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { fromHex, MiB, toHex } from "../base/units.ts";
import type { MachineId, SeedId } from "../base/units.ts";
import {
  type Box,
  BOX_KEY_SIZE,
  BOX_NONCE_SIZE,
  DIGEST_SIZE,
  type Kernel,
} from "../ports/codec.ts";
import { checkFields, integer, list, name, object, type ObjectOf, oneOf } from "../wire/fields.ts";
import { digestOrNone, identity } from "../wire/fields.ts";
import { POINT } from "../wire/point.ts";

/** Says that a package is complete, and of what. */
export const MANIFEST_NAME = "manifest.json";
/** Says that a package is in the making: without a manifest it is of no use to anybody. */
export const INCOMPLETE_NAME = "incomplete.json";
/** A line for each part. */
export const INDEX_NAME = "parts.index";

/** Version of everything in a package. Of version 1 the contents were neither encrypted nor authenticated one by one. */
export const PACKAGE_FORMAT = 2;
/** How its records are sealed. */
export const PACKAGE_CIPHER = "XChaCha20-Poly1305";
/** Bytes of the key of a package. */
export const PACKAGE_KEY_SIZE = BOX_KEY_SIZE;
/** Random bytes of a part, with which its nonces begin. */
export const PART_SALT_SIZE = 16;
/** Bytes of records in one part, about; what a crash has sent again. Fits every file system. */
export const PART_SIZE = 64 * MiB;
/** Bytes of a part, at most: a record may begin just below `PART_SIZE`. */
export const PART_BYTES_MAX = PART_SIZE + 4 * MiB;
/** Parts of one package: 64 TiB of them. */
export const PARTS_MAX = 1_048_576;
/** Bytes of a manifest, at most. */
export const MANIFEST_MAX = 64 * 1024;

/** Bytes of a part before its first record. */
export const PART_HEADER_SIZE = 80;
/** Bytes of one line of the index. */
export const INDEX_LINE_SIZE = 64;

const PART_MAGIC = encodeUtf8("WSMEDIA2");
/** Where in the header the salt lies. */
const SALT_AT = 48;
const count = integer(0, Number.MAX_SAFE_INTEGER);

const MANIFEST_FIELDS = {
  format: integer(PACKAGE_FORMAT, PACKAGE_FORMAT),
  machine: identity<MachineId>("machine"),
  name: name("machine"),
  /** The package in the making: parts of another do not belong. */
  seed: identity<SeedId>("seed"),
  cipher: oneOf<typeof PACKAGE_CIPHER>(PACKAGE_CIPHER),
  blockSize: integer(512, 65_536),
  sizes: list(integer(0, DISK_SIZE_MAX), 1, DISKS_MAX),
  point: POINT,
  parts: integer(0, PARTS_MAX),
  /** Bytes of all parts. */
  bytes: count,
  /** BLAKE3 of the index, which holds the digests of all parts. */
  index: digestOrNone(),
};

const INCOMPLETE = object({
  format: integer(PACKAGE_FORMAT, PACKAGE_FORMAT),
  machine: identity<MachineId>("machine"),
  name: name("machine"),
  seed: identity<SeedId>("seed"),
});

/** What a complete package says of itself. */
export type PackageManifest = ObjectOf<typeof MANIFEST_FIELDS>;
/** What one in the making says of itself. */
export interface PackageDraft {
  readonly format: number;
  readonly machine: MachineId;
  readonly name: string;
  readonly seed: SeedId;
}

/** One finished part. */
export interface PackagePart {
  readonly records: number;
  /** Bytes of its file. */
  readonly bytes: number;
  /** BLAKE3 of its header, and of the length and the tag of each record. */
  readonly digest: Uint8Array;
}

/** The folder of a machine's package, as Hyper-V names it. */
export function packageName(vm: string, machine: MachineId): string {
  return `${vm}_${machine}`;
}

/** The file of part `number`, 0, 1, 2, … */
export function partName(number: number): string {
  return `${String(number + 1).padStart(7, "0")}.part`;
}

/** `manifest` as its file holds it. */
export function encodeManifest(manifest: PackageManifest): Uint8Array {
  return canonicalBytes(manifest as unknown as Json);
}

/** The manifest in `bytes`, or what is wrong with it in words. */
export function decodeManifest(bytes: Uint8Array): PackageManifest | string {
  const value = asObject(parseCanonical(bytes));
  if (value === undefined) return "is no JSON of ours";
  if (value["format"] === 1) {
    return "is of format 1, written by an earlier version: neither encrypted nor signed. Export again at the primary, " +
      "once both servers are of this version";
  }
  if (value["format"] !== PACKAGE_FORMAT) {
    return `is of format ${
      JSON.stringify(value["format"] ?? null).slice(0, 20)
    }, and this server reads ${PACKAGE_FORMAT}`;
  }
  const problem = checkFields(MANIFEST_FIELDS, value, undefined);
  return problem ?? value as unknown as PackageManifest;
}

/** `draft` as its file holds it. */
export function encodeDraft(draft: PackageDraft): Uint8Array {
  return canonicalBytes({ ...draft });
}

/** The draft in `bytes`; `undefined` when it makes no sense. */
export function decodeDraft(bytes: Uint8Array): PackageDraft | undefined {
  const value = parseCanonical(bytes);
  if (value === undefined || INCOMPLETE.check(value) !== undefined) return undefined;
  return value as unknown as PackageDraft;
}

/** The first bytes of part `number`. `salt` is random, and anew each time that the part is begun. */
export function partHeader(
  kernel: Kernel,
  { machine, seed }: Pick<PackageDraft, "machine" | "seed">,
  number: number,
  salt: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter(PART_HEADER_SIZE).raw(PART_MAGIC).u32(PACKAGE_FORMAT).u32(number)
    .raw(fromHex(machine) as Uint8Array).raw(fromHex(seed) as Uint8Array).raw(salt).u64(0n);
  return writer.u64(kernel.checksum(writer.bytes.subarray(0, PART_HEADER_SIZE - 8))).bytes;
}

/** The salt in a part's `header`. */
export function saltOf(header: Uint8Array): Uint8Array {
  return header.slice(SALT_AT, SALT_AT + PART_SALT_SIZE);
}

/**
 * Where record `record`, 0, 1, 2, …, of the part with `header` is sealed: at no other place, in no other part and in no
 * other package does it open.
 */
export function recordBox(key: Uint8Array, header: Uint8Array, record: number): Box {
  const nonce = new ByteWriter(BOX_NONCE_SIZE).raw(saltOf(header)).safe64(record).bytes;
  return { key, nonce, bound: header };
}

/** A line of the index. */
export function encodeIndexLine(kernel: Kernel, number: number, part: PackagePart): Uint8Array {
  const writer = new ByteWriter(INDEX_LINE_SIZE).safe64(number).safe64(part.records)
    .safe64(part.bytes).raw(part.digest);
  return writer.u64(kernel.checksum(writer.bytes.subarray(0, INDEX_LINE_SIZE - 8))).bytes;
}

/** Line `number` of the index; `undefined` when it is not what was written. */
export function decodeIndexLine(
  kernel: Kernel,
  number: number,
  line: Uint8Array,
): PackagePart | undefined {
  const reader = new ByteReader(line);
  const own = reader.safe64();
  const records = reader.safe64();
  const bytes = reader.safe64();
  const digest = reader.bytes(DIGEST_SIZE);
  const checksum = reader.u64();
  if (!reader.ok || reader.left > 0 || own !== number) return undefined;
  if (kernel.checksum(line.subarray(0, INDEX_LINE_SIZE - 8)) !== checksum) return undefined;
  if (bytes > PART_BYTES_MAX || bytes < PART_HEADER_SIZE) return undefined;
  return { records, bytes, digest: digest.slice() };
}

/** The digest of a manifest's bytes, by which the replica knows the package. */
export function manifestDigest(kernel: Kernel, bytes: Uint8Array): string {
  return toHex(kernel.digest(bytes));
}
