/**
 * A report as Markdown, for wikis and pull requests: what an HTML report says, without its charts.
 *
 * @module
 */

import type { DrillReport, Provenance } from "./drill_report.ts";
import { escapeMarkdown } from "./escape.ts";
import { bytesText, capital, countText, durationText, instantText, listText } from "./words.ts";

type Cell = string | number | null;

function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "None.\n";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const text = (cell: Cell) => cell === null ? "–" : escapeMarkdown(String(cell));
  return line(headings) + line(headings.map(() => "---")) +
    rows.map((row) => line(row.map(text))).join("");
}

const duration = (value: number | null) => value === null ? null : durationText(value);
const instant = (value: number | null) => value === null ? null : instantText(value);

/** A line of code in which nothing ends it early. */
function code(text: string): string {
  const fence = "`".repeat(
    1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)),
  );
  return `${fence} ${text.replace(/\s+/g, " ")} ${fence}`;
}

function objectives({ objectives }: DrillReport): string {
  return table(
    ["Machine", "Objective", "Target", "Achieved", "Margin", "Verdict"],
    objectives.map(({ vm, kind, target, achieved, margin, verdict }) => [
      vm,
      kind,
      durationText(target),
      duration(achieved),
      duration(margin),
      verdict,
    ]),
  );
}

function losses({ recoveries }: DrillReport): string {
  return table(
    [
      "Machine",
      "Recovery",
      "From",
      "To",
      "RPO",
      "Writes lost",
      "Bytes lost",
      "Oldest lost",
      "Fate",
    ],
    recoveries.map(({ vm, kind, from, to, rpo, loss }) => [
      vm,
      kind,
      from,
      to,
      duration(rpo),
      loss === null ? null : countText(loss.writes),
      loss === null ? null : bytesText(loss.bytes),
      instant(loss?.oldest ?? null),
      loss?.fate ?? null,
    ]),
  );
}

function outages({ outages }: DrillReport): string {
  return table(
    ["Machine", "Kind", "Why", "From", "Detection", "Decision", "Recovery", "In all"],
    outages.map(({ vm, kind, cause, began, lasted }) => [
      vm,
      kind,
      cause,
      instantText(began),
      duration(lasted.detection),
      duration(lasted.decision),
      duration(lasted.recovery),
      duration(lasted.total),
    ]),
  );
}

function steps({ steps }: DrillReport): string {
  return table(
    ["Step", "What", "Planned", "Began", "Took", "Result", "Why"],
    steps.map(({ id, what, planned, began, ended, result, code, why }) => [
      id,
      what,
      planned,
      instant(began),
      began === null || ended === null ? null : durationText(ended - began),
      result,
      [code, why].filter((text) => text !== "").join(": "),
    ]),
  );
}

/** The report as a Markdown document. */
export function reportMarkdown(report: DrillReport, provenance: Provenance): string {
  const { title, name, verdict, sentence, story, scaleNote, integrity } = report;
  const paragraphs = [
    `# Drill report: ${escapeMarkdown(title || name)}`,
    `**${capital(verdict.replaceAll("-", " "))}.** ${escapeMarkdown(sentence)}`,
    escapeMarkdown(scaleNote),
    escapeMarkdown(story),
    `Drill ${escapeMarkdown(name)}, seed ${report.seed}, at ${
      escapeMarkdown(listText(report.sites))
    }.`,
    `## Objectives\n\n${objectives(report)}`,
    `## Expectations\n\n${
      table(
        ["Expectation", "Expected", "Achieved", "Verdict"],
        report.expectations.map((one) => [
          one.name,
          one.expected,
          one.achieved,
          one.holds ? "holds" : "does not hold",
        ]),
      )
    }`,
    `## Findings\n\n${
      table(
        ["Severity", "Finding", "What to do"],
        report.findings.map(({ severity, sentence, action }) => [severity, sentence, action]),
      )
    }`,
    `## Loss\n\n${losses(report)}`,
    `## Recovery time\n\n${outages(report)}`,
    `## Timeline\n\n${
      table(
        ["At", "Who", "What"],
        report.timeline.map(({ at, who, what }) => [instantText(at), who, what]),
      )
    }`,
    `## Steps\n\n${steps(report)}`,
    `## Faults\n\n${
      table(
        ["Fault", "On", "From", "Until"],
        report.faults.map(({ fault, on, began, ended }) => [
          fault,
          on,
          instantText(began),
          ended === null ? "the end" : instantText(ended),
        ]),
      )
    }`,
    `## Integrity\n\n${countText(integrity.compared)} comparisons, ${
      countText(integrity.unequal)
    } unequal.`,
    `## Provenance\n\n${provenanceLines(report, provenance)}`,
  ];
  return `${paragraphs.filter((text) => text !== "").map((text) => text.trimEnd()).join("\n\n")}\n`;
}

function provenanceLines(report: DrillReport, provenance: Provenance): string {
  const rows = [
    ["Run it again", provenance.command],
    ["Open it", provenance.link],
    ["Scenario", provenance.scenarioHash],
    ["Engine", report.engineHash],
    ["Trace", report.traceHash],
    ["Made by", [provenance.program, provenance.made].filter((text) => text !== "").join(", ")],
  ] as const;
  return rows.filter(([, value]) => value !== "").map(([what, value]) =>
    `- ${what}: ${code(value)}`
  )
    .join("\n");
}
