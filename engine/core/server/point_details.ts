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
  const exports = machine.exports.filter((each) => each.point.id === id);
  return {
    vm: machine.name,
    ...pointJson(point),
    protectedSeconds: Math.floor(point.protectedAt / 1_000_000),
    ageSeconds: Math.max(0, Math.floor((now - point.protectedAt) / 1_000_000)),
    newest: store.newest?.id === id,
    ...store.storedBytes(id),
    ...usersOf(machine, id),
    views: store.views(id),
    exports: exports.map(({ path, bytes, total }) => ({ path, bytes, total })),
  };
}

/** What keeps a point from retention: names of `holds`, and the same in words as `usedBy`. */
export function usersOf({ name, store }: ReplicaMachine, id: PointId) {
  const holds = [...store.holds].filter(([, held]) => held === id).map(([hold]) => hold);
  return { holds, usedBy: holds.map((hold) => hold === HOLD ? `failover of "${name}"` : hold) };
}
