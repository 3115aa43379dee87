/**
 * Large amounts on a protected disk: a first copy under load, and trims that travel as metadata.
 *
 * @module
 */

import assert from "node:assert/strict";

import { GiB, KiB, MiB } from "../../engine/core/base/units.ts";
import { program, testWithNeeds } from "../needs.ts";
import { Beside, mustRun } from "./foreign.ts";
import { Site } from "./site.ts";

const qemu = [program("qemu-img", "qemu-utils"), program("qemu-io", "qemu-utils")];

testWithNeeds({
  name: "initial replication under fio's writes gives the disk as it is at the next cut (C5)",
  needs: [program("fio", "fio"), ...qemu],
}, async () => {
  await using site = await Site.start();
  const size = 128 * MiB;
  const disk = site.sparseFile("disk.raw", size);
  await mustRun("qemu-io", "-f", "raw", "-c", `write -P 0xab 0 ${size}`, disk);
  const machine = await site.protect("vm", disk, { every: 3600, early: true });
  const fio = Beside.start("fio", [
    "--name=load",
    // In this very process, or a kill would leave the one that writes.
    "--thread",
    "--ioengine=nbd",
    `--uri=${machine.uri}`,
    "--rw=randwrite",
    "--bsrange=4k-64k",
    "--iodepth=8",
    "--rate=,30m",
    "--time_based",
    "--runtime=30",
    "--size=100%",
    "--buffer_compress_percentage=30",
  ], site.folder);
  site.atEnd(() => fio.end("SIGKILL"));
  await site.untilReplicating(machine.vm);
  const { backlogBytes } = await site.until(machine.vm, ({ backlogBytes }) => {
    return Number(backlogBytes) > 0;
  });
  assert.ok(Number(backlogBytes) > 0 && !fio.ended, "it wrote all the while");
  // In the middle of its writes: what is acknowledged and what is not is equal on both sides.
  await fio.end("SIGKILL");
  await site.assertSame(machine);
});

testWithNeeds({
  name: "a trim and zeroes of 1 GiB in one request travel as metadata and read as zeros (C6, M07)",
  needs: qemu,
}, async () => {
  await using site = await Site.start();
  const machine = await site.protect("vm", site.sparseFile("disk.raw", GiB + 64 * MiB), {
    every: 3600,
  });
  const io = async (uri: string, ...commands: string[]) => {
    const args = commands.flatMap((command) => ["-c", command]);
    assert.doesNotMatch(await mustRun("qemu-io", "-f", "raw", ...args, uri), /failed/);
  };
  const wire = async () => Number((await site.status(machine.vm))["wireBytes"]);
  // Data in what is zeroed: at its edges, in its middle, and just behind it.
  const inside = ["0", "4k", "500M", "1048572k"];
  const zeros = inside.map((at) => `read -P 0 ${at} 4k`);
  for (const request of ["discard 0 1G", "write -z -u 0 1G"]) {
    await io(machine.uri, ...[...inside, "1G"].map((at) => `write -P 0x5a ${at} 4k`), "flush");
    await site.cycle(machine.vm);
    const before = await wire();
    await io(machine.uri, request, "flush", ...zeros);
    await site.cycle(machine.vm);
    const bytes = await wire() - before;
    assert.ok(bytes < 64 * KiB, `${request}: ${bytes} bytes on the wire`);
    const { uri } = await site.failover(machine.vm);
    await io(uri, ...zeros, "read -P 0x5a 1G 4k");
    await site.cancelFailover(machine.vm);
  }
  await site.assertSame(machine);
});
