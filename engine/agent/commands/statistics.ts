/**
 * `warmsite replication statistics` and `reset-statistics`: a table of monitoring intervals.
 *
 * @module
 */

import type { Command, Value, ValueObject } from "../command/command.ts";
import { formatDuration, formatSize } from "../command/quantity.ts";
import { formatTable } from "../command/table.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";

const machine = {
  operands: [{ name: "VM", optional: true }],
  args: ({ operands: [vm] }: { readonly operands: readonly string[] }): ValueObject => ({ vm }),
};

/** `replication statistics`. */
export const statisticsCommand: Command = remoteCommand({
  verb: "replication statistics",
  ...machine,
  details:
    "Intervals are 12 hours from 09:00 local time unless `warmsite server set` says otherwise. " +
    "Works on either side.",
  render: statisticsText,
});

/** `replication reset-statistics`. */
export const resetStatisticsCommand: Command = remoteCommand({
  verb: "replication reset-statistics",
  ...machine,
  details: "A warning of missed cycles is gone with it. Nothing that was counted is lost.",
  render: statisticsText,
});

function statisticsText(result: Value): string {
  const statistics = fieldsOf(result);
  const intervals = [...rowsOf(statistics["past"]), fieldsOf(statistics["current"])];
  const table = formatTable(
    [
      { title: "FROM" },
      { title: "UNTIL" },
      { title: "CYCLES", right: true },
      { title: "MISSED", right: true },
      { title: statistics["role"] === "replica" ? "RECEIVED" : "SENT", right: true },
      { title: "LATENCY AVG", right: true },
      { title: "MAX", right: true },
      { title: "PENDING AVG", right: true },
      { title: "MAX", right: true },
      { title: "LINK FAILURES", right: true },
      { title: "OTHER", right: true },
      { title: "NOT AT REST", right: true },
    ],
    intervals.map((interval) => [
      textOf(interval["from"]),
      textOf(interval["until"]),
      textOf(interval["cycles"]),
      `${textOf(interval["missed"])} (${textOf(interval["missedPercent"])} %)`,
      size(interval["bytes"]),
      time(interval["latencyAverageMicros"]),
      time(interval["latencyMaxMicros"]),
      size(interval["pendingAverage"]),
      size(interval["pendingMax"]),
      textOf(interval["networkFailures"]),
      textOf(interval["replicationFailures"]),
      textOf(interval["consistencyFailures"]),
    ]),
  );
  return `${table}\n\n${behindText(statistics)}`;
}

function behindText(statistics: ValueObject): string {
  const { pendingBytes, pendingSeconds, unappliedBytes, unappliedSeconds } = statistics;
  const seconds = (value: Value | undefined) =>
    typeof value === "number" ? formatDuration(value * 1_000_000) : "-";
  if (statistics["role"] !== "replica") {
    return `To be sent yet: ${size(pendingBytes)}, ${seconds(pendingSeconds)}`;
  }
  const tested = statistics["lastTestFailover"];
  return [
    `Behind the primary by at most: ${seconds(pendingSeconds)}`,
    `Received and not applied yet: ${size(unappliedBytes)}, ${seconds(unappliedSeconds)}`,
    `Last test failover: ${tested === null ? "never" : textOf(tested)}`,
  ].join("\n");
}

function size(bytes: Value | undefined): string {
  return typeof bytes === "number" ? formatSize(bytes) : "-";
}

function time(micros: Value | undefined): string {
  return typeof micros === "number" ? formatDuration(micros) : "-";
}
