/**
 * Display states are true: the last one is what the report says of the end, and each says where guests run.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import type { MachineFrame, Recording } from "../../../../lab/run/recording.ts";
import { runDrill } from "../../../../lab/run/session.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { LIBRARY } from "../../../scenarios/library.ts";

function played(name: string): Recording {
  const drill = LIBRARY.get(`${name}.yaml`);
  assert.ok(drill !== undefined);
  return runDrill(drill, loadKernel(), { engineHash: "" });
}

/** Where the guest of a machine runs at each frame, as notes say it. */
function notedRuns({ notes, scenario }: Recording, vm: string, at: number): string[] {
  const running = new Set<string>();
  for (const note of notes) {
    if (note.at > at) break;
    if (note.kind !== "guest" || note.vm !== vm) continue;
    if (note.runs) running.add(note.site);
    else running.delete(note.site);
  }
  return scenario.world.sites.map(({ name }) => name).filter((name) => running.has(name));
}

const ENDS = ["site-fire", "planned-failover", "fire-during-reverse-replication"];

for (const name of ENDS) {
  Deno.test(`the last picture of ${name} is what the report says of its end`, () => {
    const recording = played(name);
    const report = makeReport(recording);
    const { end } = recording.scenario;
    const last = recording.frames.at(-1);
    assert.equal(last?.at, end, "Frames end where the script does");
    assert.ok(recording.ended > end);
    for (const [index, { vm, runsAt, finalRpo }] of report.machines.entries()) {
      const shown = last.machines[index] as MachineFrame;
      assert.equal(shown.vm, vm);
      assert.deepEqual(shown.runs, runsAt === "" ? [] : [runsAt]);
      assert.equal(shown.rpo === null, finalRpo === null, `${shown.rpo} and ${finalRpo}`);
      assert.ok(Math.abs((shown.rpo ?? 0) - (finalRpo ?? 0)) < SECOND);
      assert.equal(shown.backlog === null, finalRpo === null);
    }
    const burnt = report.faults.filter(({ fault }) => fault === "site.fire").map(({ on }) => on);
    const destroyed = last.sites.filter(({ power }) => power === "destroyed");
    assert.deepEqual(destroyed.map(({ site }) => site), burnt);
    assert.ok(destroyed.every(({ server }) => server === "down"));
  });
}

Deno.test("in a split brain display states say both sites at which the guest runs", () => {
  const recording = played("split-brain");
  const split = recording.frames.filter(({ machines: [one] }) => one?.runs.length === 2);
  assert.ok(split.length > 10, `${split.length} frames`);
  assert.deepEqual(split[0]?.machines[0]?.runs, ["amsterdam", "bern"]);
  for (const { at, machines } of recording.frames) {
    for (const { vm, runs } of machines) {
      // Of several notes of one moment a frame may have been drawn between.
      const noted = [at - 1, at].map((time) => notedRuns(recording, vm, time).join());
      assert.ok(noted.includes(runs.join()), `${runs} at ${at}, and notes say ${noted}`);
    }
  }
});

Deno.test("a machine that moved is not protected before a point is at the side that it left", () => {
  const recording = played("split-brain");
  const reversed = recording.notes.find(({ kind }) => kind === "moved");
  assert.ok(reversed !== undefined);
  const staged = recording.notes.find((note) => note.kind === "staged" && note.at > reversed.at);
  const between = recording.frames.filter(({ at }) =>
    at > reversed.at && at < (staged?.at ?? Infinity)
  );
  assert.ok(between.length > 10, `${between.length} frames`);
  for (const { machines: [one] } of between) {
    assert.deepEqual([one?.rpo, one?.backlog], [null, null]);
  }
});

Deno.test("a link has the rate that the script says, whatever the scale", () => {
  const { scenario: { world }, frames } = played("slow-replica");
  assert.ok(world.scale > 1);
  const rates = new Set(frames.flatMap(({ link }) => link.ways.map(({ rate }) => rate)));
  assert.deepEqual([...rates], [world.link.rate]);
});
