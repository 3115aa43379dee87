/**
 * A report as JUnit XML, so that whatever runs tests shows drills: each expectation is a test case, and so is what every drill
 * promises. A suite fails exactly when the drill does.
 *
 * @module
 */

import type { DrillReport, Provenance } from "./drill_report.ts";
import { type Markup, markup } from "./markup.ts";
import { SECOND } from "./words.ts";

interface Case {
  readonly name: string;
  /** Empty where it holds. */
  readonly failure: string;
}

function casesOf({ expectations, violation, integrity }: DrillReport): Case[] {
  const { compared, unequal } = integrity;
  return [
    ...expectations.map(({ name, expected, achieved, holds }) => ({
      name: `${name}: ${expected}`,
      failure: holds ? "" : `expected ${expected}; ${achieved}`,
    })),
    {
      name: "No invariant was broken",
      failure: violation === null ? "" : `${violation.id}: ${violation.message}`,
    },
    {
      name: "Every byte that was compared is what a guest wrote" +
        (integrity.explained ? ", but for what a fault had damaged" : ""),
      failure: unequal === 0 || integrity.explained
        ? ""
        : `${unequal} of ${compared} comparisons were unequal`,
    },
  ];
}

/** The report as a JUnit document. */
export function reportJunit(report: DrillReport, provenance: Provenance): string {
  const cases = casesOf(report);
  const failures = cases.filter(({ failure }) => failure !== "").length;
  const counts = markup`tests="${cases.length}" failures="${failures}" errors="0"`;
  const time = report.ended / SECOND;
  const properties = {
    seed: report.seed,
    engineHash: report.engineHash,
    traceHash: report.traceHash,
    verdict: report.verdict,
    command: provenance.command,
  };
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="drills" ${counts} time="${time}">
<testsuite name="${report.name}" ${counts} skipped="0" time="${time}">
<properties>
${
    Object.entries(properties).map(([name, value]) =>
      markup`<property name="${name}" value="${value}"/>
`
    )
  }</properties>
${cases.map((one) => caseXml(report.name, one))}<system-out>${report.sentence}</system-out>
</testsuite>
</testsuites>
`.toString();
}

function caseXml(drill: string, { name, failure }: Case): Markup {
  const head = markup`<testcase classname="drill.${drill}" name="${name}" time="0"`;
  if (failure === "") {
    return markup`${head}/>
`;
  }
  return markup`${head}><failure message="${failure}">${failure}</failure></testcase>
`;
}
