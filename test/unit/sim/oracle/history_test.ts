/**
 * The oracle: what an image may hold at a cut.
 *
 * @module
 */

import { equal, match, ok } from "node:assert/strict";
import { MachineHistory, type Request } from "../../../../engine/sim/oracle/history.ts";
import { describeSector, stampSectors, wordsOf } from "../../../../engine/sim/oracle/stamp.ts";

const SECTORS = 4;

function write(
  history: MachineHistory,
  sector: number,
  count: number,
  issued: number,
  acknowledged?: number,
): Request {
  const content = history.requests.length % 2 === 1 ? "rough" : "plain";
  const request = history.issue(0, sector, count, content, issued);
  if (acknowledged !== undefined) history.end(request, acknowledged, acknowledged);
  return request;
}

/** An image in which each sector shows a request, or zeros. */
function image(...shown: readonly (Request | undefined)[]): Uint8Array[] {
  const words = new Int32Array(SECTORS * 128);
  for (const [sector, request] of shown.entries()) {
    if (request === undefined) continue;
    const { index, content } = request;
    const stamp = { machine: 0, disk: 0, sector, request: index };
    words.set(stampSectors(stamp, 1, content === "rough"), sector * 128);
  }
  return [new Uint8Array(words.buffer)];
}

function wrong(history: MachineHistory, bytes: Uint8Array[], cut: number): number {
  return history.judge(bytes, cut).mismatches.length;
}

Deno.test("what was acknowledged before the cut is in, what was issued after it is out", () => {
  const history = new MachineHistory(0, [SECTORS]);
  const early = write(history, 0, 1, 1, 2);
  const late = write(history, 1, 1, 4, 5);
  equal(wrong(history, image(early), 3), 0);
  equal(wrong(history, image(), 3), 1);
  equal(wrong(history, image(early, late), 3), 1);
  equal(wrong(history, image(early, late), 6), 0);
});

Deno.test("what was under way at the cut is in or out, but whole", () => {
  const history = new MachineHistory(0, [SECTORS]);
  const both = write(history, 0, 2, 1, 9);
  equal(wrong(history, image(both, both), 5), 0);
  equal(wrong(history, image(), 5), 0);
  const half = history.judge(image(both), 5);
  equal(half.mismatches.length, 0);
  equal(half.torn?.request.index, both.index);
});

Deno.test("of two writes one after the other the later shows; of two at once either", () => {
  const history = new MachineHistory(0, [SECTORS]);
  const first = write(history, 0, 1, 1, 2);
  const second = write(history, 0, 1, 3);
  const third = write(history, 0, 1, 4);
  history.end(second, 5, 5);
  history.end(third, 6, 6);
  equal(wrong(history, image(first), 9), 1);
  equal(wrong(history, image(second), 9), 0);
  equal(wrong(history, image(third), 9), 0);
});

Deno.test("a failed write may have left any part of itself, until something is written over it", () => {
  const history = new MachineHistory(0, [SECTORS]);
  const failed = write(history, 0, 2, 1);
  history.end(failed, 2);
  equal(wrong(history, image(failed), 3), 0);
  equal(history.judge(image(failed), 3).torn, undefined);
  const after = write(history, 0, 2, 4, 5);
  equal(wrong(history, image(failed, after), 6), 1);
});

Deno.test("behind a death history goes on from what survived, and older cuts keep the older one", () => {
  const history = new MachineHistory(0, [SECTORS]);
  const first = write(history, 0, 1, 1, 2);
  const under = write(history, 1, 1, 3);
  history.rebase(image(), 5);
  equal(history.underway, 0);
  equal(history.request(under.index).ended, 5);
  equal(wrong(history, image(first), 4), 0);
  equal(wrong(history, image(), 4), 1);
  equal(wrong(history, image(), 6), 0);
  equal(wrong(history, image(first), 6), 1);
});

Deno.test("what was flushed survives a loss of power; the rest need not", () => {
  const history = new MachineHistory(0, [SECTORS]);
  const flushed = write(history, 0, 1, 1, 2);
  const cached = write(history, 1, 1, 3, 4);
  const kept = (request: Request) => request.index === flushed.index;
  equal(history.judgeSurvivors(image(flushed), 9, kept, false).mismatches.length, 0);
  equal(history.judgeSurvivors(image(undefined, cached), 9, kept, false).mismatches.length, 1);
});

Deno.test("the recovery point objective counts from the first write outside the cut", () => {
  const history = new MachineHistory(0, [SECTORS]);
  write(history, 0, 1, 1, 2);
  write(history, 0, 1, 3, 6);
  write(history, 0, 1, 7, 8);
  const { surely, maybe } = history.firstOutside(5);
  equal(surely, 8);
  equal(maybe, 6);
});

Deno.test("a sector says who wrote it, and whether it is whole", () => {
  const words = stampSectors({ machine: 2, disk: 1, sector: 7, request: 40 }, 1, true);
  match(describeSector(words, 0), /^machine 2 disk 1 sector 7 request 40$/);
  words[100] = (words[100] as number) ^ 1;
  match(describeSector(words, 0), /torn inside/);
  equal(describeSector(wordsOf(new Uint8Array(512)), 0), "zeros");
  ok(describeSector(wordsOf(new Uint8Array(512).fill(3)), 0).startsWith("bytes that no guest"));
});
