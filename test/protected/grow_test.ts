/**
 * A protected disk that grows while other people's clients use it, down to the files on both sides.
 *
 * @module
 */

import assert from "node:assert/strict";

import { MiB } from "../../engine/core/base/units.ts";
import { program, testWithNeeds } from "../needs.ts";
import { mustRun, run } from "./foreign.ts";
import { Site } from "./site.ts";

const SIZE = 16 * MiB;
const LARGER = 40 * MiB;

testWithNeeds({
  name: "a disk grows while it is protected, and each point has its size (M66, C6)",
  needs: [program("nbdinfo", "libnbd-bin"), program("qemu-io", "qemu-utils")],
}, async () => {
  await using site = await Site.start();
  const file = site.sparseFile("disk.raw", SIZE);
  const machine = await site.protect("vm", file, { every: 3600 });
  await mustRun("qemu-io", "-f", "raw", "-c", "write -P 0x11 1M 1M", "-c", "flush", machine.uri);
  const before = await site.cycle("vm");
  await site.ask("vm disk grow", { vm: "vm", disk: 0, size: LARGER });
  assert.equal(Deno.statSync(file).size, LARGER);
  assert.equal(Number(await mustRun("nbdinfo", "--size", machine.uri)), LARGER);
  const writes = ["-c", "write -P 0x22 39M 1M", "-c", "write -P 0x33 15M 2M", "-c", "flush"];
  await mustRun("qemu-io", "-f", "raw", ...writes, machine.uri);
  const there = await site.assertSame(machine, true);
  assert.equal(Number(await mustRun("nbdinfo", "--size", there)), LARGER);
  await mustRun("qemu-io", "-f", "raw", "-c", "read -P 0x22 39M 1M", there);
  await site.cancelFailover("vm");
  const older = await site.failover("vm", before);
  assert.equal(Number(await mustRun("nbdinfo", "--size", older.uri)), SIZE);
  const outside = await run("qemu-io", ["-f", "raw", "-c", "read 15M 2M", older.uri]);
  assert.match(outside.text, /error|failed|Invalid/i);
  await mustRun("qemu-io", "-f", "raw", "-c", "read -P 0x11 1M 1M", older.uri);
  const left = await site.completeFailover("vm");
  assert.equal(Deno.statSync(left).size, SIZE, "the machine is what it was at that point");
});
