/**
 * The page as it was built: files of one folder, compressed once, with tags by which a browser knows what it has.
 *
 * Rule: only names that lie in the folder when it is asked for; a path never leads out of it, nor does a link.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Context } from "hono";

/** Types by the end of a name. What is not here is not part of a page. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["html", "text/html; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["json", "application/json"],
  ["map", "application/json"],
  ["webmanifest", "application/manifest+json"],
  ["svg", "image/svg+xml"],
  ["png", "image/png"],
  ["ico", "image/x-icon"],
  ["woff2", "font/woff2"],
  ["wasm", "application/wasm"],
  ["txt", "text/plain; charset=utf-8"],
]);
/** What is compressed already. */
const DENSE: ReadonlySet<string> = new Set(["png", "ico", "woff2"]);

/** A bundler writes the digest of the contents into a name like this, so the contents never change under it. */
const NAMED_BY_CONTENTS = /-[0-9A-Z]{8}\.[a-z0-9]+$/;

/** A file that is ready to be sent. */
interface ReadyFile {
  readonly path: string;
  readonly stamp: string;
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  /** Undefined where compression gains nothing. */
  readonly gzipped: Uint8Array<ArrayBuffer> | undefined;
  readonly tag: string;
}

/** The files of the page. */
export class PageFiles {
  #root: string;
  /** By path; never more than the folder has files. */
  #ready = new Map<string, ReadyFile>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The file that `c` asks for; undefined when there is none. */
  answer(c: Context): Response | undefined {
    const file = this.#find(new URL(c.req.url).pathname);
    if (file === undefined) return undefined;
    const gzip = file.gzipped !== undefined && acceptsGzip(c.req.header("accept-encoding"));
    const tag = gzip ? `"${file.tag}-gzip"` : `"${file.tag}"`;
    const headers = new Headers({
      "etag": tag,
      "vary": "accept-encoding",
      "cache-control": NAMED_BY_CONTENTS.test(file.path)
        ? "public, max-age=31536000, immutable"
        : "no-cache",
    });
    if (namesTag(c.req.header("if-none-match"), tag)) {
      return new Response(null, { status: 304, headers });
    }
    headers.set("content-type", file.type);
    if (gzip) headers.set("content-encoding", "gzip");
    const body = gzip ? file.gzipped! : file.plain;
    headers.set("content-length", String(body.length));
    return new Response(c.req.method === "HEAD" ? null : body, { headers });
  }

  #find(pathname: string): ReadyFile | undefined {
    const path = decoded(pathname === "/" ? "/index.html" : pathname);
    const type = TYPES.get(path?.split(".").at(-1) ?? "");
    if (path === undefined || type === undefined) return undefined;
    const file = this.#inside(path);
    if (file === undefined) return undefined;
    const { size, mtimeMs } = statSync(file);
    const stamp = `${size}-${mtimeMs}`;
    const known = this.#ready.get(path);
    if (known?.stamp === stamp) return known;
    const ready = prepare(path, stamp, type, new Uint8Array(readFileSync(file)));
    this.#ready.set(path, ready);
    return ready;
  }

  /** The real file behind `path`, if it lies in the folder. */
  #inside(path: string): string | undefined {
    try {
      const root = realpathSync(this.#root);
      const file = realpathSync(root + path);
      return file.startsWith(`${root}/`) && statSync(file).isFile() ? file : undefined;
    } catch {
      return undefined;
    }
  }
}

function prepare(
  path: string,
  stamp: string,
  type: string,
  plain: Uint8Array<ArrayBuffer>,
): ReadyFile {
  const dense = DENSE.has(path.split(".").at(-1)!);
  const gzipped = dense ? undefined : new Uint8Array(gzipSync(plain, { level: 9 }));
  return {
    path,
    stamp,
    type,
    plain,
    gzipped: gzipped !== undefined && gzipped.length < plain.length ? gzipped : undefined,
    tag: createHash("sha256").update(plain).digest("hex").slice(0, 16),
  };
}

/** A path in plain letters; undefined for one that cannot be, or that tries to leave. */
function decoded(pathname: string): string | undefined {
  try {
    const path = decodeURIComponent(pathname);
    return /[\0\\]|(?:^|\/)\.\.?(?:\/|$)/.test(path) ? undefined : path;
  } catch {
    return undefined;
  }
}

function acceptsGzip(header: string | undefined): boolean {
  return (header ?? "").split(",").some((one) =>
    /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(one)
  );
}

function namesTag(header: string | undefined, tag: string): boolean {
  const tags = (header ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return tags.includes(tag) || tags.includes("*");
}
