/**
 * What the lab's server says when it cannot do what was asked: one shape of JSON for every case.
 *
 *     {"error": {"code": "not-a-scenario", "message": "…", "action": "…", "problems": [{"line": 3, …}]}}
 *
 * Rule: a page shows `message` and `action` as they are; a script reads `code`, which is stable.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";

/** HTTP statuses by code. */
export const STATUS = {
  /** The request makes no sense. */
  "bad-request": 400,
  /** Another site's page asked. */
  "cross-site": 403,
  /** What the project ships is not changed. */
  "read-only": 403,
  "not-found": 404,
  /** A name that is taken. */
  "exists": 409,
  /** What was asked for comes with the end of a run. */
  "not-finished": 409,
  /** Somebody else changed it in between. */
  "changed": 412,
  "too-large": 413,
  "media-type": 415,
  /** Asked for by a name that is not this machine's own. */
  "wrong-host": 421,
  /** A text that is no scenario; `problems` says where. */
  "not-a-scenario": 422,
  /** It was not said which version is meant. */
  "no-version": 428,
  /** Too many runs wait already. */
  "busy": 429,
  /** A bug of ours. */
  "bug": 500,
  "storage-full": 507,
  "storage-denied": 507,
} as const;

/** What scripts may rely on. */
export type LabErrorCode = keyof typeof STATUS;

/** A place in a text, and what is wrong there. */
export const PlaceSchema = z.object({
  line: z.number().int(),
  column: z.number().int(),
  endLine: z.number().int(),
  endColumn: z.number().int(),
  message: z.string(),
}).openapi("Place");

/** The one shape of errors, as the API describes it. */
export const ErrorSchema = z.object({
  error: z.object({
    code: z.string().openapi({ description: "Stable", example: "not-found" }),
    message: z.string().openapi({ description: "What happened" }),
    action: z.string().openapi({ description: "What to do" }),
    problems: z.array(PlaceSchema).optional().openapi({
      description: "Where a text is no scenario",
    }),
  }),
}).openapi("Error");

/** The body of an error. */
export type ErrorBody = z.infer<typeof ErrorSchema>;

/** An error on its way to whoever asked. */
export class LabError extends Error {
  override name = "LabError";
  /** Stable. */
  readonly code: LabErrorCode;
  /** What to do. */
  readonly action: string;
  /** Where a text is no scenario. */
  readonly problems: readonly z.infer<typeof PlaceSchema>[] | undefined;

  constructor(
    code: LabErrorCode,
    message: string,
    action: string,
    problems?: readonly z.infer<typeof PlaceSchema>[],
  ) {
    super(message);
    this.code = code;
    this.action = action;
    this.problems = problems;
  }

  /** Its HTTP status. */
  get status(): (typeof STATUS)[LabErrorCode] {
    return STATUS[this.code];
  }

  /** As it is answered. */
  get body(): ErrorBody {
    const { code, message, action, problems } = this;
    return {
      error: {
        code,
        message,
        action,
        ...problems === undefined ? {} : { problems: [...problems] },
      },
    };
  }
}

/** Any error as one that can be answered. What is not expected is a bug of ours, and says so. */
export function labErrorOf(error: unknown): LabError {
  if (error instanceof LabError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LabError("bug", `A bug of Warmsite's lab: ${message}`, "Report it, with its log");
}
