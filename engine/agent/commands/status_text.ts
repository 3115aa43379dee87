/**
 * Status of machines as people read it: a table of many, a page of one.
 *
 * @module
 */

import type { Value, ValueObject } from "../command/command.ts";
import { formatDuration, formatRate, formatSize } from "../command/quantity.ts";
import { formatPairs, formatTable } from "../command/table.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";

/** A line of a page: what it tells of, and that. */
type Pair = readonly [name: string, value: string];

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
  if (machine["role"] === "test") return testPage(machine);
  const received = machine["role"] === "replica";
  const amounts: Pair[] = received
    ? [["Points", textOf(machine["points"])], ["Not applied", unappliedText(machine)]]
    : [["Backlog", sizeText(machine["backlogBytes"])]];
  const pairs: Pair[] = [
    ["VM", textOf(machine["vm"])],
    ["Role", textOf(machine["role"])],
    ["State", textOf(machine["state"])],
    ["Health", textOf(machine["health"])],
    ["RPO", machine["objective"] === null ? rpoText(machine) : objectiveText(machine)],
    ...settingsText(machine["settings"]),
    ...amounts,
    ["Last cut", textOf(machine["lastCut"])],
    ["Last staged", textOf(machine["lastStaged"])],
    ["Last applied", textOf(machine["lastApplied"])],
    ...(received ? [] : [["Sent", sentText(machine)] as const]),
    ...failedOverPairs(machine),
    [received ? "Primary" : "Replica", textOf(machine["primary"] ?? machine["replica"])],
  ];
  const first = firstCopyText(machine["initialReplication"]);
  if (first !== undefined) pairs.push(["First copy", first]);
  const commands = Object.keys(fieldsOf(machine["commands"]));
  if (commands.length > 0) pairs.push(["Commands", commands.join(", ")]);
  const resync = resyncText(machine["resynchronization"]);
  if (resync !== undefined) pairs.push(["Resynchronization", resync]);
  pairs.push(...diskPairs(machine));
  for (const { branch, here, writer, reason } of rowsOf(machine["branches"])) {
    const where = here === true ? "here" : "there";
    pairs.push(["Branch", `${textOf(branch)} (${where}, ${textOf(writer)}: ${textOf(reason)})`]);
  }
  for (const warning of warningsOf(machine)) pairs.push(["Warning", warning]);
  return formatPairs(pairs);
}

/** A test failover: what it stands on, and what was written on it. */
function testPage(machine: ValueObject): string {
  return formatPairs([
    ["VM", textOf(machine["vm"])],
    ["Role", "test"],
    ["Test of", textOf(machine["testOf"])],
    ["Health", textOf(machine["health"])],
    ["Point", textOf(machine["point"])],
    ["Begun", textOf(machine["testStarted"])],
    ["Written", sizeText(machine["overlayBytes"])],
    ...diskPairs(machine),
    ...warningsOf(machine).map((warning) => ["Warning", warning] as const),
  ]);
}

function diskPairs(machine: ValueObject): Pair[] {
  return rowsOf(machine["disks"]).map((disk) =>
    [`Disk ${textOf(disk["name"])}`, textOf(disk["uri"] ?? disk["path"])] as const
  );
}

function failedOverPairs({ failedOverTo }: ValueObject): Pair[] {
  return typeof failedOverTo === "string"
    ? [["Failed over", `to recovery point ${failedOverTo}`]]
    : [];
}

/** What was chosen: frequency and retention, and of the rest what is not as by default. */
function settingsText(told: Value | undefined): Pair[] {
  if (told === null || typeof told !== "object") return [];
  const { frequency, retention, bandwidth, compression, appConsistent, resync, onUnknown } =
    fieldsOf(told);
  const pairs: Pair[] = [
    ["Frequency", formatDuration(Number(frequency))],
    ["Retention", textOf(retention)],
  ];
  if (Number(bandwidth) > 0) pairs.push(["Bandwidth", formatRate(Number(bandwidth))]);
  if (compression === false) pairs.push(["Compression", "off"]);
  if (Number(appConsistent) > 0) {
    pairs.push(["App-consistent", `every ${formatDuration(Number(appConsistent))}`]);
  }
  if (resync !== "auto") pairs.push(["Resync", textOf(resync)]);
  if (onUnknown !== "serve") pairs.push(["On unknown", textOf(onUnknown)]);
  return pairs;
}

/** What the replica has received and not applied: its failover does not wait for that. */
function unappliedText({ unappliedBytes, unappliedSeconds }: ValueObject): string {
  if (typeof unappliedSeconds !== "number") return "-";
  return `${sizeText(unappliedBytes)}, ${formatDuration(unappliedSeconds * 1_000_000)}`;
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
  const { objective } = machine;
  const { rpo } = fieldsOf(machine["settings"]);
  const chosen = typeof rpo === "number" ? `: ${formatDuration(rpo)}` : "";
  return `${rpoText(machine)} (objective ${textOf(objective)}${chosen})`;
}

function sizeText(bytes: Value | undefined): string {
  return typeof bytes === "number" ? formatSize(bytes) : "-";
}

function sentText(machine: ValueObject): string {
  const { wireBytes } = machine;
  const sent = sizeText(machine["bytesSent"]);
  return typeof wireBytes === "number" ? `${sent}, ${formatSize(wireBytes)} on the wire` : sent;
}
