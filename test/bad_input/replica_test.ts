/**
 * A replica server whose machine's files were spoiled while it was down: the machine is refused with one
 * clear error, nothing of it is removed, the server runs, and putting the files back brings all of it
 * back.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fieldsOf } from "../../engine/agent/command/value.ts";
import { expectClear, flip, House, VM } from "./house.ts";

/** Names of everything below a folder. */
function everything(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? everything(`${folder}/${name}`) : [`${folder}/${name}`]
  ).sort();
}

Deno.test("a replica whose state was cut to nothing is refused, never removed (R11)", async () => {
  await using house = await House.open();
  await house.protect();
  const disk = await house.read("primary");
  await house.applied();
  const points = await house.points();
  await house.stop("replica");
  const states = ["state.0", "state.1"].map((name) => `${house.store}/${name}`);
  const kept = states.map((file) => Deno.readFileSync(file));
  for (const file of states) Deno.truncateSync(file, 0);
  const before = everything(house.store);
  await house.start("replica");
  const refusal = await house.refused("replica", "points list");
  expectClear(refusal);
  assert.equal(refusal.code, "damaged");
  assert.equal(refusal.exitCode, 1);
  assert.equal((await house.status("replica"))["health"], "Critical");
  // What the primary is told is an error as well, and no new replica is begun over the old one.
  expectClear(await house.refused("primary", "replication cycle"));
  await house.stop("replica");
  assert.deepEqual(everything(house.store), before);
  for (const [at, file] of states.entries()) Deno.writeFileSync(file, kept[at] as Uint8Array);
  await house.start("replica");
  await house.expectKept(points);
  const newest = await house.cycleAtLast();
  assert.deepEqual(await house.read("replica", newest), disk);
});

Deno.test("a replica's disk that was cut, removed or flipped is told and loses no point", async () => {
  await using house = await House.open();
  await house.protect();
  await house.write(4096, 99);
  await house.cycle();
  await house.applied();
  const points = await house.points();
  const raw = `${house.store}/disk-0.raw`;
  const whole = Deno.readFileSync(raw);
  for (
    const [what, spoil, code] of [
      ["cut", () => Deno.truncateSync(raw, 4096), "disk-changed-size"],
      ["removed", () => Deno.renameSync(raw, `${raw}.away`), "damaged"],
    ] as const
  ) {
    await house.stop("replica");
    spoil();
    await house.start("replica");
    const refusal = await house.refused("replica", "failover start");
    assert.equal(refusal.code, code, what);
    assert.equal(refusal.exitCode, 1, what);
    expectClear(refusal);
    await house.stop("replica");
    if (what === "removed") Deno.renameSync(`${raw}.away`, raw);
    Deno.writeFileSync(raw, whole);
    await house.start("replica");
    await house.verified();
    await house.expectKept(points);
  }
  await house.stop("replica");
  flip(raw, 2_000_000);
  await house.start("replica");
  await suspected(house);
  const warnings = (await house.status("replica"))["warnings"] as string[];
  assert.match(warnings.join(), /not as its last apply left them/);
  for (const { broken } of await house.points()) assert.match(broken, /not verified/);
  const refusal = await house.refused("replica", "failover start");
  assert.deepEqual([refusal.code, refusal.exitCode], ["disk-suspect", 4]);
  expectClear(refusal);
  // Who has nothing else, and knows it, may start from it all the same.
  const started = await house.call("replica", "failover start", { vm: VM, unverified: true });
  assert.equal(fieldsOf(started)["unverified"], true);
  await house.call("replica", "failover cancel");
  await house.stop("replica");
  Deno.writeFileSync(raw, whole);
  await house.start("replica");
  await house.write(8192, 100);
  const newest = await house.cycleAtLast();
  await house.applied();
  assert.deepEqual(await house.read("replica", newest), await house.read("primary"));
});

/** Waits until the replica has looked at its disk. */
async function suspected(house: House): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if ((await house.status("replica"))["health"] === "Critical") return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
