/**
 * Rates that a script types are those of the world that is meant, whatever the scale makes of them.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { runDrill } from "../../../../lab/run/session.ts";
import { readScenario } from "../../../../lab/scenario/read_scenario.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

const TEXT = `
name: scaled-arguments
world:
  scale: 2
  sites: {near: , far: }
  machines: {vm: {disks: [4MiB], workloads: [], replication: {frequency: 5s}}}
script:
  - {at: 20s, do: replication set, bandwidth: 100001B/s}
  - {at: 30s, do: server set, on: near, bandwidthTo: {"far:7700": 100001B/s}}
end: 1m
`;

Deno.test("a bandwidth that is no multiple of the scale is typed all the same, in all and for one server", () => {
  const result = readScenario(TEXT);
  ok(result.ok);
  const { notes } = runDrill(result.scenario, loadKernel(), { engineHash: "0", frames: false });
  const ends = notes.flatMap((note) =>
    note.kind === "step" && note.phase !== "begun" ? [note] : []
  );
  deepEqual(ends.map(({ step, phase, code = "" }) => [step, phase, code]), [
    ["1", "done", ""],
    ["2", "done", ""],
  ]);
});
