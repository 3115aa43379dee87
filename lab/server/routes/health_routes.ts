/**
 * Whether the server lives, and what it has to do.
 *
 * @module
 */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { RunQueue } from "../runs/run_queue.ts";
import { json } from "./schemas.ts";

const HealthSchema = z.object({
  status: z.literal("ok"),
  running: z.number().openapi({ description: "Runs under way" }),
  waiting: z.number().openapi({ description: "Runs that wait for them" }),
  followers: z.number().openapi({ description: "Clients that are told of them" }),
}).openapi("Health");

const HEALTH = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the server lives, and what it has to do",
  responses: { 200: json("It lives", HealthSchema) },
});

/** The route. */
export function healthRoutes(queue: RunQueue): OpenAPIHono {
  const routes = new OpenAPIHono();
  routes.openapi(HEALTH, (c) => c.json({ status: "ok" as const, ...queue.load }, 200));
  return routes;
}
