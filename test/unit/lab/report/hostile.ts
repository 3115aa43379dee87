/**
 * A fire in which every text that a file can bring means harm.
 *
 * @module
 */

import type { Provenance } from "../../../../lab/report/drill_report.ts";
import { S, Story } from "./story.ts";

/** Where a report of a test comes from. */
export const PROVENANCE: Provenance = {
  first: "Save it first",
  command: "deno task drill scenarios/a-drill.yaml --seed 7",
  link: "http://127.0.0.1:8080/#drill",
  scenario: "name: a-drill # <b>`x`</b>\n",
  scenarioHash: "c0ffee",
  program: "warmsite 0.0.0",
  made: "2026-01-02 03:04 UTC",
};

/** Ends tags, attributes, comments, CDATA, tables and cells, and would be run where it is not escaped. */
export const HARM =
  `"'><script>alert(1)</script><img src=x onerror=alert(2)>]]>--> | \`x\` [a](javascript:alert(3)) \u0000\u202e`;

/** A story in which it stands wherever a text can. */
export function hostile(text = HARM): Story {
  const story = new Story(text);
  story.title = text;
  story.story = `${text}\n# ${text}\n- ${text}`;
  story.script.push({
    id: text,
    when: { after: text, wait: S },
    line: 1,
    kind: "fault",
    fault: text,
    on: text,
    for: 0,
    params: {},
  });
  story.expect.push({ kind: "step", step: text, outcome: text, line: 1 });
  story.expect.push({ kind: "machine", vm: text, runsAt: text, line: 2 });
  story.violation = { id: text, message: text, time: S };
  return story.writes(text, 1, 10)
    .point(text, text, 5, 5, 6)
    .note(8, { kind: "fault", step: text, phase: "begin", fault: text, on: text })
    .note(8, { kind: "step", step: text, phase: "failed", code: text, why: text })
    .note(10, { kind: "guest", vm: text, site: "amsterdam", runs: false })
    .asks(11, "failover start", text, "berlin")
    .note(12, { kind: "failover", vm: text, site: "berlin", phase: "started", point: text })
    .branch(text, 12, "berlin", text)
    .note(13, { kind: "guest", vm: text, site: "berlin", runs: true });
}
