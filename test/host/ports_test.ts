/**
 * A server's world made of its home: lock, guest disks, and two servers that meet.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { isFailed } from "../../engine/core/base/failure.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { Connection } from "../../engine/core/ports/network.ts";
import { all } from "../../engine/core/runtime/together.ts";
import { lockData } from "../../engine/host/data_lock.ts";
import { initAuthority, initServerKey, issueToServer } from "../../engine/host/pki.ts";
import { logPlace, openGuestDisk, type RealPorts, realPorts } from "../../engine/host/ports.ts";
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
        // Its logs are found also while the disk is in use.
        const { logs, stem } = yield* logPlace(folder, `${folder}/link.img`);
        assert.deepEqual([stem, yield* logs.list()], ["db.img", ["db.img"]]);
        yield* guest.disk.close();
      })(),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("two servers made of their homes alone talk to each other", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await initAuthority(`${folder}/ca`);
    const servers = [];
    for (const name of ["east", "west"]) {
      await initServerKey(`${folder}/${name}`, name);
      await issueToServer(`${folder}/ca`, `${folder}/${name}`);
      const observer = { emit: () => {} };
      servers.push(realPorts({ dataDir: `${folder}/${name}`, observer }));
    }
    const [east, west] = servers as [RealPorts, RealPorts];
    await runTask(
      east.loop,
      (function* () {
        const listener = yield* east.network.listen("127.0.0.1:0");
        const [near, far] = yield* all<Connection | undefined>("connect", [
          west.network.connect(listener.address, 5_000_000),
          listener.accept(),
        ]);
        assert.equal(near!.peer.name, "east");
        assert.equal(far!.peer.name, "west");
        const asked = { machine: "vm", command: "echo running", limit: SECOND, disks: [] };
        assert.equal(yield* west.hypervisor.status(asked), "running");
        assert.deepEqual(yield* west.data.list(), ["tls"]);
        for (const connection of [near!, far!]) connection.close();
        listener.close();
        yield* east.network.allClosed();
        yield* west.network.allClosed();
      })(),
    );
    for (const ports of servers) ports.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
