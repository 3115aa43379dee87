/**
 * What the story of `torn-log.yaml` says of the medium is so: the header of the log is torn, and the disk has a part of what was
 * not flushed. No report tells of sectors.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Directory } from "../../engine/sim/directory.ts";
import { SECTOR_SIZE, Sectors } from "../../engine/sim/sectors.ts";
import { runDrill } from "../../lab/run/session.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { LIBRARY } from "./library.ts";

/** What became of the sectors that a loss of power could take, by the name of the log or "disk". */
type Left = Map<string, ("new" | "old" | "between")[]>;

/** Runs `work`, and notes what every loss of power in it leaves. */
function watched(work: () => void): Left {
  const left: Left = new Map();
  const names = new WeakMap<Sectors, string>();
  const [loseNames, loseSectors] = [Directory.prototype.losePower, Sectors.prototype.losePower];
  Directory.prototype.losePower = function (random) {
    for (const [name, entry] of this.entries) {
      if (!(entry instanceof Directory)) names.set(entry.sectors, name);
    }
    loseNames.call(this, random);
  };
  Sectors.prototype.losePower = function (random) {
    const [shown, durable] = [this.peek().slice(), this.durable()];
    loseSectors.call(this, random);
    const name = names.get(this) ?? "disk";
    const known = left.get(name) ?? [];
    left.set(name, [...known, ...compare(this.peek(), shown, durable)]);
  };
  try {
    work();
  } finally {
    Directory.prototype.losePower = loseNames;
    Sectors.prototype.losePower = loseSectors;
  }
  return left;
}

/** By sector that the kernel showed otherwise than the medium had it: which of both is there. */
function compare(after: Uint8Array, shown: Uint8Array, durable: Uint8Array) {
  const found: ("new" | "old" | "between")[] = [];
  for (let at = 0; at < shown.length; at += SECTOR_SIZE) {
    const here = (bytes: Uint8Array) => bytes.subarray(at, at + SECTOR_SIZE).join();
    if (here(shown) === here(durable)) continue;
    const now = here(after);
    found.push(now === here(shown) ? "new" : now === here(durable) ? "old" : "between");
  }
  return found;
}

Deno.test("torn-log.yaml tears the log: one sector of a header is new and one is old", () => {
  const drill = LIBRARY.get("torn-log.yaml");
  assert.ok(drill !== undefined);
  const left = watched(() => {
    runDrill(drill, loadKernel(), { engineHash: "", frames: false });
  });
  assert.deepEqual(left.get("erp-0.img.hrl"), ["new", "old"]);
  const disk = left.get("disk") ?? [];
  assert.ok(disk.includes("new") && disk.includes("old"), `The disk: ${disk.join(" ")}`);
});
