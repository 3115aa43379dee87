/**
 * A server's home: made once, whole, and read back.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { isFailed } from "../../../engine/core/base/failure.ts";
import { createHome, readSettings } from "../../../engine/agent/home.ts";

const SETTINGS = { name: "a", listen: "127.0.0.1:7100" };

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "warmsite-home-" });
  try {
    await run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a home is for its owner alone, and says what it was told", async () => {
  await inFolder(async (folder) => {
    await createHome(`${folder}/deep/home`, SETTINGS);
    assert.deepEqual(readSettings(`${folder}/deep/home`), SETTINGS);
    const mode = (path: string) => fs.statSync(path).mode & 0o777;
    assert.equal(mode(`${folder}/deep/home`), 0o700);
    assert.equal(mode(`${folder}/deep/home/settings.json`), 0o600);
    assert.equal(mode(`${folder}/deep/home/tls/key.pem`), 0o600);
  });
});

Deno.test("a making that was cut short is finished by the next one", async () => {
  await inFolder(async (folder) => {
    await createHome(folder, SETTINGS);
    // As a crash leaves it: the settings come last.
    fs.rmSync(`${folder}/settings.json`);
    fs.writeFileSync(`${folder}/settings.json.tmp`, "{");
    const key = fs.readFileSync(`${folder}/tls/key.pem`, "utf8");
    await createHome(folder, SETTINGS);
    assert.deepEqual(readSettings(folder), SETTINGS);
    assert.notEqual(fs.readFileSync(`${folder}/tls/key.pem`, "utf8"), key);
  });
});

Deno.test("nothing of somebody else's is touched", async () => {
  await inFolder(async (folder) => {
    fs.writeFileSync(`${folder}/mine.txt`, "mine");
    fs.chmodSync(folder, 0o755);
    const error = await createHome(folder, SETTINGS).catch((error: unknown) => error);
    assert.ok(isFailed(error, "exists"), String(error));
    assert.deepEqual(fs.readdirSync(folder), ["mine.txt"]);
    assert.equal(fs.statSync(folder).mode & 0o777, 0o755);
  });
});
