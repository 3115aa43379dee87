/**
 * The lab's server as one function from a request to an answer: the page, the library, saved scenarios and runs.
 *
 * Rule: routes take what they need and own nothing; every error has the shape of `problem.ts`. What listens, and when it
 * stops, is not known here.
 *
 * @module
 */

import { OpenAPIHono } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import { HTTPException } from "hono/http-exception";
import { apiPage } from "./api_page.ts";
import { bounded, ownOnly, secured } from "./guard.ts";
import type { Library } from "./library.ts";
import type { PageFiles } from "./page_files.ts";
import { LabError, labErrorOf } from "./problem.ts";
import { healthRoutes } from "./routes/health_routes.ts";
import { runRoutes } from "./routes/run_routes.ts";
import { scenarioRoutes } from "./routes/scenario_routes.ts";
import type { RunQueue } from "./runs/run_queue.ts";
import type { SavedScenarios } from "./storage/saved_scenarios.ts";

/** What the server serves. */
export interface LabParts {
  readonly page: PageFiles;
  readonly library: Library;
  readonly saved: SavedScenarios;
  readonly queue: RunQueue;
  /** Told of errors that are bugs. */
  readonly bug: (error: unknown) => void;
}

/** The server. */
export function createLab(parts: LabParts): OpenAPIHono {
  const app = new OpenAPIHono();
  app.use(secured, ownOnly, bounded);
  app.use("/api/*", compress());
  app.use("/openapi.json", compress());
  app.route("/", healthRoutes(parts.queue));
  app.route("/", scenarioRoutes(parts.library, parts.saved));
  app.route("/", runRoutes(parts.queue, parts.library, parts.saved));
  describe(app);
  app.get("*", (c, next) => {
    const answer = parts.page.answer(c);
    return answer === undefined ? next() : Promise.resolve(answer);
  });
  app.notFound((c) => {
    const error = new LabError(
      "not-found",
      `There is nothing at ${c.req.method} ${new URL(c.req.url).pathname.slice(0, 200)}`,
      "See /api/docs for what there is",
    );
    return c.json(error.body, error.status);
  });
  app.onError((error, c) => {
    const known = error instanceof HTTPException ? fromFramework(error) : labErrorOf(error);
    if (known.code === "bug") parts.bug(error);
    return c.json(known.body, known.status);
  });
  return app;
}

/** The description of the API, for programs and for people. */
function describe(app: OpenAPIHono): void {
  const description = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Warmsite's lab",
      version: "1",
      description: "Scenarios of disaster drills, and runs of them. Listens to this machine alone.",
    },
  });
  app.get("/openapi.json", (c) => c.json(description));
  app.get("/api/docs", (c) => c.html(apiPage(description)));
}

/** What the framework itself refuses. */
function fromFramework({ status, message }: HTTPException): LabError {
  if (status === 415) {
    return new LabError(
      "media-type",
      "The body's type is not application/json",
      'Send it with "Content-Type: application/json"',
    );
  }
  return new LabError("bad-request", message, "See /api/docs for what it takes");
}
