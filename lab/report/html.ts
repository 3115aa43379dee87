/**
 * A report as one HTML file: it needs no script and nothing beside it, reads by day and by night, and prints well.
 *
 * @module
 */

import type { DrillReport, Provenance } from "./drill_report.ts";
import { linkFigure, machineFigures } from "./figures.ts";
import { REPORT_STYLE } from "./html_style.ts";
import {
  expectationTable,
  failbackTable,
  faultTable,
  findingTable,
  integrityTable,
  lossTable,
  objectiveTable,
  outageSection,
  replicationTables,
  stepTables,
  timelineTable,
} from "./html_tables.ts";
import { type Filling, Markup, markup } from "./markup.ts";
import { countText, durationText, listText, paragraphsOf } from "./words.ts";

/** How verdicts are written, and which class of colours they have. */
const VERDICTS = {
  "passed": ["✓ Passed", "good"],
  "passed-with-conditions": ["△ Passed with conditions", "fair"],
  "failed": ["✗ Failed", "bad"],
} as const;

/** The report as an HTML document. */
export function reportHtml(report: DrillReport, provenance: Provenance): string {
  const [verdict, colour] = VERDICTS[report.verdict];
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>Drill report: ${report.name}</title>
<style>${Markup.own(REPORT_STYLE)}
</style>
</head>
<body>
<main>
<header><h1>Drill report: ${
    report.title || report.name
  }</h1><span class="verdict ${colour}">${verdict}</span></header>
<p class="sentence">${report.sentence}</p>
${report.scaleNote !== "" && markup`<p class="note">${report.scaleNote}</p>`}
${identity(report, provenance)}
${sections(report)}
${provenanceSection(report, provenance)}
${signatures()}
${scenarioSection(provenance)}
</main>
</body>
</html>
`.toString();
}

function identity(report: DrillReport, { made }: Provenance): Markup {
  const rows: readonly (readonly [string, string])[] = [
    ["Drill", report.name],
    ["Kind", "simulated"],
    ["Sites", listText(report.sites)],
    ["Machines", listText(report.machines.map(({ vm }) => vm))],
    ["Seed", String(report.seed)],
    ["Lasted", durationText(report.ended)],
    ["Scale", `1 : ${countText(report.scale)}`],
    ["Made", made],
  ];
  return markup`<dl>${
    rows.filter(([, value]) => value !== "").map(([name, value]) =>
      markup`<dt>${name}</dt><dd>${value}</dd>`
    )
  }</dl>
${paragraphsOf(report.story).map((text) => markup`<p class="story quiet">${text}</p>\n`)}`;
}

function section(title: string, ...content: readonly Filling[]): Markup {
  return markup`<section>
<h2>${title}</h2>
${content}
</section>`;
}

function sections(report: DrillReport): Markup[] {
  return [
    section("Objectives", objectiveTable(report)),
    section("Expectations", expectationTable(report)),
    section("Findings", findingTable(report)),
    section("Loss", lossTable(report)),
    section("Recovery time", outageSection(report)),
    section("Exposure", machineFigures(report), linkFigure(report)),
    section("Timeline", timelineTable(report)),
    section("Steps", stepTables(report)),
    section("Faults", faultTable(report)),
    section("Integrity", integrityTable(report)),
    section("Replication", replicationTables(report)),
    section("Failback", failbackTable(report)),
  ];
}

function provenanceSection(report: DrillReport, provenance: Provenance): Markup {
  const rows: readonly (readonly [string, string])[] = [
    ["First", provenance.first],
    ["Run it again", provenance.command],
    ["Open it, while the lab runs", provenance.link],
    ["Scenario", provenance.scenarioHash],
    ["Engine", report.engineHash],
    ["Trace", `${report.traceHash} over ${report.events} events`],
    ["Made by", provenance.program],
  ];
  return section(
    "Provenance",
    markup`<p>Every number was computed from the recording of the run, by code that shares nothing with the engine. The same
scenario, seed and engine give the same trace, anywhere.</p>
<table><tbody>${
      rows.filter(([, value]) => value !== "").map(([name, value]) =>
        markup`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>`
      )
    }</tbody></table>`,
  );
}

function signatures(): Markup {
  return markup`<section class="keep">
<h2>Approval</h2>
<table class="sign"><thead><tr><th scope="col">Role</th><th scope="col">Name</th><th scope="col">Date</th><th scope="col">Signature</th></tr></thead>
<tbody>${
    ["Led the drill", "Owner of the service", "Approved", "Next drill on"].map((role) =>
      markup`<tr><td class="short">${role}</td><td></td><td></td><td></td></tr>`
    )
  }</tbody></table>
</section>`;
}

/** What was played, so that whoever has the report has all that is needed to play it again. */
function scenarioSection({ scenario }: Provenance): Filling {
  if (scenario === "") return null;
  return section("Scenario", markup`<pre><code>${scenario}</code></pre>`);
}
