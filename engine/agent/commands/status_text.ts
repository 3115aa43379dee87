/**
 * Status of machines as people read it: a table of many, a page of one.
 *
 * @module
 */

import type { Value, ValueObject } from "../command/command.ts";
import { formatDuration, formatSize } from "../command/quantity.ts";
import { formatPairs, formatTable } from "../command/table.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";

/** One machine, or several. */
export function statusText(result: Value): string {
  return Array.isArray(result) ? statusTable(rowsOf(result)) : statusPage(fieldsOf(result));
}

function statusTable(machines: readonly ValueObject[]): string {
  if (machines.length === 0) return "No machines";
  const table = formatTable(
    [
      { title: "VM" },
      { title: "ROLE" },
      { title: "STATE" },
      { title: "HEALTH" },
      { title: "RPO", right: true },
      { title: "BACKLOG", right: true },
      { title: "LAST STAGED" },
    ],
    machines.map((machine) => [
      textOf(machine["vm"]),
      textOf(machine["role"]),
      textOf(machine["state"]),
      textOf(machine["health"]),
      rpoText(machine),
      sizeText(machine["backlogBytes"]),
      textOf(machine["lastStaged"]),
    ]),
  );
  const warnings = machines.flatMap((machine) =>
    warningsOf(machine).map((warning) => `${textOf(machine["vm"])}: ${warning}`)
  );
  return warnings.length === 0 ? table : `${table}\n\n${warnings.join("\n")}`;
}

function statusPage(machine: ValueObject): string {
  const pairs: [string, string][] = [
    ["VM", textOf(machine["vm"])],
    ["Role", textOf(machine["role"])],
    ["State", textOf(machine["state"])],
    ["Health", textOf(machine["health"])],
    ["RPO", machine["objective"] === null ? rpoText(machine) : objectiveText(machine)],
    ["Backlog", sizeText(machine["backlogBytes"])],
    ["Last cut", textOf(machine["lastCut"])],
    ["Last staged", textOf(machine["lastStaged"])],
    ["Last applied", textOf(machine["lastApplied"])],
    ["Sent", sentText(machine)],
    [
      machine["role"] === "replica" ? "Primary" : "Replica",
      textOf(machine["primary"] ?? machine["replica"]),
    ],
  ];
  const first = firstCopyText(machine["initialReplication"]);
  if (first !== undefined) pairs.push(["First copy", first]);
  const commands = Object.keys(fieldsOf(machine["commands"]));
  if (commands.length > 0) pairs.push(["Commands", commands.join(", ")]);
  const resync = resyncText(machine["resynchronization"]);
  if (resync !== undefined) pairs.push(["Resynchronization", resync]);
  for (const disk of rowsOf(machine["disks"])) {
    pairs.push([`Disk ${textOf(disk["name"])}`, textOf(disk["uri"] ?? disk["path"])]);
  }
  for (const { branch, here, writer, reason } of rowsOf(machine["branches"])) {
    const where = here === true ? "here" : "there";
    pairs.push(["Branch", `${textOf(branch)} (${where}, ${textOf(writer)}: ${textOf(reason)})`]);
  }
  for (const warning of warningsOf(machine)) pairs.push(["Warning", warning]);
  return formatPairs(pairs);
}

/** How the first copy comes to the replica; `undefined` once it is there, or before anybody chose. */
function firstCopyText(told: Value | undefined): string | undefined {
  if (told === null || typeof told !== "object") return undefined;
  const { method, startsAt, folder } = fieldsOf(told);
  const way = method === "export"
    ? `on media, ${textOf(folder)}`
    : method === "existing-copy"
    ? "from a copy at the replica"
    : "over the network";
  return typeof startsAt === "string" ? `${way}, starts at ${startsAt}` : way;
}

/** How far a comparison of whole disks is; `undefined` when none is due. */
function resyncText(told: Value | undefined): string | undefined {
  if (told === null || typeof told !== "object") return undefined;
  const { percent, differingBytes, sentBytes, hold, startsAt } = fieldsOf(told);
  const stands = typeof startsAt === "string"
    ? `, starts at ${startsAt}`
    : typeof hold === "string"
    ? `, ${hold}`
    : "";
  return `${textOf(percent)} %, ${sizeText(differingBytes)} differ, ${
    sizeText(sentBytes)
  } sent${stands}`;
}

function warningsOf(machine: ValueObject): readonly string[] {
  const { warnings } = machine;
  return Array.isArray(warnings) ? [...new Set(warnings.map(String))] : [];
}

function rpoText(machine: ValueObject): string {
  const { rpoSeconds, rpoIsUpperBound } = machine;
  if (typeof rpoSeconds !== "number") return "-";
  const text = formatDuration(rpoSeconds * 1_000_000);
  return rpoIsUpperBound === true ? `at most ${text}` : text;
}

function objectiveText(machine: ValueObject): string {
  return `${rpoText(machine)} (objective ${textOf(machine["objective"])})`;
}

function sizeText(bytes: Value | undefined): string {
  return typeof bytes === "number" ? formatSize(bytes) : "-";
}

function sentText(machine: ValueObject): string {
  const { compressedRatio } = machine;
  const sent = sizeText(machine["bytesSent"]);
  return typeof compressedRatio === "number" ? `${sent}, compressed to ${compressedRatio}` : sent;
}
