/**
 * The marks of a failover: of one that is in force an empty file among its overlays, named for its
 * generation and its point; of one that is complete an empty file beside the disks, named for its
 * generation.
 *
 * The state says the same. But the state may be an older one (both copies put back from a backup), and a
 * replica that believed it would throw the overlays away, with all that the machine wrote since, and take
 * data from the primary again; after a complete even into the disk files that are the machine.
 *
 * Rule: the mark is set after the record of the failover is durable and before anybody is offered its
 * disks. So a mark that the record knows nothing of, neither in force, nor dead, nor completed, tells that
 * the state is older than the failover. Overlays are made before the record says *in force* and cleared
 * after it says otherwise. So a record without its overlays is older than the failover's end. The mark of a
 * complete is set after the record says so and before overlays and undo files go, which tell of it until
 * then; it stays as long as the folder. So a record that does not know it is older than the complete. A point of
 * the failover's generation is staged after the record says *completing*: so a record that does not is older than
 * that, and whoever wrote on the overlays again would write behind what is to be the machine.
 *
 * @module
 */

import { type Failed, isFailed, localFailure } from "../base/failure.ts";
import { type GenerationId, isIdentity, type PointId } from "../base/units.ts";
import type { ReplicaStore } from "../history/replica_store.ts";
import type { Folder } from "../ports/folder.ts";
import {
  begunFailover,
  cancelledFailover,
  type FailoverRecord,
  replicaFromJson,
  type ReplicaRecord,
  replicaToJson,
} from "../replica/replica_record.ts";
import { done, type Task } from "../runtime/task.ts";
import { HOLD, OVERLAYS } from "./failover.ts";

const MARK = "in-force";
const COMPLETED = "completed";

/** Sets the mark of a failover that is in force, durably. */
export function* markInForce(folder: Folder, failover: FailoverRecord): Task<void> {
  const name = `${MARK}.${failover.generation}.${failover.point}`;
  yield* mark(folder.folder(OVERLAYS), name);
}

/** Sets the mark of a failover that is complete, durably. */
export function* markCompleted(folder: Folder, generation: GenerationId): Task<void> {
  yield* mark(done(folder), `${COMPLETED}.${generation}`);
}

/** Marks guard against a second misfortune: that one cannot be set stops nobody. */
function* mark(where: Task<Folder>, name: string): Task<void> {
  try {
    const folder = yield* where;
    if ((yield* folder.list()).includes(name)) return;
    const file = yield* folder.open(name, { create: true });
    yield* file.close();
    yield* folder.flush();
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
  }
}

/**
 * Brings the record in line with the overlays where it is older than they are: takes up a failover of
 * which it knows nothing, ends one that was ended. A crash in here leaves it to the next opening. Throws
 * `stale` when there is no telling how the failover stood.
 */
export function* settleFailover(store: ReplicaStore, folder: Folder): Task<void> {
  const record = replicaFromJson(store.extra);
  const names = yield* folder.list();
  const completed = names.find((name) => name.startsWith(`${COMPLETED}.`));
  if (completed !== undefined && !knowsCompleted(record, completed)) {
    throw olderThanFailover(store, folder);
  }
  if (record === undefined) return;
  const overlays = names.includes(OVERLAYS);
  const mark = overlays ? yield* findMark(folder) : undefined;
  if (record.failover === undefined) yield* takeUp(store, folder, record, mark);
  else if (!overlays) yield* end(store, folder, record, record.failover);
  else if (mark !== undefined && mark.generation !== record.failover.generation) {
    // Overlays were cleared and made again since: that failover was cancelled, and another one begun.
    yield* end(store, folder, record, record.failover);
    yield* takeUp(store, folder, replicaFromJson(store.extra) ?? record, mark);
  } else if (!record.failover.completing && isStaged(store, record.failover)) {
    const failover = { ...record.failover, completing: true };
    yield* store.setExtra(replicaToJson({ ...record, failover }));
  }
}

/** Its last step has begun if its delta is staged: from there on there is only the way forward. */
function isStaged(
  store: ReplicaStore,
  { generation }: Pick<FailoverRecord, "generation">,
): boolean {
  return store.points.some((point) => point.generation === generation);
}

/** The failover was cancelled: a completed one leaves a point of its generation, if anything at all. */
function* end(
  store: ReplicaStore,
  folder: Folder,
  record: ReplicaRecord,
  { generation, completing }: FailoverRecord,
): Task<void> {
  if (completing || isStaged(store, { generation })) throw olderThanFailover(store, folder);
  yield* store.setExtra(replicaToJson(cancelledFailover(record, store.name)));
  yield* store.unhold(HOLD);
}

function* takeUp(
  store: ReplicaStore,
  folder: Folder,
  record: ReplicaRecord,
  mark: Mark | undefined,
): Task<void> {
  if (mark === undefined || isOver(record, mark.generation)) {
    if (store.newest !== undefined && !isKnown(record, store.newest.generation)) {
      throw olderThanFailover(store, folder);
    }
    return;
  }
  const { generation, point } = mark;
  if (!store.points.some(({ id }) => id === point)) throw olderThanFailover(store, folder);
  const completing = isStaged(store, mark);
  yield* store.hold(point, HOLD);
  const failover = { ...begunFailover(record, point, generation), completing };
  const state = "FailedOverWaitingCompletion";
  const { newest } = store;
  const inForce = record.ancestry[0]?.generation ?? newest?.generation;
  yield* store.setExtra(replicaToJson({ ...record, state, failover }), inForce);
}

/** What a mark among overlays says. */
interface Mark {
  readonly generation: GenerationId;
  readonly point: PointId;
}

/** True when the overlays that are there are marked as those of a failover that is in force. */
export function* isMarked(folder: Folder): Task<boolean> {
  return (yield* findMark(folder)) !== undefined;
}

function* findMark(folder: Folder): Task<Mark | undefined> {
  const overlays = yield* folder.folder(OVERLAYS);
  for (const name of yield* overlays.list()) {
    const [mark, generation, point] = name.split(".");
    if (mark !== MARK || !isIdentity(generation) || !isIdentity(point)) continue;
    return { generation: generation as GenerationId, point: point as PointId };
  }
  return undefined;
}

/** Cancelled or completed: only the overlays are left to clear. */
function isOver(record: ReplicaRecord, generation: GenerationId): boolean {
  return record.dead.includes(generation) || isKnown(record, generation);
}

/** True when the record says that the failover of this mark is complete. */
function knowsCompleted(record: ReplicaRecord | undefined, mark: string): boolean {
  const generation = mark.slice(COMPLETED.length + 1) as GenerationId;
  return record?.state === "FailedOver" && isKnown(record, generation);
}

function isKnown(record: ReplicaRecord, generation: GenerationId): boolean {
  const { ancestry, losing = [] } = record;
  return [...ancestry, ...losing].some((each) => each.generation === generation);
}

function olderThanFailover(store: ReplicaStore, folder: Folder): Failed {
  return localFailure(
    "stale",
    `The state of "${store.name}" is older than a failover of it`,
    `Copy the folder ${folder.path} away, its disk files may be the machine; then remove it here`,
  );
}
