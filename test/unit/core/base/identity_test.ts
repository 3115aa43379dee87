/**
 * Names and identities: what is one, and what is not.
 *
 * @module
 */

import assert from "node:assert/strict";
import { checkName, isName } from "../../../../engine/core/base/name.ts";
import { fromHex, isIdentity, toHex } from "../../../../engine/core/base/units.ts";

Deno.test("A name can be a file's name, and nothing that leads elsewhere is one", () => {
  for (const name of ["a", "web-1.example", "A_b", "x".repeat(64), "-v"]) assert.ok(isName(name));
  const bad = ["", ".", "..", "../x", "a/b", "a\\b", "a b", "x".repeat(65), "ä", "a\n", "a\0", 7];
  for (const name of bad) assert.ok(!isName(name), String(name));
  assert.throws(() => checkName("../x", "machine"), /Not a name for a machine: "\.\.\/x"/);
});

Deno.test("Hex comes back, and other text gives nothing", () => {
  const bytes = Uint8Array.of(0, 1, 15, 16, 255);
  assert.equal(toHex(bytes), "00010f10ff");
  assert.deepEqual(fromHex("00010f10ff"), bytes);
  for (const text of ["0", "0g", "0G", "AA", " 00 "]) assert.equal(fromHex(text), undefined);
});

Deno.test("An identity is 32 lower-case hex digits", () => {
  assert.ok(isIdentity("0123456789abcdef".repeat(2)));
  for (const text of ["", "a".repeat(31), "A".repeat(32), "a".repeat(32) + "\n", 5, null]) {
    assert.ok(!isIdentity(text), String(text));
  }
});
