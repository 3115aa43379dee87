/**
 * A report as Markdown, for wikis and pull requests: what an HTML report says, without its charts.
 *
 * @module
 */

import {
  achievedText,
  comparisonText,
  duration,
  EMPTY,
  FAILBACK,
  faultColumns,
  instant,
  LOSS,
  OBJECTIVE_VERDICTS,
  OBJECTIVES,
  OUTAGES,
  RESULTS,
  SENT,
  type TextColumn,
  TIMELINE,
  WRITTEN,
} from "./columns.ts";
import type { DrillReport, Provenance } from "./drill_report.ts";
import { escapeMarkdown, printable } from "./escape.ts";
import { exposureText } from "./figures.ts";
import { brokenText } from "./sentence.ts";
import {
  bytesText,
  capital,
  countText,
  durationText,
  instantText,
  listText,
  many,
  paragraphsOf,
} from "./words.ts";

/** A table; where it would have no rows, what is said instead. */
function table<Row>(
  rows: readonly Row[],
  columns: readonly TextColumn<Row>[],
  empty = "None.",
): string {
  if (rows.length === 0) return `${empty}\n`;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const rule = columns.map(([, , kind]) => kind === "number" ? "---:" : "---");
  return line(columns.map(([heading]) => heading)) + line(rule) +
    rows.map((row) => line(columns.map(([, cell]) => escapeMarkdown(cell(row))))).join("");
}

/** What encloses a text of code so that nothing in it ends it early. */
function fenceFor(text: string, least: number): string {
  const runs = [...text.matchAll(/`+/g)].map(([run]) => run.length);
  return "`".repeat(Math.max(least, 1 + Math.max(0, ...runs)));
}

function code(text: string): string {
  const fence = fenceFor(text, 1);
  return `${fence} ${text.replace(/\s+/g, " ")} ${fence}`;
}

function codeBlock(text: string): string {
  const fence = fenceFor(text, 3);
  return `${fence}yaml\n${printable(text).trimEnd()}\n${fence}\n`;
}

function objectives({ objectives }: DrillReport): string {
  return table(objectives, [
    ["Machine", ({ vm }) => vm],
    ["Objective", ({ kind }) => OBJECTIVES[kind]],
    ["Target", ({ target }) => durationText(target), "number"],
    ["Achieved", achievedText, "number"],
    ["Margin", ({ margin }) => duration(margin), "number"],
    ["Verdict", ({ verdict }) => OBJECTIVE_VERDICTS[verdict]],
  ], EMPTY.objectives);
}

function expectations({ expectations }: DrillReport): string {
  return table(expectations, [
    ["Expectation", ({ name }) => name],
    ["Expected", ({ expected }) => expected],
    ["Achieved", ({ achieved }) => achieved],
    ["Verdict", ({ holds }) => holds ? "holds" : "does not hold"],
  ], EMPTY.expectations);
}

function findings({ findings }: DrillReport): string {
  return table(findings, [
    ["Severity", ({ severity }) => severity],
    ["Finding", ({ sentence }) => sentence],
    ["What to do", ({ action }) => action],
  ], EMPTY.findings);
}

/** What the charts of an HTML report show, in a line for each machine. */
function exposure({ machines }: DrillReport): string {
  return machines.map((machine) => {
    const { vm, worstRpoAt, worstBacklog } = machine;
    const at = worstRpoAt === null ? "" : ` (worst at ${instantText(worstRpoAt)})`;
    const text = `${vm}: RPO over time: ${exposureText(machine)}${at}. Written and not yet in a ` +
      `point at the other side: at most ${bytesText(worstBacklog)}.`;
    return `- ${escapeMarkdown(text)}\n`;
  }).join("");
}

function steps({ steps }: DrillReport): string {
  return table(steps, [
    ["Step", ({ id }) => id],
    ["What", ({ what }) => what],
    ["Planned", ({ planned }) => planned],
    ["Began", ({ began }) => instant(began), "number"],
    [
      "Took",
      ({ began, ended }) => began === null || ended === null ? "–" : durationText(ended - began),
      "number",
    ],
    ["Result", ({ result }) => RESULTS[result]],
    ["Why", ({ code, why }) => [code, why].filter((text) => text !== "").join(": ")],
  ], EMPTY.steps);
}

function integrity({ integrity, violation }: DrillReport): string {
  const held = violation === null
    ? "Every invariant held all the time."
    : `${brokenText(violation.id)} at ${instantText(violation.time)}: ${violation.message}`;
  const told = integrity.compared === 0
    ? "No bytes were compared."
    : `${bytesText(integrity.bytes)} were held against what guests had written, byte by byte, in ${
      many(integrity.compared, "comparison")
    }, of which ${countText(integrity.unequal)} were unequal.`;
  const rows = table(integrity.kinds, [
    ["What was compared", ({ why }) => comparisonText(why)],
    ["How often", ({ compared }) => countText(compared), "number"],
    ["Unequal", ({ unequal }) => countText(unequal), "number"],
  ], "");
  return `${escapeMarkdown(held)} ${told}\n\n${rows}`;
}

/** The report as a Markdown document. */
export function reportMarkdown(report: DrillReport, provenance: Provenance): string {
  const { title, name, verdict, sentence, story, scaleNote, machines } = report;
  const section = (heading: string, text: string) => `## ${heading}\n\n${text}`;
  const paragraphs = [
    `# Drill report: ${escapeMarkdown(title || name)}`,
    `**${capital(verdict.replaceAll("-", " "))}.** ${escapeMarkdown(sentence)}`,
    escapeMarkdown(scaleNote),
    ...paragraphsOf(story).map(escapeMarkdown),
    `Drill ${escapeMarkdown(name)}, simulated, seed ${report.seed}, at ${
      escapeMarkdown(listText(report.sites))
    }, over ${durationText(report.ended)}.`,
    section("Objectives", objectives(report)),
    section("Expectations", expectations(report)),
    section("Findings", findings(report)),
    section("Loss", table(report.recoveries, LOSS, EMPTY.loss)),
    section("Recovery time", table(report.outages, OUTAGES, EMPTY.outages)),
    section("Exposure", exposure(report)),
    section("Timeline", table(report.timeline, TIMELINE, EMPTY.timeline)),
    section("Steps", steps(report)),
    section("Faults", table(report.faults, faultColumns(report), EMPTY.faults)),
    section("Integrity", integrity(report)),
    section("Replication", `${table(machines, WRITTEN)}\n${table(machines, SENT)}`),
    section("Failback", table(report.failbacks, FAILBACK, EMPTY.failbacks)),
    section("Provenance", provenanceLines(report, provenance)),
    provenance.scenario === "" ? "" : section("Scenario", codeBlock(provenance.scenario)),
  ];
  return `${paragraphs.filter((text) => text !== "").map((text) => text.trimEnd()).join("\n\n")}\n`;
}

function provenanceLines(report: DrillReport, provenance: Provenance): string {
  const rows = [
    ["First", provenance.first],
    ["Run it again", provenance.command],
    ["Open it, while the lab runs", provenance.link],
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
