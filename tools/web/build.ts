/**
 * Builds the page: its modules, its workers, its style, and the library of scenarios, into one folder that any server can hand out.
 *
 * Rule: what is built depends on the sources alone. Every part that pages and workers share is one file.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { engineHash } from "../../lab/engine_hash.ts";
import { readScenario } from "../../lab/scenario/read_scenario.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WEB = `${ROOT}web`;

/** Everything that a browser loads by its name. */
const ENTRIES = [
  "main.tsx",
  "worker/drill_worker.ts",
  "worker/campaign_worker.ts",
  "worker/service_worker.ts",
] as const;
const COPIED = ["icon.svg", "warmsite.webmanifest"] as const;
/** In the order in which they apply. */
const STYLES = ["tokens", "parts", "drill", "views"] as const;

/** The most that all of it together may have when it is compressed. */
export const COMPRESSED_MAX = 700 * 1024;

/** A file that was built. */
export interface BuiltFile {
  readonly name: string;
  readonly bytes: number;
  readonly compressed: number;
}

/** What may be chosen. */
export interface BuildOptions {
  /** The folder of the scenarios that are built in. */
  readonly scenarios?: string;
}

/** Builds the page into `folder`, which holds nothing else afterwards; says what it is made of. */
export async function buildPage(folder: string, options: BuildOptions = {}): Promise<BuiltFile[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await bundle(folder);
  for (const name of COPIED) copyFileSync(`${WEB}/${name}`, `${folder}/${name}`);
  const style = STYLES.map((name) => readFileSync(`${WEB}/style/${name}.css`, "utf8")).join("\n");
  writeFileSync(`${folder}/page.css`, style);
  const page = readFileSync(`${WEB}/index.html`, "utf8").replace("ENGINE_HASH", engineHash());
  writeFileSync(`${folder}/index.html`, page);
  const items = libraryIn(options.scenarios ?? `${ROOT}scenarios`);
  writeFileSync(`${folder}/library.json`, JSON.stringify({ items }));
  nameVersion(folder);
  return readdirSync(folder).sort().map((name) => measure(folder, name));
}

async function bundle(folder: string): Promise<void> {
  const entries = ENTRIES.map((entry) => `${WEB}/${entry}`);
  const flags = ["--platform", "browser", "--minify", "--code-splitting", "--outdir", folder];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--config", `${ROOT}deno.json`, ...flags, ...entries],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`The page cannot be built:\n${new TextDecoder().decode(stderr)}`);
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".js"))) {
    writeFileSync(`${folder}/${name}`, denser(readFileSync(`${folder}/${name}`, "utf8")));
  }
  // Workers are found beside the module that starts them, wherever that was put.
  for (const entry of ENTRIES.filter((each) => each.startsWith("worker/"))) {
    const name = entry.slice("worker/".length).replace(/\.ts$/, ".js");
    flatten(folder, name);
  }
}

/** The kernel as it stands in a module: WebAssembly begins so in Base64. */
const KERNEL = /(["`])(?:\\n|\n)?(AGFzb(?:[A-Za-z0-9+/=\n]|\\n)+)\1/g;

/**
 * The same module with the kernel's bytes as characters. Six bits of Base64 hide from a compressor what repeats in bytes: like this a
 * third less of it travels, and what the module decodes is the same text.
 */
function denser(module: string): string {
  return module.replace(KERNEL, (_, _quote: string, base64: string) => {
    const binary = atob(base64.replace(/\\n|\n/g, ""));
    const quoted = binary.replace(/[\\"\n\r]/g, (sign) => ESCAPES[sign]!)
      // A digit behind it would make another character of it.
      .replace(/\0(?=[0-9])/g, "\\x00").replaceAll("\0", "\\0");
    return `btoa("${quoted}")`;
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
};

/** Brings a worker out of its folder, next to the parts that it shares with the page. */
function flatten(folder: string, name: string): void {
  const text = readFileSync(`${folder}/worker/${name}`, "utf8");
  writeFileSync(`${folder}/${name}`, text.replaceAll(/(["'])\.\.\/(?=[\w-]+\.js\1)/g, "$1./"));
  rmSync(`${folder}/worker/${name}`);
  if (readdirSync(`${folder}/worker`).length === 0) rmSync(`${folder}/worker`, { recursive: true });
}

/** The scenarios of a folder, as the page lists them. */
function libraryIn(folder: string) {
  return readdirSync(folder).filter((file) => file.endsWith(".yaml")).sort().map((file) => {
    const text = readFileSync(`${folder}/${file}`, "utf8");
    const read = readScenario(text);
    if (!read.ok) throw new Error(`${file} is no scenario: ${read.problems[0]?.message}`);
    const { title, story } = read.scenario;
    const [summary = ""] = story.trim().split("\n");
    return { name: file.slice(0, -".yaml".length), title, summary, text };
  });
}

/** Gives what was built a version by its contents, and tells it to the worker that keeps it offline. */
function nameVersion(folder: string): void {
  const files = readdirSync(folder).sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(`${folder}/${file}`));
  const version = hash.digest("hex").slice(0, 16);
  const keeper = `${folder}/service_worker.js`;
  writeFileSync(keeper, readFileSync(keeper, "utf8").replace("BUILT_VERSION", version));
  const kept = files.filter((file) => file !== "service_worker.js").map((file) => `./${file}`);
  writeFileSync(`${folder}/files.json`, JSON.stringify({ version, files: kept }));
}

function measure(folder: string, name: string): BuiltFile {
  const bytes = readFileSync(`${folder}/${name}`);
  return { name, bytes: bytes.length, compressed: gzipSync(bytes, { level: 9 }).length };
}
