/**
 * Other people's NBD clients on our server: QEMU's tools, libnbd's tools, fio.
 *
 * @module
 */

import assert from "node:assert/strict";

import { MiB } from "../../engine/core/base/units.ts";
import { program, testWithNeeds } from "../needs.ts";
import { mustRun, run, ServedFile } from "./nbd_server.ts";

const SIZE = 64 * MiB;
const qemu = [program("qemu-img", "qemu-utils"), program("qemu-io", "qemu-utils")];
const libnbd = [program("nbdinfo", "libnbd-bin"), program("nbdcopy", "libnbd-bin")];
const fio = [program("fio", "fio")];

/** A file with holes, patterns and noise. */
function writeImage(path: string): Uint8Array {
  const image = new Uint8Array(SIZE);
  for (let at = 5 * MiB; at < 9 * MiB; at += 65_536) {
    crypto.getRandomValues(image.subarray(at, at + 65_536));
  }
  image.fill(0x5a, 20 * MiB + 7, 21 * MiB);
  image[SIZE - 1] = 1;
  Deno.writeFileSync(path, image);
  return image;
}

testWithNeeds(
  { name: "qemu-img convert in, compare and convert out give the same bytes", needs: qemu },
  async () => {
    await using served = await ServedFile.start(SIZE);
    const source = `${served.folder}/source.img`;
    const image = writeImage(source);
    const raw = ["-f", "raw", "-O", "raw"];
    await mustRun("qemu-img", "convert", "-n", ...raw, source, served.uri);
    assert.match(
      await mustRun("qemu-img", "compare", "-f", "raw", source, served.uri),
      /identical/,
    );
    assert.deepEqual(Deno.readFileSync(served.file), image);
    assert.ok(served.allocated < 16 * MiB, "holes stayed holes");
    await mustRun("qemu-img", "convert", ...raw, served.uri, `${served.folder}/back.img`);
    assert.deepEqual(Deno.readFileSync(`${served.folder}/back.img`), image);
  },
);

testWithNeeds(
  { name: "qemu-io reads back patterns, zeros and discards", needs: qemu },
  async () => {
    await using served = await ServedFile.start(SIZE);
    const commands = [
      "write -P 0xa5 1M 3M",
      "read -P 0xa5 1M 3M",
      "write -P 0x11 65537 511",
      "read -P 0x11 65537 511",
      "write -f -P 0x22 10M 64k",
      "write -z 2M 64k",
      "read -P 0 2M 64k",
      "write -z -u 3M 512k",
      "read -P 0 3M 512k",
      "discard 1M 512k",
      "read -P 0 1M 512k",
      "read -P 0xa5 1536k 512k",
      "aio_write -P 0x33 20M 1M",
      "aio_write -P 0x44 22M 1M",
      "aio_flush",
      "read -P 0x33 20M 1M",
      "read -P 0x44 22M 1M",
      "flush",
    ];
    const text = await mustRun(
      "qemu-io",
      "-f",
      "raw",
      ...commands.flatMap((command) => ["-c", command]),
      served.uri,
    );
    assert.doesNotMatch(text, /failed|error/i);
    assert.equal(Deno.readFileSync(served.file)[10 * MiB], 0x22);
  },
);

testWithNeeds(
  { name: "qemu-io beyond the end and on a wrong name fails cleanly", needs: qemu },
  async () => {
    await using served = await ServedFile.start(SIZE);
    const beyond = await run("qemu-io", "-f", "raw", "-c", `write ${SIZE} 4k`, served.uri);
    assert.notEqual(beyond.code, 0);
    const wrong = await run("qemu-io", "-f", "raw", "-c", "quit", served.uri.replace("/0?", "/1?"));
    assert.match(wrong.text, /No such export|not available/);
  },
);

testWithNeeds({ name: "nbdinfo lists the export and maps its holes", needs: libnbd }, async () => {
  await using served = await ServedFile.start(SIZE);
  using file = Deno.openSync(served.file, { write: true });
  file.seekSync(8 * MiB, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(1 * MiB).fill(1));
  const [{ exports: [entry] }] = [
    JSON.parse(await mustRun("nbdinfo", "--json", "--list", served.uri)),
  ];
  assert.equal(entry["export-name"], "VM/0");
  assert.equal(entry["description"], "the disk of a test");
  assert.equal(entry["export-size"], SIZE);
  assert.deepEqual(entry["contexts"], ["base:allocation"]);
  assert.equal(entry["can_multi_conn"], false);
  assert.equal(entry["block_size_maximum"], 32 * MiB);
  const map = JSON.parse(await mustRun("nbdinfo", "--json", "--map", served.uri));
  assert.deepEqual(map.map((part: { length: number; type: number }) => [part.length, part.type]), [
    [8 * MiB, 3],
    [1 * MiB, 0],
    [SIZE - 9 * MiB, 3],
  ]);
});

for (const multiConn of [false, true]) {
  testWithNeeds({
    name: `nbdcopy both ways, multi-conn ${multiConn ? "announced" : "not announced"} (N2)`,
    needs: libnbd,
  }, async () => {
    await using served = await ServedFile.start(SIZE, multiConn);
    const source = `${served.folder}/source.img`;
    const image = writeImage(source);
    await mustRun("nbdcopy", "--flush", "--connections=4", source, served.uri);
    assert.deepEqual(Deno.readFileSync(served.file), image);
    const back = `${served.folder}/back.img`;
    await mustRun("nbdcopy", "--connections=4", served.uri, back);
    assert.deepEqual(Deno.readFileSync(back), image);
  });
}

for (const [depth, blockSize] of [[16, "4k"], [4, "1m"], [32, "512-128k"]] as const) {
  testWithNeeds({
    name: `fio verifies what it wrote: ${blockSize} at depth ${depth}`,
    needs: fio,
  }, async () => {
    await using served = await ServedFile.start(SIZE);
    const size = blockSize.includes("-") ? [`--bsrange=${blockSize}`] : [`--bs=${blockSize}`];
    const report = await mustRun(
      "fio",
      "--name=verify",
      "--ioengine=nbd",
      `--uri=${served.uri}`,
      "--rw=randwrite",
      ...size,
      `--iodepth=${depth}`,
      "--size=32m",
      "--fsync=64",
      "--verify=crc32c",
      "--verify_fatal=1",
      "--do_verify=1",
      // Else fio leaves a note of it in the folder where the tests run.
      "--verify_state_save=0",
    );
    assert.match(report, /err= 0/);
    assert.match(report, /READ: .*io=\d/);
  });
}
