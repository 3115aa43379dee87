/**
 * Incarnations of a primary: a restart is admitted, of two copies the second is not (L1).
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { WRITERS_MAX } from "../../../../engine/core/base/limits.ts";
import type { Incarnation } from "../../../../engine/core/base/units.ts";
import {
  mayWrite,
  nextIncarnation,
  type Writer,
  writerFromJson,
} from "../../../../engine/core/lineage/writer.ts";

let drawn = 0;

/** Another incarnation that knows `known`. */
function next(known: Writer, answered = true): Writer {
  const fresh = (++drawn).toString(16).padStart(32, "0") as Incarnation;
  return nextIncarnation(known, fresh, answered);
}

Deno.test("whoever knows the incarnation that the replica is bound to may write (L1)", () => {
  const first = next([]);
  equal(mayWrite(undefined, first), true, "nobody wrote before");
  const restarted = next(first);
  equal(mayWrite(first[0], restarted), true);
  const lost = next(restarted, false);
  equal(mayWrite(first[0], lost), true, "the answer to the one between was lost, or it never came");
  equal(mayWrite(restarted[0], lost), true);
});

Deno.test("of two copies the one that comes second is refused, whichever that is (L1)", () => {
  const common = next(next([]));
  const [one, other] = [next(common), next(common)];
  equal(mayWrite(common[0], one), true);
  equal(mayWrite(one[0], other), false);
  equal(mayWrite(one[0], next(next(other))), false, "and it stays so");
  equal(mayWrite(one[0], next(one)), true);
});

Deno.test("incarnations are bounded, and the one that the replica knows is never forgotten (E6)", () => {
  let writer: Writer = [];
  const bound = (writer = next(writer))[0];
  for (let restart = 0; restart < 3 * WRITERS_MAX; restart++) {
    writer = next(writer, false);
    equal(mayWrite(bound, writer), true, `restart ${restart} without an answer`);
  }
  equal(writer.length, WRITERS_MAX);
  for (let round = 0; round < 3 * WRITERS_MAX; round++) {
    const before = writer[0];
    writer = next(writer);
    equal(mayWrite(before, writer), true);
  }
  deepEqual(writerFromJson([...writer]), writer);
  equal(writerFromJson([...writer, ...writer]), undefined);
  equal(writerFromJson(["x"]), undefined);
  deepEqual(writerFromJson(undefined), []);
});

Deno.test("however often a replica lies, the incarnation under which a point was staged is not forgotten (L1)", () => {
  const [proved] = next([]);
  let writer: Writer = [proved as Incarnation];
  for (let lie = 0; lie < 3 * WRITERS_MAX; lie++) {
    const fresh = (++drawn).toString(16).padStart(32, "0") as Incarnation;
    writer = nextIncarnation(writer, fresh, true, proved);
    equal(writer.length <= WRITERS_MAX, true);
    equal(mayWrite(proved, writer), true);
  }
});
