/**
 * The forecast of what a replica will need: its formula by hand, and against what a simulated workload
 * really took (within a factor of two).
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { DAY, HOUR, KiB, MiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { forecastStorage } from "../../../../engine/core/relationship/storage_forecast.ts";
import { parseRetention } from "../../../../engine/core/wire/retention.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import { FileNode } from "../../../../engine/sim/volume.ts";
import { makePair, type Site } from "./pair.ts";

/** How far off the forecast of the points may be, either way. */
const FACTOR = 2;

Deno.test("a forecast is the sum of what its points hold between them", () => {
  // 1 MiB of distinct blocks in 5 minutes, 4 MiB in an hour, 24 MiB in a day.
  const churn = [
    { span: 5 * MINUTE, bytes: MiB },
    { span: HOUR, bytes: 4 * MiB },
    { span: DAY, bytes: 24 * MiB },
  ];
  const of = (text: string) =>
    forecastStorage(parseRetention(text), 5 * MINUTE, 1024 * MiB, churn, HOUR);
  const undo = (bytes: number) => bytes + (bytes / 4096) * 64;
  equal(of("newest").points, 0);
  equal(of("last 25").points, 24 * undo(MiB));
  equal(of("hourly 24").points, 24 * undo(4 * MiB));
  equal(
    of("all 2h, hourly 1d, daily 30d").points,
    24 * undo(MiB) + 22 * undo(4 * MiB) + 29 * undo(24 * MiB),
  );
  const assumed = forecastStorage(parseRetention("daily 30d"), 5 * MINUTE, 1000 * MiB, [], 0);
  equal(assumed.measured, 0);
  equal(assumed.perDay, 50 * MiB);
  equal(assumed.points, 30 * undo(50 * MiB));
  // No undo file is larger than the disks.
  const small = forecastStorage(parseRetention("daily 30d"), HOUR, MiB, churn, HOUR);
  equal(small.points, 30 * undo(MiB));
});

/** Bytes of the undo files of the replica. */
function undoBytes(site: Site): number {
  let found: Directory | FileNode | undefined = site.host.data;
  for (const name of ["replicas", "vm", "undo"]) {
    found = found instanceof Directory ? found.entries.get(name) : undefined;
  }
  let bytes = 0;
  for (const file of found instanceof Directory ? found.entries.values() : []) {
    if (file instanceof FileNode) bytes += file.sectors.length;
  }
  return bytes;
}

Deno.test("what a simulated workload took lies within a factor of two of the forecast", () => {
  for (const [seed, retention] of [[301, "all 40s, 10s 3m"], [302, "last 20"]] as const) {
    const { world, a, b } = makePair(seed, 8 * MiB);
    const random = world.stream("workload");
    a.call("vm add", { vm: "vm", disks: ["vm.img"] });
    // A full disk: what was zeros before takes no space in undo.
    for (let at = 0; at < 8 * MiB; at += MiB) a.write("vm/0", at, random.bytes(MiB));
    // That is no churn of the machine's: it is measured from here on.
    a.call("vm remove", { vm: "vm" });
    a.call("vm add", { vm: "vm", disks: ["vm.img"] });
    // A third of the writes go to a few hot blocks, the rest anywhere.
    const work = (seconds: number) => {
      for (let tick = 0; tick < seconds * 2; tick++) {
        const block = random.below(3) === 0 ? random.below(16) : random.below(2048);
        a.write("vm/0", block * 4 * KiB, random.bytes(4 * KiB));
        world.runFor(SECOND / 2);
      }
    };
    work(150);
    const answer = a.call("replication enable", {
      vm: "vm",
      to: "b:7700",
      frequency: 2 * SECOND,
      retention,
    }) as JsonObject;
    const storage = answer["storage"] as JsonObject;
    ok(Number(storage["measuredSeconds"]) >= 150);
    equal(storage["disks"], 8 * MiB);
    a.call("replication start", { vm: "vm" });
    a.call("replication cycle", { vm: "vm" });
    work(260);
    const forecast = Number(storage["points"]);
    const used = undoBytes(b);
    const told = `"${retention}": ${forecast} foretold, ${used} used`;
    ok(used < forecast * FACTOR && used > forecast / FACTOR, told);
    ok(used < forecast + Number(storage["work"]), `${told}, more than with the room to work`);
  }
});
