/**
 * The oracle against the plain judge: random histories, random images, the same verdicts.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { MachineHistory, NEVER, type Request } from "../../../../engine/sim/oracle/history.ts";
import { WORDS } from "../../../../engine/sim/oracle/stamp.ts";
import { type PlainEpoch, PlainJudge, type PlainMoment, touches } from "./plain_judge.ts";

const SIZES = [5, 3];

/** One thing that happens to a history. */
const step = fc.record({
  what: fc.constantFrom("issue", "issue", "issue", "end", "end", "fail", "die"),
  disk: fc.nat(1),
  sector: fc.nat(4),
  count: fc.integer({ min: 1, max: 4 }),
  content: fc.constantFrom("zeros" as const, "plain" as const, "rough" as const),
  pick: fc.nat(1000),
});

/** How an image comes about: what each sector shows, and of which instant it is judged. */
const look = fc.record({
  /** Mostly what came last, so that images are often right. */
  back: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 9), { minLength: 8, maxLength: 8 }),
  instant: fc.nat(1000),
  span: fc.nat(4),
});

interface Told {
  readonly history: MachineHistory;
  readonly epochs: (PlainEpoch & { readonly start: number; readonly requests: Request[] })[];
  readonly now: number;
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Lets the steps happen. */
function tell(steps: readonly Step[]): Told {
  const first = SIZES.map((size) => new Int32Array(size * WORDS).fill(77));
  const history = new MachineHistory(3, SIZES, bytesOf(first));
  const epochs: Told["epochs"] = [{ start: 0, base: first, requests: [] }];
  let underway: Request[] = [];
  let now = 0;
  for (const { what, disk, sector, count, content, pick } of steps) {
    now++;
    const epoch = epochs.at(-1) as Told["epochs"][number];
    if (what === "issue") {
      const first = sector % (SIZES[disk] as number);
      const fits = Math.min(count, (SIZES[disk] as number) - first);
      const request = history.issue(disk, first, fits, content, now);
      underway.push(request);
      epoch.requests.push(request);
    } else if (what === "die") {
      const base = survivingImage(history, epoch, pick);
      history.rebase(base.map((words) => new Uint8Array(words.buffer)), now);
      epochs.push({ start: now, base, requests: [] });
      underway = [];
    } else if (underway.length > 0) {
      const chosen = underway[pick % underway.length] as Request;
      history.end(chosen, now, what === "end" ? now : undefined);
      underway = underway.filter((other) => other !== chosen);
    }
  }
  // As they stand in the end.
  for (const { requests } of epochs) {
    for (const [place, { index }] of requests.entries()) requests[place] = history.request(index);
  }
  return { history, epochs, now };
}

/**
 * What a death leaves: something that nobody wrote, or in each sector the base or a request of the stretch, as chance has it.
 */
function survivingImage(history: MachineHistory, epoch: PlainEpoch, pick: number): Int32Array[] {
  if (pick % 3 === 0) return SIZES.map((size, at) => new Int32Array(size * WORDS).fill(pick + at));
  const back = Array.from({ length: 8 }, (_, place) => (pick >>> place) % 3);
  return imageOf({ history }, epoch, Infinity, back);
}

/** Contents in which each sector shows the request so many back from the moment, or the base. */
function imageOf(
  { history }: Pick<Told, "history">,
  { base, requests }: PlainEpoch,
  until: number,
  back: readonly number[],
): Int32Array[] {
  let place = 0;
  return SIZES.map((size, disk) => {
    const words = (base[disk] as Int32Array).slice();
    for (let sector = 0; sector < size; sector++) {
      const steps = back[place++] as number;
      const row = requests.filter((request) =>
        request.disk === disk && sector >= request.sector &&
        sector < request.sector + request.count && (request.issued <= until || steps === 9)
      );
      const chosen = row.at(-1 - (steps % 9));
      if (chosen === undefined) continue;
      const from = (sector - chosen.sector) * WORDS;
      const all = history.wordsOf(chosen);
      words.set(
        all?.subarray(from, from + WORDS) ?? new Int32Array(WORDS),
        sector * WORDS,
      );
    }
    return words;
  });
}

const bytesOf = (image: readonly Int32Array[]) =>
  image.map((words) => new Uint8Array(words.buffer));

function compare(
  steps: readonly Step[],
  looks: readonly (typeof look extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const told = tell(steps);
  const { history, epochs, now } = told;
  const plain = new PlainJudge(history);
  for (const { back, instant, span } of looks) {
    // Between two instants, as cuts are.
    const cut = (instant % (now + 1)) + 0.5;
    const epoch = epochs.findLast(({ start }) => start <= cut) as PlainEpoch;
    const image = imageOf(told, epoch, cut, back);
    const bytes = bytesOf(image);
    const moment: PlainMoment = { until: cut, sure: ({ acknowledged }) => acknowledged < cut };
    const expected = plain.judge(epoch, image, moment);
    const found = history.judge(bytes, cut);
    const names = found.mismatches.map(({ disk, sector }) => `${disk}/${sector}`);
    assert.deepEqual(names, expected.wrong.slice(0, 3));
    assert.equal(found.torn !== undefined, expected.torn);
    const first = history.judgeRange(0, 0, 5 * 512, bytes[0] as Uint8Array, cut);
    assert.equal(first && `0/${first.sector}`, expected.wrong.find((name) => name[0] === "0"));
    // A read that began earlier sees what was acknowledged before that.
    const from = Math.max(0.5, cut - span);
    const early: PlainMoment = { until: cut, sure: ({ acknowledged }) => acknowledged < from };
    const read = history.judgeRead(1, 0, bytes[1] as Uint8Array, from, cut).mismatches;
    const wrong = plain.judge(epoch, image, early).wrong.filter((name) => name[0] === "1");
    assert.deepEqual(read.map(({ disk, sector }) => `${disk}/${sector}`), wrong.slice(0, 3));
    survivors(told, plain, image, back);
    const outside = history.requests.filter(({ acknowledged }) => acknowledged !== NEVER);
    const times = (some: readonly Request[]) =>
      Math.min(...some.map(({ acknowledged }) => acknowledged));
    assert.deepEqual(history.firstOutside(cut), {
      surely: times(outside.filter(({ issued }) => issued > cut)),
      maybe: times(outside.filter(({ acknowledged }) => acknowledged > cut)),
    });
  }
}

/** What may be left at the end, whichever requests were kept. */
function survivors(
  { history, epochs, now }: Told,
  plain: PlainJudge,
  image: readonly Int32Array[],
  back: readonly number[],
): void {
  const epoch = epochs.at(-1) as PlainEpoch;
  const kept = (request: Request) =>
    request.acknowledged !== NEVER && back[request.index % back.length] === 0;
  const moment = { until: now + 0.5, sure: kept };
  const whole = plain.judge(epoch, image, moment);
  const all = history.judgeSurvivors(bytesOf(image), now + 0.5, kept, true);
  assert.equal(all.mismatches.length, Math.min(3, whole.wrong.length));
  assert.equal(all.torn !== undefined, whole.torn);
  const certain = whole.wrong.filter((name) => {
    const [disk, sector] = name.split("/").map(Number) as [number, number];
    return epoch.requests.some((request) => kept(request) && touches(request, disk, sector));
  });
  const some = history.judgeSurvivors(bytesOf(image), now + 0.5, kept, false);
  assert.equal(some.mismatches.length, Math.min(3, certain.length));
  const strange = strangers(epochs, back);
  const wrong = plain.neverHeld(
    epochs,
    strange,
    (disk, sector) =>
      epoch.requests.some((request) => kept(request) && touches(request, disk, sector)),
  );
  const found = history.judgeSurvivors(bytesOf(strange), now + 0.5, kept, false).mismatches;
  const never = found.filter(({ expected }) => expected === "something it ever held");
  if (found.length < 3) {
    assert.deepEqual(never.map(({ disk, sector }) => `${disk}/${sector}`), wrong);
  }
}

/** What disks may have held long ago, elsewhere on them, or never. */
function strangers(epochs: Told["epochs"], back: readonly number[]): Int32Array[] {
  const { base } = epochs[(back[0] as number) % epochs.length] as PlainEpoch;
  return SIZES.map((size, disk) => {
    const words = (base[disk] as Int32Array).slice();
    const odd = (back[disk] as number) % size;
    if (back[2] === 1) words.copyWithin(odd * WORDS, 0, WORDS);
    if (back[2] === 2) words[odd * WORDS + 5] = -1;
    if (back[2] === 3) words.fill(0, odd * WORDS, (odd + 1) * WORDS);
    return words;
  });
}

Deno.test("the oracle judges like one that looks through everything", () => {
  const property = fc.property(
    fc.array(step, { maxLength: 60 }),
    fc.array(look, { minLength: 4, maxLength: 4 }),
    compare,
  );
  fc.assert(property, { seed: 23, numRuns: 1500 });
});
