/**
 * The description of the lab's API, for programs and for people.
 *
 * @module
 */

import assert from "node:assert/strict";
import { TemporaryLab } from "./lab.ts";

Deno.test("the description of the API names every route and is shown to people", async () => {
  using lab = new TemporaryLab();
  const document = await (await lab.ask("GET", "/openapi.json")).json();
  assert.equal(document.openapi, "3.1.0");
  const paths = Object.keys(document.paths);
  assert.ok(paths.includes("/healthz"));
  const text = await (await lab.ask("GET", "/api/docs")).text();
  for (const path of paths) assert.ok(text.includes(path), path);
  assert.doesNotMatch(text, /<script|https?:\/\//);
});
