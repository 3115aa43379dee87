/**
 * The JSON Schema of drill reports as text.
 *
 * @module
 */

import { z } from "zod";
import { reportFileSchema } from "../../lab/report/drill_report.ts";

/** What stands in scenarios/report.schema.json. */
export function reportSchemaText(): string {
  const schema = z.toJSONSchema(reportFileSchema, { target: "draft-2020-12" });
  const named = {
    $id: "https://warmsite.example/report.schema.json",
    title: "Warmsite drill report",
    ...schema,
  };
  return `${JSON.stringify(named, null, 2)}\n`;
}
