/**
 * Other people's NBD clients on a protected disk: each reads, writes and verifies it while cycles
 * run, and the replica then holds the same bytes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

import { MiB } from "../../engine/core/base/units.ts";
import { program, testWithNeeds } from "../needs.ts";
import { mustRun, run } from "./foreign.ts";
import { type Protected, Site } from "./site.ts";

const SIZE = 64 * MiB;
/** QEMU's tools compare in every test. */
const qemu = [program("qemu-img", "qemu-utils"), program("qemu-io", "qemu-utils")];
const libnbd = [program("nbdinfo", "libnbd-bin"), program("nbdcopy", "libnbd-bin")];

async function protect(site: Site): Promise<Protected> {
  return await site.protect("vm", site.sparseFile("disk.raw", SIZE));
}

/** A file with holes, patterns and noise. */
function writeImage(path: string): void {
  const image = new Uint8Array(SIZE);
  for (let at = 5 * MiB; at < 9 * MiB; at += 65_536) {
    crypto.getRandomValues(image.subarray(at, at + 65_536));
  }
  image.fill(0x5a, 20 * MiB + 7, 21 * MiB);
  image[SIZE - 1] = 1;
  Deno.writeFileSync(path, image);
}

function assertSameFiles(one: string, other: string): void {
  assert.ok(
    // As buffers: a comparison of arrays by the assertion takes seconds.
    Buffer.compare(Deno.readFileSync(one), Deno.readFileSync(other)) === 0,
    `${one} and ${other} differ`,
  );
}

testWithNeeds({
  name: "qemu-img converts into and out of a protected disk, and the replica holds the same",
  needs: qemu,
}, async () => {
  await using site = await Site.start();
  const machine = await protect(site);
  const [source, back] = [`${site.folder}/source.img`, `${site.folder}/back.img`];
  writeImage(source);
  const raw = ["-f", "raw", "-O", "raw"];
  assert.match(await mustRun("qemu-img", "info", machine.uri), /virtual size: 64 MiB/);
  await mustRun("qemu-img", "convert", "-n", ...raw, source, machine.uri);
  assert.match(
    await mustRun("qemu-img", "compare", "-f", "raw", source, machine.uri),
    /identical/,
  );
  await mustRun("qemu-img", "convert", ...raw, machine.uri, back);
  assertSameFiles(source, back);
  const there = await site.assertSame(machine, true);
  assert.match(await mustRun("qemu-img", "compare", "-f", "raw", source, there), /identical/);
});

/** What qemu-io does, and what a later one must still read. */
const WRITES = [
  "write -P 0xa5 1M 3M",
  "read -P 0xa5 1M 3M",
  "write -P 0x11 65537 511",
  "write -f -P 0x22 10M 64k",
  "write -z 2M 64k",
  "write -z -u 3M 512k",
  "discard 1M 512k",
  "aio_write -P 0x33 20M 1M",
  "aio_write -P 0x44 22M 1M",
  "aio_flush",
  "write -P 0x55 67108352 512",
  "flush",
];
const READS = [
  "read -P 0x11 65537 511",
  "read -P 0 65536 1",
  "read -P 0 66048 1",
  "read -P 0x22 10M 64k",
  "read -P 0 1M 512k",
  "read -P 0xa5 1536k 512k",
  "read -P 0 2M 64k",
  "read -P 0xa5 2112k 960k",
  "read -P 0 3M 512k",
  "read -P 0xa5 3584k 512k",
  "read -P 0x33 20M 1M",
  "read -P 0x44 22M 1M",
  "read -P 0x55 67108352 512",
];

async function qemuIo(uri: string, commands: readonly string[]): Promise<void> {
  const args = commands.flatMap((command) => ["-c", command]);
  assert.doesNotMatch(await mustRun("qemu-io", "-f", "raw", ...args, uri), /failed|error/i);
}

testWithNeeds({
  name: "qemu-io's patterns, zeros, discards and unaligned writes are at the replica (C6)",
  needs: qemu,
}, async () => {
  await using site = await Site.start();
  const machine = await protect(site);
  await qemuIo(machine.uri, WRITES);
  await qemuIo(machine.uri, READS);
  const there = await site.assertSame(machine, true);
  await qemuIo(there, READS);
  // The machine runs at the replica: its disk can be written, and the primary's does not change.
  await qemuIo(there, ["write -P 0x66 30M 1M", "flush", "read -P 0x66 30M 1M", "read -P 0 31M 1M"]);
  await qemuIo(machine.uri, ["read -P 0 30M 1M"]);
});

testWithNeeds({
  name: "nbdinfo lists a protected disk and maps its holes; nbdcopy copies both ways (N2)",
  needs: [...libnbd, ...qemu],
}, async () => {
  await using site = await Site.start();
  const machine = await protect(site);
  const list = JSON.parse(await mustRun("nbdinfo", "--json", "--list", machine.uri));
  assert.equal(list.exports[0]["export-name"], "vm/0");
  assert.equal(list.exports[0]["export-size"], SIZE);
  const [source, back] = [`${site.folder}/source.img`, `${site.folder}/back.img`];
  writeImage(source);
  await mustRun("nbdcopy", "--flush", "--connections=4", source, machine.uri);
  const map = JSON.parse(await mustRun("nbdinfo", "--json", "--map", machine.uri));
  const holes = map.filter(({ type }: { type: number }) => (type & 1) === 1);
  const bytes = holes.reduce((sum: number, { length }: { length: number }) => sum + length, 0);
  assert.ok(bytes >= SIZE - 6 * MiB, `holes stayed holes: ${bytes}`);
  await mustRun("nbdcopy", "--connections=4", machine.uri, back);
  assertSameFiles(source, back);
  const there = await site.assertSame(machine, true);
  await mustRun("nbdcopy", "--connections=4", there, back);
  assertSameFiles(source, back);
});

testWithNeeds({
  name: "fio verifies what it wrote to a protected disk while cycles run, and so does the replica",
  needs: [program("fio", "fio"), ...qemu],
}, async () => {
  await using site = await Site.start();
  const machine = await protect(site);
  const args = (uri: string, ...more: string[]) => [
    "--name=verify",
    "--ioengine=nbd",
    `--uri=${uri}`,
    "--rw=randwrite",
    "--bsrange=512-64k",
    "--iodepth=16",
    "--size=48m",
    "--randseed=7",
    "--verify=crc32c",
    "--verify_fatal=1",
    // fio keeps a note of what it wrote in the folder where it runs.
    "--verify_state_save=0",
    ...more,
  ];
  // Slow enough for several cycles.
  const wrote = await run(
    "fio",
    args(machine.uri, "--fsync=64", "--do_verify=1", "--rate=,20m"),
    site.folder,
  );
  assert.equal(wrote.code, 0, wrote.text);
  assert.match(wrote.text, /READ: .*io=\d/);
  const { cycles } = await site.status(machine.vm);
  assert.ok(Number(cycles) >= 2, `cycles ran meanwhile: ${cycles}`);
  const there = await site.assertSame(machine, true);
  const read = await run("fio", args(there, "--verify_only=1"), site.folder);
  assert.equal(read.code, 0, read.text);
});
