/**
 * The first copy of a thin disk, in simulated time, a thousandth of 1 TiB with 10 GiB in it (M27).
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { GiB, HOUR, KiB, MiB, MINUTE } from "../../../../engine/core/base/units.ts";
import type { Disk } from "../../../../engine/core/ports/disk.ts";
import type { Ports } from "../../../../engine/core/ports/ports.ts";
import { Server } from "../../../../engine/core/server/server.ts";
import { Signal } from "../../../../engine/core/runtime/signal.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { Site, status } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = GiB;
/** Pieces of data, spread over the disk. */
const PIECES = 40;
const PIECE = 256 * KiB;
const HELD = PIECES * PIECE;
/** What a kill may cost: bytes that were on their way, or here and not durable yet. */
const IN_FLIGHT = 4.5 * MiB;

const placeOf = (piece: number) => piece * Math.floor(SIZE / PIECES / MiB) * MiB + 64 * KiB;

/** Bytes that do not become less by compression. */
function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer);
}

/** Ranges of the guest's disk that were read. */
type Reads = { readonly at: number; readonly length: number }[];

/** A server on `site` whose reads of the guest's disk are written down. */
function start(site: Site, reads: Reads): void {
  site.server = undefined;
  site.host.start(function* (ports) {
    site.server = yield* Server.start(watching(ports, reads), {
      ...site.settings,
      geometry: { blockSize: 4 * KiB, regionSize: 4 * MiB },
      slots: 64,
    });
    yield* new Signal().wait();
  });
  site.world.runWhile(() => site.server === undefined, MINUTE);
}

function watching(ports: Ports, reads: Reads): Ports {
  return {
    ...ports,
    *openGuestDisk(path) {
      const guest = yield* ports.openGuestDisk(path);
      return { ...guest, disk: watched(guest.disk, reads) };
    },
  };
}

function watched(disk: Disk, reads: Reads): Disk {
  return new Proxy(disk, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (key === "read") reads.push({ at: args[0] as number, length: args[1] as number });
        if (key === "readInto") {
          reads.push({ at: args[0] as number, length: (args[1] as Uint8Array).length });
        }
        return value.apply(target, args);
      };
    },
  });
}

/** A replicated machine whose disk holds its pieces and nothing else; nothing was sent yet. */
function stage(seed: number) {
  const world = new SimWorld({ seed, kernel: loadKernel() });
  const [a, b] = [new Site(world, "a"), new Site(world, "b")];
  const reads: Reads = [];
  a.host.addDisk("vm.img", { size: SIZE });
  start(a, reads);
  start(b, []);
  a.call("vm add", { ...VM, disks: ["vm.img"] });
  for (let piece = 0; piece < PIECES; piece++) {
    a.write("vm/0", placeOf(piece), noise(PIECE, piece + 1));
  }
  a.call("replication enable", { ...VM, to: "b:7700", frequency: HOUR, compression: false });
  reads.length = 0;
  return { world, a, b, reads };
}

/** Runs in which nothing is were never read; one of at most 1 MiB that holds anything is read as a whole. */
function onlyHeld(reads: Reads): void {
  ok(reads.length > 0);
  const seen = new Set<number>();
  for (const { at, length } of reads) {
    const piece = [...Array(PIECES).keys()].find((each) =>
      at < placeOf(each) + PIECE && at + length > placeOf(each)
    );
    ok(piece !== undefined, `${length} bytes were read at ${at}, where nothing is`);
    ok(length <= MiB);
    seen.add(piece);
  }
  equal(seen.size, PIECES, "every piece was read");
}

function sameThere(a: Site, b: Site): void {
  a.host.kill();
  b.call("failover start", VM);
  for (let piece = 0; piece < PIECES; piece++) {
    deepEqual(b.read("vm/0", placeOf(piece), PIECE), noise(PIECE, piece + 1));
    deepEqual(b.read("vm/0", placeOf(piece) - 4 * KiB, 4 * KiB), new Uint8Array(4 * KiB));
  }
}

const sentBy = (a: Site) => Number(status(a)["wireBytes"]);

Deno.test("1 TiB with 10 GiB in it moves as at most 11, and what holds nothing is never read (M27)", () => {
  const { world, a, b, reads } = stage(471);
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  equal(status(a)["state"], "Replicating");
  const sent = sentBy(a);
  ok(sent >= HELD && sent <= 1.1 * HELD, `${sent} bytes for ${HELD}`);
  onlyHeld(reads);
  sameThere(a, b);
  deepEqual(world.violations, []);
});

Deno.test("a kill in the middle of it costs what was in flight, and no read of what holds nothing (M27)", () => {
  const { world, a, b, reads } = stage(472);
  a.call("replication start", VM);
  world.runWhile(() => sentBy(a) < 0.8 * HELD, MINUTE);
  const before = sentBy(a);
  a.host.kill();
  start(a, reads);
  a.call("replication cycle", VM);
  equal(status(a)["state"], "Replicating");
  const sent = before + sentBy(a);
  ok(sent <= 1.1 * HELD + IN_FLIGHT, `${sent} bytes for ${HELD}, ${before} before the kill`);
  ok(before >= 0.8 * HELD, `${before} bytes before the kill`);
  onlyHeld(reads);
  sameThere(a, b);
  deepEqual(world.violations, []);
});
