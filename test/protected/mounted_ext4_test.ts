/**
 * A mounted ext4 on a protected disk, whose server is killed and started again under it.
 *
 * @module
 */

import assert from "node:assert/strict";

import { MiB } from "../../engine/core/base/units.ts";
import { program, testWithNeeds } from "../needs.ts";
import { FileWriter, missingFrom } from "./file_writer.ts";
import { mustRun } from "./foreign.ts";
import { attachExport, attachLoop, checkedCopy, mount, mountNeeds } from "./mounted_disk.ts";
import { Site } from "./site.ts";

const SIZE = 128 * MiB;

testWithNeeds({
  name:
    "a mounted ext4 outlives a killed primary, and every file that was fsynced before a cycle " +
    "was asked for is in its point (E4, T1, C2)",
  needs: [...mountNeeds, program("qemu-img", "qemu-utils")],
}, async () => {
  await using site = await Site.start();
  const machine = await site.protect("vm", site.sparseFile("disk.raw", SIZE));
  const { loop } = await attachExport(site, machine.blockdev);
  await mustRun("mkfs.ext4", "-q", loop);
  const folder = await mount(site, "mounted", loop, "noatime");
  const writer = new FileWriter(folder);
  site.atEnd(() => writer.stop().catch(() => {}));

  await writer.more(20);
  const early = writer.durable.length;
  const earlyPoint = await site.cycle(machine.vm);
  await writer.more(20);
  await site.killPrimary();
  const atKill = writer.durable.length;
  await site.restartPrimary();
  await writer.more(20);
  const late = writer.durable.length;
  const latePoint = await site.cycle(machine.vm);
  await writer.more(5);
  assert.ok(late >= atKill + 20, "it went on after the restart");

  for (const [point, count] of [[latePoint, late], [earlyPoint, early]] as const) {
    const failover = await site.failover(machine.vm, point);
    const copy = await checkedCopy(site, failover.uri, `${point}.raw`);
    const there = await mount(site, point, await attachLoop(site, copy, "--read-only"), "ro");
    assert.deepEqual(missingFrom(there, writer.durable.slice(0, count)), [], point);
    await site.cancelFailover(machine.vm);
  }
  await writer.stop();
  assert.deepEqual(missingFrom(folder, writer.durable), [], "nor was anything lost here");
  // Whole disks, once nobody writes.
  await mustRun("umount", folder);
  await site.assertSame(machine);
});

testWithNeeds({
  name: "a failed-over ext4 runs at the replica, outlives its SIGKILL, and is whole once the " +
    "failover is complete (R8)",
  needs: [...mountNeeds, program("qemu-img", "qemu-utils")],
}, async () => {
  await using site = await Site.start();
  const machine = await site.protect("vm", site.sparseFile("disk.raw", SIZE));
  const before = await attachExport(site, machine.blockdev, "before");
  await mustRun("mkfs.ext4", "-q", before.loop);
  const first = await mount(site, "first", before.loop, "noatime");
  const old = new FileWriter(first);
  await old.more(10);
  await old.stop();
  await mustRun("umount", first);
  await before.detach();
  await site.cycle(machine.vm);
  await site.killPrimary();

  const failover = await site.failover(machine.vm);
  const after = await attachExport(site, failover.blockdev, "after");
  const second = await mount(site, "second", after.loop, "noatime");
  assert.deepEqual(missingFrom(second, old.durable), [], "what was there before the disaster");
  Deno.mkdirSync(`${second}/later`);
  const writer = new FileWriter(`${second}/later`);
  site.atEnd(() => writer.stop().catch(() => {}));
  await writer.more(10);
  await site.crashReplica();
  await writer.more(10);
  await writer.stop();
  await mustRun("umount", second);
  await after.detach();

  const file = await site.completeFailover(machine.vm);
  // A server that runs holds QEMU's lock on it.
  await site.stopReplica();
  const copy = await checkedCopy(site, file, "complete.raw");
  const there = await mount(site, "third", await attachLoop(site, copy, "--read-only"), "ro");
  assert.deepEqual(missingFrom(there, old.durable), []);
  assert.deepEqual(missingFrom(`${there}/later`, writer.durable), []);
});
