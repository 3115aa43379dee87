/**
 * A replica whose wall clock jumps says how old its newest point is, and that nothing comes, as before.
 *
 * @module
 */

import { equal, match, ok } from "node:assert/strict";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { makePair, protect, status } from "./pair.ts";

Deno.test("a clock that jumps by a day either way makes no point older or younger, and hides no silence", () => {
  for (const jump of [-DAY, DAY]) {
    const { a, b, world } = makePair(341);
    protect(a, { frequency: 10 * SECOND });
    world.runFor(MINUTE);
    b.host.jumpWall(jump);
    equal(status(b)["health"], "Normal", `${jump}`);
    ok((status(b)["rpoSeconds"] as number) <= 20, `${status(b)["rpoSeconds"]} s after ${jump}`);
    a.host.kill();
    world.runFor(2 * HOUR);
    equal(status(b)["health"], "Warning", `${jump}`);
    match(JSON.stringify(status(b)["warnings"]), /Nothing was received for more than an hour/);
    equal(status(b)["objective"], "breached");
    ok((status(b)["rpoSeconds"] as number) >= 2 * 3600);
  }
});
