/**
 * Writes scenarios/report.schema.json, the JSON Schema of drill reports, from their definition in lab/report.
 *
 *     deno run -A tools/report_schema/main.ts
 *
 * A test compares them, so that the published schema cannot fall behind.
 *
 * @module
 */

import { reportSchemaText } from "./schema.ts";

Deno.writeTextFileSync(
  new URL("../../scenarios/report.schema.json", import.meta.url),
  reportSchemaText(),
);
