/**
 * Bitmaps against the plainest model: an array of booleans.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Bitmap } from "../../../../engine/core/block/bitmap.ts";

const SEED = 20251;

type Step = {
  readonly kind: "set" | "clear" | "word" | "addAll" | "removeAll";
  readonly at: number;
  readonly length: number;
  readonly bits: number;
};

/** Sizes around words, pages (32,768 bits) and beyond 2^32 are where indices go wrong. */
const sizes = fc.constantFrom(1, 31, 32, 33, 64, 32_767, 32_768, 32_769, 70_001);

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step["kind"]>("set", "clear", "word", "addAll", "removeAll"),
    at: fc.nat(70_001),
    length: fc.oneof(fc.nat(70), fc.nat(70_001)),
    bits: fc.integer(),
  }),
  { maxLength: 12 },
);

function apply(step: Step, bitmap: Bitmap, model: boolean[]): void {
  const size = model.length;
  const start = step.at % size;
  const end = Math.min(size, start + step.length);
  if (step.kind === "word") {
    const word = Math.floor(start / 32);
    bitmap.addWord(word, step.bits);
    for (let bit = 0; bit < 32 && 32 * word + bit < size; bit++) {
      if ((step.bits >>> bit) & 1) model[32 * word + bit] = true;
    }
    return;
  }
  const value = step.kind === "set" || step.kind === "addAll";
  if (step.kind === "set") bitmap.set(start, end);
  else if (step.kind === "clear") bitmap.clear(start, end);
  else {
    const other = new Bitmap(size);
    other.set(start, end);
    if (step.kind === "addAll") bitmap.addAll(other);
    else bitmap.removeAll(other);
  }
  model.fill(value, start, end);
}

function modelRuns(model: readonly boolean[]): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (let at = 0; at < model.length; at++) {
    const last = runs.at(-1);
    if (!model[at]) continue;
    if (last !== undefined && last.end === at) last.end++;
    else runs.push({ start: at, end: at + 1 });
  }
  return runs;
}

Deno.test("A bitmap does what an array of booleans does", () => {
  fc.assert(
    fc.property(sizes, steps, fc.nat(70_001), fc.nat(70_001), (size, list, left, right) => {
      const bitmap = new Bitmap(size);
      const model = new Array<boolean>(size).fill(false);
      for (const step of list) apply(step, bitmap, model);
      assert.deepEqual([...bitmap.runs()], modelRuns(model));
      assert.equal(bitmap.count, model.filter((bit) => bit).length);
      assert.deepEqual([...bitmap.copy().runs()], modelRuns(model));
      const from = Math.min(left, right) % size;
      const to = Math.max(from, Math.max(left, right) % size);
      const part = model.slice(from, to).filter((bit) => bit).length;
      assert.equal(bitmap.countIn(from, to), part);
      assert.equal(bitmap.any(from, to), part > 0);
      assert.equal(bitmap.next(from), model.indexOf(true, from));
      assert.equal(bitmap.has(from), model[from]);
      const clear = model.indexOf(false, from);
      assert.equal(bitmap.nextClear(from), clear < 0 ? size : clear);
    }),
    { seed: SEED, numRuns: 150 },
  );
});

Deno.test("Common bits are counted, and words read what was set", () => {
  const left = new Bitmap(100_000);
  const right = new Bitmap(100_000);
  left.set(10, 40_000);
  right.set(39_990, 50_000);
  assert.equal(left.countBoth(right), 10);
  assert.equal(left.word(0), 0xfffffc00);
  assert.equal(left.word(3124), 0);
  right.addWord(3125, -1);
  assert.equal(right.count, 10_010, "bits past the end are left out");
});

Deno.test("A copy and its original do not see each other's changes", () => {
  fc.assert(
    fc.property(sizes, steps, steps, steps, (size, before, here, there) => {
      const bitmap = new Bitmap(size);
      const model = new Array<boolean>(size).fill(false);
      for (const step of before) apply(step, bitmap, model);
      const copies = [bitmap, bitmap.copy(), new Bitmap(size)] as const;
      copies[2].addAll(bitmap);
      const models = copies.map(() => model.slice());
      [here, there, before].forEach((list, index) => {
        for (const step of list) apply(step, copies[index] as Bitmap, models[index] as boolean[]);
      });
      copies.forEach((copy, index) => {
        assert.deepEqual([...copy.runs()], modelRuns(models[index] as boolean[]));
        assert.equal(copy.count, models[index]?.filter((bit) => bit).length);
      });
    }),
    { seed: SEED, numRuns: 80 },
  );
});

Deno.test("A run is cut at the length asked for", () => {
  const bitmap = new Bitmap(100);
  bitmap.set(5, 20);
  assert.deepEqual(bitmap.nextRun(0, 4), { start: 5, end: 9 });
  assert.deepEqual(bitmap.nextRun(9, 100), { start: 9, end: 20 });
  assert.equal(bitmap.nextRun(20), undefined);
});

Deno.test("Indices above 2^32 work, and memory follows what is set", () => {
  const bitmap = new Bitmap(2 ** 34);
  bitmap.set(2 ** 33 - 1, 2 ** 33 + 1);
  assert.ok(bitmap.has(2 ** 33));
  assert.ok(!bitmap.has(2 ** 33 + 1));
  assert.deepEqual(bitmap.nextRun(2 ** 32), { start: 2 ** 33 - 1, end: 2 ** 33 + 1 });
  assert.ok(bitmap.memory <= 8192);
  bitmap.clearAll();
  assert.equal(bitmap.memory, 0);
  assert.ok(bitmap.empty);
});
