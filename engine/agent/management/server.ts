/**
 * The management API: the table of verbs as HTTP and JSON on a socket that only the owner may use.
 *
 *     POST /v1/verbs/vm/add   {"vm": "db", "disks": ["/images/db.raw"]}  →  {"result": …} or {"error": …}
 *     GET  /v1/verbs          the table
 *
 * Rule: bodies are bounded before they are read, and verbs run as tasks in the server's loop, one
 * request never inside another.
 *
 * @module
 */

import * as fs from "node:fs";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { asObject, parseCanonical } from "../../core/base/json.ts";
import { requestFailure } from "../../core/base/failure.ts";
import { KiB } from "../../core/base/units.ts";
import { VERBS } from "../../core/server/verbs.ts";
import type { Server } from "../../core/server/server.ts";
import type { Loop } from "../../core/runtime/loop.ts";
import { Scope } from "../../core/runtime/scope.ts";
import { checkSocketPath } from "../../host/nbd/listen.ts";
import { osFailure } from "../../host/os_failure.ts";
import { runTask } from "../../host/real_loop.ts";
import { exitCodeOf, httpStatusOf, type Problem, problemOf } from "../problem.ts";
import { presentResult, type Surroundings } from "./present.ts";

/** Bytes of one request, at most. */
const BODY_MAX = 256 * KiB;
const SOCKET_UMASK = 0o177;

/** What the API calls. */
export interface ManagementOptions {
  readonly loop: Loop;
  readonly server: Server;
  readonly surroundings: Surroundings;
  /** Told of problems that are bugs. */
  readonly onBug: (problem: Problem) => void;
}

/** The API as an application, without a socket. Verbs run in `scope`. */
export function managementApp(options: ManagementOptions, scope: Scope): Hono {
  const app = new Hono();
  app.get("/v1/verbs", (context) =>
    context.json({
      result: Object.entries(VERBS).map(([verb, { about, args }]) => ({ verb, about, args })),
    }));
  app.use(
    "/v1/verbs/*",
    bodyLimit({ maxSize: BODY_MAX, onError: (context) => refuse(context, tooLong(), options) }),
  );
  app.post("/v1/verbs/:words{.+}", async (context) => {
    try {
      const verb = context.req.param("words").replaceAll("/", " ");
      const args = asObject(parseCanonical(new Uint8Array(await context.req.arrayBuffer())));
      if (args === undefined) throw notAnObject();
      const work = scope.start(verb, options.server.call(verb, args));
      const result = await runTask(options.loop, work.join(), verb);
      return context.json({ result: presentResult(result, options.surroundings) });
    } catch (error) {
      return refuse(context, error, options);
    }
  });
  app.notFound((context) => refuse(context, noSuchPlace(), options, 404));
  return app;
}

function refuse(
  context: Context,
  error: unknown,
  options: ManagementOptions,
  status?: number,
): Response {
  const problem = problemOf(error);
  if (problem.code === "bug") options.onBug(problem);
  const { code, side, message, action } = problem;
  const exitCode = exitCodeOf(problem);
  return context.newResponse(
    JSON.stringify({ error: { code, side, message, action }, exitCode }),
    (status ?? httpStatusOf(problem)) as 400,
    { "content-type": "application/json" },
  );
}

function tooLong(): Error {
  return requestFailure(
    "bad-argument",
    `The request has more than ${BODY_MAX} bytes`,
    "Send the arguments of one verb, and no contents: files are named by their paths",
  );
}

function notAnObject(): Error {
  return requestFailure(
    "bad-argument",
    "The request's body is no JSON object of whole numbers, texts, lists and objects",
    'Send arguments as {"name": value}; without any, {}',
  );
}

function noSuchPlace(): Error {
  return requestFailure(
    "not-found",
    "There is nothing at this address",
    "POST to /v1/verbs/WORDS, or GET /v1/verbs for the table",
  );
}

/** A listening API. */
export interface ManagementServer {
  /** Cancels the verbs in progress, answers their requests, and stops. */
  close(): Promise<void>;
}

/** Answers that are on their way get this long when the server stops, ms. */
const CLOSE_MAX = 1000;

/** Listens at the socket `path`. The caller holds the home's lock, so whatever is there is stale. */
export function listenManagement(path: string, options: ManagementOptions): ManagementServer {
  checkSocketPath(path);
  // The mode must be right from the first instant; changing it afterwards would leave a gap.
  const umask = Deno.umask(SOCKET_UMASK);
  try {
    fs.rmSync(path, { force: true });
    const scope = new Scope(options.loop, "verbs");
    const { fetch } = managementApp(options, scope);
    const server = Deno.serve({ path, onListen: () => {} }, (request) => fetch(request));
    fs.chmodSync(path, 0o600);
    return {
      async close() {
        await runTask(options.loop, scope.cancel(), "cancel verbs");
        await closeWithin(server, path);
      },
    };
  } catch (error) {
    throw osFailure(error, `listen at "${path}"`);
  } finally {
    Deno.umask(umask);
  }
}

async function closeWithin(server: Deno.HttpServer, path: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_MAX));
  await Promise.race([server.shutdown(), late]);
  clearTimeout(timer);
  fs.rmSync(path, { force: true });
}
