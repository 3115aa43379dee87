/**
 * The digest tree, decided without a disk: it asks about every suspected byte once at each level, and what a
 * comparison puts on the wire keeps the law of L2, whatever differs.
 *
 * @module
 */

import { ok, throws } from "node:assert/strict";
import {
  DigestTree,
  isTreeUnit,
  QUESTION_BYTES,
  type Range,
  treeUnits,
} from "../../../../engine/core/lineage/digest_tree.ts";
import { EXTENT_SIZE_MAX } from "../../../../engine/core/base/limits.ts";
import { GiB, KiB, MiB } from "../../../../engine/core/base/units.ts";
import { COMPARE_DIGEST_SIZE } from "../../../../engine/core/wire/compare.ts";
import { RECORD_HEADER_SIZE } from "../../../../engine/core/wire/extent.ts";
import { FRAME_HEADER_SIZE } from "../../../../engine/core/wire/frame.ts";
import { Random } from "../tracking/fake_world.ts";

const BLOCK = 4 * KiB;
/** The head of a comparison's payload, one of question and answer each. */
const COMPARE_HEAD = 20;

/** What was sent of a disk of `size`, and what it cost beside the contents. */
interface Outcome {
  readonly sent: Uint8Array;
  readonly overhead: number;
  readonly questions: number;
}

/** Compares a whole disk of which `differs` says what differs, block by block; `suspected` by runs. */
function compare(size: number, differs: Uint8Array, runs: readonly Range[]): Outcome {
  const tree = new DigestTree(BLOCK, size);
  const sent = new Uint8Array(size / BLOCK);
  let overhead = 0;
  let questions = 0;
  const mark = ({ at, length }: Range) => sent.fill(1, at / BLOCK, (at + length) / BLOCK);
  for (const run of runs) {
    const first = tree.begin(run);
    first.send.forEach(mark);
    let asked = [...first.ask];
    let covered = first.send.reduce((sum, { length }) => sum + length, 0);
    for (const { unit, at, count } of asked) covered += Math.min(unit * count, size - at);
    ok(covered === run.length, "Every suspected byte is asked about or sent");
    for (let question = asked.pop(); question !== undefined; question = asked.pop()) {
      const { unit, at, count } = question;
      ok(at % unit === 0 && unit * count <= QUESTION_BYTES && isTreeUnit(unit, BLOCK));
      questions++;
      overhead += 2 * (FRAME_HEADER_SIZE + COMPARE_HEAD) + count * COMPARE_DIGEST_SIZE +
        Math.ceil(count / 8);
      for (const range of differing(differs, size, question)) {
        const step = tree.descend(unit, range);
        step.send.forEach(mark);
        asked = [...asked, ...step.ask];
      }
    }
  }
  overhead += records(sent) * (FRAME_HEADER_SIZE + RECORD_HEADER_SIZE);
  return { sent, overhead, questions };
}

/** The runs of units that differ. */
function differing(
  differs: Uint8Array,
  size: number,
  { unit, at, count }: { unit: number; at: number; count: number },
): Range[] {
  const runs: { at: number; length: number }[] = [];
  for (let index = 0; index < count; index++) {
    const from = at + index * unit;
    const length = Math.min(unit, size - from);
    if (!differs.subarray(from / BLOCK, (from + length) / BLOCK).includes(1)) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.at + last.length === from) last.length += length;
    else runs.push({ at: from, length });
  }
  return runs;
}

/** Records of at most 1 MiB that carry what is sent. */
function records(sent: Uint8Array): number {
  let count = 0;
  let run = 0;
  for (const block of sent) {
    if (block === 0) run = 0;
    else if (run++ % (EXTENT_SIZE_MAX / BLOCK) === 0) count++;
  }
  return count;
}

/** How many units of `unit` bytes have a block that differs. */
function units(differs: Uint8Array, unit: number): number {
  const blocks = unit / BLOCK;
  let count = 0;
  for (let at = 0; at < differs.length; at += blocks) {
    if (differs.subarray(at, at + blocks).includes(1)) count++;
  }
  return count;
}

function total(bits: Uint8Array): number {
  return bits.reduce((sum, bit) => sum + bit, 0);
}

