/**
 * Everything that is known of one recovery point, as JSON.
 *
 * @module
 */

import type { JsonObject } from "../base/json.ts";
import type { PointId } from "../base/units.ts";
import { HOLD } from "../failover/failover.ts";
import { noSuchPoint } from "../history/replica_files.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import { pointJson } from "./status.ts";

/** The point `id` of `machine`. Throws `no-such-point`. */
export function pointDetails(machine: ReplicaMachine, id: PointId): JsonObject {
  const { store } = machine;
  const point = store.points.find((each) => each.id === id);
  if (point === undefined) throw noSuchPoint(id);
  const now = store.newest?.protectedAt ?? point.protectedAt;
  const holds = [...store.holds].filter(([, held]) => held === id).map(([name]) => name);
  const exports = machine.exports.filter((each) => each.point.id === id);
  return {
    vm: machine.name,
    ...pointJson(point),
    protectedSeconds: Math.floor(point.protectedAt / 1_000_000),
    ageSeconds: Math.max(0, Math.floor((now - point.protectedAt) / 1_000_000)),
    newest: store.newest?.id === id,
    ...store.storedBytes(id),
    holds,
    usedBy: holds.map((name) => name === HOLD ? `failover of "${machine.name}"` : name),
    views: store.views(id),
    exports: exports.map(({ path, bytes, total }) => ({ path, bytes, total })),
  };
}
