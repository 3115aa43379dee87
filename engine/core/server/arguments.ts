/**
 * Arguments of verbs: from JSON that anybody may have sent to values that are sound.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import { checkName } from "../base/name.ts";
import { isIdentity, type PointId } from "../base/units.ts";

/** The machine's name in `vm`. */
export function machineName(args: JsonObject): string {
  const { vm } = args;
  if (typeof vm !== "string") throw missing("vm", "the machine's name");
  return checkName(vm, "machine");
}

/** A text argument. */
export function textArgument(args: JsonObject, key: string): string {
  const value = args[key];
  if (typeof value !== "string" || value === "" || value.length > 4096) {
    throw missing(key, "a text");
  }
  return value;
}

/** A list of texts, at least one. */
export function listArgument(args: JsonObject, key: string): readonly string[] {
  const value = args[key];
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string")) {
    return value as string[];
  }
  throw missing(key, "a list of texts");
}

/** A whole number that may be left out. */
export function numberArgument(args: JsonObject, key: string, otherwise: number): number {
  const value = args[key] ?? otherwise;
  if (typeof value !== "number") throw missing(key, "a number");
  return value;
}

/** Yes or no, which may be left out. */
export function flagArgument(args: JsonObject, key: string, otherwise: boolean): boolean {
  const value = args[key] ?? otherwise;
  if (typeof value !== "boolean") throw missing(key, "true or false");
  return value;
}

/** A recovery point's id that may be left out. */
export function pointArgument(args: JsonObject): PointId | undefined {
  const { point } = args;
  if (point === undefined || point === null) return undefined;
  if (isIdentity(point)) return point as PointId;
  throw requestFailure(
    "bad-argument",
    `Not the id of a recovery point: ${JSON.stringify(point).slice(0, 80)}`,
    'Copy an id from "warmsite points": 32 hex digits',
  );
}

function missing(key: string, what: string): Error {
  return requestFailure("bad-argument", `Missing or unsound argument "${key}"`, `Give ${what}`);
}
