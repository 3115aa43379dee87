/**
 * `deno task drill FILE`: plays a scenario to its end, prints what happened and what came of it.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import type { DrillReport, Provenance } from "../report/drill_report.ts";
import { reportJson } from "../report/json.ts";
import { makeReport } from "../report/report.ts";
import { LAB_ADDRESS, LAB_PORT } from "../server/address.ts";
import { Library } from "../server/library.ts";
import { provenanceOf, REPORT_FORMS } from "../server/report_files.ts";
import { callerPath, takeApart, usage, wholeNumber } from "./arguments.ts";
import { play } from "./play.ts";
import { findScenario } from "./scenario_file.ts";
import { storyText } from "./story.ts";
import { CommandError, EXIT, type Terminal } from "./terminal.ts";
import { timelineText } from "./timeline.ts";
import { hasPassed, verdictText } from "./verdict.ts";

const HELP = `Usage: deno task drill FILE [--seed N] [--json] [--report DIR]
       deno task drill --list

Plays the scenario in FILE, or the one of the library with that name, in a simulated world, and prints its story, what happened
and whether everything that it expects came true.

  --seed N      instead of the scenario's own seed
  --json        print exactly one JSON value: the report, or {"error": …}
  --report DIR  also write report.html, .json, .csv, .md and .xml (JUnit), and series.csv, there
  --list        show the library
  --help        show this

Exit codes: 0 every expectation holds, 1 one does not, 2 the command makes no sense or FILE is no scenario.
`;

const LOOK = "See `deno task drill --help`";

/** Does it; gives the exit code. */
export async function drill(
  args: readonly string[],
  terminal: Terminal,
  library = new Library(),
): Promise<number> {
  // Also for arguments that cannot be taken apart.
  const json = args.includes("--json");
  try {
    return await doDrill(args, terminal, library);
  } catch (error) {
    if (error instanceof CommandError) return error.tell(terminal, json);
    throw error;
  }
}

async function doDrill(
  args: readonly string[],
  terminal: Terminal,
  library: Library,
): Promise<number> {
  const types = {
    seed: "string",
    report: "string",
    json: "boolean",
    list: "boolean",
    help: "boolean",
  } as const;
  const { operands, values, switches } = takeApart(args, types, LOOK);
  if (switches.has("help")) {
    terminal.out(HELP);
    return EXIT.passed;
  }
  const json = switches.has("json");
  if (switches.has("list")) {
    terminal.out(
      json
        ? `${
          JSON.stringify(
            library.list().map(({ name, title, summary }) => ({ name, title, summary })),
          )
        }\n`
        : listText(library),
    );
    return EXIT.passed;
  }
  const [file, extra] = operands;
  if (file === undefined) throw usage("It is not said which scenario", LOOK);
  if (extra !== undefined) throw usage(`"${extra}" is one word too many`, LOOK);
  const seed = values["seed"] === undefined
    ? undefined
    : wholeNumber(values["seed"], "--seed", Number.MAX_SAFE_INTEGER, LOOK);
  const found = findScenario(file, library);
  const folder = values["report"] === undefined ? undefined : reportFolder(values["report"]);
  const { recording, took } = play(found.scenario, seed ?? found.scenario.seed, terminal);
  const report = makeReport(recording);
  const origin = {
    text: found.text,
    file,
    made: Date.now(),
    page: `http://${LAB_ADDRESS}:${LAB_PORT}`,
  };
  const provenance = await provenanceOf(report, origin);
  if (folder !== undefined) writeReports(folder, report, provenance);
  if (json) terminal.out(reportJson(report, provenance));
  else {
    terminal.out(storyText(report) + timelineText(recording) + verdictText(report, took));
    if (folder !== undefined) terminal.out(`Report: ${folder}/report.html\n`);
  }
  return hasPassed(report) ? EXIT.passed : EXIT.failed;
}

/** The library, one line each. */
function listText(library: Library): string {
  const all = library.list();
  const width = Math.max(0, ...all.map(({ name }) => name.length));
  return all.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join("");
}

/** The folder for a report, made before anything runs: nobody shall wait for what cannot be written. */
function reportFolder(path: string): string {
  const folder = callerPath(path);
  writing(folder, () => mkdirSync(folder, { recursive: true }));
  return folder;
}

function writeReports(folder: string, report: DrillReport, provenance: Provenance): void {
  for (const { name, text } of REPORT_FORMS) {
    writing(folder, () => writeFileSync(`${folder}/${name}`, text(report, provenance)));
  }
}

function writing(folder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      "unwritable",
      `The report cannot be written to ${folder}: ${why}`,
      "Name a folder that can be written with --report; see `deno task drill --help`",
    );
  }
}
