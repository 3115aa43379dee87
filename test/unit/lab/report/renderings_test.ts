/**
 * What reports look like in each format: their structure, and that no text of a file becomes more than text.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { csvField, escapeMarkdown, escapeXml } from "../../../../lab/report/escape.ts";
import { markup } from "../../../../lab/report/markup.ts";
import {
  makeReport,
  reportCsv,
  reportHtml,
  reportJson,
  reportJunit,
  reportMarkdown,
} from "../../../../lab/report/report.ts";
import type { Step } from "../../../../lab/scenario/drill_scenario.ts";
import { rerunOf } from "../../../../lab/report/rerun_command.ts";
import { HARM, hostile, PROVENANCE } from "./hostile.ts";
import { fire, S, verbStep } from "./story.ts";

const seed = Number(Deno.env.get("SEED") ?? Date.now() % 2 ** 31);

/** Names of the elements of a document in the order in which they are opened, where every tag that opens is closed. */
function elementsOf(text: string): string[] {
  const VOID = new Set(["meta", "rect", "line", "path", "br"]);
  const open: string[] = [];
  const names: string[] = [];
  for (
    const [, slash, name, rest] of text.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|[^">])*)>/g)
  ) {
    if (slash === "/") assert.equal(open.pop(), name, `</${name}> closes what was opened`);
    else {
      names.push(name!);
      if (!rest!.endsWith("/") && !VOID.has(name!)) open.push(name!);
    }
  }
  assert.deepEqual(open, []);
  return names;
}

Deno.test("HTML: every section is there, in order, and every element is closed", () => {
  const html = reportHtml(makeReport(fire().recording(1200)), PROVENANCE);
  const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading);
  assert.deepEqual(headings, [
    "Objectives",
    "Expectations",
    "Findings",
    "Loss",
    "Recovery time",
    "Exposure",
    "Timeline",
    "Steps",
    "Faults",
    "Integrity",
    "Replication",
    "Failback",
    "Provenance",
    "Approval",
    "Scenario",
  ]);
  const names = elementsOf(html);
  assert.equal(names.filter((name) => name === "h1").length, 1);
  // RPO, backlog and link, and the bar of the recovery time.
  assert.equal(names.filter((name) => name === "svg").length, 4);
  assert.match(html, /<p class="sentence">You lost 4 min 11 s of erp, 252 writes, because /);
  assert.ok(html.includes(PROVENANCE.command) && html.includes("0123456789abcdef"));
});

