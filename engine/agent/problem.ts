/**
 * What the program says when it could not do what was asked, and with which exit code it ends.
 *
 * Rule: an administrator reads what happened and what to do; a script reads a code. The engine's
 * failures pass through whole. A bug of ours is neither and says so.
 *
 * @module
 */

import { Failed, type FailureCode, type Side } from "../core/base/failure.ts";

/** How the program ends; scripts rely on these numbers. */
export const EXIT = {
  /** Done. */
  done: 0,
  /** Failed: the message says why. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** No server runs on that data folder. */
  noServer: 3,
  /** The server refuses it in the state that the machine is in. */
  refused: 4,
} as const;

/** A failure of the engine, or one that only the program has. */
export interface Problem {
  /** Stable; scripts may rely on it. */
  readonly code: FailureCode | "usage" | "no-server" | "bug";
  /** Whose fault it was. */
  readonly side: Side;
  /** What happened. */
  readonly message: string;
  /** What to do. */
  readonly action: string;
}

/** A problem on its way to the top of the program. */
export class ProblemError extends Error {
  override name = "ProblemError";
  /** What went wrong. */
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The command line makes no sense. */
export function usageProblem(message: string, action: string): ProblemError {
  return new ProblemError({ code: "usage", side: "request", message, action });
}

/** Any error as a problem. What is no failure is a bug of ours. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Failed) return error.failure;
  const message = error instanceof Error ? error.stack ?? error.message : String(error);
  const action = "Report it, with the command and these lines";
  return { code: "bug", side: "local", message: `A bug of Warmsite: ${message}`, action };
}

/** The exit code for a problem. */
export function exitCodeOf({ code, side }: Pick<Problem, "code" | "side">): number {
  switch (code) {
    case "usage":
    case "bad-argument":
    case "bad-name":
      return EXIT.usage;
    case "no-server":
      return EXIT.noServer;
    case "wrong-state":
    case "disk-suspect":
      return EXIT.refused;
    case "busy":
      // Something of the machine is in use, e.g. a guest is attached to it; elsewhere a lack of means.
      return side === "request" ? EXIT.refused : EXIT.failed;
    default:
      return EXIT.failed;
  }
}

/** The HTTP status with which the management API answers a problem. */
export function httpStatusOf({ code, side }: Pick<Problem, "code" | "side">): number {
  switch (code) {
    case "usage":
    case "bad-argument":
    case "bad-name":
      return 400;
    case "not-found":
    case "no-such-machine":
    case "no-such-point":
    case "no-such-disk":
      return 404;
    case "wrong-state":
    case "disk-suspect":
    case "exists":
    case "locked":
    case "busy":
      return 409;
  }
  if (side === "request") return 422;
  return side === "peer" ? 502 : 500;
}

/** The problem as a person reads it. */
export function describeProblem({ message, action }: Problem): string {
  return `warmsite: ${message}\n  ${action}`;
}
