/**
 * WRITE_ZEROES on a protected disk, through the real servers down to the file.
 *
 * @module
 */

import assert from "node:assert/strict";
import { GiB, MiB } from "../../engine/core/base/units.ts";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import { Site } from "./site.ts";

Deno.test("gigabytes of zeros that keep their space are written by nobody, and keep it", async () => {
  await using site = await Site.start();
  const file = site.sparseFile("disk.raw", 4 * GiB);
  // Seldom, so that no cycle is missed for the copy of its gigabytes.
  const machine = await site.protect("vm", file, { every: 60 });
  const client = await NbdClient.connect(machine.uri);
  await client.write(MiB, new Uint8Array(MiB).fill(7));
  const before = site.written();
  await client.zero(0, 3 * GiB, { noHole: true });
  const written = site.written() - before;
  assert.ok(written < 16 * MiB, `${written} bytes were written for 3 GiB of zeros`);
  assert.deepEqual(await client.read(MiB, MiB), new Uint8Array(MiB));
  assert.ok((Deno.statSync(file).blocks ?? 0) * 512 >= 3 * GiB, "its space is taken");
  await client.disconnect();
  const status = await site.status(machine.vm);
  const { state, health } = status;
  assert.deepEqual([state, health], ["Replicating", "Normal"], JSON.stringify(status));
});
