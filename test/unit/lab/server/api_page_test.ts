/**
 * The description of the lab's API, for programs and for people.
 *
 * @module
 */

import assert from "node:assert/strict";
import { TemporaryLab } from "./lab.ts";

Deno.test("the description of the API names every route and is shown to people", async () => {
  using lab = new TemporaryLab();
  const document = await lab.value("GET", "/openapi.json");
  assert.equal(document.openapi, "3.1.0");
  const paths = Object.keys(document.paths);
  for (const path of ["/api/library", "/api/scenarios", "/api/scenarios/{name}", "/healthz"]) {
    assert.ok(paths.includes(path), path);
  }
  const put = document.paths["/api/scenarios/{name}"].put;
  assert.ok(put.parameters.some((one: { name: string }) => one.name === "if-match"));
  assert.ok("412" in put.responses);
  assert.ok("Error" in document.components.schemas);
  const page = await lab.ask("GET", "/api/docs");
  const text = await page.text();
  for (const path of paths) assert.ok(text.includes(path), path);
  assert.match(text, /&quot;seed&quot;/, "what a body holds is shown, not its name alone");
  assert.doesNotMatch(text, /<script|https?:\/\//);
});
