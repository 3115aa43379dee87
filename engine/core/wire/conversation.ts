/**
 * The order of a channel's conversation: one table for both ends.
 *
 * The primary asks and waits for the answer before it goes on, so both ends always agree on the phase;
 * only progress, applied and the answers to comparisons may cross a question on their way.
 *
 * | phase       | next                                                                     |
 * |-------------|--------------------------------------------------------------------------|
 * | new         | open-machine → asked                                                     |
 * | asked       | machine-opened → idle                                                    |
 * | idle        | seed-begin → seed-asked; delta-open → delta-asked; delta-drop; disks     |
 * |             | tail-ask → tail-asked                                                    |
 * |             | planned-offer, planned-return, planned-take → token-asked                |
 * | tail-asked  | tail-told → idle                                                         |
 * | token-asked | planned-held, planned-returned, planned-taken → idle                     |
 * | seed-asked  | seed-ready → seeding                                                     |
 * | seeding     | extent; disks; seed-publish → publishing                                 |
 * | publishing  | staged → idle                                                            |
 * | delta-asked | delta-ready → delta                                                      |
 * | delta       | extent; disks; delta-seal → sealing; delta-drop → idle                   |
 * | sealing     | staged → idle                                                            |
 *
 * From idle on compare, compared, progress and applied come at any time. Refused and bye end every
 * phase.
 *
 * @module
 */

import type { MessageType } from "./message.ts";

/** Where a conversation stands. */
export type Phase =
  | "new"
  | "asked"
  | "idle"
  | "tail-asked"
  | "token-asked"
  | "seed-asked"
  | "seeding"
  | "publishing"
  | "delta-asked"
  | "delta"
  | "sealing";

/** What is said on a channel: control messages and data frames. */
export type Utterance =
  | Exclude<
    MessageType,
    "hello" | "ping" | "pong" | "bye" | "authorization-ask" | "authorization-told"
  >
  | "extent"
  | "compare"
  | "compared";

interface Turn {
  /** Phases in which it may be said; in all from idle on when left out. */
  readonly when?: readonly Phase[];
  /** The phase after it; the same when left out. */
  readonly then?: Phase;
}

const TURNS: { readonly [What in Utterance]: Turn } = {
  "open-machine": { when: ["new"], then: "asked" },
  "machine-opened": { when: ["asked"], then: "idle" },
  "refused": {
    when: [
      "asked",
      "idle",
      "tail-asked",
      "token-asked",
      "seed-asked",
      "seeding",
      "publishing",
      "delta-asked",
      "delta",
      "sealing",
    ],
  },
  "disks": { when: ["idle", "seeding", "delta"] },
  "tail-ask": { when: ["idle"], then: "tail-asked" },
  "tail-told": { when: ["tail-asked"], then: "idle" },
  "planned-offer": { when: ["idle"], then: "token-asked" },
  "planned-held": { when: ["token-asked"], then: "idle" },
  "planned-return": { when: ["idle"], then: "token-asked" },
  "planned-returned": { when: ["token-asked"], then: "idle" },
  "planned-take": { when: ["idle"], then: "token-asked" },
  "planned-taken": { when: ["token-asked"], then: "idle" },
  "seed-begin": { when: ["idle"], then: "seed-asked" },
  "seed-ready": { when: ["seed-asked"], then: "seeding" },
  "seed-publish": { when: ["seeding"], then: "publishing" },
  "delta-open": { when: ["idle"], then: "delta-asked" },
  "delta-ready": { when: ["delta-asked"], then: "delta" },
  "delta-seal": { when: ["delta"], then: "sealing" },
  "delta-drop": { when: ["idle", "delta"], then: "idle" },
  "staged": { when: ["publishing", "sealing"], then: "idle" },
  "extent": { when: ["seeding", "delta"] },
  "progress": {},
  "applied": {},
  "compare": {},
  "compared": {},
};

/** Follows one channel's conversation; each end has its own, and they agree. */
export class Conversation {
  #phase: Phase = "new";

  /** Where it stands. */
  get phase(): Phase {
    return this.#phase;
  }

  /** Whether `what` may be said in this phase, by whoever may say it at all; goes on if so. */
  pass(what: Utterance): boolean {
    const turn = TURNS[what];
    const early = this.#phase === "new" || this.#phase === "asked";
    const allowed = turn.when === undefined ? !early : turn.when.includes(this.#phase);
    if (allowed && turn.then !== undefined) this.#phase = turn.then;
    return allowed;
  }
}
