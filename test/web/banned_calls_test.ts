/**
 * The ban on calls that differ between runs fires, counts what was swallowed, and ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import { withoutBannedCalls } from "./banned_calls.ts";

const CALLS: ReadonlyMap<string, () => unknown> = new Map<string, () => unknown>([
  ["Date", () => Date.now()],
  ["performance", () => performance.now()],
  ["crypto", () => crypto.getRandomValues(new Uint8Array(1))],
  ["setTimeout", () => setTimeout(() => {})],
  ["Math.random", () => Math.random()],
  ["Math.sin", () => Math.sin(1)],
  ["Math.pow", () => Math.pow(2, 0.5)],
]);

Deno.test("a banned call fails the run, also when its error was caught", () => {
  for (const [name, call] of CALLS) {
    const message = `A simulated run used ${name}`;
    assert.throws(() => withoutBannedCalls(call), { message });
    const swallow = () => {
      try {
        call();
      } catch {
        // As a handler of failures might.
      }
    };
    assert.throws(() => withoutBannedCalls(swallow), { message });
  }
});

Deno.test("a run without banned calls gives its result, and the ban ends with it", () => {
  assert.equal(withoutBannedCalls(() => Math.floor(2.5) + Math.imul(2, 3)), 8);
  const own = new Error("The run's own");
  assert.throws(() =>
    withoutBannedCalls(() => {
      throw own;
    }), own);
  assert.ok(Date.now() > 0 && performance.now() > 0 && Math.sin(0) === 0);
});
