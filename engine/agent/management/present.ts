/**
 * Results of verbs as people and scripts get them: times as ISO 8601, disks with the address at which a
 * guest reaches them, the compression that was reached.
 *
 * @module
 */

import type { Json, JsonObject } from "../../core/base/json.ts";
import { exportName } from "../../core/server/exports.ts";
import { type NbdAddress, nbdUri, qemuBlockdev } from "../../host/nbd/uri.ts";
import type { Value, ValueObject } from "../command/command.ts";

/** What the results of a server's verbs are completed with. */
export interface Surroundings {
  /** Where guests reach the NBD server. */
  readonly nbd: NbdAddress;
  /** Exports that are offered, by name. */
  readonly exports: () => readonly string[];
}

/** Keys of times in µs since 1970. */
const TIMES = new Set([
  "lastCut",
  "lastStaged",
  "lastApplied",
  "lastAppConsistent",
  "lastTestFailover",
  "testStarted",
  "cut",
  "startsAt",
  "from",
  "until",
  "nextAttempt",
]);
/** Objects and lists in an answer that have times of their own. */
const NESTED = new Set(["initialReplication", "current", "past"]);

/** `result` of a verb, completed. */
export function presentResult(result: Json, around: Surroundings): Value {
  if (Array.isArray(result)) return result.map((item: Json) => presentResult(item, around));
  if (result === null || typeof result !== "object") return result;
  return presentObject(result as JsonObject, around);
}

function presentObject(result: JsonObject, around: Surroundings): ValueObject {
  const shown: Record<string, Value | undefined> = {};
  for (const [key, value] of Object.entries(result)) {
    shown[key] = TIMES.has(key) && typeof value === "number" ? isoTime(value) : value as Value;
    if (NESTED.has(key)) shown[key] = presentResult(value as Json, around);
  }
  const { vm, bytesSent, wireBytes } = result;
  if (typeof bytesSent === "number") shown["compressedRatio"] = ratio(wireBytes, bytesSent);
  if (typeof vm === "string") {
    const disks = presentDisks(vm, result["disks"], around);
    if (disks.length > 0) shown["disks"] = disks;
  }
  return shown;
}

/** µs since 1970 as text. */
export function isoTime(micros: number): string {
  return new Date(micros / 1000).toISOString();
}

/** Bytes on the wire for each byte of blocks, to three digits; null before anything was sent. */
function ratio(wire: Json | undefined, sent: number): number | null {
  if (sent === 0 || typeof wire !== "number") return null;
  return Number((wire / sent).toPrecision(3));
}

/** What is told of one disk. */
type NamedDisk = ValueObject & { readonly name: string };

/** What is told of each disk, with the addresses of those that are offered to guests. */
function presentDisks(vm: string, told: Json | undefined, around: Surroundings): ValueObject[] {
  const disks: readonly Json[] = Array.isArray(told) ? told : [];
  const offered = around.exports().filter((name) => name.startsWith(`${vm}/`));
  // Numbers have gaps where disks were removed: whoever tells of disks names them.
  const named = disks.map((disk, index) => {
    const fields = (disk ?? {}) as ValueObject;
    return { ...fields, name: fields["name"] ?? exportName(vm, index) } as NamedDisk;
  });
  const shown: readonly NamedDisk[] = disks.length > 0 ? named : offered.map((name) => ({ name }));
  return shown.map((disk) => {
    const { name } = disk;
    const index = name.slice(vm.length + 1);
    if (!offered.includes(name)) return disk;
    // Not the machine's name: a node's may have 31 characters and begins with a letter.
    const blockdev = qemuBlockdev(around.nbd, name, `warmsite-${index}`);
    return {
      ...disk,
      name,
      uri: nbdUri(around.nbd, name),
      qemu: `-blockdev ${shellWord(blockdev)}`,
    };
  });
}

/** `text` as one word of a shell. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
