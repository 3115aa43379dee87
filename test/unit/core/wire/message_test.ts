/**
 * Control messages: one table gives type, validation and documentation.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Json } from "../../../../engine/core/base/json.ts";
import { canonicalBytes } from "../../../../engine/core/base/json.ts";
import { CONTROL_PAYLOAD_MAX } from "../../../../engine/core/base/limits.ts";
import { encodeUtf8 } from "../../../../engine/core/base/utf8.ts";
import { describeMessages } from "../../../../engine/core/wire/describe.ts";
import { isMalformed } from "../../../../engine/core/wire/malformed.ts";
import { decodeControl, encodeControl, MESSAGES } from "../../../../engine/core/wire/message.ts";
import { SAMPLES } from "./samples.ts";

function problem(json: Json | string): string {
  const payload = typeof json === "string" ? encodeUtf8(json) : canonicalBytes(json);
  const result = decodeControl(payload);
  return isMalformed(result) ? result.message : "sound";
}

Deno.test("every message survives the way there", () => {
  for (const [type, sample] of Object.entries(SAMPLES)) {
    const payload = encodeControl(sample);
    const result = decodeControl(payload);
    assert(!isMalformed(result), `${type}: ${isMalformed(result) && result.message}`);
    assert.deepEqual(encodeControl(result), payload);
    assert.equal(result.type, type);
  }
  assert.deepEqual(Object.keys(SAMPLES).sort(), Object.keys(MESSAGES).sort());
});

Deno.test("a field that is missing, unknown or wrong is named", () => {
  assert.match(problem({ type: "ping" }), /"n" is not: integer/);
  assert.match(problem({ type: "ping", n: 1, m: 2 }), /nobody knows: "m"/);
  assert.match(problem({ type: "ping", n: -1 }), /"n" is not/);
  assert.match(problem({ type: "ping", n: "1" }), /"n" is not/);
  assert.match(problem({ type: "pang", n: 1 }), /unknown type/);
  assert.match(problem({ type: "constructor" }), /unknown type/);
  assert.match(problem({ n: 1 }), /unknown type/);
  assert.match(problem([]), /is not a JSON object/);
  assert.match(problem({ ...SAMPLES["hello"], server: "../x" }), /"server" is not: name/);
  const open = SAMPLES["open-machine"] as unknown as { readonly [key: string]: Json };
  assert.match(problem({ ...open, disks: [] }), /"disks" does not have 1 to 64 items/);
  assert.match(problem({ ...open, disks: [-1] }), /"disks" holds an item that is not: integer/);
  assert.match(
    problem({ ...open, ancestry: [{}] }),
    /"ancestry" holds an item that has a bad field/,
  );
  assert.match(problem({ ...open, base: "A".repeat(32) }), /"base" is not: point/);
});

Deno.test("a message has one form", () => {
  assert.equal(problem('{"n":1,"type":"ping"}'), "sound");
  assert.match(problem('{"type":"ping","n":1}'), /not canonical/);
  assert.match(problem('{"n": 1,"type":"ping"}'), /not canonical/);
  assert.match(problem('{"n":1,"n":1,"type":"ping"}'), /not canonical/);
  assert.match(problem('{"n":1e0,"type":"ping"}'), /not canonical/);
  assert.match(problem('{"n":-0,"type":"ping"}'), /not canonical|is not/);
  assert.match(problem('{"__proto__":{},"n":1,"type":"ping"}'), /nobody knows/);
  assert.match(problem("[".repeat(100_000)), /is not a JSON object/);
  assert.match(problem(" ".repeat(CONTROL_PAYLOAD_MAX + 1)), /too long/);
});

Deno.test("the documentation says what the table says", () => {
  const page = Deno.readTextFileSync(new URL("../../../../docs/WIRE.md", import.meta.url));
  assert(page.endsWith(describeMessages()), "docs/WIRE.md ends with what describeMessages() gives");
});
