/**
 * A drill that is shared by its address arrives whole, or not at all.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  decodePermalink,
  encodePermalink,
  PERMALINK_MAX,
} from "../../../../lab/scenario/permalink.ts";
import { EXAMPLE } from "./example.ts";

const ENGINE = "0123456789abcdef";
const DRILL = { text: EXAMPLE, seed: 42, engineHash: ENGINE, at: 7_200_000_000 };

async function fragmentOf(drill: typeof DRILL): Promise<string> {
  const link = await encodePermalink(drill);
  ok(link.ok);
  return link.fragment;
}

Deno.test("an ordinary scenario fits into a link, and comes out of it as it was", async () => {
  const fragment = await fragmentOf(DRILL);
  ok(fragment.length <= PERMALINK_MAX, `${fragment.length} characters`);
  match(fragment, /^#v=0123456789abcdef&seed=42&t=7200000000&s=[\w-]+&c=[0-9a-f]{8}$/);
  deepEqual(await decodePermalink(fragment, ENGINE), { ok: true, drill: DRILL });
});

Deno.test("whatever text, seed and time are shared, they come out as they were", async () => {
  const drills = fc.record({
    text: fc.string({ unit: "binary", maxLength: 200 }),
    seed: fc.maxSafeNat(),
    at: fc.maxSafeNat(),
    engineHash: fc.constant(ENGINE),
  });
  await fc.assert(
    fc.asyncProperty(drills, async (drill) => {
      deepEqual(await decodePermalink(await fragmentOf(drill), ENGINE), { ok: true, drill });
    }),
    { numRuns: 50 },
  );
});

Deno.test("a link that was cut short says so, wherever it was cut", async () => {
  const fragment = await fragmentOf(DRILL);
  for (let length = 3; length < fragment.length; length++) {
    const opened = await decodePermalink(fragment.slice(0, length), ENGINE);
    equal(opened.ok ? "whole" : opened.why, "cut-short", `at ${length}`);
  }
});

Deno.test("a link of which a character was changed is not run", async () => {
  const fragment = await fragmentOf(DRILL);
  const places = fc.integer({ min: 3, max: fragment.length - 1 });
  await fc.assert(
    fc.asyncProperty(places, fc.constantFrom(..."0aZ_-"), async (at, character) => {
      if (fragment[at] === character) return;
      const changed = fragment.slice(0, at) + character + fragment.slice(at + 1);
      equal((await decodePermalink(changed, ENGINE)).ok, false);
    }),
  );
});

Deno.test("a link of another engine says so, and holds its drill", async () => {
  const opened = await decodePermalink(await fragmentOf(DRILL), "fedcba9876543210");
  ok(!opened.ok);
  equal(opened.why, "other-engine");
  deepEqual(opened.drill, DRILL);
});

Deno.test("an address without a drill, and one that is longer than any, are told apart", async () => {
  for (
    const [fragment, why] of [["", "none"], ["#top", "none"], [
      `#v=${"a".repeat(9000)}`,
      "altered",
    ]] as const
  ) {
    const opened = await decodePermalink(fragment, ENGINE);
    ok(!opened.ok);
    equal(opened.why, why);
  }
});

Deno.test("a scenario that is too long for a link is not shared by half", async () => {
  const text = Array.from({ length: 4000 }, (_, at) => String(at * 7919 % 10_007)).join(" ");
  const link = await encodePermalink({ ...DRILL, text });
  ok(!link.ok);
  match(link.message, /too long for a link: \d+ characters, and 2048 are the most/);
});
