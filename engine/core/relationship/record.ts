/**
 * Records: small documents that are replaced whole and durably.
 *
 * A record is one file: 8 bytes XXH3 of the rest (little-endian), then canonical JSON. It is replaced as
 * `history/replace_file.ts` says: a crash leaves the old record or the new one, whole. Where only
 * the process died amid that, the next one finds the new record, and a loss of power could bring the old one back
 * behind all that was done by the new one since; so who loads a record makes it durable first.
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { isFailed, localFailure } from "../base/failure.ts";
import { asObject, canonicalBytes, type JsonObject, parseCanonical } from "../base/json.ts";
import { MiB } from "../base/units.ts";
import { replaceFile } from "../history/replace_file.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/** Bytes of one record, at most. */
export const RECORD_SIZE_MAX = 1 * MiB;

/** Replaces the record `name` in `folder`; durable when it returns. */
export function* saveRecord(
  kernel: Kernel,
  folder: Folder,
  name: string,
  value: JsonObject,
): Task<void> {
  const body = canonicalBytes(value);
  const bytes = new ByteWriter(8 + body.length).u64(kernel.checksum(body)).raw(body).bytes;
  yield* replaceFile(folder, name, bytes);
}

/** The record `name`, durably what it says, or `undefined` when there is none; `damaged` when it does not add up. */
export function* loadRecord(
  kernel: Kernel,
  folder: Folder,
  name: string,
): Task<JsonObject | undefined> {
  let file: File;
  try {
    file = yield* folder.open(name);
  } catch (error) {
    if (isFailed(error, "not-found")) return undefined;
    throw error;
  }
  try {
    if (file.size > RECORD_SIZE_MAX) throw damaged(folder, name);
    const bytes = yield* file.read(0, file.size);
    const reader = new ByteReader(bytes);
    const checksum = reader.u64();
    const body = reader.bytes(reader.left);
    if (!reader.ok || kernel.checksum(body) !== checksum) throw damaged(folder, name);
    const value = asObject(parseCanonical(body));
    if (value === undefined) throw damaged(folder, name);
    yield* folder.flush();
    return value;
  } finally {
    yield* file.close();
  }
}

function damaged(folder: Folder, name: string): Error {
  return localFailure(
    "damaged",
    `Cannot read "${name}" in ${folder.path}: it is damaged`,
    "Restore the file from a backup of the data folder, or remove the machine and add it again",
  );
}
