/**
 * What a loss of power may leave of bytes (E3).
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Prng } from "../../../engine/sim/prng.ts";
import { SECTOR_SIZE, Sectors } from "../../../engine/sim/sectors.ts";

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant("write" as const),
      at: fc.nat(7000),
      length: fc.nat(1500),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant("zero" as const),
      at: fc.nat(7000),
      length: fc.nat(1500),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("flush" as const),
      at: fc.nat(3),
      length: fc.constant(0),
    }),
  },
);

const SIZE = 8192;

Deno.test("flushed sectors survive; every other one is old, new, or a version between (E3)", () => {
  const property = fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, seed) => {
    const sectors = new Sectors(SIZE);
    const shown = new Uint8Array(SIZE);
    // Per sector, every content it had since it was last covered by a flush.
    let versions = Array.from({ length: SIZE / SECTOR_SIZE }, (_, at) => [text(shown, at)]);
    let number = 0;
    for (const { what, at, length } of steps) {
      if (what === "flush") {
        sectors.persist(sectors.mark());
        versions = versions.map((_, sector) => [text(shown, sector)]);
        continue;
      }
      const end = Math.min(SIZE, at + length);
      number++;
      if (what === "write") {
        shown.fill(number, at, end);
        sectors.write(at, shown.slice(at, end));
      } else {
        shown.fill(0, at, end);
        sectors.zero(at, end - at);
      }
      versions.forEach((known, sector) => known.push(text(shown, sector)));
      assert.deepEqual(sectors.read(0, SIZE), shown);
    }
    sectors.losePower(new Prng(seed));
    const left = sectors.read(0, SIZE);
    assert.deepEqual(sectors.durable(), left);
    assert.equal(sectors.dirty, false);
    versions.forEach((known, sector) => {
      const found = text(left, sector);
      const mixed = () => sectorIsMix(left, sector, known);
      assert.ok(known.includes(found) || mixed(), `sector ${sector} has a content it never had`);
    });
  });
  fc.assert(property, { seed: 23, numRuns: 400 });
});

Deno.test("many changes that are flushed at once leave what they would one by one", () => {
  const dice = new Prng(77);
  const sectors = 32;
  for (const spoil of ["nothing", "a part of a sector", "the length"]) {
    const together = new Sectors(sectors * SECTOR_SIZE);
    const apart = new Sectors(sectors * SECTOR_SIZE);
    const both = (change: (each: Sectors) => void) => {
      change(together);
      change(apart);
      apart.persist(apart.mark());
    };
    for (let number = 1; number <= 700; number++) {
      const sector = dice.below(sectors);
      const at = sector * SECTOR_SIZE;
      const length = SECTOR_SIZE * dice.between(1, Math.min(4, sectors - sector));
      if (number === 300 && spoil === "a part of a sector") {
        both((each) => each.write(at + 7, new Uint8Array(100).fill(9)));
      } else if (number === 300 && spoil === "the length") {
        both((each) => each.truncate((sectors + 5) * SECTOR_SIZE));
      } else if (dice.chance(150_000)) both((each) => each.zero(at, length));
      else both((each) => each.write(at, new Uint8Array(length).fill(number)));
    }
    const half = together.mark() - 300;
    together.persist(half);
    assert.equal(together.dirty, true);
    together.persist(together.mark());
    assert.deepEqual(together.durable(), apart.durable(), `where it meets ${spoil}`);
    assert.deepEqual(together.durable(), together.read(0, together.length));
  }
});

function text(bytes: Uint8Array, sector: number): string {
  return bytes.subarray(sector * SECTOR_SIZE, (sector + 1) * SECTOR_SIZE).join();
}

/** Changes that survive whole or not at all, out of order: each byte is one of its versions. */
function sectorIsMix(left: Uint8Array, sector: number, known: readonly string[]): boolean {
  const versions = known.map((content) => content.split(",").map(Number));
  for (let at = 0; at < SECTOR_SIZE; at++) {
    const byte = left[sector * SECTOR_SIZE + at];
    if (!versions.some((version) => version[at] === byte)) return false;
  }
  return true;
}

Deno.test("unflushed sectors are really lost, kept, torn and reordered, depending on the seed", () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const sectors = new Sectors(3 * SECTOR_SIZE);
    for (const sector of [0, 1, 2]) sectors.write(sector * SECTOR_SIZE, new Uint8Array([1]));
    sectors.losePower(new Prng(seed));
    outcomes.add([0, 1, 2].map((sector) => sectors.read(sector * SECTOR_SIZE, 1)[0]).join(""));
  }
  for (const expected of ["000", "111", "100", "001", "101"]) assert.ok(outcomes.has(expected));
});

Deno.test("an overwritten sector may come back in a version between", () => {
  const seen = new Set<number | undefined>();
  for (let seed = 0; seed < 60; seed++) {
    const sectors = new Sectors(SECTOR_SIZE);
    for (const version of [1, 2, 3]) sectors.write(0, new Uint8Array(SECTOR_SIZE).fill(version));
    sectors.losePower(new Prng(seed));
    seen.add(sectors.read(0, 1)[0]);
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3]);
});

