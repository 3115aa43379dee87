/**
 * What is due and what was asked of a machine's resynchronization, durably beside the machine's own record.
 *
 * Rule: this is saved before the state that follows from it. A crash between the two leaves a state that the next
 * attempt brings in line: due and replicating begins one, paused and running stops it. The record is replaced whole
 * (`relationship/record.ts`); one that is damaged says that everything is to be compared, for that is always right.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import type { Kernel } from "../ports/codec.ts";
import type { Folder } from "../ports/folder.ts";
import { loadRecord, saveRecord } from "../relationship/record.ts";
import {
  NO_RESYNC,
  type ResyncPlan,
  resyncPlanFromJson,
  resyncPlanToJson,
} from "../relationship/resync_policy.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";

/** Name of the record in the machine's folder. */
export const RESYNC_RECORD = "resync.json";

/** The plan of one machine. */
export class ResyncRecord {
  readonly #kernel: Kernel;
  readonly #folder: Folder;
  readonly #saving = new Mutex();
  #plan: ResyncPlan = NO_RESYNC;

  constructor(kernel: Kernel, folder: Folder) {
    this.#kernel = kernel;
    this.#folder = folder;
  }

  /** What is planned. */
  get plan(): ResyncPlan {
    return this.#plan;
  }

  /** Reads what an earlier process left; `whole`: why it found that a disk is to be compared, if it is. */
  *load(whole: string | undefined): Task<void> {
    try {
      this.#plan = resyncPlanFromJson(yield* loadRecord(this.#kernel, this.#folder, RESYNC_RECORD));
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      this.#plan = { ...NO_RESYNC, due: error.failure.message, fresh: true };
    }
    if (whole === undefined || this.#plan.due !== undefined) return;
    const due = { ...this.#plan, due: whole };
    try {
      yield* this.save(due);
    } catch (error) {
      // It is due all the same; a restart before it began would compare within a cycle.
      if (!isFailed(error) || error.code === "cancelled") throw error;
      this.#plan = due;
    }
  }

  /** Replaces the plan; durable when it returns. */
  save(plan: ResyncPlan): Task<void> {
    return this.#saving.during(this.#save(plan));
  }

  *#save(plan: ResyncPlan): Task<void> {
    if (sameAs(plan, this.#plan)) return;
    yield* saveRecord(this.#kernel, this.#folder, RESYNC_RECORD, resyncPlanToJson(plan));
    this.#plan = plan;
  }

  /** Changes some of it; durable when it returns. */
  change(changed: Partial<ResyncPlan>): Task<void> {
    return this.#saving.during(this.#change(changed));
  }

  *#change(changed: Partial<ResyncPlan>): Task<void> {
    yield* this.#save({ ...this.#plan, ...changed });
  }
}

function sameAs(one: ResyncPlan, other: ResyncPlan): boolean {
  return one.due === other.due && one.fresh === other.fresh && one.hold === other.hold &&
    one.asked === other.asked && one.at === other.at;
}
