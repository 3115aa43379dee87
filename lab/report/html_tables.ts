/**
 * The tables of an HTML report, one for each of its sections.
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
  TIMELINE,
  WRITTEN,
} from "./columns.ts";
import type { DrillReport, StepRow } from "./drill_report.ts";
import { splitFigure } from "./figures.ts";
import { holds, none, table } from "./html_parts.ts";
import { type Filling, type Markup, markup } from "./markup.ts";
import { brokenText } from "./sentence.ts";
import { bytesText, countText, durationText, instantText } from "./words.ts";

/** Objectives against what was achieved. */
export function objectiveTable({ objectives }: DrillReport): Markup {
  if (objectives.length === 0) return none(EMPTY.objectives);
  return table(objectives, [
    ["Machine", ({ vm }) => vm],
    ["Objective", ({ kind }) => OBJECTIVES[kind], "short"],
    ["Target", ({ target }) => durationText(target), "number"],
    ["Achieved", achievedText, "number"],
    ["Margin", ({ margin }) => duration(margin), "number"],
    [
      "Verdict",
      ({ verdict }) =>
        verdict === "not-measured"
          ? markup`<span class="quiet">${OBJECTIVE_VERDICTS[verdict]}</span>`
          : holds(verdict === "met", OBJECTIVE_VERDICTS.met, OBJECTIVE_VERDICTS.breached),
      "short",
    ],
  ]);
}

/** Expectations, one by one. */
export function expectationTable({ expectations }: DrillReport): Markup {
  if (expectations.length === 0) return none(EMPTY.expectations);
  return table(expectations, [
    ["Expectation", ({ name }) => name],
    ["Expected", ({ expected }) => expected],
    ["Achieved", ({ achieved }) => achieved],
    ["Verdict", (row) => holds(row.holds, "holds", "does not hold"), "short"],
  ]);
}

const SEVERITIES = {
  critical: ["worst", "▲ critical"],
  major: ["bad", "▲ major"],
  minor: ["fair", "△ minor"],
  note: ["quiet", "· note"],
} as const;

/** What a reader should know and do. */
export function findingTable({ findings }: DrillReport): Markup {
  if (findings.length === 0) return none(EMPTY.findings);
  return table(findings, [
    ["Severity", ({ severity }) => {
      const [colour, words] = SEVERITIES[severity];
      return markup`<span class="${colour}">${words}</span>`;
    }, "short"],
    ["Finding", ({ sentence }) => sentence],
    ["What to do", ({ action }) => action],
  ]);
}

/** What each recovery went on with, and what that lacked. */
export function lossTable({ recoveries }: DrillReport): Markup {
  return recoveries.length === 0 ? none(EMPTY.loss) : table(recoveries, LOSS);
}

/** When guests did not run, and how long each part of it took. */
export function outageSection({ outages, machines }: DrillReport): Filling {
  if (outages.length === 0) return none(EMPTY.outages);
  const objective = (vm: string) => machines.find((one) => one.vm === vm)?.rtoObjective ?? 0;
  const drawn = outages.filter(({ kind, ended }) => kind === "incident" && ended !== null);
  return [
    drawn.slice(0, 12).map((outage) =>
      markup`<h3>${outage.vm}: ${
        durationText(outage.lasted.total ?? 0)
      } from when ${outage.cause}</h3>${splitFigure(outage, objective(outage.vm))}`
    ),
    table(outages, OUTAGES),
  ];
}

const RESULT_SIGNS = {
  "done": ["good", "✓"],
  "failed": ["bad", "✗"],
  "skipped": ["fair", "△"],
  "unfinished": ["fair", "△"],
  "not-reached": ["fair", "△"],
} as const;

function resultOf({ result, code, why }: StepRow): Markup {
  const [colour, sign] = RESULT_SIGNS[result];
  const because = [code, why].filter((text) => text !== "").join(": ");
  return markup`<span class="${colour}">${sign} ${RESULTS[result]}</span>${
    because !== "" && `, ${because}`
  }`;
}

/** What happened, in order. */
export function timelineTable({ timeline }: DrillReport): Filling {
  if (timeline.length === 0) return none(EMPTY.timeline);
  return table(timeline, TIMELINE);
}

/** Every step with what came of it, and those that were not executed once more. */
export function stepTables({ steps }: DrillReport): Filling {
  if (steps.length === 0) return none(EMPTY.steps);
  const isExecuted = ({ began, result }: StepRow) => began !== null && result !== "skipped";
  const executed = steps.filter(isExecuted)
    .toSorted((left, right) => left.began! - right.began!);
  const left = steps.filter((step) => !isExecuted(step));
  return [
    executed.length > 0 && table(executed, [
      ["Step", ({ id }) => id, "short"],
      ["What", ({ what }) => what],
      ["Planned", ({ planned }) => planned],
      ["Began", ({ began }) => instant(began), "number"],
      ["Took", ({ began, ended }) => ended === null ? "–" : durationText(ended - began!), "number"],
      ["Result", resultOf],
    ]),
    markup`<h3>Steps not executed</h3>`,
    left.length === 0 ? none(EMPTY.notExecuted) : table(left, [
      ["Step", ({ id }) => id, "short"],
      ["What", ({ what }) => what],
      ["Planned", ({ planned }) => planned],
      ["Why not", resultOf],
    ]),
  ];
}

/** Faults with their windows. */
export function faultTable(report: DrillReport): Markup {
  const { faults } = report;
  return faults.length === 0 ? none(EMPTY.faults) : table(faults, faultColumns(report));
}

/** What was compared with what guests had written. */
export function integrityTable({ integrity, violation }: DrillReport): Filling {
  const invariants = violation === null
    ? markup`<p>${holds(true, "Every invariant held all the time.", "")}</p>`
    : markup`<p>${
      holds(
        false,
        "",
        `${brokenText(violation.id)} at ${instantText(violation.time)}: ${violation.message}`,
      )
    }</p>`;
  if (integrity.compared === 0) return [invariants, none("No bytes were compared.")];
  return [
    invariants,
    markup`<p>${
      bytesText(integrity.bytes)
    } were held against what guests had written, byte by byte.</p>`,
    table(integrity.kinds, [
      ["What was compared", ({ why }) => comparisonText(why)],
      ["How often", ({ compared }) => countText(compared), "number"],
      ["Unequal", ({ unequal }) => countText(unequal), "number"],
      ["Verdict", ({ unequal }) => holds(unequal === 0, "equal", "unequal"), "short"],
    ]),
  ];
}

/** What replication did for each machine. */
export function replicationTables({ machines }: DrillReport): Filling {
  return [table(machines, WRITTEN), table(machines, SENT)];
}

/** The way back. */
export function failbackTable({ failbacks }: DrillReport): Markup {
  return failbacks.length === 0 ? none(EMPTY.failbacks) : table(failbacks, FAILBACK);
}
