/**
 * Routes of runs: begin, follow, cancel, list, and what came of them.
 *
 * @module
 */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Library } from "../library.ts";
import { provenanceOf, REPORT_FORMS, type ReportForm } from "../report_files.ts";
import type { RunEvent, RunQueue, RunView } from "../runs/run_queue.ts";
import type { RunRequest } from "../storage/run_store.ts";
import { noSuchScenario, type SavedScenarios } from "../storage/saved_scenarios.ts";
import { refuseInvalid } from "./refuse_invalid.ts";
import { failures, json, readOrRefuse, ScenarioName } from "./schemas.ts";

/** ms between two signs of life to a follower of a run that says nothing. */
const ALIVE_EVERY = 15_000;

const IdParam = z.object({ id: z.uuid() });

const RunBody = z.object({
  text: z.string().optional().openapi({ description: "A scenario, YAML or JSON" }),
  name: ScenarioName.optional().openapi({ description: "One that is saved, or of the library" }),
  seed: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).optional().openapi({
    description: "Instead of the scenario's own",
  }),
}).refine(({ text, name }) => (text === undefined) !== (name === undefined), {
  error: "either `text` or `name`",
}).openapi("RunRequest");

const RunSchema = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  seed: z.number(),
  state: z.enum(["waiting", "running", "done", "failed", "cancelled"]),
  created: z.iso.datetime(),
  started: z.iso.datetime().nullable(),
  ended: z.iso.datetime().nullable(),
  progress: z.object({
    now: z.number().openapi({ description: "µs of world time" }),
    end: z.number().openapi({ description: "When the script is over, µs" }),
    events: z.number(),
  }).nullable(),
  verdict: z.string().nullable().openapi({
    description: "passed, passed-with-conditions or failed; null before it is done",
  }),
  sentence: z.string().nullable().openapi({ description: "What came of it, in one line" }),
  problem: z.object({ code: z.string(), message: z.string(), action: z.string() }).nullable()
    .openapi({ description: "Why there is no report" }),
}).openapi("Run");

const RunPage = z.object({
  items: z.array(RunSchema),
  next: z.string().nullable().openapi({ description: "`before` of the next page" }),
}).openapi("RunPage");

const ROUTES = {
  begin: createRoute({
    method: "post",
    path: "/api/runs",
    summary: "Run a scenario on the server",
    request: { body: { required: true, ...json("", RunBody) } },
    responses: {
      202: json("It waits or runs", RunSchema),
      ...failures(400, 404, 413, 415, 422, 429, 507),
    },
  }),
  list: createRoute({
    method: "get",
    path: "/api/runs",
    summary: "Runs, newest first",
    request: {
      query: z.object({
        limit: z.coerce.number().int().min(1).max(100).default(50),
        before: z.coerce.number().int().positive().default(Number.MAX_SAFE_INTEGER),
      }),
    },
    responses: { 200: json("A page of them", RunPage), ...failures(400) },
  }),
  read: createRoute({
    method: "get",
    path: "/api/runs/{id}",
    summary: "A run as it is now",
    request: { params: IdParam },
    responses: { 200: json("The run", RunSchema), ...failures(404) },
  }),
  scenario: createRoute({
    method: "get",
    path: "/api/runs/{id}/scenario",
    summary: "The text that was run",
    request: { params: IdParam },
    responses: {
      200: { description: "YAML or JSON", content: { "text/plain": { schema: z.string() } } },
      ...failures(404),
    },
  }),
  events: createRoute({
    method: "get",
    path: "/api/runs/{id}/events",
    summary: "Server-sent events `progress` and, last, `end`; each has the run as its data",
    request: {
      params: IdParam,
      headers: z.object({ "last-event-id": z.string().optional() }),
    },
    responses: {
      200: { description: "Events", content: { "text/event-stream": { schema: z.string() } } },
      204: { description: "It was over in the last event already: do not come again" },
      ...failures(404),
    },
  }),
  cancel: createRoute({
    method: "post",
    path: "/api/runs/{id}/cancel",
    summary: "End a run that is not over",
    request: { params: IdParam },
    responses: { 200: json("The run", RunSchema), ...failures(404) },
  }),
  delete: createRoute({
    method: "delete",
    path: "/api/runs/{id}",
    summary: "Forget a run that is over",
    request: { params: IdParam },
    responses: { 204: { description: "It is forgotten" }, ...failures(404, 409) },
  }),
};

