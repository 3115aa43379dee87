/**
 * The sweep of first copies (M25 to M27): a host crashes at every port call of an export, of an import and of
 * a comparison with a copy that is there.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../engine/core/base/units.ts";
import { markUnits } from "../../engine/sim/storage_io.ts";
import {
  ask,
  type Course,
  type HostName,
  type Pair,
  protect,
  SIZE,
  sweepCourse,
  told,
  VM,
} from "./copies.ts";
import type { Site } from "../unit/core/server/pair.ts";

/** The package's folder as the primary says, wherever the medium is. */
function packageOf(a: Site): string {
  return String((told(a, "initialReplication") as JsonObject)["folder"]);
}

function exportAll(pair: Pair): void {
  const { world, a } = pair;
  a.call("replication start", { vm: VM, export: "/usb" });
  world.runWhile(() => told(a) !== "WaitingForInitialReplication", 60 * SECOND);
}

function importAll({ world, a, b }: Pair): void {
  world.runFor(3 * SECOND);
  b.host.bringPlace("usb", a.host.takePlace("usb"));
  b.call("replication import", { path: packageOf(a) });
  world.runWhile(() => told(a) !== "Replicating", 60 * SECOND);
}

const EXPORT: Course = {
  name: "export",
  host: "a",
  before(pair) {
    protect(pair);
    pair.a.host.addPlace("usb");
  },
  step({ a }) {
    if (told(a) === "ReadyForInitialReplication") ask(a, "replication start", { export: "/usb" });
  },
  done: ({ a }) => told(a) === "WaitingForInitialReplication",
  behind: importAll,
};

const IMPORT: Course = {
  name: "import",
  host: "b",
  before(pair) {
    protect(pair);
    pair.a.host.addPlace("usb");
    exportAll(pair);
    pair.world.runFor(3 * SECOND);
    pair.b.host.bringPlace("usb", pair.a.host.takePlace("usb"));
  },
  step({ a, b }) {
    if (told(b) !== "WaitingForInitialReplication") return;
    ask(b, "replication import", { path: packageOf(a) });
  },
  done: ({ a, b }) => told(b) === "Replicating" && told(a) === "Replicating",
};

function existingCopy(host: HostName): Course {
  return {
    name: `existing-copy-${host}`,
    host,
    before(pair) {
      protect(pair);
      const { node } = pair.b.host.addDisk("copy.img", { size: SIZE });
      const content = pair.a.host.disks.get("vm.img")!.node.sectors.read(0, SIZE);
      for (let at = 0; at < SIZE; at += 8 * KiB) content.fill(0xee, at, at + 512);
      node.sectors.write(0, content);
      node.sectors.persist(node.sectors.mark());
      markUnits(node, 0, SIZE, true);
    },
    step({ a, b }) {
      if (told(b) === undefined) {
        ask(b, "replication enable", { asReplica: true, disks: ["copy.img"] });
      }
      const ready = told(a) === "ReadyForInitialReplication" && told(b) !== undefined;
      if (ready) ask(a, "replication start", { existingCopy: true });
    },
    done: ({ a, b }) => told(b) === "Replicating" && told(a) === "Replicating",
  };
}

for (const course of [EXPORT, IMPORT, existingCopy("a"), existingCopy("b")]) sweepCourse(course);
