/**
 * Phases of retention by tiers: another retention is chosen, and cycles go on until undo files are merged.
 *
 * @module
 */

import { retentionText } from "../../../engine/core/wire/retention.ts";
import { LIFE_KEEP, type Phase } from "../course.ts";
import { askForCycle, PROTECTION } from "./protection.ts";

const RETENTION = "hourly 24";
/** More than the points that may wait to be merged in a life. */
const CYCLES = 4;

/** Every point of a life lies in one hour: one stands for it, and all others but the newest go. */
const CHOOSE: Phase = {
  name: "choose",
  run: (life) => ({
    begin: () => {
      life.drill.within(life.drill.sites.a, "choose", function* ({ server }) {
        yield* server.call("replication set", { vm: "vm", retention: RETENTION });
      });
    },
    done: () => {
      const { here } = life;
      if (here === undefined || !here.primary.names().includes("vm")) return false;
      return here.primary.entry("vm").machine.settings?.retention === RETENTION;
    },
  }),
};

/** Points go, and then their undo files are merged. */
const MERGE: Phase = {
  name: "merge",
  run: (life) => {
    const began = life.drill.now;
    return {
      begin: () => askForCycle(life),
      done: () => {
        const store = life.there?.store;
        return store !== undefined && retentionText(store.retention) === RETENTION &&
          life.staged(began, CYCLES) && store.points.every(({ applied }) => applied) &&
          store.points.length <= LIFE_KEEP + 1 && store.waiting <= 2;
      },
    };
  },
};

/** A machine of which points go for a new retention, and their undo files are merged. */
export const MERGED: readonly Phase[] = [...PROTECTION, CHOOSE, MERGE];
