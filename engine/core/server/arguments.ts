/**
 * Arguments of verbs: from JSON that anybody may have sent to values that are sound.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import { checkName } from "../base/name.ts";
import { COMMAND_NAMES, type GuestCommands } from "../relationship/guest_commands.ts";
import { IDENTITY_DIGITS, type PointId } from "../base/units.ts";

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

/** Names of the arguments that are commands, as the tables of verbs have them. */
export const COMMAND_ARGUMENTS: readonly string[] = COMMAND_NAMES.map((name) => `${name}?`);

/** The administrator's commands that were given; an empty one takes away what was set. */
export function commandArguments(args: JsonObject): GuestCommands {
  const commands: Record<string, string> = {};
  for (const name of COMMAND_NAMES) {
    const value = args[name] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== "string") throw missing(name, "a command of the shell");
    commands[name] = value;
  }
  return commands;
}

/** Digits of a recovery point's id that are enough when no other point begins with them. */
const POINT_DIGITS_MIN = 8;

/** The id of a recovery point, or at least its first digits; may be left out. */
export function pointArgument(args: JsonObject): string | undefined {
  const { point } = args;
  if (point === undefined || point === null) return undefined;
  const digits = new RegExp(`^[0-9a-f]{${POINT_DIGITS_MIN},${IDENTITY_DIGITS}}$`);
  if (typeof point === "string" && digits.test(point)) return point;
  throw requestFailure(
    "bad-argument",
    `Not the id of a recovery point: ${JSON.stringify(point).slice(0, 80)}`,
    `Copy an id from "warmsite points list", or at least its first ${POINT_DIGITS_MIN} digits`,
  );
}

/** The newest generation of the side that stays, or at least its first digits. */
export function branchArgument({ keep }: JsonObject): string {
  const digits = new RegExp(`^[0-9a-f]{${POINT_DIGITS_MIN},${IDENTITY_DIGITS}}$`);
  if (typeof keep === "string" && digits.test(keep)) return keep;
  throw requestFailure(
    "bad-argument",
    `Not the id of a branch: ${JSON.stringify(keep ?? null).slice(0, 80)}`,
    `Copy one of "branches" in "warmsite replication status", or at least its first ${POINT_DIGITS_MIN} digits`,
  );
}

/** The one point of `points` whose id begins with `digits`; a whole id may be of none. */
export function pointNamed(digits: string, points: readonly { readonly id: PointId }[]): PointId {
  const found = points.filter(({ id }) => id.startsWith(digits));
  const only = found[0];
  if (found.length === 1 && only !== undefined) return only.id;
  throw requestFailure(
    "no-such-point",
    `${found.length === 0 ? "No" : "More than one"} recovery point begins with "${digits}"`,
    'Look at "warmsite points list" for what there is',
  );
}

function missing(key: string, what: string): Error {
  return requestFailure("bad-argument", `Missing or unsound argument "${key}"`, `Give ${what}`);
}
