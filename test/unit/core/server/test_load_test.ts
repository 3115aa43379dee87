/**
 * What test failovers cost production: with three of them under load, lag and RPO stay within 5 % (M52).
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { KiB, MILLISECOND, SECOND } from "../../../../engine/core/base/units.ts";
import { primaryRpo } from "../../../../engine/core/server/status.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const LASTS = 40 * SECOND;
/** Between two looks at the RPO, µs: no part of a cycle, so that all of one are seen. */
const LOOK = 37 * MILLISECOND;

/** A guest that writes `length` bytes every `pause` µs, all over its disk, for as long as its server runs. */
function load(site: Site, name: string, length: number, pause: number): void {
  const { loop } = site.host.process!;
  const { clock } = site.server!.ports;
  loop.start(
    `guest ${name}`,
    function* () {
      for (let turn = 0;; turn++) {
        const disk = site.server!.exports.get(name)!.disk;
        yield* disk.write((turn * 7 * length) % (1024 * KiB - length), filled(length, turn % 251));
        if (turn % 16 === 15) yield* disk.flush();
        yield* clock.sleep(pause);
      }
    }(),
  );
}

/** Lag of the points of a while and RPO as it is reported in them, on the average, µs; and how many points. */
function measure(
  tests: number,
): { readonly lag: number; readonly rpo: number; readonly points: number } {
  const { a, b, world } = makePair(930);
  protect(a, { frequency: SECOND, retention: "last 8" });
  world.runFor(5 * SECOND);
  load(a, "vm/0", 8 * KiB, 40 * MILLISECOND);
  for (let test = 0; test < tests; test++) {
    const { vm } = b.call("failover test", VM) as { vm: string };
    load(b, `${vm}/0`, 4 * KiB, 50 * MILLISECOND);
  }
  world.runFor(5 * SECOND);
  const cuts = new Map<string, number>();
  const lags: number[] = [];
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "cut") cuts.set(event.point, world.now);
    if (host !== "b" || event.kind !== "staged") return;
    const cut = cuts.get(event.point);
    if (cut !== undefined) lags.push(world.now - cut);
  });
  const { primary, ports } = a.server!;
  let rpo = 0;
  const end = world.now + LASTS;
  let looks = 0;
  for (; world.now < end; looks++) {
    world.runFor(LOOK);
    const { machine, replicator } = primary.entry("vm");
    rpo += primaryRpo(machine, replicator, ports.clock.now()) ?? 0;
  }
  const written = b.server!.replica.tests().map(({ test }) => test.bytes);
  ok(written.length === tests && written.every((bytes) => bytes > 512 * KiB), `${written} bytes`);
  const sum = lags.reduce((total, lag) => total + lag, 0);
  return { lag: sum / lags.length, rpo: rpo / looks, points: lags.length };
}

Deno.test("three test failovers under load leave lag and RPO of production within 5 % (M52)", () => {
  const alone = measure(0);
  const beside = measure(3);
  ok(alone.points > 35, `${alone.points} points`);
  for (const what of ["lag", "rpo", "points"] as const) {
    const change = Math.abs(beside[what] - alone[what]) / alone[what];
    ok(change <= 0.05, `${what}: ${alone[what]} alone, ${beside[what]} beside three tests`);
  }
});
