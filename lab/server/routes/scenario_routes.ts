/**
 * Routes of scenarios: the library, which is read, and those that people save, copy, change and delete.
 *
 * @module
 */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { type Library, summaryOf } from "../library.ts";
import { LabError } from "../problem.ts";
import { renameScenario } from "../../scenario/rename.ts";
import {
  noSuchScenario,
  type SavedScenario,
  type SavedScenarios,
  type ScenarioDraft,
} from "../storage/saved_scenarios.ts";
import { refuseInvalid } from "./refuse_invalid.ts";
import { failures, json, NameParam, readOrRefuse, ScenarioName } from "./schemas.ts";

const CuratedSchema = z.object({
  name: z.string(),
  title: z.string(),
  summary: z.string().openapi({ description: "The first line of its story" }),
  text: z.string().openapi({ description: "YAML" }),
}).openapi("CuratedScenario");

const SavedSchema = z.object({
  name: z.string(),
  title: z.string(),
  summary: z.string(),
  parent: z.string().nullable().openapi({ description: "What it was copied from" }),
  revision: z.string().openapi({ description: "For If-Match; another one with each change" }),
  created: z.iso.datetime(),
  changed: z.iso.datetime(),
}).openapi("SavedScenario");

const WholeSchema = SavedSchema.extend({ text: z.string() }).openapi("WholeScenario");

const PageSchema = z.object({
  items: z.array(SavedSchema),
  next: z.string().nullable().openapi({ description: "`after` of the next page; null at the end" }),
}).openapi("ScenarioPage");

const TextBody = z.object({
  text: z.string().openapi({ description: "A scenario, YAML or JSON" }),
}).openapi("ScenarioText");

const ForkBody = z.object({
  name: ScenarioName,
  text: z.string().optional().openapi({
    description: "What the copy says, where it was changed before it was saved; its name changes",
  }),
}).openapi("Fork");

const IfMatch = z.object({
  "if-match": z.string().optional().openapi({
    description: 'The revision that is meant, as `"REVISION"`, or `*` for whichever there is',
  }),
});

const withTag = {
  description: "The scenario",
  headers: z.object({ etag: z.string() }),
  content: { "application/json": { schema: WholeSchema } },
};

const ROUTES = {
  library: createRoute({
    method: "get",
    path: "/api/library",
    summary: "The scenarios that come with the project",
    responses: { 200: json("All of them", z.object({ items: z.array(CuratedSchema) })) },
  }),
  list: createRoute({
    method: "get",
    path: "/api/scenarios",
    summary: "Saved scenarios, by name",
    request: {
      query: z.object({
        limit: z.coerce.number().int().min(1).max(100).default(50),
        after: z.string().max(64).default(""),
      }),
    },
    responses: { 200: json("A page of them", PageSchema), ...failures(400) },
  }),
  read: createRoute({
    method: "get",
    path: "/api/scenarios/{name}",
    summary: "A saved scenario",
    request: { params: NameParam },
    responses: { 200: withTag, ...failures(404) },
  }),
  save: createRoute({
    method: "post",
    path: "/api/scenarios",
    summary: "Save a new scenario under the name in its text",
    request: { body: { required: true, ...json("", TextBody) } },
    responses: { 201: withTag, ...failures(400, 409, 413, 415, 422, 507) },
  }),
  fork: createRoute({
    method: "post",
    path: "/api/scenarios/{name}/fork",
    summary: "Copy a scenario, saved or of the library, under a new name",
    request: { params: NameParam, body: { required: true, ...json("", ForkBody) } },
    responses: { 201: withTag, ...failures(400, 404, 409, 413, 415, 422, 507) },
  }),
  change: createRoute({
    method: "put",
    path: "/api/scenarios/{name}",
    summary: "Save another text for a scenario, unless somebody else did in between",
    request: {
      params: NameParam,
      headers: IfMatch,
      body: { required: true, ...json("", TextBody) },
    },
    responses: { 200: withTag, ...failures(400, 403, 404, 412, 413, 415, 422, 428, 507) },
  }),
  delete: createRoute({
    method: "delete",
    path: "/api/scenarios/{name}",
    summary: "Delete a saved scenario",
    request: { params: NameParam, headers: IfMatch },
    responses: { 204: { description: "It is gone" }, ...failures(403, 404, 412, 428, 507) },
  }),
};

