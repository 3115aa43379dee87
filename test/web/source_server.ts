/**
 * Serves the repository's modules to a browser on loopback, without their types.
 *
 * No bundler: types that can be erased are all that a browser does not take, so every module runs as
 * it stands, nothing has to be downloaded, and a variant is one replaced piece of text.
 *
 * Rule: only TypeScript of the folders that a browser may run is served; it cannot leave them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Segments of letters, digits and `_` only: no `..`, nothing hidden. */
const SERVED =
  /^\/(\w+)\/((?:engine\/core|engine\/sim|wasm|lab\/run|lab\/scenario|bench|test\/web)\/(?:\w+\/)*\w+\.ts)$/;

/** Modules of the one package that a browser may run, as a module of ours names them and as they are served. */
const PACKAGE = "@noble/ciphers/";
const PACKAGE_SERVED = /^\/\w+\/package\/(\w+\.js)$/;

/** One piece of source that is different in a variant. */
export interface Replacement {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly before: string;
  readonly after: string;
}

/** A server of modules; the first segment of a path names the variant. */
export class SourceServer implements AsyncDisposable {
  readonly #variants: ReadonlyMap<string, readonly Replacement[]>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Modules that could not be made, and why. */
  readonly problems: string[] = [];

  /** Starts on a free port of loopback; `plain` is always there. */
  constructor(variants: Readonly<Record<string, readonly Replacement[]>> = {}) {
    this.#variants = new Map([["plain", []], ...Object.entries(variants)]);
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(new URL(request.url).pathname),
    );
  }

  /** The address of an empty page; modules are below it. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer(path: string): Response {
    if (path === "/") return respond(200, "text/html", "<!doctype html><title>Warmsite</title>");
    const [, part] = PACKAGE_SERVED.exec(path) ?? [];
    if (part !== undefined) return respond(200, "text/javascript", readPackage(part));
    const [, variant = "", file = ""] = SERVED.exec(path) ?? [];
    const replacements = this.#variants.get(variant);
    if (replacements === undefined) return respond(404, "text/plain", `No module ${path}`);
    try {
      const text = readModule(file, replacements);
      // A worker has no import map.
      const named = text.replaceAll(`from "${PACKAGE}`, `from "/${variant}/package/`);
      return respond(200, "text/javascript", named);
    } catch (error) {
      this.problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      return respond(500, "text/plain", `Module ${path} could not be made`);
    }
  }
}

function respond(status: number, type: string, body: string): Response {
  return new Response(body, { status, headers: { "content-type": `${type}; charset=utf-8` } });
}

function readModule(file: string, replacements: readonly Replacement[]): string {
  let text = readFileSync(ROOT + file, "utf8");
  for (const { before, after } of replacements.filter((each) => each.file === file)) {
    assert.equal(text.split(before).length, 2, `${file} holds this exactly once: ${before}`);
    text = text.replace(before, () => after);
  }
  return stripTypeScriptTypes(text);
}

function readPackage(part: string): string {
  return readFileSync(fileURLToPath(import.meta.resolve(`${PACKAGE}${part}`)), "utf8");
}
