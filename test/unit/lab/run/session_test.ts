/**
 * Drills are played as their scripts say, are the same however they are driven and watched, and what is kept of them is true.
 *
 * @module
 */

import assert from "node:assert/strict";
import { KiB, MiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { DrillSession, runDrill } from "../../../../lab/run/session.ts";
import type { Note, Recording } from "../../../../lab/run/recording.ts";
import type { DrillScenario, Step } from "../../../../lab/scenario/drill_scenario.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { fault, MACHINE, smallDrill, verb, WORKLOAD } from "./small_drill.ts";

const kernel = loadKernel();
const ENGINE = { engineHash: "0".repeat(16) };

function play(drill: DrillScenario): Recording {
  const recording = runDrill(drill, kernel, ENGINE);
  assert.equal(recording.violation, undefined, JSON.stringify(recording.violation));
  return recording;
}

function notesOf<K extends Note["kind"]>(recording: Recording, kind: K) {
  return recording.notes.filter((note): note is Note & { readonly kind: K } => note.kind === kind);
}

const FIRE = smallDrill([
  fault("fire", { at: 5 * MINUTE + 40 * SECOND }, "site.fire", "amsterdam"),
  verb("bring-up", { after: "fire.begin", wait: 30 * SECOND }, "failover start"),
]);

Deno.test("a site burns, the machine is brought up at the other one, and what is lost can be reckoned", () => {
  const recording = play(FIRE);
  const [stopped, runs] = notesOf(recording, "guest").slice(1);
  assert.deepEqual([stopped?.runs, stopped?.site], [false, "amsterdam"]);
  assert.deepEqual([runs?.runs, runs?.site], [true, "bern"]);
  assert.ok((runs?.at ?? 0) - (stopped?.at ?? 0) < 31 * SECOND);
  const [started] = notesOf(recording, "failover");
  const cut = notesOf(recording, "cut").find(({ point }) => point === started?.point);
  const [log] = recording.writes;
  assert.ok(log !== undefined && cut !== undefined && stopped !== undefined);
  const lost = [...log.times].filter((at, index) => index >= cut.writes && at <= stopped.at);
  // The cycles are a minute long, and ten writes come a second.
  assert.ok(lost.length > 50 && lost.length < 600, `${lost.length} writes lost`);
  assert.ok(lost.every((_, index) => log.branch[cut.writes + index] === 0));
  assert.deepEqual(log.branches.map(({ site, from }) => [site, from]), [
    ["amsterdam", ""],
    ["bern", started?.point],
  ]);
  const compared = notesOf(recording, "compared");
  assert.ok(compared.some(({ why, equal }) => why === "failover" && equal));
  assert.ok(compared.every(({ equal }) => equal));
  assert.deepEqual(recording.converged, { erp: true });
  const texts = JSON.stringify(recording.notes);
  assert.ok(texts.includes("connection to amsterdam"), "Messages name sites by their names");
  assert.ok(!/:7700|connection to [ab]\b/.test(texts));
});

Deno.test("a drill is the same in slices of any size, with and without frames", () => {
  const whole = play(FIRE);
  for (const slice of [1, 777]) {
    const session = new DrillSession(FIRE, kernel, { ...ENGINE, frames: slice === 1 });
    const notes: Note[] = [];
    while (!session.over) {
      session.advance(slice);
      notes.push(...session.takeNotes());
    }
    const recording = session.recording();
    assert.equal(recording.traceHash, whole.traceHash);
    assert.deepEqual(notes, whole.notes);
    if (slice === 1) assert.deepEqual(session.takeFrames(), whole.frames);
    else assert.equal(recording.frames.length, 0);
  }
});

Deno.test("what a server refuses is kept in its own words", () => {
  const recording = play(smallDrill([
    verb("final", { at: 5 * MINUTE }, "failover complete"),
  ]));
  const step = notesOf(recording, "step").find(({ phase }) => phase === "failed");
  assert.equal(step?.code, "wrong-state");
  assert.ok(step.failure?.refused);
  assert.match(step.failure.message, /erp/);
  assert.match(step.failure.action, /warmsite failover start/);
  const verbs = notesOf(recording, "verb");
  const answered = verbs.find(({ phase, verb }) =>
    phase === "answered" && verb === "failover complete"
  );
  assert.deepEqual(answered?.failure, step.failure);
  assert.ok(!verbs.some(({ code, failure }) => code === "" && failure !== undefined));
});

Deno.test("looking at a link that nobody has used yet changes nothing (I51)", () => {
  const { world } = smallDrill([]);
  const replication = {
    ...MACHINE.replication,
    firstCopy: { way: "media", delay: 2 * MINUTE },
  } as const;
  const drill = smallDrill([], { world: { ...world, machines: [{ ...MACHINE, replication }] } });
  const [seen, unseen] = [true, false].map((frames) =>
    runDrill(drill, kernel, { ...ENGINE, frames }).traceHash
  );
  assert.equal(seen, unseen);
});

Deno.test("another seed is another run; leaving a fault out leaves what guests do before it as it is", () => {
  assert.notEqual(play({ ...FIRE, seed: 2 }).traceHash, play(FIRE).traceHash);
  const [quiet] = play(smallDrill([])).writes;
  const [burnt] = play(FIRE).writes;
  const before = [...burnt?.times ?? []].filter((at) => at < 5 * MINUTE);
  assert.ok(before.length > 2000);
  assert.deepEqual([...quiet?.times ?? []].slice(0, before.length), before);
});

Deno.test("leaving a step out leaves the draws of everybody else as they are, behind it as well", () => {
  const loss = fault("loss", { at: 2 * MINUTE }, "link.loss", "wan", {
    for: MINUTE,
    params: { rate: 100_000, way: "both" },
  });
  const slow = fault("slow", { at: 5 * MINUTE }, "disk.slow", "bern", {
    for: MINUTE,
    params: { factor: 50 },
  });
  const written = (...script: Step[]) => {
    const [erp] = play(smallDrill(script)).writes;
    return [...erp?.times ?? []];
  };
  const all = written(loss, slow);
  // What happens to link and replica is none of the guest's business: to the end it asks for what it would, when it would. Only
  // the disk answers some µs sooner or later, as cycles read beside it.
  assert.ok(all.length > 4000);
  for (const fewer of [written(slow), written(loss), written()]) {
    assert.equal(fewer.length, all.length);
    const apart = fewer.map((at, index) => Math.abs(at - (all[index] as number)));
    assert.ok(Math.max(...apart) < 5000, `${Math.max(...apart)} µs apart`);
  }
});

Deno.test("steps that cannot be done are told with their reason", () => {
  const recording = play(smallDrill([
    fault("fire", { at: 3 * MINUTE }, "site.fire", "amsterdam"),
    verb("pause", { at: 4 * MINUTE }, "replication pause"),
    verb("never", { after: "pause", wait: 0 }, "failover start"),
    verb("early", { at: 30 * MINUTE }, "failover start"),
    verb("twice", { at: 5 * MINUTE }, "failover complete"),
  ]));
  const ends = notesOf(recording, "step").filter(({ phase }) => phase !== "begun");
  const of = (id: string) => ends.find(({ step }) => step === id);
  assert.deepEqual([of("pause")?.phase, of("pause")?.code], ["failed", "no-server"]);
  assert.equal(of("never")?.phase, "skipped");
  assert.match(of("never")?.why ?? "", /"pause" did not occur/);
  assert.match(of("early")?.why ?? "", /over before/);
  assert.ok(["failed", "skipped"].includes(of("twice")?.phase ?? ""));
});

Deno.test("a machine moves and comes back, and its guest's writes are of a branch of each home", () => {
  const recording = play(smallDrill([
    verb("there", { at: 3 * MINUTE }, "failover planned"),
    verb("back", { after: "erp.staged", wait: 2 * MINUTE }, "failover planned"),
  ]));
  const moved = notesOf(recording, "moved");
  assert.deepEqual(moved.map(({ site, how }) => [site, how]), [
    ["bern", "planned"],
    ["amsterdam", "planned"],
  ]);
  assert.deepEqual(recording.writes[0]?.branches.map(({ site }) => site), [
    "amsterdam",
    "bern",
    "amsterdam",
  ]);
  assert.ok(notesOf(recording, "compared").some(({ why, equal }) => why === "moved" && equal));
  const last = recording.frames.at(-1)?.machines[0];
  assert.deepEqual([last?.home, last?.runs], ["amsterdam", ["amsterdam"]]);
});

Deno.test("both sides' maps are alike behind a point, and frames stay within their bounds", () => {
  const still = { ...WORKLOAD, until: 6 * MINUTE };
  const { world } = smallDrill([]);
  const drill = smallDrill([], {
    world: { ...world, machines: [{ ...MACHINE, workloads: [still] }] },
  });
  const { frames } = play(drill);
  assert.ok(frames.length > 500 && frames.length <= 2000, `${frames.length} frames`);
  const at = (time: number) => frames.find((frame) => frame.at >= time)?.machines[0];
  const during = at(5 * MINUTE);
  assert.notDeepEqual(during?.disks[0]?.first, during?.disks[0]?.second);
  assert.ok((during?.backlog ?? 0) > 0 && (during?.rpo ?? 0) > 0);
  const behind = at(9 * MINUTE);
  assert.deepEqual(behind?.disks[0]?.first, behind?.disks[0]?.second);
  assert.deepEqual([behind?.backlog, behind?.rpo], [0, 0]);
});

/** Bytes of blocks sent behind the first point, and the highest age of what was not replicated, at a scale. */
function atScale(scale: number): { readonly sent: number; readonly rpo: number } {
  const block = scale === 1 ? 4 * KiB : 512;
  const { world } = smallDrill([]);
  const workload = { ...WORKLOAD, rate: MiB };
  const replication = { ...MACHINE.replication, compression: false };
  const machine = { ...MACHINE, disks: [128 * MiB], workloads: [workload], replication };
  const drill = smallDrill([], {
    world: { ...world, scale, block, machines: [machine], link: { ...world.link, rate: 2 * MiB } },
    expect: [{ kind: "invariants", ids: scale === 1 ? [] : "all", line: 0 }],
  });
  const recording = play(drill);
  const sent = notesOf(recording, "sent").reduce((sum, { bytes }) => sum + bytes, 0);
  const rpo = Math.max(...recording.frames.map(({ machines: [one] }) => one?.rpo ?? 0));
  return { sent, rpo };
}

Deno.test("scales 1, 16 and 256 of a drill agree on RPO and bytes sent within 10 %", () => {
  const [one, some, many] = [atScale(1), atScale(16), atScale(256)];
  for (const each of [some, many]) {
    const apart = (what: "sent" | "rpo") => Math.abs(each[what] / one[what] - 1);
    assert.ok(apart("sent") < 0.1 && apart("rpo") < 0.1, JSON.stringify([one, each]));
  }
});
