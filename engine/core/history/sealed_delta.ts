/**
 * Sealed deltas: `staging/<point>.delta`, complete and never changed (R1).
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import { toHex } from "../base/units.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { chainDigest, emptyChain, payloadDigest } from "../wire/chain.ts";
import { damaged, type ExtentContext, type ExtentFile } from "./extent_file.ts";
import { pointFrom, type PointRecord } from "./recovery_point.ts";
import { decodeStagingHeader, RecordScanner, STAGING_HEADER_SIZE } from "./staging_record.ts";
import { openChecked } from "./undo_file.ts";

/** What a sealed delta says about itself. */
export interface DeltaMetadata {
  readonly point: PointRecord;
  readonly records: number;
  /** Chain digest in hex. */
  readonly digest: string;
  readonly machine: string;
}

/** The name of the sealed delta that leads to `point`. */
export function deltaName(point: string): string {
  return `${point}.delta`;
}

/** Opens a sealed delta, or says in words why it cannot be believed. Errors of the device pass. */
export function* openDeltaFile(
  context: ExtentContext,
  folder: Folder,
  name: string,
): Task<ExtentFile | string> {
  const label = `staging/${name}`;
  return yield* openChecked(context, folder, name, label, (file) => {
    const metadata = deltaMetadata(file.metadata);
    if (metadata === undefined || deltaName(metadata.point.id) !== name) {
      throw damaged(label, "says nothing sensible about itself");
    }
  });
}

/** What `metadata` says, or `undefined` when that is not what a delta says. */
export function deltaMetadata(metadata: JsonObject): DeltaMetadata | undefined {
  const point = pointFrom(metadata["point"]);
  const { records, digest, machine } = metadata;
  if (point?.parent === undefined || typeof records !== "number") return undefined;
  if (typeof digest !== "string" || typeof machine !== "string") return undefined;
  return { point, records, digest, machine };
}

/**
 * Reads the whole delta and compares its chain digest with the one that was acknowledged (R3).
 * Throws `damaged`, and the file remembers it.
 */
export function* verifyDelta(context: ExtentContext, file: ExtentFile): Task<void> {
  const { kernel } = context.codec;
  const metadata = deltaMetadata(file.metadata);
  const head = yield* file.file.read(0, STAGING_HEADER_SIZE);
  const header = decodeStagingHeader(kernel, head);
  let problem = header === undefined
    ? "has a header that is not what its checksum says"
    : undefined;
  if (header !== undefined && metadata !== undefined) {
    const scanner = new RecordScanner(kernel, file.file, header.salt, file.bodyEnd);
    let chain = emptyChain();
    for (let extent = yield* scanner.next(); extent; extent = yield* scanner.next()) {
      const digest = yield* payloadDigest(context.codec, extent);
      chain = chainDigest(kernel, chain, extent, digest);
    }
    if (scanner.count !== metadata.records) {
      problem = `has record ${scanner.count} of ${metadata.records} damaged`;
    } else if (toHex(chain) !== metadata.digest) {
      problem = "does not have the digest it was sealed with";
    }
  }
  if (problem === undefined) return;
  file.damage ??= `"${file.name}" ${problem}`;
  throw damaged(file.name, problem);
}
