/**
 * Tests with needs: met ones run, unmet ones are skipped with the reason in their name.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  condition,
  defineTest,
  device,
  program,
  splitSkipReason,
  testWithNeeds,
  unmetReason,
} from "../needs.ts";

Deno.test("unmetReason() names everything that is missing, and how to get it", () => {
  assert.equal(unmetReason([program("sh", "dash"), device("/dev/null")]), undefined);
  assert.equal(
    unmetReason([program("no-such-program", "some-package"), device("/dev/no-such-device")]),
    "needs no-such-program (Debian package some-package), " +
      "/dev/no-such-device, readable and writable",
  );
});

Deno.test("splitSkipReason() finds the reason that defineTest() put into a name", () => {
  assert.deepEqual(splitSkipReason("mounts ext4 [twice] [skipped: needs root]"), {
    name: "mounts ext4 [twice]",
    reason: "needs root",
  });
  assert.deepEqual(splitSkipReason("mounts ext4"), { name: "mounts ext4", reason: "" });
});

let ran = false;

testWithNeeds({ name: "testWithNeeds() runs a test whose needs are met", needs: [] }, () => {
  ran = true;
});

Deno.test("testWithNeeds() ran the test before this one", () => {
  assert.equal(ran, true);
});

Deno.test("defineTest() makes an ignored test when a need is not met", () => {
  const test = defineTest({ name: "flies", needs: [condition("wings", () => false)] }, () => {});
  assert.equal(test.name, "flies [skipped: needs wings]");
  assert.equal(test.ignore, true);
});
