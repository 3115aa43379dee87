/**
 * Writes what is generated for the lab: the schema of scenarios, docs/FAULTS.md and docs/INVARIANTS.md.
 *
 *     deno run -A tools/lab_docs/main.ts
 *
 * Tests compare them, so that none can fall behind.
 *
 * @module
 */

import { PAGES } from "./pages.ts";

const root = new URL("../../", import.meta.url);
for (const { path, text } of PAGES) Deno.writeTextFileSync(new URL(path, root), text());
