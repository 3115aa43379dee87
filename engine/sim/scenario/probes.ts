/**
 * "Sometimes" probes: what a run really met, counted by name, so that a kind of trouble that never happens does not pass
 * for one that is survived.
 *
 * Rule: a probe is counted from what was seen, never from what was planned, and changes nothing in a run.
 *
 * @module
 */

import type { Fact, FactOf } from "../invariants/fact.ts";

/** Counts one more of a name. */
type Hit = (name: string) => void;

/** Names that begin like this are the engine's own; which of them there are, the engine knows. */
export const ENGINE_PROBES: readonly string[] = [
  "history/apply-adopted",
  "history/disk-suspect",
  "history/merge-finished",
  "history/older-state",
  "history/raw-read-repeated",
  "history/sealed-adopted",
  "history/torn-tail-cut",
  "export/resumed",
  "import/resumed",
  "primary/failback-by-delta",
  "primary/import-heard-of",
  "primary/staged-adopted",
  "replica-lost-open-delta",
];

/** Every probe that must be met in some run. */
export const PROBES: readonly string[] = [
  ...ENGINE_PROBES,
  "authorization/removed",
  "cut/failed-by-gate",
  "cut/failed-twice-in-a-row",
  "cut/view-given-up",
  "delta/went-on-behind-a-break",
  "enable/again",
  "cut/at-rest",
  "cut/at-rest-behind-a-move",
  "cut/not-at-rest-after-all",
  "error/resumed",
  "failover/cancelled",
  "failover/completed",
  "failover/completed-in-a-crash",
  "failover/refused",
  "failover/started",
  "failover/to-an-older-point",
  "fire/at-a",
  "fire/at-a-brought-up-at-b",
  "fire/at-b",
  "guest/flush-failed",
  "guest/lost-by-kill",
  "guest/lost-by-power",
  "guest/read-failed",
  "health/critical",
  "health/warning",
  "disk/add",
  "disk/remove",
  "disk/exclude",
  "disk/include",
  "disk/in-a-point",
  "disk/point-beside-its-copy",
  "old-primary/learnt-of-completion",
  "old-primary/learnt-of-failover",
  "media/carried",
  "media/damage-refused",
  "media/imported",
  "pause/at-a",
  "pause/at-b",
  "pause/failed-over",
  "pause/told-to-primary",
  "planned/cancelled",
  "planned/forced",
  "planned/moved",
  "planned/way-back",
  "point/dropped",
  "primary/disk-grown",
  "point/broken",
  "refused/generation",
  "refused/parent",
  "refused/split-or-unrelated",
  "relationship/disabled",
  "relationship/replica-forgotten",
  "relationship/vm-removed",
  "replica/not-opened",
  "replica/older-than-its-failover",
  "replica/removed-in-a-crash",
  "reverse/failed-back",
  "reverse/losing-tail-read",
  "reverse/moved",
  "reverse/way-back",
  "resync/begun",
  "resync/finished",
  "replica/in-a-location",
  "log/lost",
  "resync/dropped",
  "resync/suspended",
  "rpo/beyond-objective",
  "seed/from-existing-copy",
  "seed/interrupted",
  "seed/put-off",
  "seed/stopped",
  "seed/whole-disk-compared",
  "settings/changed",
  "server/limited",
  "status/cycle-missed",
  "split/resolved",
  "test/deleted",
  "test/made",
  "test/survived",
];

/** What one run remembers of a machine to know that something happened. */
interface Memory {
  failedCuts: number;
  broken: { readonly id: string; readonly records: number } | undefined;
  seeding: boolean;
  enabled: number;
}

/** What probes may ask of a run. */
export interface ProbeGround {
  openDelta(vm: string): { readonly id: string; readonly records: number } | undefined;
  burnt(vm: string): boolean;
}

/** Counts the probes of one run. */
export class Probes {
  readonly #hit: Hit;
  readonly #ground: ProbeGround;
  readonly #memories = new Map<string, Memory>();

  constructor(ground: ProbeGround, hit: Hit) {
    this.#ground = ground;
    this.#hit = hit;
  }