Deno.test("HTML: it needs no script and nothing beside it", () => {
  for (const story of [fire(), hostile()]) {
    const html = reportHtml(makeReport(story.recording(1200)), PROVENANCE);
    const names = new Set(elementsOf(html));
    for (const name of ["script", "link", "img", "iframe", "object", "image", "use", "a"]) {
      assert.ok(!names.has(name), name);
    }
    assert.doesNotMatch(html.replace(/"[^"]*"/g, '""'), /<[^>]+\s(?:src|href|on\w+)\s*=/);
    assert.doesNotMatch(html, /@import|url\((?!#)/);
    assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
  }
});

Deno.test("HTML: steps that were not executed are told with the reason", () => {
  const story = fire();
  story.script.push(verbStep("late", 5000, "failover complete", "erp"));
  const html = reportHtml(makeReport(story.recording(1200)), PROVENANCE);
  const table = html.slice(html.indexOf("Steps not executed"), html.indexOf("<h2>Faults"));
  assert.match(
    table,
    /late[\s\S]*failover complete erp[\s\S]*not executed[\s\S]*the drill was over/,
  );
});

Deno.test("what a file brings adds no element and no attribute", () => {
  const shape = (text: string) => {
    const report = makeReport(hostile(text).recording(30));
    return [reportHtml(report, PROVENANCE), reportJunit(report, PROVENANCE)].map(elementsOf);
  };
  assert.deepEqual(shape(HARM), shape("x".repeat(HARM.length)));
});

Deno.test("Markdown: it says what the HTML says, section by section, and a number is what it is", () => {
  const report = makeReport(fire().recording(1200));
  const text = reportMarkdown(report, PROVENANCE);
  const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  const html = [...reportHtml(report, PROVENANCE).matchAll(/<h2>(.*?)<\/h2>/g)];
  // What is signed is the printed page.
  assert.deepEqual(
    headings,
    html.map(([, heading]) => heading).filter((one) => one !== "Approval"),
  );
  assert.match(text, /\| erp \| failover, Amsterdam → Berlin \| 00:15:32 \| 00:10:00 \|/);
  assert.match(text, /Every invariant held all the time\. 1 GiB were held against/);
  // A backslash before a digit or a letter is shown as one.
  assert.doesNotMatch(text, /\\[\w\s]/);
  assert.equal(escapeMarkdown("15.3 ms"), "15.3 ms");
  assert.equal(escapeMarkdown("1. first"), "1\\. first");
});

Deno.test("a report brings along what it is made again with: the command, and what comes before it", () => {
  assert.deepEqual(rerunOf("site-fire", "site-fire", 7), {
    first: "",
    command: "sh tools/run drill site-fire --seed 7",
  });
  assert.deepEqual(rerunOf("my drills/it's.yaml", "its", 7), {
    first: "",
    command: "sh tools/run drill 'my drills/it'\\''s.yaml' --seed 7",
  });
  assert.deepEqual(rerunOf(undefined, "mine", 7), {
    first: "Save the scenario at the end of this report as mine.yaml",
    command: "sh tools/run drill mine.yaml --seed 7",
  });
  const report = makeReport(fire().recording(1200));
  const scenario = "name: mine\nstory: |\n  ```\n  a < b\n";
  const own = { ...PROVENANCE, scenario };
  assert.match(
    reportHtml(report, own),
    /<pre><code>name: mine\nstory: \|\n {2}```\n {2}a &lt; b\n</,
  );
  assert.match(
    reportMarkdown(report, own),
    /\n````yaml\nname: mine\nstory: \|\n {2}```\n {2}a < b\n````\n/,
  );
  assert.equal(JSON.parse(reportJson(report, own)).provenance.scenario, scenario);
});

Deno.test("steps and faults say what they were given", () => {
  const story = fire();
  const partition: Step = {
    ...{ id: "half", when: { at: 1 }, line: 1, kind: "fault" },
    ...{ fault: "link.partition", on: "wan", for: 60 * S, params: { way: "back" } },
  };
  const older: Step = {
    ...{ id: "older", when: { at: 2 }, line: 1, kind: "verb", verb: "failover start", vm: "erp" },
    ...{ on: "", args: { point: { before: "half" } } },
  };
  const kept: Step = {
    ...{ id: "kept", when: { at: 3 }, line: 1, kind: "verb", verb: "failover resolve", vm: "erp" },
    ...{ on: "berlin", args: { keep: { at: "berlin" } } },
  };
  story.script.push(partition, older, kept);
  story.note(1, {
    kind: "fault",
    step: "half",
    phase: "begin",
    fault: "link.partition",
    on: "wan",
  });
  const report = makeReport(story.recording(1200));
  assert.deepEqual(report.steps.slice(2).map(({ what }) => what), [
    "link.partition on wan (way back) for 1 min",
    "failover start erp (point before half)",
    "failover resolve erp at berlin (keep berlin)",
  ]);
  const text = reportMarkdown(report, PROVENANCE);
  assert.match(text, /\| link\.partition on wan \\\(way back\\\) for 1 min \| 00:00:01 \|/);
});

Deno.test("Markdown: a hostile text ends no cell and makes no link", () => {
  const report = makeReport(hostile().recording(30));
  const text = reportMarkdown(report, PROVENANCE);
  assert.doesNotMatch(text, /<script|<img|[^\\]\]\(javascript/);
  const columns = (line: string) => line.replace(/\\./g, "").split("|").length;
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    if (line.startsWith("|") && lines[index - 1]?.startsWith("|")) {
      assert.equal(columns(line), columns(lines[index - 1]!), line);
    }
  });
});

Deno.test("CSV: the same fields on every line, and nothing that a spreadsheet would compute", () => {
  const story = fire();
  story.script.push({ ...verbStep("=1+1", 5000, "@SUM(A1)", 'x,"y"\r\nz') });
  const report = makeReport(story.recording(1200));
  const steps = reportCsv(report, "steps");
  assert.match(steps, /\r\n"'=1\+1",/);
  assert.match(steps, /"'@SUM\(A1\) x,""y""\r\nz"/);
  const [head, first, ...rest] = reportCsv(report, "series").trimEnd().split("\r\n");
  assert.equal(head, "series,machine,at_s,value,unit");
  assert.equal(first, "rpo,erp,0,,s");
  assert.ok(rest.every((line) => line.split(",").length === 5));
  assert.ok(rest.includes("rpo,erp,620,319,s") && rest.includes("rpo,erp,620,19,s"));
});

Deno.test("JUnit: a suite fails exactly when the drill does", () => {
  const story = fire();
  story.expect.push({ kind: "machine", vm: "erp", rpo: { max: 1 }, line: 1 });
  story.expect.push({ kind: "machine", vm: "erp", runsAt: "berlin", line: 2 });
  const bad = reportJunit(makeReport(story.recording(1200)), PROVENANCE);
  assert.match(bad, /<testsuites name="drills" tests="4" failures="1" errors="0"/);
  assert.equal(elementsOf(bad).filter((name) => name === "failure").length, 1);
  const good = reportJunit(makeReport(fire().recording(1200)), PROVENANCE);
  assert.match(good, /failures="0"/);
  assert.equal(elementsOf(good).includes("failure"), false);
});

Deno.test("JSON: one member a line", () => {
  const report = makeReport(fire().recording(1200));
  const lines = reportJson(report, PROVENANCE).trimEnd().split("\n");
  assert.equal(lines.length, Object.keys(report).length + 3);
});

Deno.test(`escaped text reads back as what it was, and holds no markup (seed: ${seed})`, () => {
  const entities: Record<string, string> = {
    "&lt;": "<",
    "&gt;": ">",
    "&amp;": "&",
    "&quot;": '"',
    "&#39;": "'",
  };
  const text = fc.string({ unit: fc.constantFrom(..."<>&\"'=|`\\ab é\n") });
  fc.assert(
    fc.property(text, (raw) => {
      const escaped = escapeXml(raw);
      assert.doesNotMatch(escaped, /[<>"']/);
      assert.equal(escaped.replace(/&(?:lt|gt|amp|quot|#39);/g, (one) => entities[one]!), raw);
      assert.equal(String(markup`<b>${raw}</b>`), `<b>${escaped}</b>`);
      assert.doesNotMatch(escapeMarkdown(raw).replace(/\\./g, ""), /[<>|`\n]/);
      const field = csvField(raw);
      const inside = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
      assert.equal(inside.replace(/^'(?=\s*[=+\-@])/, ""), raw.replace(/^'(?=\s*[=+\-@])/, ""));
      assert.doesNotMatch(inside, /^\s*[=+\-@]/);
    }),
    { seed },
  );
});
