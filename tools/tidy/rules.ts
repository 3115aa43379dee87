/**
 * Rules about files as a whole: their length, names, words, and what they pin.
 *
 * Rule: each entry has a sample that breaks it in `test/tidy/rules_test.ts`. Words that a rule
 * forbids are written here as patterns that do not match themselves.
 *
 * @module
 */

import { findPinProblems } from "./pins.ts";
import type { Source } from "./sources.ts";

/** Lines that a file may have without a reason. */
export const FILE_LINES_MAX = 300;
/** A reason stands near the top, where a reader meets it before the length. */
const REASON_LINES_MAX = 30;

const CODE = /\.(?:ts|js|rs)$/;
/** Tests of rules hold what breaks them. */
const SAMPLES = /^test\/(?:tidy\/|unit\/needs_test\.ts$)/;

/** One rule. */
export interface TidyRule {
  /** What holds when nothing breaks it: the name of its test. */
  readonly claim: string;
  /** What to do about a violation. */
  readonly remedy: string;
  /** The places that break it, as `path:line` or `path: what`. */
  readonly find: (sources: readonly Source[]) => string[];
}

/** Lines of the files chosen by `where` that match `pattern`. */
function findLines(pattern: RegExp, where: RegExp = /./): TidyRule["find"] {
  return (sources) =>
    sources.filter(({ path }) => where.test(path)).flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : []
      )
    );
}

/** Paths that match `pattern`. */
function findPaths(pattern: RegExp): TidyRule["find"] {
  return (sources) => sources.map(({ path }) => path).filter((path) => pattern.test(path));
}

function findLongFiles(sources: readonly Source[]): string[] {
  return sources.filter(({ path }) => /\.(?:ts|rs)$/.test(path)).flatMap(({ path, text }) => {
    const lines = text.replace(/\n$/, "").split("\n");
    if (lines.length <= FILE_LINES_MAX) return [];
    const top = lines.slice(0, REASON_LINES_MAX).join("\n");
    return /\/\/ Long because: \S/.test(top) ? [] : [`${path}: ${lines.length} lines`];
  });
}

/** Silenced rules without a reason, which follows ` -- ` or stands in the comment line above. */
function findSilenced(sources: readonly Source[]): string[] {
  return sources.filter(({ path }) => CODE.test(path)).flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return lines.flatMap((line, index) => {
      const never =
        /deno-lint-ignor[e]-file|deno-lint-ignor[e].*\bwarmsite\/|@ts-(?:nochec[k]|ignor[e])/;
      // A task that is done at once yields nothing: for require-yield the reason is always that.
      const bare = /deno-lint-ignor[e](?! require-yield$)(?!.* -- \S)|@ts-expect-erro[r]\s*$/;
      const hasReasonAbove = /^\s*(?:\/\/|\/?\*)/.test(lines[index - 1] ?? "");
      const isBad = never.test(line) || (bare.test(line) && !hasReasonAbove);
      return isBad ? [`${path}:${index + 1}: ${line.trim()}`] : [];
    });
  });
}

