/**
 * Refusals: a failure as it travels to the peer, and what the peer's words mean when they arrive.
 *
 * Rule: a code means something to this process only if it is in the list below. Codes of internal control
 * never travel: who receives one, or a word that nobody knows, takes it for a broken protocol, so that no
 * peer can say what only this process says to itself.
 *
 * @module
 */

import { type Failure, type FailureCode, toldAction } from "../base/failure.ts";
import { legible } from "./fields.ts";
import type { MessageOf } from "./message.ts";
import type { GenerationRecord } from "./point.ts";

/** Every code that may travel. */
const TRAVELLING: ReadonlySet<string> = new Set<FailureCode>([
  "io-error",
  "latent-sector",
  "no-space",
  "not-found",
  "exists",
  "read-only",
  "locked",
  "out-of-range",
  "disk-changed-size",
  "disk-failed",
  "disk-suspect",
  "damaged",
  "wrong-disk",
  "wrong-version",
  "stale",
  "connection-lost",
  "timed-out",
  "unauthenticated",
  "unauthorized",
  "malformed",
  "protocol-violation",
  "busy",
  "paused",
  "older-generation",
  "unknown-generation",
  "split-brain",
  "wrong-parent",
  "not-the-base",
  "generation-dead",
  "bad-name",
  "bad-argument",
  "no-such-machine",
  "no-such-point",
  "wrong-state",
  "point-broken",
]);

/** `because` as it is told to the peer; `ancestry`: our history, where that is what speaks against theirs. */
export function refusal(
  because: Failure,
  ancestry?: readonly GenerationRecord[],
): MessageOf<"refused"> {
  const { side } = because;
  const code = travelling(because.code);
  const [message, action] = [legible(because.message), legible(because.action)];
  return { type: "refused", code, side, message, action, ancestry };
}

/** Why data would be refused at this moment, as `machine-opened` tells it. */
export function refusing(because: Failure): NonNullable<MessageOf<"machine-opened">["refuses"]> {
  const { code, message, action } = refusal(because);
  return { code, message, action };
}

/** What a peer's refusal means here: always the peer's doing, whatever it says. */
export function refusedBecause(
  { code, message, action }: Pick<MessageOf<"refused">, "code" | "message" | "action">,
): Failure {
  return { code: travelling(code), side: "peer", message, action: toldAction(action) };
}

function travelling(code: string): FailureCode {
  return TRAVELLING.has(code) ? code as FailureCode : "protocol-violation";
}
