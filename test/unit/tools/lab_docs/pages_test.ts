/**
 * What is generated for the lab is current.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { PAGES } from "../../../../tools/lab_docs/pages.ts";

const root = new URL("../../../../", import.meta.url);

for (const { path, text } of PAGES) {
  Deno.test(`${path} is what its sources say`, () => {
    const held = Deno.readTextFileSync(new URL(path, root));
    equal(held, text(), "Make it again: deno run -A tools/lab_docs/main.ts");
  });
}