Deno.test("an unflushed length may be any that it was, and what is missing reads as zeros", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 120; seed++) {
    const sectors = new Sectors(0);
    sectors.write(0, new Uint8Array(100).fill(1));
    sectors.persist(sectors.mark());
    sectors.write(100, new Uint8Array(SECTOR_SIZE).fill(2));
    sectors.losePower(new Prng(seed));
    const bytes = sectors.read(0, 10_000);
    assert.deepEqual(bytes.slice(0, 100), new Uint8Array(100).fill(1));
    assert.ok(bytes.slice(100).every((byte) => byte === 0 || byte === 2));
    const rest = bytes.slice(100);
    const kinds = [rest.includes(2), rest.includes(0)];
    seen.add(bytes.length === 100 ? "short" : kinds.join());
  }
  assert.ok(seen.has("short") && seen.has("true,false") && seen.has("false,true"));
});

Deno.test("after a failed flush a later one saves nothing of what the failed one covered", () => {
  let lost = 0;
  for (let seed = 0; seed < 60; seed++) {
    const sectors = new Sectors(8 * SECTOR_SIZE);
    sectors.write(0, new Uint8Array(8 * SECTOR_SIZE).fill(1));
    sectors.failFlush(sectors.mark(), new Prng(seed));
    assert.equal(sectors.read(0, 1)[0], 1, "The kernel goes on showing it");
    sectors.persist(sectors.mark());
    sectors.losePower(new Prng(seed));
    if (sectors.read(0, 8 * SECTOR_SIZE).includes(0)) lost++;
  }
  assert.ok(lost > 30);
});

Deno.test("what is written again after a failed flush can be made durable", () => {
  for (let seed = 0; seed < 30; seed++) {
    const sectors = new Sectors(SECTOR_SIZE);
    sectors.write(0, new Uint8Array(SECTOR_SIZE).fill(1));
    sectors.failFlush(sectors.mark(), new Prng(seed));
    sectors.write(0, new Uint8Array(SECTOR_SIZE).fill(2));
    sectors.persist(sectors.mark());
    sectors.losePower(new Prng(seed));
    assert.equal(sectors.read(0, 1)[0], 2);
  }
});

Deno.test("a flush covers what was there when it began, and not what came meanwhile", () => {
  let lost = 0;
  for (let seed = 0; seed < 40; seed++) {
    const sectors = new Sectors(2 * SECTOR_SIZE);
    sectors.write(0, new Uint8Array([1]));
    const mark = sectors.mark();
    sectors.write(SECTOR_SIZE, new Uint8Array([1]));
    sectors.persist(mark);
    sectors.losePower(new Prng(seed));
    assert.equal(sectors.read(0, 1)[0], 1);
    if (sectors.read(SECTOR_SIZE, 1)[0] === 0) lost++;
  }
  assert.ok(lost > 5);
});

Deno.test("truncating and growing again shows zeros, before and after a loss of power", () => {
  const sectors = new Sectors(0);
  sectors.write(0, new Uint8Array(1000).fill(1));
  sectors.truncate(10);
  sectors.truncate(1000);
  assert.deepEqual(sectors.read(10, 2000), new Uint8Array(990));
  sectors.persist(sectors.mark());
  sectors.losePower(new Prng(1));
  assert.equal(sectors.length, 1000);
  assert.deepEqual(sectors.read(10, 2000), new Uint8Array(990));
});

Deno.test("bytes whose change number stays are the same bytes, whatever happened", () => {
  const what = fc.constantFrom(
    "write",
    "write",
    "zero",
    "truncate",
    "damage",
    "flush",
    "failFlush",
    "losePower",
  );
  const happening = fc.record({
    what,
    at: fc.nat(5 * 4096),
    length: fc.integer({ min: 1, max: 6000 }),
  });
  const RANGE = 1024;
  const property = fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
    const random = new Prng(5);
    const sectors = new Sectors(4 * 4096);
    const known = new Map<string, Uint8Array>();
    happenings.forEach(({ what, at, length }, index) => {
      const data = new Uint8Array(length).fill(index + 1);
      if (what === "write") sectors.write(at, data);
      else if (what === "zero") {
        sectors.zero(at, Math.max(0, Math.min(length, sectors.length - at)));
      } else if (what === "truncate") sectors.truncate(at);
      else if (what === "damage") sectors.damage(at, data);
      else if (what === "flush") sectors.persist(sectors.mark());
      else if (what === "failFlush") sectors.failFlush(sectors.mark(), random);
      else sectors.losePower(random);
      for (let start = 0; start < sectors.length; start += RANGE) {
        const bytes = sectors.read(start, RANGE);
        const key = `${start}/${bytes.length}/${sectors.changed(start, RANGE)}`;
        assert.deepEqual(bytes, known.get(key) ?? bytes, `${what} at ${start}`);
        known.set(key, bytes);
      }
    });
  });
  fc.assert(property, { seed: 29, numRuns: 300 });
});
