/**
 * The report as files, made in the page.
 *
 * Rule: loaded when somebody looks at a report, for its templates are of no use before.
 *
 * @module
 */

import { reportCsv } from "../../lab/report/csv.ts";
import { reportHtml } from "../../lab/report/html.ts";
import { reportJson } from "../../lab/report/json.ts";
import { reportJunit } from "../../lab/report/junit.ts";
import { reportMarkdown } from "../../lab/report/markdown.ts";
import { rerunOf } from "../../lab/report/rerun_command.ts";
import type { DrillReport, Provenance } from "../../lab/report/drill_report.ts";
import { canonicalScenario, readScenario } from "../../lab/scenario/read_scenario.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";

/** A form in which a report can be kept. */
export interface Download {
  readonly label: string;
  /** The end of the file's name. */
  readonly end: string;
  readonly type: string;
  readonly make: (report: DrillReport, provenance: Provenance) => string;
}

/** All of them. */
export const DOWNLOADS: readonly Download[] = [
  { label: "HTML", end: ".html", type: "text/html", make: reportHtml },
  { label: "JSON", end: ".json", type: "application/json", make: reportJson },
  {
    label: "CSV, steps",
    end: "-steps.csv",
    type: "text/csv",
    make: (report) => reportCsv(report, "steps"),
  },
  {
    label: "CSV, series",
    end: "-series.csv",
    type: "text/csv",
    make: (report) => reportCsv(report, "series"),
  },
  { label: "Markdown", end: ".md", type: "text/markdown", make: reportMarkdown },
  { label: "JUnit", end: ".xml", type: "application/xml", make: reportJunit },
];

/** Where a report of this page comes from; `file` is what the command line plays it by, `undefined` where it finds nothing. */
export async function provenanceOf(
  report: DrillReport,
  scenario: DrillScenario,
  { file, text }: { readonly file: string | undefined; readonly text: string },
  link: string,
): Promise<Provenance> {
  const canonical = new TextEncoder().encode(canonicalScenario(scenario));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", canonical));
  return {
    ...rerunOf(file, report.name, report.seed),
    link,
    scenario: text,
    scenarioHash: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    program: `Warmsite lab, engine ${report.engineHash}`,
    made: new Date().toISOString(),
  };
}

/**
 * The report with a story that is true of it: what was changed of a scenario of the library has that one's story, which may tell
 * of what did not happen, and says so.
 */
export function withItsStory(
  report: DrillReport,
  scenario: DrillScenario,
  library: readonly { readonly text: string }[],
): DrillReport {
  const { story } = report;
  const begin = story.slice(0, 20);
  for (const { text } of begin === "" ? [] : library) {
    const read = text.includes(begin) ? readScenario(text) : undefined;
    if (read?.ok !== true || read.scenario.story !== story) continue;
    const { name, title, seed } = read.scenario;
    const renamed = canonicalScenario({ ...scenario, name, title, seed });
    if (renamed === canonicalScenario(read.scenario)) return report;
    const whose =
      `The story of “${title}”, from which this drill was made. It was changed since, ` +
      "and may go otherwise:";
    return { ...report, story: `${whose}\n\n${story}` };
  }
  return report;
}

/** The report as one page of its own. */
export { reportHtml };
