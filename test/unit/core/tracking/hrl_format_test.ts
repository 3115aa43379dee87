/**
 * The parts of a `.hrl` as bytes: what is written is read back, and no input trips anything.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { MachineId, PointId, SeedId } from "../../../../engine/core/base/units.ts";
import { ActivityLog, readRing } from "../../../../engine/core/tracking/activity_log.ts";
import { BlockSet } from "../../../../engine/core/tracking/block_set.ts";
import {
  decodeHeader,
  encodeHeader,
  HeaderImage,
  type HrlHeader,
} from "../../../../engine/core/tracking/hrl_header.ts";
import { layoutOf, PAGE_BLOCKS, WINDOW } from "../../../../engine/core/tracking/hrl_layout.ts";
import { decodePage, encodePage } from "../../../../engine/core/tracking/hrl_page.ts";
import {
  decodeRecord,
  encodeRecord,
  type HrlRecord,
} from "../../../../engine/core/tracking/hrl_record.ts";
import { unionBits } from "../../../../engine/core/tracking/page_bits.ts";
import { TrackedDisk } from "../../../../engine/core/tracking/tracked_disk.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { FakeHost, pointId, Random } from "./fake_world.ts";

const kernel = loadKernel();

const HEADER: HrlHeader = {
  sequence: 2 ** 40 + 3,
  open: true,
  machine: "0123456789abcdef".repeat(2) as MachineId,
  disk: 7,
  blockSize: 4096,
  regionSize: 4 << 20,
  slots: 65_536,
  diskSize: 2 ** 44,
  logFrom: 5,
  logDurable: 2 ** 33,
  base: { kind: "point", point: "ab".repeat(16) as PointId },
  issued: ["cd".repeat(16) as PointId, "ef".repeat(16) as PointId],
  issuedLost: false,
  stamp: { device: "ß-8:1", inode: "99", size: 2 ** 44, changed: "17", stamped: true },
  whole: true,
};

function random(set: BlockSet, dice: Random): void {
  for (let count = 0; count < 30; count++) {
    const start = dice.below(set.size);
    const end = Math.min(set.size, start + dice.below(200));
    const kind = dice.below(3);
    if (kind === 0) set.addChanged(start, end);
    else if (kind === 1) set.addZero(start, end);
    else set.addSuspected(start, end);
  }
}

Deno.test("A header is read back, and one changed bit is noticed", () => {
  const bytes = encodeHeader(kernel, HEADER);
  assert.deepEqual(decodeHeader(kernel, bytes), HEADER);
  for (let at = 0; at < bytes.length; at += 41) {
    const bad = bytes.slice();
    bad[at] = (bad[at] ?? 0) ^ 4;
    assert.equal(decodeHeader(kernel, bad), "damaged");
  }
  const none: HrlHeader = { ...HEADER, base: { kind: "none" }, issued: [], open: false };
  assert.deepEqual(decodeHeader(kernel, encodeHeader(kernel, none)), none);
});

Deno.test("A header that is encoded over another one is as one that is encoded from nothing", () => {
  const point = (digits: string) => digits.repeat(16) as PointId;
  const changes: Partial<HrlHeader>[] = [
    { sequence: 1 },
    { open: false },
    { open: true, issuedLost: true },
    { whole: false },
    { logFrom: 2 ** 35, logDurable: 9 },
    { stamp: { ...HEADER.stamp, changed: "1234567890123" } },
    { stamp: { ...HEADER.stamp, changed: "7" } },
    { stamp: { ...HEADER.stamp, changed: "", stamped: false } },
    { stamp: { ...HEADER.stamp, device: "x", changed: "7" } },
    { stamp: { ...HEADER.stamp, device: "abcdefß", inode: "ß".repeat(200) } },
    { stamp: { ...HEADER.stamp, inode: "9".repeat(300) } },
    { stamp: { ...HEADER.stamp, size: 512 }, diskSize: 512 },
    { machine: "f".repeat(32) as MachineId },
    { disk: 0 },
    { blockSize: 512 },
    { regionSize: 1 << 20 },
    { slots: 16 },
    { base: { kind: "seed", seed: "12".repeat(16) as SeedId } },
    { base: { kind: "none" } },
    { base: { kind: "point", point: point("99") } },
    { issued: [point("01")] },
    { issued: [] },
  ];
  const dice = new Random(5);
  const image = new HeaderImage(kernel);
  let header = HEADER;
  for (let round = 0; round < 400; round++) {
    const change = changes[dice.below(changes.length)];
    header = { ...header, ...change };
    assert.deepEqual(image.encode(header), encodeHeader(kernel, header), JSON.stringify(change));
  }
});

Deno.test("Pages hold the union of delta and current as absorbing would make it (T2)", () => {
  const dice = new Random(11);
  for (let round = 0; round < 40; round++) {
    const size = PAGE_BLOCKS + 1 + dice.below(PAGE_BLOCKS);
    const delta = new BlockSet(size);
    const current = new BlockSet(size);
    random(delta, dice);
    random(current, dice);
    const read = new BlockSet(size);
    const sector = new Uint8Array(512);
    const bits = unionBits({ delta: () => delta, current: () => current });
    for (const page of [0, 1]) {
      encodePage(kernel, sector, page, 77, bits);
      assert.equal(decodePage(kernel, sector, page, read).sequence, 77);
      assert.equal(decodePage(kernel, sector, 1 - page, read).sequence, undefined);
    }
    const union = delta.copy();
    union.absorb(current);
    for (const kind of ["all", "zero", "suspected"] as const) {
      assert.deepEqual([...read[kind].runs()], [...union[kind].runs()], kind);
    }
  }
});

Deno.test("The newest records of the ring tell the whole table, torn batches or not (T1, T5)", () => {
  const dice = new Random(5);
  const geometry = { blockSize: 512, regionSize: 512 };
  for (let round = 0; round < 20; round++) {
    const slots = 1 + dice.below(3 * WINDOW);
    const layout = layoutOf(512 * 1000, geometry, slots);
    const log = new ActivityLog(layout);
    const ring: (HrlRecord | undefined)[] = new Array(layout.records).fill(undefined);
    let sequence = 1;
    for (let batch = 0; batch < 200; batch++) {
      if (log.freeCount === 0) {
        log.victims(1 + dice.below(slots), true).forEach((r) => log.release(r));
      }
      const updates = [];
      const fresh = new Set<number>();
      for (let count = dice.below(40); count >= 0 && log.freeCount > 0; count--) {
        const region = dice.below(1000);
        if (log.isHot(region) || fresh.has(region)) continue;
        fresh.add(region);
        updates.push(log.assign(region));
      }
      const torn = dice.once(20);
      const before = new Set(log.hotRegions());
      for (const record of log.records(updates, sequence, sequence - 1, 9)) {
        if (torn && dice.once(2)) ring[record.sequence % layout.records] = undefined;
        else ring[record.sequence % layout.records] = record;
        sequence = record.sequence + 1;
      }
      const found = readRing(layout, ring, { sequence: 9, logFrom: 1, logDurable: 0 });
      assert.equal(found.kind, "hot");
      const regions = found.kind === "hot" ? found.regions : new Set<number>();
      for (const region of before) assert.ok(regions.has(region), `Region ${region} was forgotten`);
      if (torn) break;
      log.commit(updates);
    }
  }
});

Deno.test("A gap among durable records, or a newer header's record, is no table (T5)", () => {
  const layout = layoutOf(512 * 1000, { blockSize: 512, regionSize: 512 }, 130);
  const ring: (HrlRecord | undefined)[] = new Array(layout.records).fill(undefined);
  const log = new ActivityLog(layout);
  for (let sequence = 1; sequence <= 9; sequence++) {
    const updates = [log.assign(sequence)];
    log.commit(updates);
    ring[sequence] = log.records(updates, sequence, sequence - 1, 4)[0];
  }
  const header = { sequence: 4, logFrom: 1, logDurable: 0 };
  assert.equal(readRing(layout, ring, header).kind, "hot");
  assert.equal(readRing(layout, ring, { ...header, sequence: 3 }).kind, "broken");
  const newest = ring.slice();
  newest[9] = undefined;
  assert.equal(readRing(layout, newest, header).kind, "hot", "it was never known durable");
  assert.equal(readRing(layout, newest, { ...header, logDurable: 9 }).kind, "broken");
  const gap = ring.slice();
  gap[7] = undefined;
  assert.equal(readRing(layout, gap, header).kind, "broken");
  assert.equal(readRing(layout, gap, { ...header, logFrom: 8 }).kind, "hot", "of an earlier run");
});

Deno.test("A record is read back", () => {
  const sector = new Uint8Array(512);
  const record: HrlRecord = {
    headerSequence: 2 ** 40,
    sequence: 2 ** 41,
    durableThrough: 2 ** 41 - 5,
    updates: [{ slot: 1, region: 2 }, { slot: 65_535, region: 0xfffffffe }],
    contextStart: 120,
    context: Uint32Array.of(1, 0xffffffff, 3),
  };
  encodeRecord(kernel, sector, record);
  assert.deepEqual(decodeRecord(kernel, sector), record);
});

Deno.test("Hostile logs with right checksums open, or are refused, and trip nothing", () => {
  const dice = new Random(3);
  for (let round = 0; round < 150; round++) {
    const host = new FakeHost(round, 64 * 512);
    host.boot();
    const options = host.options();
    const disk = host.do(TrackedDisk.create(host.ports(), host.guest(), options));
    host.do(disk.issue(pointId(host.random)));
    host.do(disk.setBase({ kind: "point", point: pointId(host.random) }));
    host.do(disk.write(dice.below(60) * 512, new Uint8Array(512)));
    host.kill();
    const cache = host.names.get("logs/vm.img.hrl")?.cache as Uint8Array;
    for (let change = 0; change < 3; change++) {
      const header = dice.once(2);
      const size = header ? 4096 : 512;
      const sectors = (cache.length - 8192) / 512;
      const at = header ? 4096 * dice.below(2) : 8192 + 512 * dice.below(sectors);
      const part = cache.subarray(at, at + size);
      const bad = dice.once(2) ? 0xff : dice.below(256);
      const place = 8 + dice.below(dice.once(2) ? 120 : size - 16);
      part.fill(bad, place, Math.min(size, place + 1 + dice.below(8)));
      new DataView(part.buffer, part.byteOffset).setBigUint64(
        0,
        kernel.checksum(part.slice(8)),
        true,
      );
    }
    host.boot();
    try {
      const again = host.do(TrackedDisk.open(host.ports(), host.guest(), options));
      host.do(again.write(0, new Uint8Array(512)));
      host.do(again.closeClean());
    } catch (error) {
      assert.match(String(error), /wrong-disk|wrong-version|disk-changed-size/);
    }
  }
});

Deno.test("Suspicion never hides a sure change, and a write ends it", () => {
  const set = new BlockSet(100);
  set.addChanged(10, 20);
  set.addSuspected(0, 30);
  assert.equal(set.suspected.count, 20);
  set.addZero(0, 5);
  assert.equal(set.suspected.count, 15);
  const later = new BlockSet(100);
  later.addSuspected(0, 100);
  set.absorb(later);
  assert.deepEqual([...set.suspected.runs()], [{ start: 5, end: 10 }, { start: 20, end: 100 }]);
  assert.equal(set.zero.count, 0, "what may have changed is not known to be zero");
});
