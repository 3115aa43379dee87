/**
 * Laws of the `Folder` and `File` ports.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import type { Folder } from "../../engine/core/ports/folder.ts";
import type { Ports } from "../../engine/core/ports/ports.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { law, pattern, type Stage, type Staging, thrownBy } from "./stage.ts";

/** A stage with an empty folder. */
export interface FolderStage extends Stage {
  /** Empty at first. */
  readonly folder: Folder;
}

type Fact = (text: string, body: (stage: FolderStage) => Task<void>) => void;

/** Defines the tests of the `Folder` and `File` ports for the adapter that `staging` gives. */
export function folderSuite(name: string, staging: Staging<FolderStage>): void {
  const fact: Fact = (text, body) => law(`Folder, ${name}`, staging, text, body);
  files(fact);
  lengths(fact);
  names(fact);
  folders(fact);
  locks(fact);
}

/** A stage with the port that opens folders by their whole path. */
export interface PlaceStage extends Stage {
  readonly openPlace: Ports["openPlace"];
  /** Path of a folder in which the test may make what it likes; there is nothing in it. */
  readonly place: string;
}

/** Defines the tests of `Ports.openPlace` for the adapter that `staging` gives. */
export function placeSuite(name: string, staging: Staging<PlaceStage>): void {
  const fact = (text: string, body: (stage: PlaceStage) => Task<void>) =>
    law(`openPlace, ${name}`, staging, text, body);
  fact("a folder is made only when asked for, with all that lies above it", function* (stage) {
    const { openPlace, place } = stage;
    assert.ok(isFailed(yield* thrownBy(openPlace(`${place}/a/b`)), "not-found"));
    const made = yield* openPlace(`${place}/a/b`, { create: true });
    yield* (yield* made.open("x", { create: true })).close();
    assert.deepEqual(yield* (yield* openPlace(`${place}/a/b`)).list(), ["x"]);
    assert.deepEqual(yield* (yield* openPlace(`${place}//a/../a/`)).list(), ["b"]);
    yield* (yield* openPlace(`${place}/a/b`, { create: true })).remove("x");
    assert.deepEqual(yield* made.list(), []);
    assert.ok((yield* made.free()) > 0);
  });
  fact("a folder in it may be renamed as a whole", function* ({ openPlace, place }) {
    const outer = yield* openPlace(place, { create: true });
    const inner = yield* outer.folder("half", { create: true });
    yield* (yield* inner.createDisk("disk", 8192)).close();
    yield* inner.flush();
    yield* outer.rename("half", "whole");
    yield* outer.flush();
    assert.deepEqual(yield* (yield* openPlace(`${place}/whole`)).list(), ["disk"]);
    assert.ok(isFailed(yield* thrownBy(openPlace(`${place}/half`)), "not-found"));
  });
  fact("what is no whole path of a folder is refused with bad-argument", function* (stage) {
    const { openPlace, place } = stage;
    for (const path of ["", "a", "./a", `${place}\0`]) {
      const options = { create: true };
      assert.ok(isFailed(yield* thrownBy(openPlace(path, options)), "bad-argument"), path);
    }
    const outer = yield* openPlace(place, { create: true });
    yield* (yield* outer.open("file", { create: true })).close();
    assert.ok(isFailed(yield* thrownBy(openPlace(`${place}/file`)), "bad-argument"));
  });
}

