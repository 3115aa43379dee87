/**
 * What a guest does by itself keeps to its rate, its time and its part of the disk, whatever is drawn.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { Load, type LoadPattern, type LoadSpec } from "../../../../engine/sim/guests/load.ts";
import { Prng } from "../../../../engine/sim/prng.ts";

const SPEC: LoadSpec = {
  ...{ vm: 0, id: "w", disk: 0, from: SECOND, until: HOUR, gap: SECOND, chance: true, count: 8 },
  ...{ first: 16, sectors: 4096, pattern: "anywhere", hot: 100_000, hotWrites: 900_000 },
  ...{ rough: 500_000, flush: 0 },
};

/** Everything that a load asks for: when, and what. */
function play(spec: LoadSpec, seed = 1) {
  const load = new Load(spec, new Prng(seed));
  const asked: { at: number; sector: number; kind: string }[] = [];
  for (let at = load.next(0); at !== undefined; at = load.next(at)) {
    for (const action of load.requests()) {
      const sector = action.kind === "write" ? action.sector : -1;
      asked.push({ at, sector, kind: action.kind });
    }
  }
  return asked;
}

const PATTERNS: readonly LoadPattern[] = ["anywhere", "hot", "in-order", "log-and-pages", "once"];

Deno.test("requests stay in their time and their part of the disk, for every kind of load", () => {
  const spec = fc.record({
    pattern: fc.constantFrom(...PATTERNS),
    gap: fc.integer({ min: 10_000, max: MINUTE }),
    chance: fc.boolean(),
    count: fc.constantFrom(1, 8, 64),
    first: fc.integer({ min: 0, max: 1000 }),
    sectors: fc.integer({ min: 64, max: 5000 }),
    hot: fc.integer({ min: 1, max: 1_000_000 }),
    flush: fc.constantFrom(0, 1, 7),
    bursts: fc.constantFrom(undefined, { on: MINUTE, off: 10 * MINUTE }),
    day: fc.constantFrom(undefined, { peak: 14, night: 0 }),
  });
  fc.assert(
    fc.property(spec, fc.nat(), ({ bursts, day, ...drawn }, seed) => {
      const load = {
        ...SPEC,
        ...drawn,
        ...(bursts === undefined ? {} : { bursts }),
        ...(day === undefined ? {} : { day }),
        until: 20 * MINUTE,
      };
      let before = 0;
      for (const { at, sector, kind } of play(load, seed)) {
        assert.ok(at >= load.from && at < load.until && at >= before && Number.isInteger(at));
        before = at;
        if (kind === "flush") continue;
        assert.ok(sector >= load.first && sector + load.count <= load.first + load.sectors);
        if (bursts !== undefined) assert.ok((at - load.from) % (11 * MINUTE) < MINUTE);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("a load keeps its rate: so many requests an hour, fewer at night, none between bursts", () => {
  const hour = play(SPEC).length;
  assert.ok(hour > 3300 && hour < 3900, `${hour} requests in an hour, one a second`);
  assert.equal(play({ ...SPEC, chance: false }).length, 3599);
  const day = { ...SPEC, until: 24 * HOUR, day: { peak: 12, night: 100_000 } };
  const times = play(day).map(({ at }) => at);
  const between = (from: number, to: number) =>
    times.filter((at) => at >= from * HOUR && at < to * HOUR).length;
  assert.ok(between(12, 13) > 3300, "As many as ever when it is busiest");
  assert.ok(between(0, 1) > 300 && between(0, 1) < 430, "A tenth at night");
});

Deno.test("most requests of a hot load go to its hot part, a log is written in order", () => {
  const hot = play({ ...SPEC, pattern: "hot" }).filter(({ sector }) => sector < 16 + 410);
  assert.ok(hot.length > 0.87 * 3600 && hot.length < 0.95 * 3600, `${hot.length} of 3600`);
  const log = play({ ...SPEC, pattern: "log-and-pages", chance: false, flush: 4 });
  const ordered = log.filter(({ sector }) => sector >= 0 && sector < 16 + 256);
  for (const [index, { sector }] of ordered.slice(1, 30).entries()) {
    assert.equal(sector, (ordered[index] as { sector: number }).sector + 8);
  }
  assert.equal(log.filter(({ kind }) => kind === "flush").length, Math.floor(3599 / 4));
});

Deno.test("whoever writes everything once writes every place once, and stops", () => {
  const asked = play({ ...SPEC, pattern: "once", gap: 1000 });
  assert.equal(asked.length, 512);
  assert.equal(new Set(asked.map(({ sector }) => sector)).size, 512);
});
