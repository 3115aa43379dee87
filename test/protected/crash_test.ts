/**
 * Clients of a protected disk whose server is killed under them: they carry on with the next one.
 *
 * @module
 */

import assert from "node:assert/strict";

import { MiB } from "../../engine/core/base/units.ts";
import { program, testWithNeeds } from "../needs.ts";
import { Beside, mustRun } from "./foreign.ts";
import { attachLoop, loopNeeds } from "./mounted_disk.ts";
import { type Protected, Site } from "./site.ts";

const qemu = [program("qemu-img", "qemu-utils"), program("qemu-io", "qemu-utils")];

/** qemu-io on the options that Warmsite prints for a virtual machine. */
function qemuIo({ blockdev }: Protected, commands: readonly string[]): Beside {
  return Beside.start("qemu-io", [
    ...commands.flatMap((command) => ["-c", command]),
    "--image-opts",
    blockdev.replace(/node-name=[^,]*,/, ""),
  ]);
}

/** 1 MiB of each of `count` places from `first` MiB on, a pattern of its own for each. */
function patterns(verb: "write" | "read", first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const at = first + index;
    return `${verb} -P ${1 + (at % 255)} ${at}M 1M`;
  });
}

testWithNeeds({
  name:
    "a QEMU client writes on through a SIGKILL of the primary, and all of it is replicated (E4)",
  needs: qemu,
}, async () => {
  await using site = await Site.start();
  const machine = await site.protect("vm", site.sparseFile("disk.raw", 128 * MiB));
  const commands = Array.from({ length: 12 }, () => patterns("write", 0, 120)).flat();
  const client = qemuIo(machine, [...commands, "flush", ...patterns("read", 0, 120)]);
  site.atEnd(() => client.end("SIGKILL"));
  for (let kills = 0; kills < 2; kills++) {
    const before = Number((await site.status(machine.vm))["cycles"]);
    await site.until(machine.vm, ({ cycles, backlogBytes }) => {
      return Number(cycles) > before && Number(backlogBytes) > 0;
    });
    assert.ok(!client.ended, "the kill comes while it writes");
    await site.killPrimary();
    await site.restartPrimary();
  }
  const { code, text } = await client.end();
  assert.equal(code, 0, text);
  assert.doesNotMatch(text, /failed|error/i);
  const there = await site.assertSame(machine, true);
  const reads = patterns("read", 0, 120).flatMap((command) => ["-c", command]);
  assert.doesNotMatch(await mustRun("qemu-io", "-f", "raw", ...reads, there), /failed/);
});

testWithNeeds({
  name: "a block device is compared after a SIGKILL, status says so, and the replica is right (T6)",
  needs: [...loopNeeds, ...qemu],
}, async () => {
  await using site = await Site.start();
  const file = site.sparseFile("disk.raw", 64 * MiB);
  const loop = await attachLoop(site, file);
  const machine = await site.protect("vm", loop, { every: 3600 });
  const first = qemuIo(machine, [...patterns("write", 4, 20), "flush"]);
  assert.equal((await first.end()).code, 0);
  await site.cycle(machine.vm);
  const second = qemuIo(machine, [...patterns("write", 40, 4), "discard 4M 2M"]);
  assert.equal((await second.end()).code, 0);
  const sent = Number((await site.status(machine.vm))["bytesSent"]);
  await site.killPrimary();
  // Nothing tells that a block device was written while nobody looked: only a comparison finds it.
  await mustRun("qemu-io", "-f", "raw", "-c", "write -P 0x99 50M 1M", "-c", "flush", loop);
  await site.restartPrimary();
  const status = await site.status(machine.vm);
  assert.match(JSON.stringify(status["warnings"]), /compared with the replica/);
  assert.equal(status["health"], "Warning");
  assert.equal(status["comparingBytes"], 64 * MiB);
  const there = await site.assertSame(machine, true);
  await mustRun("qemu-io", "-f", "raw", "-c", "read -P 0x99 50M 1M", there);
  // While it was failed over to be read, the primary's status said so.
  await site.cancelFailover(machine.vm);
  await site.cycle(machine.vm);
  const after = await site.status(machine.vm);
  assert.deepEqual(after["warnings"], []);
  assert.equal(after["comparingBytes"], 0);
  assert.ok(Number(after["bytesSent"]) - sent <= 16 * MiB, "compared, not copied");
});

testWithNeeds({
  name: "a block device that was closed in order is protected on without a comparison (T6)",
  needs: [...loopNeeds, ...qemu],
}, async () => {
  await using site = await Site.start();
  const loop = await attachLoop(site, site.sparseFile("disk.raw", 64 * MiB));
  const machine = await site.protect("vm", loop, { every: 3600 });
  assert.equal((await qemuIo(machine, [...patterns("write", 4, 20), "flush"]).end()).code, 0);
  assert.equal(await site.stopPrimary(), 0);
  await site.restartPrimary();
  const status = await site.status(machine.vm);
  assert.equal(status["comparingBytes"], 0);
  await site.assertSame(machine);
});

testWithNeeds({
  name:
    "an image written by somebody else after a SIGKILL is compared, status says so, and the replica is right (T6)",
  needs: qemu,
}, async () => {
  await using site = await Site.start();
  const file = site.sparseFile("disk.raw", 64 * MiB);
  const machine = await site.protect("vm", file, { every: 3600 });
  const first = qemuIo(machine, [...patterns("write", 4, 4), "flush"]);
  assert.equal((await first.end()).code, 0);
  await site.cycle(machine.vm);
  // Before, a change is as good as one of ours: nobody could tell them apart.
  await site.untilStamped(machine);
  await site.killPrimary();
  using image = Deno.openSync(file, { write: true });
  image.seekSync(50 * MiB, Deno.SeekMode.Start);
  image.writeSync(new Uint8Array(4096).fill(0x99));
  await site.restartPrimary();
  const status = await site.status(machine.vm);
  assert.equal(status["health"], "Warning");
  assert.match(
    JSON.stringify(status["warnings"]),
    /compared with the replica.*changed while it was not tracked/,
  );
  await site.assertSame(machine, true);
  // What nobody else wrote to is not compared as a whole after the next one.
  await site.untilStamped(machine);
  await site.killPrimary();
  await site.restartPrimary();
  assert.doesNotMatch(JSON.stringify(await site.status(machine.vm)), /compared with the replica/);
});
