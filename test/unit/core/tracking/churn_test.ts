/**
 * How much is written in how much time: distinct blocks, windows, bounds.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { DAY, HOUR, KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { ChurnMeter } from "../../../../engine/core/tracking/churn.ts";

function meterAt() {
  let now = 5 * HOUR;
  const clock = { now: () => now } as unknown as ConstructorParameters<typeof ChurnMeter>[0];
  return { meter: new ChurnMeter(clock), pass: (micros: number) => now += micros };
}

/** Bytes for the span nearest to `span`. */
function bytesAt(meter: ChurnMeter, span: number): number {
  return meter.churn().find((each) => each.span === span)?.bytes ?? -1;
}

Deno.test("a block that is written over and over counts once in each window", () => {
  const { meter, pass } = meterAt();
  for (let second = 0; second < 3600; second++) {
    meter.note(0, 4 * KiB);
    meter.note(64 * KiB * (second % 60), 8 * KiB);
    pass(SECOND);
  }
  // Block 0 is one of the pairs in one window of six.
  equal(bytesAt(meter, 10 * SECOND), Math.ceil((6 * 21 - 1) * 4 * KiB / 6), "one and ten pairs");
  equal(bytesAt(meter, 2 * MINUTE), 120 * 4 * KiB);
  equal(bytesAt(meter, 20 * MINUTE), 120 * 4 * KiB);
});

Deno.test("windows without a write count, and nothing is known of a window that has not ended", () => {
  const { meter, pass } = meterAt();
  deepEqual(meter.churn(), []);
  meter.note(0, 40 * KiB);
  pass(5 * SECOND);
  deepEqual(meter.churn(), [{ span: 5 * SECOND, bytes: 40 * KiB }]);
  pass(15 * SECOND);
  deepEqual(meter.churn(), [
    { span: 10 * SECOND, bytes: 20 * KiB },
    { span: 20 * SECOND, bytes: 40 * KiB },
  ]);
  pass(2 * DAY);
  const churn = meter.churn();
  equal(churn.length, 5);
  equal(churn[4]?.span, DAY);
  equal(churn[4]?.bytes, 20 * KiB);
  equal(meter.measured, 2 * DAY + 20 * SECOND);
});

Deno.test("many blocks are counted to a few per cent in bounded memory", () => {
  for (const blocks of [500, 1024, 20_000, 300_000]) {
    const { meter, pass } = meterAt();
    for (let block = 0; block < blocks; block++) meter.note(block * 3 * 4096, 4096);
    pass(10 * SECOND);
    const bytes = bytesAt(meter, 10 * SECOND);
    const off = Math.abs(bytes / (blocks * 4096) - 1);
    ok(off <= (blocks <= 1024 ? 0 : 0.12), `${blocks}: ${bytes}, off by ${off}`);
  }
  const { meter, pass } = meterAt();
  meter.note(0, 1024 * 1024 * KiB);
  pass(2 * MINUTE);
  const off = Math.abs(bytesAt(meter, 2 * MINUTE) / (1024 * 1024 * KiB) - 1);
  ok(off < 0.12, `a gibibyte at once, off by ${off}`);
});
