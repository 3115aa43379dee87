/**
 * Results of verbs as scripts get them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { presentResult, type Surroundings } from "../../../../engine/agent/management/present.ts";

const AROUND: Surroundings = {
  nbd: { transport: "unix", path: "/d/nbd.sock" },
  exports: () => ["db/0", "db/1", "other/0"],
};

Deno.test("times become ISO 8601, in lists too", () => {
  const micros = Date.UTC(2030, 0, 2, 3, 4, 5, 678) * 1000;
  assert.deepEqual(
    presentResult([{ cut: micros, lastCut: null, lastStaged: micros, size: micros }], AROUND),
    [{
      cut: "2030-01-02T03:04:05.678Z",
      lastCut: null,
      lastStaged: "2030-01-02T03:04:05.678Z",
      size: micros,
    }],
  );
});

Deno.test("disks that are offered have an address, others none", () => {
  const shown = presentResult({ vm: "db", disks: [{ size: 5 }, { size: 6 }] }, AROUND) as {
    disks: { name: string; uri: string; qemu: string; size: number }[];
  };
  assert.deepEqual(shown.disks.map(({ name, size }) => [name, size]), [["db/0", 5], ["db/1", 6]]);
  assert.equal(shown.disks[1]?.uri, "nbd+unix:///db/1?socket=/d/nbd.sock");
  assert.match(shown.disks[0]?.qemu ?? "", /^-blockdev driver=nbd,node-name=warmsite-0,/);
  const hidden = presentResult({ vm: "gone", disks: [{ path: "/x" }] }, AROUND);
  assert.deepEqual(hidden, { vm: "gone", disks: [{ name: "gone/0", path: "/x" }] });
  assert.deepEqual(presentResult({ vm: "d" }, AROUND), { vm: "d" });
});

Deno.test("QEMU's argument is one word of a shell", () => {
  const nbd = { transport: "unix", path: "/it's here/nbd.sock" } as const;
  const shown = presentResult({ vm: "db" }, { nbd, exports: () => ["db/0"] }) as {
    disks: { qemu: string }[];
  };
  assert.match(shown.disks[0]?.qemu ?? "", /^-blockdev 'driver=.*path=\/it'\\''s here\/nbd.*'$/);
});

Deno.test("compression is bytes on the wire for each byte of blocks", () => {
  assert.deepEqual(
    presentResult({ bytesSent: 3000, wireBytes: 1000 }, AROUND),
    { bytesSent: 3000, wireBytes: 1000, compressedRatio: 0.333 },
  );
  assert.deepEqual(
    presentResult({ bytesSent: 0 }, AROUND),
    { bytesSent: 0, compressedRatio: null },
  );
  assert.equal(presentResult("text", AROUND), "text");
});
