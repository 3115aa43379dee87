/**
 * Every scenario of the library comes to the outcome that its story derives by hand, and all invariants hold on the way.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DAY } from "../../engine/core/base/units.ts";
import { LIBRARY, playEach } from "./library.ts";

Deno.test("the library has at least 16 scenarios, each named for its file and with a story that derives numbers", () => {
  assert.ok(LIBRARY.size >= 16, `${LIBRARY.size} scenarios`);
  for (const [file, { name, story, expect, title }] of LIBRARY) {
    assert.equal(`${name}.yaml`, file);
    assert.match(story, /What should come of it\. [\s\S]*\d/, `${file} derives what it expects`);
    assert.ok(title.length > 10 && title.length < 80);
    assert.ok(expect.some(({ kind }) => kind === "invariants"), `${file} has all invariants on`);
    assert.ok(
      expect.some(({ kind }) => kind === "machine"),
      `${file} expects something of a machine`,
    );
  }
});

playEach(({ end }) => end < DAY);
