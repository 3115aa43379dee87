/**
 * The tables of an HTML report, one for each of its sections.
 *
 * @module
 */

import type { DrillReport, Outage, Recovery, StepRow } from "./drill_report.ts";
import { placeText } from "./faults.ts";
import { splitFigure } from "./figures.ts";
import { duration, holds, instant, none, table } from "./html_parts.ts";
import { type Filling, type Markup, markup } from "./markup.ts";
import { brokenText } from "./sentence.ts";
import { bytesText, countText, durationText, instantText, shareText } from "./words.ts";

const KINDS = { "rpo": "RPO", "rpo-over-time": "RPO, worst ever", "rto": "RTO" } as const;

/** Objectives against what was achieved. */
export function objectiveTable({ objectives }: DrillReport): Markup {
  if (objectives.length === 0) return none("No machine has an objective.");
  return table(objectives, [
    ["Machine", ({ vm }) => vm],
    ["Objective", ({ kind }) => KINDS[kind], "short"],
    ["Target", ({ target }) => durationText(target), "number"],
    [
      "Achieved",
      ({ achieved, verdict }) =>
        achieved === null && verdict === "breached" ? "never" : duration(achieved),
      "number",
    ],
    ["Margin", ({ margin }) => duration(margin), "number"],
    [
      "Verdict",
      ({ verdict }) =>
        verdict === "not-measured"
          ? markup`<span class="quiet">not put to the test</span>`
          : holds(verdict === "met", "met", "breached"),
      "short",
    ],
  ]);
}

/** Expectations, one by one. */
export function expectationTable({ expectations }: DrillReport): Markup {
  if (expectations.length === 0) return none("The drill expects nothing in particular.");
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
  if (findings.length === 0) return none("Nothing was found.");
  return table(findings, [
    ["Severity", ({ severity }) => {
      const [colour, words] = SEVERITIES[severity];
      return markup`<span class="${colour}">${words}</span>`;
    }, "short"],
    ["Finding", ({ sentence }) => sentence],
    ["What to do", ({ action }) => action],
  ]);
}

const FATES = {
  none: "nothing was lost",
  lost: "lost",
  kept: "kept as a recovery point",
  undone: "undone",
} as const;

function wayText({ kind, from, to, state }: Recovery): string {
  const way = kind === "planned" ? "planned move" : kind;
  const end = state === "cancelled" ? ", cancelled" : "";
  const road = from === to || to === "" ? placeText(from) : `${placeText(from)} → ${placeText(to)}`;
  return `${way}${end}, ${road}`;
}

/** What each recovery went on with, and what that lacked. */
export function lossTable({ recoveries }: DrillReport): Markup {
  if (recoveries.length === 0) return none("No machine had to be recovered, and none was moved.");
  return table(recoveries, [
    ["Machine", ({ vm }) => vm],
    ["Recovery", wayText],
    ["At", ({ at }) => instant(at), "number"],
    ["Point cut", ({ pointCut }) => instant(pointCut), "number"],
    ["RPO", ({ rpo }) => duration(rpo), "number"],
    ["Writes lost", ({ loss }) => loss === null ? "–" : countText(loss.writes), "number"],
    ["Bytes", ({ loss }) => loss === null ? "–" : bytesText(loss.bytes), "number"],
    ["Oldest lost", ({ loss }) => instant(loss?.oldest ?? null), "number"],
    ["Last recovered", ({ loss }) => instant(loss?.lastRecovered ?? null), "number"],
    ["Fate", ({ loss }) => loss === null ? "–" : FATES[loss.fate]],
  ]);
}

/** When guests did not run, and how long each part of it took. */
export function outageSection({ outages, machines }: DrillReport): Filling {
  if (outages.length === 0) return none("Every guest ran all the time.");
  const objective = (vm: string) => machines.find((one) => one.vm === vm)?.rtoObjective ?? 0;
  const drawn = outages.filter(({ kind, ended }) => kind === "incident" && ended !== null);
  return [
    drawn.slice(0, 12).map((outage) =>
      markup`<h3>${outage.vm}: ${
        durationText(outage.lasted.total ?? 0)
      } from when ${outage.cause}</h3>${splitFigure(outage, objective(outage.vm))}`
    ),
    table(outages, [
      ["Machine", ({ vm }) => vm],
      ["Kind", ({ kind }) => kind],
      ["Why", ({ cause }) => cause],
      ["From", ({ began }) => instantText(began), "number"],
      ["Until", untilText, "number"],
      ["Detection", ({ lasted }) => duration(lasted.detection), "number"],
      ["Decision", ({ lasted }) => duration(lasted.decision), "number"],
      ["Recovery", ({ lasted }) => duration(lasted.recovery), "number"],
      ["In all", ({ lasted }) => duration(lasted.total), "number"],
      ["Ran again at", ({ runsAt }) => runsAt === "" ? "–" : placeText(runsAt)],
    ]),
  ];
}

