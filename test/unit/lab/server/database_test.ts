/**
 * The lab's database: made, brought up, opened again, damaged, denied.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { LabError } from "../../../../lab/server/problem.ts";
import { DATABASE_FILE, openDatabase } from "../../../../lab/server/storage/database.ts";
import { SavedScenarios } from "../../../../lab/server/storage/saved_scenarios.ts";

/** What happens in a temporary folder. */
function inFolder(work: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "warmsite-lab-" });
  try {
    work(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const DRAFT = { name: "mine", title: "Mine", summary: "", text: "name: mine\n" };

/** The error that `work` ends with. */
function refusal(work: () => unknown): LabError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof LabError, String(error));
    return error;
  }
  throw new Error("It was not refused");
}

Deno.test("what is stored is there when the database is opened again, also by two at once", () => {
  inFolder((folder) => {
    const first = openDatabase(`${folder}/deep/data`);
    const saved = new SavedScenarios(first, folder).add(DRAFT, "parent");
    const second = openDatabase(`${folder}/deep/data`);
    assert.deepEqual(new SavedScenarios(second, folder).get("mine"), saved);
    second.close();
    first.close();
    assert.equal(Deno.statSync(`${folder}/deep/data`).mode! & 0o777, 0o700);
    const third = openDatabase(`${folder}/deep/data`);
    assert.equal(third.prepare("PRAGMA journal_mode").get()!["journal_mode"], "wal");
    assert.equal(third.prepare("PRAGMA synchronous").get()!["synchronous"], 2);
    assert.deepEqual(new SavedScenarios(third, folder).get("mine"), saved);
    third.close();
  });
});

Deno.test("a copy of the files as a crash leaves them has what was answered", () => {
  inFolder((folder) => {
    const database = openDatabase(folder);
    const saved = new SavedScenarios(database, folder).add(DRAFT, null);
    Deno.mkdirSync(`${folder}/crashed`);
    for (const suffix of ["", "-wal"]) {
      Deno.copyFileSync(
        `${folder}/${DATABASE_FILE}${suffix}`,
        `${folder}/crashed/${DATABASE_FILE}${suffix}`,
      );
    }
    database.close();
    const after = openDatabase(`${folder}/crashed`);
    assert.deepEqual(new SavedScenarios(after, folder).get("mine"), saved);
    after.close();
  });
});

Deno.test("a database of a newer program is left alone", () => {
  inFolder((folder) => {
    const database = new DatabaseSync(`${folder}/${DATABASE_FILE}`);
    database.exec("PRAGMA user_version = 999");
    database.close();
    const error = refusal(() => openDatabase(folder));
    assert.equal(error.code, "storage-denied");
    assert.match(error.message, /version 999/);
  });
});

Deno.test("a folder that cannot be written, and a file that is no database, are said with a remedy", () => {
  inFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/${DATABASE_FILE}`, "no database at all. ".repeat(500));
    const damaged = refusal(() => openDatabase(folder));
    assert.equal(damaged.code, "storage-denied");
    assert.match(damaged.message, /damaged/);
    assert.match(Deno.readTextFileSync(`${folder}/${DATABASE_FILE}`), /^no database at all/);
    Deno.writeTextFileSync(`${folder}/file`, "");
    for (const place of [`${folder}/file`, `${folder}/file/below`, "/proc/warmsite-lab"]) {
      const denied = refusal(() => openDatabase(place));
      assert.equal(denied.code, "storage-denied", denied.message);
      assert.match(denied.action, /--data/);
    }
  });
});

Deno.test("without a folder it is kept in memory", () => {
  const database = openDatabase(undefined);
  const saved = new SavedScenarios(database, "memory");
  saved.add(DRAFT, null);
  assert.equal(saved.get("mine")!.title, "Mine");
  database.close();
});
