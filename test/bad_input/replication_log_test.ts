/**
 * A replication log that was cut, flipped, lost, replaced by an older one or by another disk's: protection
 * goes on after a comparison or the machine is refused with one clear error; no point is lost.
 *
 * @module
 */

import assert from "node:assert/strict";
import { expectClear, flip, House, SIZE } from "./house.ts";

/** Ways to spoil the log of a stopped server; each costs at most a comparison. */
const SPOILED: readonly (readonly [string, (log: string) => void])[] = [
  ["cut to half", (log) => Deno.truncateSync(log, Math.floor(Deno.statSync(log).size / 2))],
  ["cut to nothing", (log) => Deno.truncateSync(log, 0)],
  ["cut inside its header", (log) => Deno.truncateSync(log, 100)],
  ["with a flipped bit in its first header", (log) => flip(log, 40)],
  ["with flipped bits in both headers", (log) => {
    for (let at = 0; at < 16_384; at += 256) flip(log, at);
  }],
  ["with flipped bits in its bitmap", (log) => {
    for (let at = 1; at < 8; at++) flip(log, -at * 64);
  }],
  ["removed", (log) => Deno.removeSync(log)],
];

Deno.test("a spoiled replication log costs a comparison and nothing else (T5)", async () => {
  await using house = await House.open();
  await house.protect();
  const log = `${house.image}.hrl`;
  let fill = 1;
  for (const [what, spoil] of SPOILED) {
    await house.write(8192 * fill, 200 - fill);
    const before = await house.cycleAtLast();
    await house.write(8192 * fill + 4096, 100 + fill);
    await house.stop("primary");
    spoil(log);
    await house.start("primary");
    const after = await house.cycleAtLast();
    const disk = await house.read("primary");
    assert.deepEqual(await house.read("replica", after), disk, `a log ${what}: the newest point`);
    const ids = (await house.points()).map(({ id }) => id);
    assert.ok(ids.includes(before), `a log ${what}: the point before is there`);
    fill++;
  }
  assert.deepEqual((await house.points()).filter(({ broken }) => broken !== ""), []);
});

Deno.test("a log older than its disk is noticed, and the whole disk is compared (T6)", async () => {
  await using house = await House.open();
  await house.protect();
  const log = `${house.image}.hrl`;
  await house.stop("primary");
  Deno.copyFileSync(log, `${log}.older`);
  await house.start("primary");
  for (let at = 0; at < 64; at++) await house.write(at * 65_536 % (4 * 1024 * 1024), 77);
  await house.cycleAtLast();
  await house.write(4096 * 3, 78);
  await house.stop("primary");
  Deno.renameSync(`${log}.older`, log);
  await house.start("primary");
  const point = await house.cycleAtLast();
  const disk = await house.read("primary");
  assert.equal(disk[4096 * 3], 78);
  assert.deepEqual(await house.read("replica", point), disk);
});

Deno.test("a disk changed while its server was down is compared as a whole (T6)", async () => {
  await using house = await House.open();
  await house.protect();
  await house.stop("primary");
  flip(house.image, 1_000_000);
  await house.start("primary");
  const point = await house.cycleAtLast();
  assert.deepEqual(await house.read("replica", point), Deno.readFileSync(house.image));
});

Deno.test("the log of another disk is refused, and says what to do (T9)", async () => {
  await using house = await House.open();
  await house.protect();
  const other = `${house.folder}/other.img`;
  Deno.writeFileSync(other, new Uint8Array(4 * 1024 * 1024));
  await house.call("primary", "vm add", { vm: "other", disks: [other] });
  const settings = { vm: "other", to: house.listen, frequency: 3_600_000_000 };
  await house.call("primary", "replication enable", settings);
  await house.stop("primary");
  Deno.copyFileSync(`${house.image}.hrl`, `${house.folder}/right.hrl`);
  Deno.copyFileSync(`${other}.hrl`, `${house.image}.hrl`);
  await house.start("primary");
  const refusal = await house.refused("primary", "replication cycle");
  assert.equal(refusal.code, "wrong-disk");
  assert.equal(refusal.exitCode, 1);
  expectClear(refusal);
  assert.match(refusal.action, /Put the right log back, or remove/);
  const status = await house.status("primary");
  assert.equal(status["health"], "Critical");
  // The other machine is served as if nothing was.
  assert.equal((await house.call("primary", "vm list") as unknown[]).length, 2);
  await house.stop("primary");
  Deno.copyFileSync(`${house.folder}/right.hrl`, `${house.image}.hrl`);
  await house.start("primary");
  const point = await house.cycleAtLast();
  assert.deepEqual(await house.read("replica", point), await house.read("primary"));
});

Deno.test("a disk that was grown is served, a shrunk one refused, and no point is lost (C6)", async () => {
  await using house = await House.open();
  await house.protect();
  await house.write(8192, 33);
  const point = await house.cycleAtLast();
  const before = await house.read("replica", point);
  await house.stop("primary");
  Deno.truncateSync(house.image, SIZE + 1024 * 1024);
  await house.start("primary");
  await house.write(SIZE + 4096, 34);
  const grown = await house.cycleAtLast();
  assert.deepEqual(await house.read("replica", point), before);
  const larger = await house.read("replica", grown);
  assert.equal(larger.length, SIZE + 1024 * 1024);
  assert.deepEqual(larger.subarray(SIZE + 4096, SIZE + 8192), new Uint8Array(4096).fill(34));
  await house.stop("primary");
  Deno.truncateSync(house.image, SIZE);
  await house.start("primary");
  const shrunk = await house.refused("primary", "replication cycle");
  assert.equal(shrunk.code, "disk-changed-size");
  expectClear(shrunk);
});