/** The routes, over a library and a store. */
export function scenarioRoutes(library: Library, saved: SavedScenarios): OpenAPIHono {
  const routes = new OpenAPIHono({ defaultHook: refuseInvalid });
  routes.openapi(ROUTES.library, (c) => c.json({ items: library.list() }, 200));
  routes.openapi(ROUTES.list, (c) => {
    const { limit, after } = c.req.valid("query");
    const { items, next } = saved.list(limit, after);
    return c.json({ items: items.map(presented), next }, 200);
  });
  routes.openapi(ROUTES.read, (c) => {
    const { name } = c.req.valid("param");
    const found = saved.get(name);
    if (found === undefined) throw noSuchScenario(name);
    return c.json(whole(found), 200, tag(found));
  });
  routes.openapi(ROUTES.save, (c) => {
    const draft = draftOf(c.req.valid("json").text);
    refuseTaken(library, draft.name);
    const made = saved.add(draft, null);
    return c.json(whole(made), 201, tag(made));
  });
  routes.openapi(ROUTES.fork, (c) => {
    const { name } = c.req.valid("param");
    const original = saved.get(name)?.text ?? library.text(name);
    if (original === undefined) throw noSuchScenario(name);
    const { name: copy, text = original } = c.req.valid("json");
    refuseTaken(library, copy);
    const made = saved.add(draftOf(renamed(text, copy)), name);
    return c.json(whole(made), 201, tag(made));
  });
  routes.openapi(ROUTES.change, (c) => {
    const { name } = c.req.valid("param");
    const revision = revisionOf(library, name, c.req.valid("header")["if-match"]);
    const draft = draftOf(c.req.valid("json").text);
    if (draft.name !== name) throw otherName(name, draft.name);
    const changed = saved.change(draft, revision);
    return c.json(whole(changed), 200, tag(changed));
  });
  routes.openapi(ROUTES.delete, (c) => {
    const { name } = c.req.valid("param");
    saved.delete(name, revisionOf(library, name, c.req.valid("header")["if-match"]));
    return c.body(null, 204);
  });
  return routes;
}

function draftOf(text: string): ScenarioDraft {
  const scenario = readOrRefuse(text);
  return { name: scenario.name, title: scenario.title, summary: summaryOf(scenario), text };
}

/** Refused where the text has no name that could be changed. */
function renamed(text: string, name: string): string {
  readOrRefuse(text);
  return renameScenario(text, name);
}

/** A name means one scenario: what is saved never hides what the library has. */
function refuseTaken(library: Library, name: string): void {
  if (!library.names().includes(name)) return;
  throw new LabError(
    "exists",
    `"${name}" is a scenario of the library, which is not changed`,
    "Save yours under another name",
  );
}

/** The revision that a change is meant for. */
function revisionOf(library: Library, name: string, header: string | undefined): string {
  if (library.names().includes(name)) {
    throw new LabError(
      "read-only",
      `"${name}" is a scenario of the library, which is not changed`,
      `Copy it first: POST /api/scenarios/${name}/fork`,
    );
  }
  if (header === undefined) {
    throw new LabError(
      "no-version",
      "It is not said which revision is to be changed",
      'Send the ETag that you read as If-Match, or "If-Match: *" for whichever there is',
    );
  }
  // Weak where the answer was compressed on its way: it is the revision all the same.
  return header.trim().replace(/^(?:W\/)?"(.*)"$/, "$1");
}

function otherName(name: string, written: string): LabError {
  return new LabError(
    "bad-request",
    `The text is of a scenario "${written}", and "${name}" was to be changed`,
    `Write "name: ${name}" in it, or save it as a new one`,
  );
}

function presented({ name, title, summary, parent, revision, created, changed }: SavedScenario) {
  return {
    ...{ name, title, summary, parent, revision },
    created: new Date(created).toISOString(),
    changed: new Date(changed).toISOString(),
  };
}

function whole(scenario: SavedScenario) {
  return { ...presented(scenario), text: scenario.text };
}

function tag(scenario: SavedScenario) {
  return { etag: `"${scenario.revision}"` };
}