function untilText({ ended, kind }: Outage): string {
  if (ended !== null) return instantText(ended);
  return kind === "incident" ? "never" : "–";
}

const RESULTS = {
  "done": ["good", "✓ done"],
  "failed": ["bad", "✗ failed"],
  "skipped": ["fair", "△ skipped"],
  "unfinished": ["fair", "△ not over at the end"],
  "not-reached": ["fair", "△ not executed"],
} as const;

function resultOf({ result, code, why }: StepRow): Markup {
  const [colour, words] = RESULTS[result];
  const because = [code, why].filter((text) => text !== "").join(": ");
  return markup`<span class="${colour}">${words}</span>${because !== "" && `, ${because}`}`;
}

/** What happened, in order. */
export function timelineTable({ timeline }: DrillReport): Filling {
  if (timeline.length === 0) return none("Nothing happened.");
  return table(timeline, [
    ["At", ({ at }) => instantText(at), "short"],
    ["Who", ({ who }) => who, "short"],
    ["What", ({ what }) => what],
  ]);
}

/** Every step with what came of it, and those that were not executed once more. */
export function stepTables({ steps }: DrillReport): Filling {
  if (steps.length === 0) return none("The script has no steps.");
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
    left.length === 0 ? none("None: every step of the script was executed.") : table(left, [
      ["Step", ({ id }) => id, "short"],
      ["What", ({ what }) => what],
      ["Planned", ({ planned }) => planned],
      ["Why not", resultOf],
    ]),
  ];
}

/** Faults with their windows. */
export function faultTable({ faults }: DrillReport): Markup {
  if (faults.length === 0) return none("Nothing went wrong on purpose.");
  return table(faults, [
    ["Fault", ({ fault }) => fault],
    ["On", ({ on }) => on],
    ["From", ({ began }) => instantText(began), "number"],
    ["Until", ({ ended }) => ended === null ? "the end" : instantText(ended), "number"],
    ["Lasted", ({ began, ended }) => ended === null ? "–" : durationText(ended - began), "number"],
    ["Step", ({ step }) => step, "short"],
  ]);
}

const COMPARISONS: Readonly<Record<string, string>> = {
  staged: "point when it was staged",
  again: "point once more",
  failover: "machine when it was failed over",
  completed: "machine when its failover was completed",
  test: "machine of a test failover",
  exported: "exported point",
  moved: "machine when it had moved",
};

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
      ["What was compared", ({ why }) => COMPARISONS[why] ?? why],
      ["How often", ({ compared }) => countText(compared), "number"],
      ["Unequal", ({ unequal }) => countText(unequal), "number"],
      ["Verdict", ({ unequal }) => holds(unequal === 0, "equal", "unequal"), "short"],
    ]),
  ];
}

/** What replication did for each machine. */
export function replicationTable({ machines }: DrillReport): Markup {
  return table(machines, [
    ["Machine", ({ vm }) => vm],
    ["Writes", ({ writes }) => countText(writes), "number"],
    ["Written", ({ bytesWritten }) => bytesText(bytesWritten), "number"],
    ["Points", ({ pointsMade }) => countText(pointsMade), "number"],
    ["Dropped", ({ pointsDropped }) => countText(pointsDropped), "number"],
    ["Cycle, median", ({ cycle }) => duration(cycle.median), "number"],
    ["Longest", ({ cycle }) => duration(cycle.most), "number"],
    ["Sent", ({ sentBytes }) => bytesText(sentBytes), "number"],
    [
      "On the wire",
      ({ sentBytes, wireBytes }) =>
        `${bytesText(wireBytes)}${sentBytes > 0 ? ` (${shareText(wireBytes / sentBytes)})` : ""}`,
      "number",
    ],
    ["Critical for", ({ critical }) => duration(critical), "number"],
  ]);
}

/** The way back. */
export function failbackTable({ failbacks }: DrillReport): Markup {
  if (failbacks.length === 0) return none("No machine was reversed.");
  return table(failbacks, [
    ["Machine", ({ vm }) => vm],
    ["To", ({ to }) => placeText(to)],
    ["Reversed", ({ reversed }) => instantText(reversed), "number"],
    [
      "Protected again",
      ({ protectedAt, reversed }) =>
        protectedAt === null
          ? "not in this drill"
          : `${durationText(protectedAt - reversed)} later`,
    ],
    ["Shipped", ({ sentBytes }) => bytesText(sentBytes), "number"],
    ["Full copy", ({ fullCopy }) => bytesText(fullCopy), "number"],
    [
      "Share",
      ({ sentBytes, fullCopy }) => fullCopy > 0 ? shareText(sentBytes / fullCopy) : "–",
      "number",
    ],
  ]);
}