function files(fact: Fact): void {
  fact("a file that is not there is made only when asked for", function* ({ folder }) {
    assert.ok(isFailed(yield* thrownBy(folder.open("a")), "not-found"));
    const file = yield* folder.open("a", { create: true });
    assert.equal(file.size, 0);
    yield* file.close();
    assert.deepEqual(yield* folder.list(), ["a"]);
  });
  fact("a file reads back what was written, and less only at its end", function* ({ folder }) {
    const file = yield* folder.open("a", { create: true });
    yield* file.write(0, pattern(1000, 1));
    yield* file.write(500, pattern(1500, 2));
    assert.equal(file.size, 2000);
    const expected = new Uint8Array(2000);
    expected.set(pattern(1000, 1));
    expected.set(pattern(1500, 2), 500);
    assert.deepEqual(yield* file.read(0, 2000), expected);
    assert.deepEqual(yield* file.read(1990, 100), expected.slice(1990));
    assert.equal((yield* file.read(2000, 10)).length, 0);
    assert.equal((yield* file.read(5000, 10)).length, 0);
    yield* file.close();
  });
  fact("a write beyond the end leaves zeros between", function* ({ folder }) {
    const file = yield* folder.open("a", { create: true });
    yield* file.write(10_000, pattern(5, 1));
    assert.equal(file.size, 10_005);
    assert.deepEqual(yield* file.read(0, 10_000), new Uint8Array(10_000));
    yield* file.close();
  });
  fact("contents outlive close, and truncate on open cuts them", function* ({ folder }) {
    const file = yield* folder.open("a", { create: true });
    yield* file.write(0, pattern(100, 1));
    yield* file.flush();
    yield* file.close();
    const again = yield* folder.open("a", { create: true });
    assert.deepEqual(yield* again.read(0, 100), pattern(100, 1));
    yield* again.close();
    const cut = yield* folder.open("a", { truncate: true });
    assert.equal(cut.size, 0);
    yield* cut.close();
  });
  fact("two handles of one file see each other's writes", function* ({ folder }) {
    const one = yield* folder.open("a", { create: true });
    const two = yield* folder.open("a");
    yield* one.write(0, pattern(50, 1));
    assert.deepEqual(yield* two.read(0, 50), pattern(50, 1));
    yield* one.close();
    yield* two.close();
  });
}

function lengths(fact: Fact): void {
  fact("truncate cuts, and grows with zeros", function* ({ folder }) {
    const file = yield* folder.open("a", { create: true });
    yield* file.write(0, pattern(3000, 1));
    yield* file.truncate(1000);
    assert.equal(file.size, 1000);
    yield* file.truncate(2000);
    assert.equal(file.size, 2000);
    const expected = new Uint8Array(2000);
    expected.set(pattern(3000, 1).subarray(0, 1000));
    assert.deepEqual(yield* file.read(0, 5000), expected);
    yield* file.close();
  });
  fact("a file and a disk in one folder tell their changes by one clock", function* (stage) {
    const { folder } = stage;
    const file = yield* folder.open("log", { create: true });
    const disk = yield* folder.createDisk("0.img", 65_536);
    yield* file.write(0, pattern(4096, 1));
    const before = yield* file.lastChange();
    yield* stage.clock.sleep(20_000);
    yield* disk.write(0, pattern(4096, 1));
    const between = yield* disk.identity();
    yield* stage.clock.sleep(20_000);
    yield* file.write(0, pattern(4096, 1));
    const behind = yield* file.lastChange();
    assert.equal(between.device, before.device);
    assert.ok(BigInt(before.changed) < BigInt(between.changed), "the disk was written later");
    assert.ok(BigInt(between.changed) < BigInt(behind.changed), "the file was written again");
    yield* disk.close();
    yield* file.close();
  });

  fact("allocate takes space and does not change contents", function* ({ folder }) {
    const file = yield* folder.open("a", { create: true });
    yield* file.write(0, pattern(100, 1));
    yield* file.allocate(200_000);
    assert.deepEqual(yield* file.read(0, 100), pattern(100, 1));
    yield* file.write(150_000, pattern(10, 2));
    assert.deepEqual(yield* file.read(150_000, 10), pattern(10, 2));
    yield* file.flush();
    yield* file.close();
  });
  fact("free says how much still fits", function* ({ folder }) {
    const free = yield* folder.free();
    assert.ok(Number.isSafeInteger(free) && free > 0);
  });
}

