/**
 * Whether the server lives.
 *
 * @module
 */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";

const HealthSchema = z.object({ status: z.literal("ok") }).openapi("Health");

const HEALTH = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the server lives",
  responses: {
    200: { description: "It lives", content: { "application/json": { schema: HealthSchema } } },
  },
});

/** The route. */
export function healthRoutes(): OpenAPIHono {
  const routes = new OpenAPIHono();
  routes.openapi(HEALTH, (c) => c.json({ status: "ok" as const }, 200));
  return routes;
}
