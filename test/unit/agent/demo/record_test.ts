/**
 * The demo's judge: it must see every wrong byte, or it proves nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type FoundBlock, recognize, WriteRecord } from "../../../../engine/agent/demo/record.ts";
import { STAMP_SIZE, stampBlock } from "../../../../engine/agent/demo/stamp.ts";
import { parseExtents } from "../../../../engine/agent/demo/image.ts";

const PRISTINE = new Uint8Array(STAMP_SIZE).fill(7);

/** A disk as a list of blocks, and the record of what was written to it. */
class Disk {
  readonly record = new WriteRecord();
  readonly blocks: Uint8Array[];

  constructor(count: number) {
    this.blocks = Array.from({ length: count }, () => PRISTINE.slice());
  }

  write(block: number, blocks: number, zero = false): void {
    const number = this.record.issue(block, blocks, zero);
    for (let past = 0; past < blocks; past++) {
      const bytes = new Uint8Array(STAMP_SIZE);
      if (!zero) stampBlock(bytes, number, block + past);
      this.blocks[block + past] = bytes;
    }
    this.record.acknowledge(number);
  }

  /** The disk as it is, as the judge sees it. */
  copy(): Uint8Array[] {
    return this.blocks.map((block) => block.slice());
  }

  found(blocks: readonly Uint8Array[]): Map<number, FoundBlock> {
    return new Map(
      [...this.record.touched()].map((block) => [
        block,
        recognize(blocks[block]!, PRISTINE, block),
      ]),
    );
  }
}

function written(): { disk: Disk; states: Uint8Array[][] } {
  const disk = new Disk(8);
  const states = [disk.copy()];
  const writes: [number, number, boolean][] = [
    [0, 1, false],
    [3, 2, false],
    [0, 1, false],
    [4, 1, true],
    [2, 3, false],
    [3, 1, true],
    [0, 1, false],
  ];
  for (const [block, blocks, zero] of writes) {
    disk.write(block, blocks, zero);
    states.push(disk.copy());
  }
  return { disk, states };
}

Deno.test("a disk as it was after n writes is found to be that, for every n", () => {
  const { disk, states } = written();
  for (const [number, state] of states.entries()) {
    const match = disk.record.match(disk.found(state), 0, disk.record.issued);
    assert.deepEqual(match, { writes: number, wrong: 0 });
  }
});

Deno.test("one lost, torn, misplaced or older block is seen", () => {
  const { disk, states } = written();
  const after = states.at(-1)!;
  const wrong = (change: (blocks: Uint8Array[]) => void) => {
    const blocks = after.map((block) => block.slice());
    change(blocks);
    return disk.record.match(disk.found(blocks), 0, disk.record.issued).wrong;
  };
  assert.equal(wrong(() => {}), 0);
  assert.equal(wrong((blocks) => blocks[2] = PRISTINE.slice()), 1);
  assert.equal(wrong((blocks) => blocks[2]![4095]! ^= 1), 1);
  assert.equal(wrong((blocks) => blocks[2]!.set(blocks[4]!)), 1);
  assert.equal(wrong((blocks) => blocks[4]!.set(states[2]![4]!)), 1);
  assert.equal(wrong((blocks) => blocks[3]!.fill(1)), 1);
  // Write 7 without write 6: no prefix of the writes.
  assert.ok(wrong((blocks) => blocks[3]!.set(states[5]![3]!)) > 0);
});

Deno.test("too few and too many writes are told from enough", () => {
  const { disk, states } = written();
  const judge = (state: number, least: number, most: number) =>
    disk.record.match(disk.found(states[state]!), least, most).wrong > 0;
  assert.equal(judge(4, 3, 5), false);
  assert.equal(judge(2, 3, 5), true, "a write that was promised is missing");
  assert.equal(judge(7, 3, 5), true, "a write from after the point is inside");
});

Deno.test("extents are read from debugfs, interior nodes left out", () => {
  const output = [
    "Level Entries       Logical      Physical Length Flags",
    " 1/ 1   1/  2     0 -  1751  6441 -  8192   1752 ",
    " 1/ 1   2/  2  1752 -  1752  9000 -  9000      1 Uninit",
  ].join("\n");
  assert.deepEqual(parseExtents(output), [
    { at: 6441 * 4096, length: 1752 * 4096 },
    { at: 9000 * 4096, length: 4096 },
  ]);
  assert.deepEqual(parseExtents("nothing"), []);
});