function names(fact: Fact): void {
  fact("names are listed sorted by code unit", function* ({ folder }) {
    for (const name of ["b", "a.tmp", "Z", "a"]) {
      yield* (yield* folder.open(name, { create: true })).close();
    }
    assert.deepEqual(yield* folder.list(), ["Z", "a", "a.tmp", "b"]);
  });
  fact("rename replaces, and an open handle goes along", function* ({ folder }) {
    const old = yield* folder.open("state", { create: true });
    yield* old.write(0, pattern(10, 1));
    yield* old.close();
    const file = yield* folder.open("state.tmp", { create: true });
    yield* file.write(0, pattern(20, 2));
    yield* file.flush();
    yield* folder.rename("state.tmp", "state");
    yield* folder.flush();
    yield* file.write(20, pattern(5, 3));
    assert.deepEqual(yield* folder.list(), ["state"]);
    const again = yield* folder.open("state");
    assert.equal(again.size, 25);
    assert.deepEqual(yield* again.read(0, 20), pattern(20, 2));
    yield* again.close();
    yield* file.close();
  });
  fact("renaming what is not there fails with not-found", function* ({ folder }) {
    assert.ok(isFailed(yield* thrownBy(folder.rename("a", "b")), "not-found"));
  });
  fact("remove removes, also what is open; nothing to remove is no failure", function* (stage) {
    const { folder } = stage;
    const file = yield* folder.open("a", { create: true });
    yield* file.write(0, pattern(10, 1));
    yield* folder.remove("a");
    yield* folder.remove("a");
    assert.deepEqual(yield* folder.list(), []);
    assert.deepEqual(yield* file.read(0, 10), pattern(10, 1));
    yield* file.close();
    yield* folder.flush();
  });
  fact("a name that is no single component is refused with bad-name", function* ({ folder }) {
    for (const name of ["../x", "a/b", "..", ".", "", "a\0b"]) {
      const tries = [
        folder.open(name, { create: true }),
        folder.folder(name, { create: true }),
        folder.createDisk(name, 4096),
        folder.remove(name),
        folder.rename("a", name),
      ];
      for (const task of tries) {
        assert.ok(isFailed(yield* thrownBy(task), "bad-name"), JSON.stringify(name));
      }
    }
  });
}

function folders(fact: Fact): void {
  fact("folders lie in folders, and are removed with all they hold", function* ({ folder }) {
    assert.ok(isFailed(yield* thrownBy(folder.folder("vm")), "not-found"));
    const made = yield* folder.folder("vm", { create: true });
    yield* (yield* made.open("x", { create: true })).close();
    yield* (yield* made.folder("undo", { create: true })).flush();
    const again = yield* folder.folder("vm");
    assert.deepEqual(yield* again.list(), ["undo", "x"]);
    yield* folder.remove("vm");
    assert.deepEqual(yield* folder.list(), []);
  });
  fact("a disk in a folder is made once, sparse, and listed", function* ({ folder }) {
    const disk = yield* folder.createDisk("0.img", 1024 * 1024);
    assert.equal(disk.size, 1024 * 1024);
    yield* disk.write(4096, pattern(4096, 1));
    assert.ok(isFailed(yield* thrownBy(folder.createDisk("0.img", 4096)), "exists"));
    assert.ok(isFailed(yield* thrownBy(folder.openDisk("0.img")), "locked"));
    yield* disk.close();
    assert.deepEqual(yield* folder.list(), ["0.img"]);
    const again = yield* folder.openDisk("0.img");
    assert.deepEqual(yield* again.read(4096, 4096), pattern(4096, 1));
    yield* again.close();
    assert.ok(isFailed(yield* thrownBy(folder.openDisk("1.img")), "not-found"));
  });
}

function locks(fact: Fact): void {
  fact("a file's lock has one holder, until it is closed", function* ({ folder }) {
    const one = yield* folder.open("lock", { create: true });
    const two = yield* folder.open("lock");
    yield* one.lock();
    assert.ok(isFailed(yield* thrownBy(two.lock()), "locked"));
    yield* one.close();
    yield* two.lock();
    yield* two.close();
  });
}
