/**
 * The argument `at` of verbs that can be put off: a time as text, or in µs since 1970.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import { checkStartTime, startTime } from "../relationship/seeding_plan.ts";
import { textArgument } from "./arguments.ts";
import type { Server } from "./server.ts";

/** The time in `at`, wall time in µs since 1970; `undefined` for now. Throws `bad-argument`. */
export function startTimeArgument({ ports }: Server, args: JsonObject): number | undefined {
  const wall = ports.clock.wall();
  const given = args["at"] ?? null;
  const time = typeof given === "string" ? startTime(ports.clock, wall, given) : given;
  if (time !== null && typeof time !== "number") textArgument(args, "at");
  return typeof time === "number" ? checkStartTime(wall, time) : undefined;
}
