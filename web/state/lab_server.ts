/**
 * What the page asks of the lab's server, and whether there is one.
 *
 * Rule: runs need no server. Every answer is one that can be shown: the server's own words, or that nobody answered.
 *
 * @module
 */

import { signal } from "@preact/signals";

/** A server that says nothing for so long is not there, ms. */
const PATIENCE = 15_000;

/** `none`: the page was handed out as plain files; `silent`: nobody answers. */
export type ServerState = "unknown" | "here" | "none" | "silent";

/** How it stands with the server. */
export const server = signal<ServerState>("unknown");

/** Why it did not do what it was asked for. */
export interface Refusal {
  readonly ok: false;
  /** The server's code, or `silent` or `none`. */
  readonly code: string;
  /** What happened and what to do, in sentences. */
  readonly text: string;
}

/** What it answered. */
export type Answer = { readonly ok: true; readonly value: unknown } | Refusal;

/** What a request says besides what is asked for. */
export interface Request {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: Readonly<Record<string, unknown>>;
  /** The revision that is meant, `*` for any. */
  readonly revision?: string;
}

const SILENT: Refusal = {
  ok: false,
  code: "silent",
  text: "The lab's server does not answer.",
};
const NONE: Refusal = {
  ok: false,
  code: "none",
  text: "No lab's server is behind this page.",
};

/** Asks the server for `path`, below `/api/`. */
export async function ask(path: string, request: Request = {}): Promise<Answer> {
  const { method = "GET", body, revision } = request;
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (revision !== undefined) headers["if-match"] = revision === "*" ? "*" : `"${revision}"`;
  try {
    const response = await fetch(`./api/${path}`, {
      method,
      headers,
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
    const answer = response.status === 204
      ? { ok: true, value: undefined } as const
      : readAnswer(response, await response.text());
    server.value = stateAfter(answer);
    return answer;
  } catch {
    server.value = "silent";
    return SILENT;
  }
}

/** A refusal of the server's own is as good a sign of it as any answer. */
function stateAfter(answer: Answer): ServerState {
  if (answer.ok) return "here";
  return answer.code === "none" || answer.code === "silent" ? answer.code : "here";
}

function readAnswer({ ok, status }: Response, text: string): Answer {
  const value = parsed(text);
  if (ok) return value === undefined ? NONE : { ok: true, value };
  const { error } = (value ?? {}) as { readonly error?: unknown };
  const { code, message, action } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code === "string" && typeof message === "string") {
    return { ok: false, code, text: sentences(message, typeof action === "string" ? action : "") };
  }
  // Whoever hands out plain files knows nothing of an API; a proxy before a server that is gone says 502 or the like.
  return status >= 500 ? SILENT : NONE;
}

function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "")
    .map((part) => /[.!?]$/.test(part) ? part : `${part}.`).join(" ");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