/** Names of packages in `testWithNeeds` that the list of packages does not install. */
function findUnlistedPackages(sources: readonly Source[]): string[] {
  const list = sources.find(({ path }) => path === "tools/packages.txt")?.text ?? "";
  const listed = new Set(list.split("\n").map((line) => line.replace(/#.*/, "").trim()));
  // Node is what the checkout asks of everybody; it is never installed for a test.
  listed.add("nodejs");
  return sources.filter(({ path }) => path.startsWith("test/") && !SAMPLES.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\bprogram\(\s*"[^"]*",\s*"([^"]*)",?\s*\)/g)]
        .filter((match) => !listed.has(match[1]!))
        .map((match) => `${path}: ${match[1]}`)
    );
}

/** Ids of rules, as `(T3)` or `(R1, R3)`, that the architecture does not explain. */
function findUnknownIds(sources: readonly Source[]): string[] {
  const page = sources.find(({ path }) => path === "docs/ARCHITECTURE.md")?.text ?? "";
  const known = new Set([...page.matchAll(/\*\*([ETCRLN]\d{1,2})\*\*/g)].map((match) => match[1]!));
  const code = sources.filter(({ path }) => CODE.test(path) && !SAMPLES.test(path));
  return code.flatMap(({ path, text }) =>
    [...text.matchAll(/\(((?:[ETCRLN]\d{1,2}(?:, | and |\)))+)/g)]
      .flatMap((match) => match[1]!.match(/[ETCRLN]\d{1,2}/g) ?? [])
      .filter((id) => !known.has(id))
      .map((id) => `${path}: ${id}`)
  );
}

/** Packages of the import map that the architecture gives no reason for. */
function findUnexplainedPackages(sources: readonly Source[]): string[] {
  const page = sources.find(({ path }) => path === "docs/ARCHITECTURE.md")?.text ?? "";
  return sources.filter(({ path }) => /(?:^|\/)deno\.json$/.test(path)).flatMap(({ path, text }) =>
    Object.keys((JSON.parse(text) as { imports?: object }).imports ?? {})
      .filter((name) => !name.endsWith("/") && !page.includes(`\`${name}\``))
      .map((name) => `${path}: ${name}`)
  );
}

/** All rules. */
export const TIDY_RULES: readonly TidyRule[] = [
  {
    claim: "A file of more than 300 lines says why",
    remedy: "Split it, or say why not near its top: `// Long because: …`",
    find: findLongFiles,
  },
  {
    claim: "Files are snake_case, and test files lie in test/ and end in _test.ts",
    remedy:
      "Name the file for its main export; bring the test to the folder that mirrors the source",
    find: findPaths(
      /(?:^|\/)[^/]*[^a-z0-9_./][^/]*\.ts$|^(?!test\/).*_test\.ts$|\.(?:test|spec)\.ts$/,
    ),
  },
  {
    claim: "No folder or file is a drawer for strangers",
    remedy: "Name it for what it holds",
    find: findPaths(/(?:^|\/)(?:util|helper|common|misc)s?(?:\/|\.ts$|_test\.ts$)/),
  },
  {
    claim: "Nothing is left to do later in a comment",
    remedy: "Do it, or describe the limitation in the documentation",
    find: findLines(/\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/),
  },
  {
    claim: "The project speaks about itself alone",
    remedy: "A reader of this repository has nothing but this repository",
    find: findLines(
      /\bshar[e]d\/(?:reference|hooks)|\bDESIG[N]\.md|\breferenc[e]\/\w+\.md|(?:^|[\s"'`(])\/wor[k]\/|\b(?:coding|helper|agent|earlier|previous) ses[s]ion|\bClaud[e]\b|\bA[I] assistant/i,
    ),
  },
  {
    claim: "No comment is a banner",
    remedy: "A section that needs a banner is a file",
    find: findLines(/^\s*\/\/\s*[-=*#─━]{3,}/, CODE),
  },
  {
    claim: "A rule of lint or of types is silenced only by name and with a reason",
    remedy: "Say why after ` -- ` or in the comment line above",
    find: findSilenced,
  },
  {
    claim: "Every failure says what to do",
    remedy: "Say what who reads it should do next, or that it is over by itself and why (M76)",
    find: findLines(/\baction(?:: string)?(?:: | = )(?:""|''|``)/, /^engine\//),
  },
  {
    claim: "Packages are pinned and locks name no registry",
    remedy: "Write exact versions in deno.json and package.json, and make the lock again",
    find: findPinProblems,
  },
  {
    claim: "Every package has its reason in docs/ARCHITECTURE.md",
    remedy: "Say in its table what the package is for and why this one, or do without it",
    find: findUnexplainedPackages,
  },
  {
    claim: "Every Debian package that a test asks for is in tools/packages.txt",
    remedy: "Add it there, with a comment that says what needs it",
    find: findUnlistedPackages,
  },
  {
    claim: "Every rule that code and tests cite stands in docs/ARCHITECTURE.md",
    remedy: "Cite a rule that there is",
    find: findUnknownIds,
  },
];
