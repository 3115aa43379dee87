/**
 * `warmsite points`: the recovery points of a machine.
 *
 * @module
 */

import type { Command, Value } from "../command/command.ts";
import { formatSize } from "../command/quantity.ts";
import { formatTable } from "../command/table.ts";
import { rowsOf, textOf } from "../command/value.ts";
import { remoteCommand } from "./remote.ts";

/** `points`. */
export const pointsCommand: Command = remoteCommand({
  verb: "points",
  details: "On the replica. A staged point is listed at once, and can be failed over to at once.",
  render: pointsText,
});

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
      { title: "BROKEN" },
    ],
    points.map((point) => [
      textOf(point["id"]),
      textOf(point["cut"]),
      textOf(point["kind"]),
      point["applied"] === true ? "yes" : "no",
      typeof point["bytes"] === "number" ? formatSize(point["bytes"]) : "-",
      point["broken"] === null ? "" : textOf(point["broken"]),
    ]),
  );
}