/** A pattern of differences: everywhere, here and there, in clusters, every other leaf. */
function pattern(random: Random, blocks: number): Uint8Array {
  const differs = new Uint8Array(blocks);
  const kind = random.below(6);
  if (kind === 0) return differs.fill(1);
  if (kind === 1) {
    for (let block = 0; block < blocks; block += 32) differs.fill(1, block, block + 16);
    return differs;
  }
  if (kind === 2) {
    for (let block = 0; block < blocks; block += 1 + random.below(64)) differs[block] = 1;
    return differs;
  }
  const clusters = 1 + random.below(kind === 3 ? 4 : 400);
  for (let cluster = 0; cluster < clusters; cluster++) {
    const at = random.below(blocks);
    const length = 1 + random.below(kind === 5 ? 2000 : 20);
    for (let block = at; block < Math.min(blocks, at + length); block++) {
      if (kind !== 4 || random.once(2)) differs[block] = 1;
    }
  }
  return differs;
}

Deno.test("the tree asks about every byte, sends all that differs and keeps its law (L2, M41)", () => {
  const random = new Random(41);
  let few = 0;
  for (let round = 0; round < 60; round++) {
    const size = (64 + random.below(1024)) * MiB + random.below(256) * BLOCK;
    const differs = pattern(random, size / BLOCK);
    const { sent, overhead } = compare(size, differs, [{ at: 0, length: size }]);
    for (const [block, bit] of differs.entries()) {
      if (bit === 1 && sent[block] === 0) throw new Error(`Block ${block} was not sent`);
    }
    // The floor is one question, which a disk of any size costs, and what small disks may spend on blocks.
    const slack = size / 1000 + 96 * KiB;
    const leaves = units(differs, 64 * KiB) * 64 * KiB;
    ok(total(sent) * BLOCK + overhead <= leaves + slack, `round ${round}: leaves`);
    if (units(differs, MiB) * MiB >= size / 100) continue;
    few++;
    ok(total(sent) === total(differs), `round ${round}: nothing but differing blocks`);
    ok(overhead <= slack, `round ${round}: blocks`);
  }
  ok(few >= 8, `few regions differed in ${few} rounds`);
});

Deno.test("the law holds without any slack on a large disk, in its worst case too (L2)", () => {
  const size = 4 * GiB;
  for (const [every, length] of [[32, 16], [256, 1], [8192, 3], [1 << 20, 1], [1, 1]] as const) {
    const differs = new Uint8Array(size / BLOCK);
    for (let block = 0; block < differs.length; block += every) {
      differs.fill(1, block, block + length);
    }
    const { sent, overhead } = compare(size, differs, [{ at: 0, length: size }]);
    const leaves = units(differs, 64 * KiB) * 64 * KiB;
    ok(total(sent) * BLOCK + overhead <= leaves + size / 1000, `every ${every}: leaves`);
    if (every < 1 << 15) continue;
    ok(total(sent) === total(differs) && overhead <= size / 1000, `every ${every}: blocks`);
  }
});

Deno.test("runs that changed blocks tear apart are asked about within the budget, then sent (L2)", () => {
  const size = 512 * MiB;
  const random = new Random(7);
  const runs: Range[] = [];
  const differs = new Uint8Array(size / BLOCK);
  // Every leaf has a block that is known to be changed: nothing smaller than a leaf is suspected whole.
  for (let leaf = 0; leaf < size; leaf += 64 * KiB) {
    const hole = random.below(16) * BLOCK;
    if (hole > 0) runs.push({ at: leaf, length: hole });
    const rest = 64 * KiB - hole - BLOCK;
    if (rest > 0) runs.push({ at: leaf + hole + BLOCK, length: rest });
  }
  const { overhead, sent } = compare(size, differs, runs);
  const questions = overhead - records(sent) * (FRAME_HEADER_SIZE + RECORD_HEADER_SIZE);
  ok(questions <= Math.max(64 * KiB, size / 5000), `${questions} bytes of questions`);
});

Deno.test("a machine with blocks of another size has a tree of its own, down to none at all", () => {
  for (const block of [512, 4 * KiB, 64 * KiB]) {
    const { region, leaf } = treeUnits(block);
    ok(region <= EXTENT_SIZE_MAX && region % leaf === 0 && leaf % block === 0);
    const tree = new DigestTree(block, 40 * block);
    ok(tree.begin({ at: 3 * block, length: 37 * block }).ask.length > 0);
  }
  throws(() => new DigestTree(BLOCK, GiB).descend(8 * KiB, { at: 0, length: 8 * KiB }));
});
