/**
 * Reports as files, with where they come from: the command that makes the same run again, a link, a digest of the scenario.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { reportCsv } from "../report/csv.ts";
import type { DrillReport, Provenance } from "../report/drill_report.ts";
import { reportHtml } from "../report/html.ts";
import { reportJson } from "../report/json.ts";
import { reportJunit } from "../report/junit.ts";
import { reportMarkdown } from "../report/markdown.ts";
import { rerunOf } from "../report/rerun_command.ts";
import { encodePermalink } from "../scenario/permalink.ts";
import { canonicalScenario, readScenario } from "../scenario/read_scenario.ts";

/** One form of a report. */
export interface ReportForm {
  /** Of the file. */
  readonly name: string;
  /** As HTTP says it. */
  readonly type: string;
  /** One line. */
  readonly about: string;
  /** Its text. */
  readonly text: (report: DrillReport, provenance: Provenance) => string;
}

/** Every form. */
export const REPORT_FORMS: readonly ReportForm[] = [
  {
    name: "report.html",
    type: "text/html; charset=utf-8",
    about: "One page that holds everything and prints well",
    text: reportHtml,
  },
  { name: "report.json", type: "application/json", about: "Every number", text: reportJson },
  {
    name: "report.csv",
    type: "text/csv; charset=utf-8",
    about: "The steps of the script and what became of them",
    text: (report) => reportCsv(report, "steps"),
  },
  {
    name: "series.csv",
    type: "text/csv; charset=utf-8",
    about: "RPO, backlog and the link over time",
    text: (report) => reportCsv(report, "series"),
  },
  {
    name: "report.md",
    type: "text/markdown; charset=utf-8",
    about: "For tickets and wikis",
    text: reportMarkdown,
  },
  {
    name: "report.xml",
    type: "application/xml",
    about: "JUnit, for what collects results of tests",
    text: reportJunit,
  },
];

/** What a report is about, as those who ran it know it. */
export interface RunOrigin {
  /** The scenario as it was written. */
  readonly text: string;
  /** What it is called on a command line; `undefined` where that finds no such text. */
  readonly file: string | undefined;
  /** When it was run, ms since 1970. */
  readonly made: number;
  /** The address of the page that a link opens, without a `/` at its end. */
  readonly page: string;
}

/** Where the report of a run comes from. A scenario that is too long for a link has none. */
export async function provenanceOf(
  report: DrillReport,
  { text, file, made, page }: RunOrigin,
): Promise<Provenance> {
  const { seed, engineHash } = report;
  const permalink = await encodePermalink({ text, seed, engineHash, at: 0 });
  const read = readScenario(text);
  const canonical = read.ok ? canonicalScenario(read.scenario) : text;
  return {
    ...rerunOf(file, report.name, seed),
    link: permalink.ok ? `${page}/${permalink.fragment}` : "",
    scenario: text,
    scenarioHash: createHash("sha256").update(canonical).digest("hex"),
    program: `Warmsite, engine ${engineHash}`,
    made: new Date(made).toISOString(),
  };
}
