/**
 * `warmsite points`: list, show, export.
 *
 * @module
 */

import { callerPath } from "../caller.ts";
import {
  type Command,
  type Invocation,
  operand,
  requiredOption,
  type Value,
  type ValueObject,
} from "../command/command.ts";
import { formatDuration, formatSize } from "../command/quantity.ts";
import { formatPairs, formatTable } from "../command/table.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";

const POINT_OPTION = {
  value: "ID",
  about: "A recovery point of `warmsite points list`, or its first 8 digits",
  required: true,
};

/** `points list`. */
export const pointsCommand: Command = remoteCommand({
  verb: "points list",
  details: "On the replica. A staged point is listed at once, and can be failed over to at once.",
  render: pointsText,
});

/** `points show`. */
export const showPointCommand: Command = remoteCommand({
  verb: "points show",
  details: "On the replica.",
  options: { point: POINT_OPTION },
  args: pointArguments,
  render: pointText,
});

/** `points export`. */
export const exportPointCommand: Command = remoteCommand({
  verb: "points export",
  details:
    "On the replica. DIR must not exist; it gets `disk-0.raw`, ... (sparse) and `manifest.json`, and its name when all " +
    "of it is written and its digests are right. `warmsite points show` tells the progress. An export that a crash cut " +
    "short is a folder `.DIR.part-XXXXXXXX`, which may be removed.",
  options: {
    point: POINT_OPTION,
    out: { value: "DIR", about: "The folder to make", required: true },
  },
  args: (invocation) => ({
    ...pointArguments(invocation),
    out: callerPath(requiredOption(invocation, "out")),
  }),
  render: exportText,
});

function pointArguments(invocation: Invocation): ValueObject {
  return { vm: operand(invocation, 0), point: requiredOption(invocation, "point") };
}

function pointsText(result: Value): string {
  const points = rowsOf(result);
  if (points.length === 0) return "No recovery points";
  return formatTable(
    [
      { title: "ID" },
      { title: "CUT" },
      { title: "KIND" },
      { title: "APPLIED" },
      { title: "CHANGED", right: true },
      { title: "USED BY" },
      { title: "TROUBLE" },
    ],
    points.map((point) => [
      textOf(point["id"]),
      textOf(point["cut"]),
      textOf(point["kind"]),
      point["applied"] === true ? "yes" : "no",
      typeof point["bytes"] === "number" ? formatSize(point["bytes"]) : "-",
      usersText(point),
      point["broken"] === null
        ? point["unverified"] === true ? "not verified yet" : ""
        : textOf(point["broken"]),
    ]),
  );
}

/** Who keeps a point; a losing tail is what the old primary alone had. */
function usersText(point: ValueObject): string {
  const { usedBy } = point;
  return Array.isArray(usedBy) ? usedBy.map(textOf).join(", ") : "";
}

function pointText(result: Value): string {
  const point = fieldsOf(result);
  const size = (key: string) =>
    typeof point[key] === "number" ? formatSize(point[key] as number) : "-";
  const seconds = (key: string) =>
    typeof point[key] === "number" ? formatDuration((point[key] as number) * 1_000_000) : "-";
  const texts = (key: string) =>
    Array.isArray(point[key]) ? (point[key] as Value[]).map(textOf) : [];
  const exports = rowsOf(point["exports"]).map(({ path, bytes, total }) =>
    `${textOf(path)}: ${formatSize(Number(bytes))} of ${formatSize(Number(total))}`
  );
  return formatPairs([
    ["point", textOf(point["id"])],
    ["of", textOf(point["vm"])],
    ["kind", textOf(point["kind"])],
    ["cut", textOf(point["cut"])],
    ["protected age", seconds("ageSeconds")],
    ["parent", textOf(point["parent"])],
    ["generation", textOf(point["generation"])],
    ["state", point["applied"] === true ? "applied" : "staged"],
    ["changed", size("bytes")],
    ["undo on disk", size("undoBytes")],
    ["staged on disk", size("stagedBytes")],
    ["disks", texts("sizes").map((bytes) => formatSize(Number(bytes))).join(", ")],
    ["digests", texts("digests").join("\n") || "-"],
    ["used by", usersText(point) || "-"],
    ["views", textOf(point["views"])],
    ["exports", exports.join("\n") || "-"],
    ["broken", textOf(point["broken"])],
  ]);
}

function exportText(result: Value): string {
  const { point, path, verified, files, leftovers } = fieldsOf(result);
  const lines = rowsOf(files).map(({ file, size, bytes }) =>
    `  ${textOf(file)}: ${formatSize(Number(size))}, ${formatSize(Number(bytes))} of data`
  );
  const left = Array.isArray(leftovers) ? leftovers.map(textOf) : [];
  return [
    `Exported recovery point ${textOf(point)} to ${textOf(path)}`,
    ...lines,
    verified === true
      ? "Its digests are those of the point"
      : "The point is not applied yet, so there was no digest to compare with",
    ...left.map((each) => `An export that was cut short left ${each}; remove it`),
  ].join("\n");
}
