/**
 * The event queue against a sorted list.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { EventQueue, type SimEvent } from "../../../engine/sim/event_queue.ts";
import { EVENT } from "../../../engine/sim/trace.ts";

function event(time: number, tie: number, order: number): SimEvent {
  return { time, tie, order, kind: EVENT.script, actor: 0, payload: 0, run: () => {} };
}

Deno.test("events come by time, tie and order; cancelled ones never", () => {
  const step = fc.record({
    what: fc.constantFrom("push", "push", "push", "cancel", "pop"),
    time: fc.nat(20),
    tie: fc.nat(3),
    pick: fc.nat(1000),
  });
  const property = fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const queue = new EventQueue();
    let model: SimEvent[] = [];
    const pop = () => {
      model.sort((left, right) =>
        left.time - right.time || left.tie - right.tie || left.order - right.order
      );
      const expected = model.shift();
      assert.equal(queue.nextTime(), expected?.time);
      const popped = queue.pop();
      assert.equal(popped, expected);
      if (popped !== undefined) popped.run = undefined;
    };
    steps.forEach(({ what, time, tie, pick }, order) => {
      if (what === "push") {
        const made = event(time, tie, order);
        queue.push(made);
        model.push(made);
      } else if (what === "cancel" && model.length > 0) {
        const chosen = model[pick % model.length] as SimEvent;
        queue.cancel(chosen);
        queue.cancel(chosen);
        model = model.filter((other) => other !== chosen);
      } else if (what === "pop") pop();
      assert.equal(queue.length, model.length);
    });
    while (model.length > 0) pop();
    assert.equal(queue.pop(), undefined);
  });
  fc.assert(property, { seed: 17, numRuns: 200 });
});

Deno.test("many cancelled events do not pile up", () => {
  const queue = new EventQueue();
  for (let order = 0; order < 100_000; order++) {
    const made = event(1_000_000 - order, 0, order);
    queue.push(made);
    queue.cancel(made);
  }
  assert.equal(queue.length, 0);
  assert.equal(queue.pop(), undefined);
});
