/**
 * Log lines.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { Log } from "../../../../engine/agent/service/log.ts";

const POINT = "0".repeat(32) as PointId;

Deno.test("an event is one line of JSON with time, level, words and fields", () => {
  const lines: string[] = [];
  const log = new Log("json", (line) => lines.push(line));
  log.emit({ kind: "staged", machine: "db", point: POINT });
  const failure = { code: "no-space", side: "local", message: "A\nB", action: "C" } as const;
  log.emit({ kind: "failure", machine: "db", failure });
  assert.equal(lines.length, 2);
  const [staged, failed] = lines.map((line) => {
    assert.match(line, /^[^\n]+\n$/);
    return JSON.parse(line);
  });
  assert.match(staged.time, /^\d{4}-.*Z$/);
  assert.deepEqual([staged.level, staged.event, staged.point], ["info", "staged", POINT]);
  assert.deepEqual([failed.level, failed.failure.code], ["error", "no-space"]);
});

Deno.test("probes are never logged, transfers only when asked for", () => {
  const count = (verbose: boolean) => {
    let lines = 0;
    const log = new Log("text", () => lines++, verbose);
    log.emit({ kind: "probe", name: "x" });
    log.emit({ kind: "sent", machine: "db", bytes: 1, wire: 1 });
    return lines;
  };
  assert.deepEqual([count(false), count(true)], [0, 1]);
});
