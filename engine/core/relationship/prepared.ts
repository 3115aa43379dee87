/**
 * The ways out of a planned failover that was prepared, in words for its primary's administrator.
 *
 * Rule: a failover that is complete at the replica has no way back, so nobody is sent to cancel it. Until it is asked
 * the primary does not know how far that went: what it says then is right in every case.
 *
 * @module
 */

import type { FailureCode } from "../base/failure.ts";

const EITHER =
  'Go on at the replica: "warmsite failover start", then "warmsite failover reverse". Unless that failover was completed ' +
  'there, the way back is "warmsite failover cancel"';

const COMPLETED =
  'The failover is complete at the replica, and there is no way back. Go on there: "warmsite failover reverse"; ' +
  "this server becomes the replica then";

/** What to do with a prepared machine; `known`: the code of what its replica said last, if it said anything. */
export function waysOut(known?: FailureCode): string {
  // No other answer stays true for longer than the moment: a failover that was only started may be cancelled there.
  return known === "older-generation" ? COMPLETED : EITHER;
}

/** What to do for who wanted it back and did not get it, as its replica says at this moment. */
export function waysOutNow(name: string, answer: FailureCode): string {
  switch (answer) {
    case "older-generation":
      return waysOut(answer);
    case "wrong-state":
      return `It was started there. To go back: "warmsite failover cancel ${name}" there, then here again; to stay ` +
        `there: "warmsite failover reverse ${name}" there`;
    default:
      return 'Make the replica reachable, or mend what it names. If it is lost for good: "warmsite failover ' +
        `cancel ${name} --force"; should the machine have been started there, both sides have gone on then`;
  }
}
