import assert from "node:assert/strict";
import * as fs from "node:fs";
import { isFailed } from "../../engine/core/base/failure.ts";
import { lockData } from "../../engine/host/data_lock.ts";
import { openGuestDisk } from "../../engine/host/ports.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";

Deno.test("one server per data folder: the second is told the process of the first", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const lock = lockData(folder);
    assert.throws(() => lockData(folder), (error) => {
      assert.ok(isFailed(error, "locked"));
      assert.match(error.failure.message, new RegExp(`process ${Deno.pid}$`));
      return true;
    });
    lock.release();
    lockData(folder).release();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a guest's disk has its logs beside it, also when it is named by a link (T9)", async () => {
  const folder = await Deno.makeTempDir();
  try {
    fs.mkdirSync(`${folder}/images`);
    fs.writeFileSync(`${folder}/images/db.img`, new Uint8Array(8192));
    fs.symlinkSync(`${folder}/images/db.img`, `${folder}/link.img`);
    await runTask(
      realLoop(),
      (function* () {
        const guest = yield* openGuestDisk(folder, `${folder}/link.img`);
        assert.equal(guest.stem, "db.img");
        assert.deepEqual(yield* guest.logs.list(), ["db.img"]);
        assert.equal(guest.disk.size, 8192);
        yield* guest.disk.close();
      })(),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