/** The routes, over a queue and what can be run by name. */
export function runRoutes(
  queue: RunQueue,
  library: Library,
  saved: SavedScenarios,
): OpenAPIHono {
  const routes = new OpenAPIHono({ defaultHook: refuseInvalid });
  routes.openapi(ROUTES.begin, (c) => {
    const { text, name, seed } = c.req.valid("json");
    const found = text ?? saved.get(name!)?.text ?? library.text(name!);
    if (found === undefined) throw noSuchScenario(name!);
    const run = queue.submit(requestOf(found, seed));
    return c.json(presented(run), 202, { location: `/api/runs/${run.id}` });
  });
  routes.openapi(ROUTES.list, (c) => {
    const { limit, before } = c.req.valid("query");
    const { items, next } = queue.list(limit, before);
    return c.json({ items: items.map(presented), next }, 200);
  });
  routes.openapi(ROUTES.read, (c) => c.json(presented(queue.get(c.req.valid("param").id)), 200));
  routes.openapi(ROUTES.scenario, (c) => c.text(queue.get(c.req.valid("param").id).text, 200));
  routes.openapi(ROUTES.events, (c) => {
    const { id } = c.req.valid("param");
    const seen = Number(c.req.valid("header")["last-event-id"] ?? 0) || 0;
    if (queue.isSeenToItsEnd(id, seen)) return c.body(null, 204);
    return streamSSE(c, (stream) => follow(queue, id, seen, stream));
  });
  routes.openapi(
    ROUTES.cancel,
    (c) => c.json(presented(queue.cancel(c.req.valid("param").id)), 200),
  );
  routes.openapi(ROUTES.delete, (c) => {
    queue.delete(c.req.valid("param").id);
    return c.body(null, 204);
  });
  for (const form of REPORT_FORMS) addReport(routes, queue, library, form);
  return routes;
}

/** The route of one form of reports. */
function addReport(
  routes: OpenAPIHono,
  queue: RunQueue,
  library: Library,
  form: ReportForm,
): void {
  const route = createRoute({
    method: "get",
    path: `/api/runs/{id}/${form.name}`,
    summary: form.about,
    request: { params: IdParam },
    responses: {
      200: { description: "The report", content: { [form.type]: { schema: z.string() } } },
      ...failures(404, 409),
    },
  });
  routes.openapi(route, async (c) => {
    const run = queue.get(c.req.valid("param").id);
    const report = queue.report(run);
    const made = run.ended ?? run.created;
    const page = new URL(c.req.url).origin;
    const { name, text } = run;
    // What was saved or pasted lies nowhere where the command line looks.
    const file = library.text(name) === text ? name : undefined;
    const provenance = await provenanceOf(report, { text, file, made, page });
    const how = form.name.endsWith(".html") ? "inline" : "attachment";
    return c.body(form.text(report, provenance), 200, {
      "content-type": form.type,
      "content-disposition": `${how}; filename="${run.name}-${form.name}"`,
      "content-security-policy": REPORT_POLICY,
    });
  });
}

/** What a report may do, which has everything in itself: be looked at and printed. */
const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/** What a text is a request to run. */
function requestOf(text: string, seed: number | undefined): RunRequest {
  const scenario = readOrRefuse(text);
  return { name: scenario.name, title: scenario.title, text, seed: seed ?? scenario.seed };
}

/** Tells a client of a run until that is over or the client is gone. One that reads slowly misses some progress. */
async function follow(
  queue: RunQueue,
  id: string,
  seen: number,
  stream: SSEStreamingApi,
): Promise<void> {
  let latest: RunEvent | undefined;
  let wake = () => {};
  const stop = queue.follow(id, seen, (event) => {
    latest = event;
    wake();
  });
  stream.onAbort(() => wake());
  try {
    while (!stream.aborted) {
      const event = latest;
      latest = undefined;
      if (event === undefined) {
        if (await quietFor(ALIVE_EVERY, (now) => wake = now)) await stream.write(": alive\n\n");
        continue;
      }
      await stream.writeSSE({
        id: String(event.id),
        event: event.event,
        data: JSON.stringify(presented(event.run)),
      });
      if (event.event === "end") return;
    }
  } finally {
    stop();
  }
}

/** Waits until what it gives to `ring` is called; true when that did not happen for `time` ms. */
function quietFor(time: number, ring: (wake: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), time);
    ring(() => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

function presented(run: RunView): z.infer<typeof RunSchema> {
  const { id, name, title, seed, state, progress, verdict, sentence, problem } = run;
  const iso = (time: number | null) => time === null ? null : new Date(time).toISOString();
  return {
    ...{ id, name, title, seed, state, progress, verdict, sentence, problem },
    created: new Date(run.created).toISOString(),
    started: iso(run.started),
    ended: iso(run.ended),
  };
}
