/**
 * A guest's disk that shrinks, disappears or fills while it is served, and one whose device fails: the
 * guest gets an error and never a lie, status says what to do, the server and every point stay.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed, localFailure } from "../../engine/core/base/failure.ts";
import type { MachineId } from "../../engine/core/base/units.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { TrackedDisk } from "../../engine/core/tracking/tracked_disk.ts";
import { PowerRecorder } from "../host/power_recorder.ts";
import { program, root, testWithNeeds } from "../needs.ts";
import { portsOn, run, scratch } from "../powerloss/stage.ts";
import { expectClear, House, SIZE, VM } from "./house.ts";

Deno.test("a disk that shrinks while it is served fails, says so, and is compared afterwards", async () => {
  await using house = await House.open();
  await house.protect();
  const before = Deno.readFileSync(house.image);
  const points = await house.points();
  const client = await house.connect("primary");
  Deno.truncateSync(house.image, SIZE / 2);
  await assert.rejects(client.read(SIZE - 4096, 4096), /./);
  await assert.rejects(client.write(SIZE - 4096, new Uint8Array(4096)), /./);
  await assert.rejects(client.flush(), /./);
  assert.equal(Deno.statSync(house.image).size, SIZE / 2, "nobody gave it its size back unasked");
  await client.disconnect();
  const status = await house.status("primary");
  assert.equal(status["health"], "Critical");
  assert.match(JSON.stringify(status["warnings"]), /disk\.img/);
  const refusal = await house.refused("primary", "replication cycle");
  assert.equal(refusal.exitCode, 1);
  expectClear(refusal);
  await house.expectKept(points);
  await house.stop("primary");
  Deno.writeFileSync(house.image, before);
  await house.start("primary");
  const newest = await house.cycleAtLast();
  assert.deepEqual(await house.read("replica", newest), before);
});

Deno.test("a disk that is removed while it is served can be saved, and its points stay", async () => {
  await using house = await House.open();
  await house.protect();
  const points = await house.points();
  Deno.removeSync(house.image);
  const client = await house.connect("primary");
  await assert.rejects(client.flush(), /./);
  await client.disconnect();
  const status = await house.status("primary");
  assert.equal(status["health"], "Critical");
  assert.match(JSON.stringify(status["warnings"]), /removed/);
  await house.stop("primary");
  await house.start("primary");
  const refusal = await house.refused("primary", "replication cycle");
  expectClear(refusal);
  assert.equal(refusal.exitCode, 1);
  await house.expectKept(points);
});

testWithNeeds(
  {
    name: "a disk on a full file system: the guest gets ENOSPC, goes on when there is space again",
    needs: [root, program("mount", "mount")],
  },
  async () => {
    await using house = await House.open();
    const small = `${house.folder}/small`;
    Deno.mkdirSync(small);
    await must("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small);
    try {
      const image = `${small}/disk.img`;
      await house.protect(image);
      const points = await house.points();
      const client = await house.connect("primary");
      await client.trim(0, SIZE);
      const { blocks } = Deno.statSync(image);
      fillUp(`${small}/ballast`);
      const data = new Uint8Array(SIZE / 4).fill(9);
      if ((blocks ?? 0) * 512 < SIZE) await assert.rejects(client.write(0, data), /./);
      Deno.removeSync(`${small}/ballast`);
      await client.write(0, data);
      await client.flush();
      await client.disconnect();
      const newest = await house.cycleAtLast();
      const disk = await house.read("primary");
      assert.deepEqual(disk.subarray(0, data.length), data);
      assert.deepEqual(await house.read("replica", newest), disk);
      assert.equal((await house.points())[0]?.id, points[0]?.id);
      await house.stop("primary");
    } finally {
      await house.stop("primary");
      await must("umount", small);
    }
  },
);

testWithNeeds(
  {
    name: "a replica on a full file system refuses deltas by name, keeps its points, and goes on",
    needs: [root, program("mount", "mount")],
  },
  async () => {
    await using house = await House.open();
    await house.stop("replica");
    const replicas = `${house.data("replica")}/replicas`;
    await must("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", replicas);
    try {
      await house.start("replica");
      await house.protect();
      await house.applied();
      const points = await house.points();
      fillUp(`${replicas}/${VM}/ballast`);
      const data = noiseOf(SIZE / 2);
      const client = await house.connect("primary");
      for (let at = 0; at < data.length; at += 65_536) {
        await client.write(at, data.subarray(at, at + 65_536));
      }
      await client.disconnect();
      const refusal = await house.refused("primary", "replication cycle");
      assert.equal(refusal.code, "no-space");
      assert.equal(refusal.exitCode, 1);
      expectClear(refusal);
      await house.expectKept(points);
      Deno.removeSync(`${replicas}/${VM}/ballast`);
      const newest = await house.cycleAtLast();
      assert.deepEqual(await house.read("replica", newest), await house.read("primary"));
      await house.expectKept(points);
    } finally {
      await house.stop("replica");
      await must("umount", replicas);
    }
  },
);

/** Bytes that do not compress. */
function noiseOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** Writes until nothing fits. */
function fillUp(path: string): void {
  const file = Deno.openSync(path, { write: true, create: true });
  try {
    for (const size of [1 << 20, 4096]) {
      try {
        for (;;) file.writeSync(new Uint8Array(size));
      } catch (error) {
        assert.match(String(error), /space/);
      }
    }
  } finally {
    file.close();
  }
}

async function must(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

// No device of a test machine fails when it is told to, so the failure is put in at the port, before
// the real adapter.
Deno.test("a device that fails a write or a flush clears no bit and refuses until restarted (T10)", async () => {
  const folder = scratch();
  try {
    const recorder = new PowerRecorder(`${folder}/life`);
    await run(failing(recorder));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

function* failing(recorder: PowerRecorder): Task<void> {
  const { folder } = recorder;
  yield* (yield* folder.createDisk("vm.img", 64 * 4096)).close();
  const marks = yield* folder.folder("marks", { create: true });
  const machine = "5".repeat(32) as MachineId;
  const geometry = { blockSize: 4096, regionSize: 16_384 };
  const options = { geometry, slots: 16, cowSizeMax: 1 << 20, marks, machine, disk: 0 };
  const open = function* () {
    return { disk: yield* folder.openDisk("vm.img"), logs: folder, stem: "vm.img" };
  };
  const ports = portsOn(folder);
  const disk = yield* TrackedDisk.create(ports, yield* open(), options);
  yield* disk.write(0, new Uint8Array(4096).fill(1));
  const error = localFailure("io-error", "The device reported an error", "Replace it");
  let failed = false;
  recorder.fault = (call) => {
    failed ||= call.kind === "write" && call.at === 8192 && call.data[0] === 2;
    return failed ? error : undefined;
  };
  yield* refused(disk.write(8192, new Uint8Array(4096).fill(2)));
  yield* refused(disk.flush());
  recorder.fault = undefined;
  yield* refused(disk.flush());
  assert.ok(disk.troubles.length > 0, "health shows it");
  for (const failure of disk.troubles) expectClear(failure);
  yield* disk.close();
  const again = yield* TrackedDisk.open(ports, yield* open(), options);
  again.swap("live");
  const first = again.view?.next(1 << 20);
  assert.equal(first?.at, 0, "what was written is still marked");
  again.forgetProgress();
  yield* again.close();
}

function* refused(task: Task<unknown>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    assert.ok(isFailed(error), String(error));
    return;
  }
  assert.fail("nothing was refused");
}
