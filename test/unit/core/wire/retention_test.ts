/**
 * The grammar of retention: what is read, the one spelling of it, and what is said of the rest.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import {
  lastPoints,
  NEWEST,
  parseRetention,
  pointsOf,
  retentionField,
  retentionFrom,
  retentionText,
} from "../../../../engine/core/wire/retention.ts";

const seed = Number(Deno.env.get("SEED") ?? 20261128);

Deno.test("what an administrator writes is read, and has one spelling", () => {
  for (
    const [written, spelled] of [
      ["newest", "newest"],
      ["  Newest ", "newest"],
      ["last 1", "newest"],
      ["last 24", "last 24"],
      ["hourly 0", "newest"],
      ["hourly 24", "hourly 24"],
      ["all 2h, hourly 1d, daily 30d", "all 2h, hourly 1d, daily 30d"],
      ["ALL 120m,HOURLY 24h ,  daily 30d", "all 2h, hourly 1d, daily 30d"],
      ["5m 2h, 1h 1d, 24h 30d", "5m 2h, hourly 1d, daily 30d"],
      ["all 90m, weekly 52", "all 90m, weekly 52"],
      ["1h30m 2d", "90m 2d"],
      ["10s 1m", "10s 1m"],
    ]
  ) assert.equal(retentionText(parseRetention(written as string)), spelled, written);
  assert.deepEqual(parseRetention("all 2h, hourly 24"), {
    last: 1,
    tiers: [{ every: 0, span: 2 * HOUR, count: 0 }, { every: HOUR, span: 0, count: 24 }],
  });
});

Deno.test("every retention that can be is read back from its spelling", () => {
  const time = fc.integer({ min: 1, max: 3000 }).map((number) => number * MINUTE);
  const tiers = fc.array(time, { minLength: 1, maxLength: 6 }).map((steps) => {
    let [every, span] = [0, 0];
    return steps.map((step, index) => {
      every += index === 0 ? 0 : step;
      span = Math.max(span, every) + step;
      return { every, span, count: 0 };
    });
  });
  fc.assert(
    fc.property(tiers, (list) => {
      const retention = { last: 1, tiers: list };
      const text = retentionText(retention);
      assert.deepEqual(parseRetention(text), retention, text);
      assert.equal(retentionField().check(text), undefined);
    }),
    { seed },
  );
});

Deno.test("what is no retention is refused, saying what was expected where", () => {
  for (
    const [written, why] of [
      ["", /a tier is missing/],
      ["all 2h,", /a tier is missing/],
      ["24", /"24" is not a period and how far back it reaches/],
      ["last", /"last" is not a period and how far/],
      ["last 0", /from 1 to 2048/],
      ["last 4000", /from 1 to 2048/],
      ["last -1", /"last" is neither all, hourly, daily, weekly nor a time/],
      ["newest 3", /"newest" is neither/],
      ["all 20", /for a number write "last N"/],
      ["all 2", /says no time/],
      ["hourly 2x", /"2x" is neither a time such as 2h or 30d nor a number/],
      ["hourly 0, daily 30d", /takes a number from 1/],
      ["daily 12h", /does not reach back one period/],
      ["daily 30d, hourly 1d", /does not have a longer period than the tier before/],
      ["all 2h, hourly 1h", /does not reach further back than the tier before/],
      ["hourly 48, daily 1d", /does not reach further back/],
      ["500ms 2h", /"500ms" is neither/],
      ["0s 2h", /"0s" is neither/],
      ["daily 4000d", /"4000d" is neither/],
      ["weekly 2000", /reaches back more than 3650d/],
      ["hourly 1d daily 30d", /is not a period and how far/],
      [`all 2h, ${"x".repeat(300)}`, /more than 256 characters/],
      ["1m 1h,2m 2h,3m 3h,4m 4h,5m 5h,6m 6h,7m 7h,8m 8h,9m 9h", /more than 8 tiers/],
    ] as const
  ) {
    assert.throws(() => parseRetention(written), (error) => {
      assert.ok(isFailed(error, "bad-argument"), written);
      assert.match(error.failure.message, why, written);
      assert.match(error.failure.action, /all 2h, hourly 1d, daily 30d/);
      assert.ok(!error.failure.message.includes("\n") && error.failure.message.length < 500);
      return true;
    }, written);
    assert.notEqual(retentionField().check(written), undefined, written);
  }
});

Deno.test("older records say how many of the newest points are kept", () => {
  assert.deepEqual(retentionFrom(undefined, 24), lastPoints(24));
  assert.deepEqual(retentionFrom(undefined, 1), NEWEST);
  assert.deepEqual(retentionFrom("hourly 24", undefined), parseRetention("hourly 24"));
  for (const [text, keep] of [[undefined, undefined], ["x", 24], [7, undefined]] as const) {
    assert.equal(retentionFrom(text, keep), undefined);
  }
  assert.deepEqual(lastPoints(0), NEWEST);
  assert.equal(lastPoints(4096).last, 2048);
});

Deno.test("how many points a retention can come to follows from the frequency", () => {
  const of = (text: string, frequency: number) => pointsOf(parseRetention(text), frequency);
  assert.equal(of("newest", SECOND), 1);
  assert.equal(of("last 7", HOUR), 7);
  assert.equal(of("hourly 24", 5 * MINUTE), 25);
  assert.equal(of("all 2h", 5 * MINUTE), 26);
  assert.equal(of("all 2h", HOUR), 4);
  assert.equal(of("5m 2h, hourly 1d, daily 30d", 30 * SECOND), 1 + 25 + 25 + 31);
  assert.equal(of("daily 30d", DAY), 32);
});
