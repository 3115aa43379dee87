/**
 * What the package files pin: exact versions, no registry's address, no dependency at the root.
 *
 * @module
 */

import type { Source } from "./sources.ts";

const EXACT_NPM = /^npm:\/?(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:-[\w.]+)?(?:\/.*)?$/;
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const ROOT_SCRIPTS = "start,test";

type PackageJson = {
  readonly scripts?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
};

function importProblems({ path, text }: Source): string[] {
  const { imports = {} } = JSON.parse(text) as { imports?: Record<string, string> };
  return Object.values(imports)
    .filter((target) => !target.startsWith("./") && !EXACT_NPM.test(target))
    .map((target) => `${path}: ${target}`);
}

function packageProblems({ path, text }: Source): string[] {
  const manifest = JSON.parse(text) as PackageJson;
  const versions = Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  });
  const problems = versions.filter(([, version]) => !EXACT_VERSION.test(version))
    .map(([name, version]) => `${path}: ${name} ${version}`);
  if (path !== "package.json") return problems;
  const scripts = Object.keys(manifest.scripts ?? {}).sort().join(",");
  if (scripts !== ROOT_SCRIPTS) problems.push(`${path}: scripts ${scripts}, not ${ROOT_SCRIPTS}`);
  return [...problems, ...versions.map(([name]) => `${path}: depends on ${name}`)];
}

function lockProblems({ path, text }: Source): string[] {
  return [...text.matchAll(/"resolved"|https?:\/\/[^"\s]*/g)].map(([found]) => `${path}: ${found}`);
}

/** Everything that is not pinned, or pinned to a place. */
export function findPinProblems(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const name = source.path.split("/").at(-1)!;
    if (name === "deno.json") return importProblems(source);
    if (name === "package.json") return packageProblems(source);
    if (name === "deno.lock" || name === "package-lock.json") return lockProblems(source);
    return [];
  });
}