  #memory(vm: string): Memory {
    const known = this.#memories.get(vm);
    if (known !== undefined) return known;
    const fresh = { failedCuts: 0, broken: undefined, seeding: false, enabled: 0 };
    this.#memories.set(vm, fresh);
    return fresh;
  }

  /** Takes a fact. */
  tell(fact: Fact): void {
    switch (fact.kind) {
      case "engine":
        return this.#engine(fact);
      case "verb":
        return this.#verb(fact);
      case "status":
        return this.#status(fact);
      case "survived":
        return this.#hit(`guest/lost-by-${fact.how}`);
      case "reply": {
        const { action, failure } = fact.reply;
        if (failure === undefined) return;
        if (action === "flush") this.#hit("guest/flush-failed");
        if (action === "read") this.#hit("guest/read-failed");
        return;
      }
      case "destroyed":
        return this.#hit(`fire/at-${fact.host}`);
      case "not-opened":
        return this.#hit("replica/not-opened");
      case "removed":
        return this.#hit("relationship/replica-forgotten");
      case "dropped":
        return this.#hit("point/dropped");
      case "points":
        if (fact.points.some(({ kind }) => kind === "application-consistent")) {
          this.#hit("cut/at-rest");
        }
        if (fact.points.some(({ broken }) => broken !== undefined)) this.#hit("point/broken");
        return;
      case "image":
        if (fact.why === "completed" && this.#ground.burnt(fact.vm)) {
          this.#hit("fire/at-a-brought-up-at-b");
        }
        return;
      case "deadline":
        if (fact.replica === "FailedOver" && fact.state === "Error") {
          this.#hit("old-primary/learnt-of-completion");
        }
        if (fact.replica === "FailedOverWaitingCompletion" && fact.health === "Critical") {
          this.#hit("old-primary/learnt-of-failover");
        }
    }
  }

  #engine({ sighting: { host, event } }: FactOf<"engine">): void {
    if (!("machine" in event)) return;
    const memory = this.#memory(event.machine);
    switch (event.kind) {
      case "cut":
        memory.failedCuts = 0;
        return;
      case "cut-failed":
        this.#hit("cut/failed-by-gate");
        if (++memory.failedCuts === 2) this.#hit("cut/failed-twice-in-a-row");
        return;
      case "freeze-failed":
        return this.#hit("cut/not-at-rest-after-all");
      case "view-given-up":
        return this.#hit("cut/view-given-up");
      case "failover":
        return this.#hit(`failover/${event.step}`);
      case "failure":
        return this.#failure(host, event.machine, event.failure.code);
      case "state":
        if (host !== "a") return;
        memory.seeding = event.to === "InitialReplicationInProgress";
        if (event.to === "Resynchronizing") this.#hit("resync/begun");
        if (event.to === "ResynchronizeSuspended") this.#hit("resync/suspended");
        if (event.from === "Resynchronizing" && event.to === "Replicating") {
          this.#hit("resync/finished");
        }
        return;
      case "sent": {
        const { broken } = memory;
        memory.broken = undefined;
        const now = broken === undefined ? undefined : this.#ground.openDelta(event.machine);
        if (broken !== undefined && broken.records > 0 && now?.id === broken.id) {
          this.#hit("delta/went-on-behind-a-break");
        }
      }
    }
  }

  #failure(host: string, vm: string, code: string): void {
    const memory = this.#memory(vm);
    if (host === "a") {
      memory.broken = this.#ground.openDelta(vm);
      if (memory.seeding) this.#hit("seed/interrupted");
      if (["split-brain", "unknown-generation"].includes(code)) {
        this.#hit("refused/split-or-unrelated");
      }
      return;
    }
    if (code === "older-generation") this.#hit("refused/generation");
    if (code === "wrong-parent") this.#hit("refused/parent");
  }

  #verb({ verb, host, vm, outcome, before }: FactOf<"verb">): void {
    if (verb === "failover start" && host === "b" && outcome !== "") this.#hit("failover/refused");
    if (outcome !== "") return;
    if (verb === "replication pause") this.#hit(`pause/at-${host}`);
    if (verb === "failover start" && before === "Suspended") this.#hit("pause/failed-over");
    if (verb === "replication set") this.#hit("settings/changed");
    if (verb === "replication resume" && before === "Error") this.#hit("error/resumed");
    if (verb === "vm remove") this.#hit("relationship/vm-removed");
    if (verb === "replication stop" && before === "InitialReplicationInProgress") {
      this.#hit("seed/stopped");
    }
    if (verb === "replication disable" && host === "a" && before !== "Disabled") {
      this.#hit("relationship/disabled");
    }
    if (verb === "replication enable" && ++this.#memory(vm).enabled > 1) this.#hit("enable/again");
  }

  #status({ host, status }: FactOf<"status">): void {
    const { health, objective, missed, warnings } = status;
    if (host !== "a") return;
    if (health === "Critical") this.#hit("health/critical");
    if (health === "Warning") this.#hit("health/warning");
    if (objective === "breached" && status["rpoSeconds"] !== null) {
      this.#hit("rpo/beyond-objective");
    }
    if (typeof missed === "number" && missed > 0) this.#hit("status/cycle-missed");
    const paused = (text: unknown) => String(text).includes("is paused at the replica");
    if (Array.isArray(warnings) && warnings.some(paused)) this.#hit("pause/told-to-primary");
    const whole = (text: unknown) => String(text).includes("compared with the replica");
    if (Array.isArray(warnings) && warnings.some(whole)) this.#hit("seed/whole-disk-compared");
  }
}
