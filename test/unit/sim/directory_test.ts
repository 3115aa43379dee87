/**
 * What a loss of power may leave of names, and files with them (E3).
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Folder } from "../../../engine/core/ports/folder.ts";
import type { Task } from "../../../engine/core/runtime/task.ts";
import { SimWorld } from "../../../engine/sim/world.ts";
import { loadKernel } from "../../../wasm/codec.ts";

/** Runs `body` on a host's data folder, cuts the power, and tells what is in the folder then. */
function afterPowerLoss(seed: number, body: (folder: Folder) => Task<void>): Map<string, string> {
  const host = new SimWorld({ seed, kernel: loadKernel() }).addHost("a");
  host.boot();
  host.run(body((host.ports as { data: Folder }).data));
  host.powerLoss();
  host.powerOn();
  host.boot();
  const { data } = host.ports as { data: Folder };
  return host.run((function* (): Task<Map<string, string>> {
    const found = new Map<string, string>();
    for (const name of yield* data.list()) {
      const file = yield* data.open(name);
      found.set(name, (yield* file.read(0, 10_000)).join(""));
      yield* file.close();
    }
    return found;
  })());
}

function* put(folder: Folder, name: string, bytes: number[], flush: boolean): Task<void> {
  const file = yield* folder.open(name, { create: true });
  yield* file.write(0, new Uint8Array(bytes));
  if (flush) yield* file.flush();
  yield* file.close();
}

function outcomes(body: (folder: Folder) => Task<void>): Set<string> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 150; seed++) {
    const found = afterPowerLoss(seed, body);
    seen.add([...found].map(([name, content]) => `${name}=${content}`).join(" "));
  }
  return seen;
}

Deno.test("a file created and not flushed may vanish, be empty, be zeros, or be whole", () => {
  const seen = outcomes((folder) => put(folder, "a", [1, 2], false));
  assert.deepEqual([...seen].sort(), ["", "a=", "a=00", "a=12"]);
});

Deno.test("a flushed file may vanish with its name, or is whole", () => {
  const seen = outcomes((folder) => put(folder, "a", [1, 2], true));
  assert.deepEqual([...seen].sort(), ["", "a=12"]);
});

Deno.test("a flushed file in a flushed folder is there", () => {
  const seen = outcomes(function* (folder) {
    yield* put(folder, "a", [1, 2], true);
    yield* folder.flush();
  });
  assert.deepEqual([...seen], ["a=12"]);
});

Deno.test("write, flush, rename, no flush of the folder: the old state or the new one, whole", () => {
  const seen = outcomes(function* (folder) {
    yield* put(folder, "state", [1], true);
    yield* folder.flush();
    yield* put(folder, "state.tmp", [2], true);
    yield* folder.rename("state.tmp", "state");
  });
  assert.deepEqual([...seen].sort(), ["state=1", "state=1 state.tmp=2", "state=2"]);
});

Deno.test("write, rename without a flush of the file: the new state may be garbage", () => {
  const seen = outcomes(function* (folder) {
    yield* put(folder, "state", [1], true);
    yield* folder.flush();
    yield* put(folder, "state.tmp", [2], false);
    yield* folder.rename("state.tmp", "state");
    yield* folder.flush();
  });
  assert.deepEqual([...seen].sort(), ["state=", "state=0", "state=2"]);
});

Deno.test("an unflushed removal may not have happened", () => {
  const seen = outcomes(function* (folder) {
    yield* put(folder, "a", [1], true);
    yield* put(folder, "b", [2], true);
    yield* folder.flush();
    yield* folder.remove("a");
    yield* folder.remove("b");
  });
  assert.deepEqual([...seen].sort(), ["", "a=1", "a=1 b=2", "b=2"]);
});

Deno.test("a folder flush covers the names that there were when it began", () => {
  const seen = outcomes(function* (folder) {
    yield* put(folder, "a", [1], true);
    yield* folder.flush();
    yield* put(folder, "b", [2], true);
  });
  assert.deepEqual([...seen].sort(), ["a=1", "a=1 b=2"]);
});

Deno.test("a process kill loses nothing that returned, flushed or not (E3)", () => {
  const host = new SimWorld({ seed: 3, kernel: loadKernel() }).addHost("a");
  host.boot();
  host.run(put((host.ports as { data: Folder }).data, "a", [1, 2, 3], false));
  host.kill();
  host.boot();
  const { data } = host.ports as { data: Folder };
  const file = host.run(data.open("a"));
  assert.deepEqual(host.run(file.read(0, 10)), new Uint8Array([1, 2, 3]));
});

Deno.test("space is counted, given back, and counted again after a loss of power", () => {
  const host = new SimWorld({ seed: 4, kernel: loadKernel() })
    .addHost("a", { dataCapacity: 100 * 4096 });
  host.boot();
  const data = () => (host.ports as { data: Folder }).data;
  const free = () => host.run(data().free()) / 4096;
  assert.equal(free(), 100);
  const file = host.run(data().open("a", { create: true }));
  host.run(file.write(0, new Uint8Array(10 * 4096)));
  assert.equal(free(), 90);
  host.run(file.allocate(20 * 4096));
  assert.equal(free(), 80);
  const disk = host.run(data().createDisk("d", 4096 * 4096));
  assert.equal(free(), 80, "A disk is sparse");
  host.run(disk.write(0, new Uint8Array(4096)));
  assert.equal(free(), 79);
  assert.throws(() => host.run(disk.write(4096, new Uint8Array(80 * 4096))), /no-space/);
  host.run(disk.zero(0, 4096));
  assert.equal(free(), 80);
  host.run(data().remove("a"));
  assert.equal(free(), 80, "It is still open");
  host.run(file.close());
  assert.equal(free(), 100);
  host.run(data().flush());
  host.powerLoss();
  host.powerOn();
  host.boot();
  assert.equal(free(), 100);
});
