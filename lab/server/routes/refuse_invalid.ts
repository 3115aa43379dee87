/**
 * The answer to requests whose path, query, headers or body are not what a route takes.
 *
 * @module
 */

import type { Hook } from "@hono/zod-openapi";
import type { Env } from "hono";
import { LabError } from "../problem.ts";

/** Refuses it with one sentence for each thing that is wrong. */
// deno-lint-ignore no-explicit-any -- It is the same for every route, whatever types it has
export const refuseInvalid: Hook<any, Env, any, any> = (result) => {
  if (result.success) return;
  const wrong = (result.error.issues as { path: PropertyKey[]; message: string }[]).slice(0, 5)
    .map(({ path, message }) => path.length === 0 ? message : `${path.join(".")}: ${message}`);
  throw new LabError(
    "bad-request",
    `The request's ${result.target} is not what this takes: ${wrong.join("; ")}`,
    "See /api/docs for what it takes",
  );
};
