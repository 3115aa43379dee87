/**
 * A replica's machine that is closed while somebody writes its record: that write ends first, and nothing is written
 * behind the close.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { Run } from "../../../../engine/core/runtime/loop.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import { FileNode } from "../../../../engine/sim/volume.ts";
import { makePair, protect, type Site, status } from "../server/pair.ts";

function begin<T>({ host }: Site, task: Task<T>): Run<T> {
  return host.process!.loop.start("closing", task);
}

/** All that is in the data folder, by path. */
function files(folder: Directory, path = ""): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [name, node] of folder.entries) {
    const own = `${path}/${name}`;
    if (node instanceof Directory) files(node, own).forEach((each, at) => found.set(at, each));
    else if (node instanceof FileNode) found.set(own, node.sectors.peek().slice());
  }
  return found;
}

Deno.test("a machine that is closed amid a write of its record is closed behind it, and writes nothing more", () => {
  let amid = 0;
  for (let steps = 0; steps < 6; steps++) {
    const { a, b, world } = makePair(443);
    protect(a);
    a.host.kill();
    world.runFor(MINUTE);
    const machine = b.server!.replica.machine("vm");
    const writing = begin(b, machine.enter("pause"));
    for (let step = 0; step < steps; step++) world.step();
    const before = writing.outcome;
    const closing = begin(b, b.server!.replica.close());
    world.runWhile(() => closing.outcome === undefined, SECOND);
    equal(closing.outcome?.ok, true, `after ${steps} steps`);
    ok(writing.outcome !== undefined, "closed while its record was being written");
    const then = files(b.host.data);
    const behind = begin(b, machine.setRecord({ ...machine.record, state: "Replicating" }));
    world.runWhile(() => behind.outcome === undefined, SECOND);

    const { outcome } = behind;
    ok(outcome?.ok === false && isFailed(outcome.error, "busy"), "it writes to a store given back");
    world.runFor(SECOND);
    deepEqual(files(b.host.data), then, "nothing is written behind the close");
    equal(world.violations[0], undefined);
    if (before === undefined) amid++;
    equal(writing.outcome.ok, true);
    b.host.kill();
    b.start();
    equal(status(b)["state"], "Suspended", "what was written is what a restart finds");
  }
  ok(amid > 1, `${amid} closes came amid the write`);
});
