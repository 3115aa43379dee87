/**
 * Who may ask the lab, and what a page of it may do.
 *
 * The lab listens to this machine alone. Pages of other sites that a browser has open are on this machine too, so: it answers
 * only under a name of the machine itself (a foreign name that is made to point here gets nothing), it changes nothing for a
 * page of another origin, lets no other origin read (no CORS), and takes no more than a bounded body.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { LabError } from "./problem.ts";

/** Bytes of one request, at most. */
export const BODY_BYTES_MAX = 1 << 20;

/** Names under which a machine calls itself. */
const OWN_NAMES: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** What the page may load and run: its own scripts, workers and WebAssembly, and nothing from elsewhere. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  // The editor writes its rules into an element of the page.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": PAGE_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** Sets the headers that keep a page to itself; a handler may have set a stricter policy of its own. */
export const secured: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  }
};

/** Refuses requests under foreign names, and changes that another origin's page asks for. */
export const ownOnly: MiddlewareHandler = async (c, next) => {
  const host = c.req.header("host");
  const named = [new URL(c.req.url).hostname, ...host === undefined ? [] : [hostnameOf(host)]];
  if (!named.every((name) => OWN_NAMES.has(name))) {
    throw new LabError(
      "wrong-host",
      "The lab answers this machine alone, under its own names",
      "Open it as http://127.0.0.1 or http://localhost, with its port",
    );
  }
  if (!["GET", "HEAD"].includes(c.req.method) && !isOwnPage(c, host)) {
    throw new LabError(
      "cross-site",
      "A page of another site asked for a change",
      "Use the lab's own page, or a program",
    );
  }
  await next();
};

/** Whether a change is asked for by a page of the lab, or by no page at all. */
function isOwnPage(c: Context, host: string | undefined): boolean {
  const origin = c.req.header("origin");
  if (origin !== undefined && origin !== `http://${host ?? new URL(c.req.url).host}`) return false;
  return ["same-origin", "none", undefined].includes(c.req.header("sec-fetch-site"));
}

/** The name in a header `Host`; "" for what is none. */
function hostnameOf(host: string): string {
  return URL.parse(`http://${host}`)?.hostname ?? "";
}

/** Refuses bodies that are too large, before they are read. */
export const bounded: MiddlewareHandler = bodyLimit({
  maxSize: BODY_BYTES_MAX,
  onError: () => {
    throw new LabError(
      "too-large",
      `A request has at most ${BODY_BYTES_MAX} bytes`,
      "A scenario is a page or two of text: send that alone",
    );
  },
});
