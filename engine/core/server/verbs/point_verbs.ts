/**
 * Verbs about recovery points.
 *
 * @module
 */

import { done } from "../../runtime/task.ts";
import { machineName } from "../arguments.ts";
import { pointJson } from "../status.ts";
import type { Verbs } from "./verb.ts";

/** Verbs about recovery points. */
export const POINT_VERBS: Verbs = {
  "points": {
    about: "List the recovery points of a machine, oldest first",
    args: ["vm"],
    run: (server, args) => done(server.replica.points(machineName(args)).map(pointJson)),
  },
};
