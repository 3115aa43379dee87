/**
 * A line is a set in the order of coming: whatever comes and goes, both hold the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Line, type Member } from "../../../../engine/core/runtime/line.ts";

Deno.test("a line holds who came and has not left, in the order of coming", () => {
  const steps = fc.array(fc.nat({ max: 79 }), { maxLength: 400 });
  fc.assert(fc.property(steps, fc.nat({ max: 400 }), (whos, clearedAt) => {
    const members = Array.from({ length: 80 }, (): Member => ({ place: -1 }));
    const line = new Line<Member>();
    const other = new Line<Member>();
    const set = new Set<Member>();
    for (const [step, who] of whos.entries()) {
      const member = members[who] as Member;
      assert.equal(other.delete(member), false);
      if (step === clearedAt) {
        line.clear();
        set.clear();
      }
      // Whoever is in it leaves; now and then somebody leaves who is not in it.
      if (set.has(member)) {
        assert.equal(line.delete(member), set.delete(member));
      } else if (step % 7 === 0) assert.equal(line.delete(member), false);
      else {
        line.add(member);
        set.add(member);
      }
      assert.equal(line.size, set.size);
      const numbers = (all: Iterable<Member>) => [...all].map((each) => members.indexOf(each));
      assert.deepEqual(numbers(line.all()), numbers(set));
    }
  }));
});

Deno.test("nobody is in a line twice", () => {
  const line = new Line<Member>();
  const member = { place: -1 };
  line.add(member);
  assert.throws(() => line.add(member), /one line at a time/);
});
