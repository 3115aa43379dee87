/**
 * Fifty kills of real servers, then the verdict on every point (`torture.ts`).
 *
 * @module
 */

import assert from "node:assert/strict";
import { linux, testWithNeeds } from "../needs.ts";
import { Theatre } from "./theatre.ts";
import { BLOCKS, SEED, STAMPED, Torture, WANTED } from "./torture.ts";

/** Whether the servers' homes are left for a look at them. */
const KEEP = Deno.env.get("TORTURE_KEEP") !== undefined;

testWithNeeds(
  { name: "fifty kills under load: every listed point is one moment of the log", needs: [linux] },
  async () => {
    console.log(`TORTURE_SEED=${SEED}`);
    const folder = Deno.makeTempDirSync({ prefix: "torture-" });
    try {
      const options = { folder, blocks: BLOCKS, stamped: STAMPED, seed: SEED };
      const theatre = await Theatre.open(options);
      try {
        await play(theatre);
      } finally {
        await theatre.close();
      }
    } finally {
      if (KEEP) console.log(`kept ${folder}`);
      else Deno.removeSync(folder, { recursive: true });
    }
  },
);

async function play(theatre: Theatre): Promise<void> {
  const torture = new Torture(theatre);
  await torture.seed();
  const seeded = theatre.bytesSent();
  await torture.look(false);
  await torture.rounds();
  await torture.end();
  const sent = theatre.bytesSent() - seeded;
  torture.print(sent);
  assert.deepEqual(torture.problems, []);
  assert.ok(sent <= torture.bound * 1.01, "no more travels than was written (C6)");
  // Each cut was held to what was written for it: one whole copy, after any kill, stands out.
  assert.ok(torture.attempts.narrowest > 0, "a copy is more than was ever allowed for one cut");
  const { cycle, apply, recovery, total } = torture.missing();
  assert.deepEqual({ cycle, apply, recovery, total }, {
    cycle: false,
    apply: false,
    recovery: false,
    total: false,
  });
  assert.ok(torture.kills.of((phase) => phase.startsWith("initial")) >= WANTED.seed);
}
