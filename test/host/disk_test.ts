/**
 * Image files and devices as disks, where the port's laws do not reach: holes, locks, bad ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { isFailed } from "../../engine/core/base/failure.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { all } from "../../engine/core/runtime/together.ts";
import { FileDisk, openDisk } from "../../engine/host/disk.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";
import { thrownBy } from "../conformance/stage.ts";
import { linux, program, root, testWithNeeds } from "../needs.ts";

const MiB = 1024 * 1024;

async function withImage(
  size: number,
  work: (path: string) => Task<void> | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "warmsite-disk-" });
  try {
    const path = `${folder}/disk.img`;
    const file = fs.openSync(path, "wx");
    fs.ftruncateSync(file, size);
    fs.closeSync(file);
    const result = work(path);
    if (result instanceof Promise) await result;
    else await runTask(realLoop(), result);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what is written at an offset is read there, and nothing else changes", () =>
  withImage(3 * MiB, function* (path) {
    const disk = openDisk(path);
    const data = new Uint8Array(MiB + 4096).fill(0xa5);
    yield* disk.write(MiB - 4096, data);
    yield* disk.flush();
    const whole = yield* disk.read(0, 3 * MiB);
    assert.ok(whole.subarray(0, MiB - 4096).every((byte) => byte === 0));
    assert.deepEqual(whole.subarray(MiB - 4096, 2 * MiB), data);
    assert.ok(whole.subarray(2 * MiB).every((byte) => byte === 0));
    yield* disk.close();
  }));

Deno.test("a range that is zeroed in place reads as zeros and keeps its space", () =>
  withImage(8 * MiB, function* (path) {
    const disk = openDisk(path);
    yield* disk.write(0, new Uint8Array(8 * MiB).fill(1));
    yield* disk.zero(4096 + 100, 3 * MiB, { keepSpace: true });
    yield* disk.flush();
    const whole = yield* disk.read(0, 8 * MiB);
    for (let at = 0; at < whole.length; at += 50) {
      const zeroed = at >= 4196 && at < 4196 + 3 * MiB;
      assert.equal(whole[at], zeroed ? 0 : 1, `byte ${at}`);
    }
    assert.ok((Deno.statSync(path).blocks ?? 0) * 512 >= 8 * MiB, "nothing was given back");
    yield* disk.close();
  }));

Deno.test("a range that is zeroed reads as zeros and is given back", () =>
  withImage(8 * MiB, function* (path) {
    const disk = openDisk(path);
    yield* disk.write(0, new Uint8Array(8 * MiB).fill(1));
    yield* disk.zero(4096 + 100, 2 * MiB);
    yield* disk.zero(3 * MiB, 5 * MiB);
    const whole = yield* disk.read(0, 8 * MiB);
    for (let at = 0; at < whole.length; at += 50) {
      const zeroed = (at >= 4196 && at < 4196 + 2 * MiB) || at >= 3 * MiB;
      assert.equal(whole[at], zeroed ? 0 : 1, `byte ${at}`);
    }
    yield* disk.flush();
    if (Deno.build.os === "linux") {
      assert.deepEqual(yield* disk.allocated(0, 8 * MiB), [
        { at: 0, length: 8192 },
        { at: 4096 + 2 * MiB, length: MiB - 4096 },
      ]);
    }
    yield* disk.close();
  }));

Deno.test("requests outside the disk fail with out-of-range and change nothing", () =>
  withImage(8192, function* (path) {
    const disk = openDisk(path);
    for (const [at, length] of [[8192, 1], [0, 8193], [-1, 2], [0.5, 1], [NaN, 1]] as const) {
      yield* failing("out-of-range", disk.read(at, length));
      yield* failing("out-of-range", disk.write(at, new Uint8Array(length)));
      yield* failing("out-of-range", disk.zero(at, length));
    }
    assert.equal((yield* disk.read(8192, 0)).length, 0);
    yield* disk.close();
    assert.equal(fs.statSync(path).size, 8192);
  }));

Deno.test("a second opener of a disk is told that it is locked (T9)", () =>
  withImage(8192, function* (path) {
    const disk = openDisk(path);
    assert.throws(() => openDisk(path), (error) => isFailed(error, "locked"));
    yield* disk.close();
    yield* openDisk(path).close();
  }));

Deno.test("a disk that shrank is noticed when it is read and when it is flushed", () =>
  withImage(64 * 1024, function* (path) {
    const disk = openDisk(path);
    fs.truncateSync(path, 10_000);
    yield* failing("disk-changed-size", disk.read(8192, 4096));
    yield* failing("disk-changed-size", disk.flush());
    // A write at the end would give the file its size back, and zeros where data was.
    yield* failing("disk-changed-size", disk.write(60 * 1024, new Uint8Array(4096)));
    assert.equal(fs.statSync(path).size, 10_000);
    yield* disk.close();
  }));

Deno.test("a disk that is removed while open is noticed when it is flushed", () =>
  withImage(8192, function* (path) {
    const disk = openDisk(path);
    fs.rmSync(path);
    yield* failing("not-found", disk.flush());
    yield* disk.close();
  }));

testWithNeeds(
  {
    name: "QEMU and we refuse each other's images (T9)",
    needs: [program("qemu-io", "qemu-utils")],
  },
  () =>
    withImage(64 * 1024, async (path) => {
      const args = ["-f", "raw", "-c", "write 0 4k", path];
      const write = () => new Deno.Command("qemu-io", { args }).output();
      const disk = openDisk(path);
      const refused = await write();
      assert.match(new TextDecoder().decode(refused.stderr), /lock/);
      disk.abandon();
      assert.ok((await write()).success);

      const holder = new Deno.Command("qemu-io", {
        args: ["-f", "raw", path],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      // Its prompt says that the image is open.
      const reader = holder.stdout.getReader();
      await reader.read();
      assert.throws(() => openDisk(path), (error) => {
        assert.ok(isFailed(error, "locked"), String(error));
        assert.match(error.failure.message, /QEMU has it open/);
        return true;
      });
      await holder.stdin.close();
      await reader.cancel();
      await holder.status;
    }),
);

Deno.test("flushes asked for at the same time all return, and the stamp moves with writes (T6)", () =>
  withImage(MiB, function* (path) {
    const disk = openDisk(path);
    const before = yield* disk.identity();
    yield* disk.write(0, new Uint8Array(4096).fill(1));
    yield* all("flushes", [disk.flush(), disk.flush(), disk.flush()]);
    const after = yield* disk.identity();
    assert.equal(after.stamped, true);
    assert.equal(after.inode, before.inode);
    assert.notEqual(after.changed, before.changed);
    yield* disk.close();
  }));

Deno.test("a disk that is not there, or is no disk, says so", async () => {
  assert.throws(() => openDisk("/nowhere/x.img"), (error) => isFailed(error, "not-found"));
  const folder = await Deno.makeTempDir();
  assert.throws(() => openDisk(folder), (error) => isFailed(error, "bad-argument"));
  await Deno.remove(folder);
});

Deno.test("after a failed flush no flush of the disk succeeds until it is opened again (T10)", () => {
  // /dev/null cannot be flushed: the kernel refuses.
  const descriptor = fs.openSync("/dev/null", "r+");
  return runTask(
    realLoop(),
    (function* (): Task<void> {
      const disk = new FileDisk("null.img", descriptor, undefined, 0, () => {});
      assert.ok(isFailed(yield* thrownBy(disk.flush())));
      yield* failing("disk-failed", disk.flush());
      yield* disk.close();
    })(),
  );
});

testWithNeeds(
  { name: "a disk of a full file system fails with no-space", needs: [linux, root] },
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const mount = new Deno.Command("mount", {
        args: ["-t", "tmpfs", "-o", "size=1m", "warmsite-test", folder],
      });
      if (!(await mount.output()).success) return;
      fs.writeFileSync(`${folder}/disk.img`, new Uint8Array(0));
      fs.truncateSync(`${folder}/disk.img`, 4 * MiB);
      await runTask(
        realLoop(),
        (function* (): Task<void> {
          const disk = openDisk(`${folder}/disk.img`);
          yield* failing("no-space", disk.write(0, new Uint8Array(2 * MiB).fill(1)));
          yield* disk.close();
        })(),
      );
    } finally {
      await new Deno.Command("umount", { args: [folder] }).output();
      await Deno.remove(folder);
    }
  },
);

function* failing(code: Parameters<typeof isFailed>[1], task: Task<unknown>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    assert.ok(isFailed(error, code as never), String(error));
    return;
  }
  assert.fail(`nothing failed with ${code}`);
}
