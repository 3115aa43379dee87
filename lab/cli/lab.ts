/**
 * `deno task lab`: plays one drill, prints its verdict, and serves the lab until it is told to end.
 *
 * @module
 */

import { makeReport } from "../report/report.ts";
import { LAB_PORT } from "../server/address.ts";
import { Library } from "../server/library.ts";
import { LabError } from "../server/problem.ts";
import { type RunningLab, serveLab } from "../server/serve.ts";
import { callerPath, takeApart, usage, wholeNumber } from "./arguments.ts";
import { play } from "./play.ts";
import { findScenario } from "./scenario_file.ts";
import { CommandError, EXIT, type Terminal } from "./terminal.ts";
import { hasPassed, verdictText } from "./verdict.ts";

/** The drill that is played first. */
const FIRST_DRILL = "site-fire";

const HELP = `Usage: deno task lab [--port N] [--data DIR] [--once]

Plays one drill and prints its verdict, then serves the lab on this machine alone until Ctrl-C, which ends it with exit code 0.

  --port N    listen there; ${LAB_PORT}, or one that is free, unless it is given
  --data DIR  keep saved scenarios and runs there, not in the state folder of this user
  --once      end after the verdict
  --help      show this

Exit codes with --once: 0 the drill passed, 1 it did not. Else 1 or 2 when the lab cannot be served.
`;

/** ms within which signals are one and the same. */
const SAME_SIGNAL = 500;

const LOOK = "See `deno task lab --help`";

/** Builds the page where it is not up to date, and says on the way what it does; gives its folder. */
export type PreparePage = (say: (text: string) => void) => Promise<string>;

/** Does it; gives the exit code once it is over. */
export async function lab(
  args: readonly string[],
  terminal: Terminal,
  preparePage: PreparePage,
): Promise<number> {
  try {
    const types = { port: "string", data: "string", once: "boolean", help: "boolean" } as const;
    const { operands, values, switches } = takeApart(args, types, LOOK);
    if (operands[0] !== undefined) throw usage(`"${operands[0]}" is one word too many`, LOOK);
    if (switches.has("help")) {
      terminal.out(HELP);
      return EXIT.passed;
    }
    const portGiven = values["port"];
    const port = portGiven === undefined
      ? undefined
      : wholeNumber(portGiven, "--port", 65_535, LOOK);
    if (switches.has("once")) return playFirst(terminal);
    const page = await prepared(preparePage, terminal);
    // Before the drill: nobody shall wait for what cannot be served.
    const running = listen(page, port, values["data"], terminal);
    playFirst(terminal);
    await serveUntilTold(running, terminal);
    return EXIT.passed;
  } catch (error) {
    if (error instanceof CommandError) return error.tell(terminal, false);
    if (!(error instanceof LabError)) throw error;
    terminal.err(`${error.message}\n  ${error.action}\n`);
    return EXIT.failed;
  }
}

function playFirst(terminal: Terminal): number {
  const { scenario } = findScenario(FIRST_DRILL, new Library());
  terminal.out(`Drill: ${scenario.title}\n`);
  const { recording, took } = play(scenario, scenario.seed, terminal);
  const report = makeReport(recording);
  terminal.out(`${verdictText(report, took)}\n`);
  return hasPassed(report) ? EXIT.passed : EXIT.failed;
}

/** The page; a failure to build it is one of the machine, as a bundler that cannot be downloaded. */
async function prepared(preparePage: PreparePage, terminal: Terminal): Promise<string> {
  try {
    return await preparePage((text) => terminal.err(`${text}\n`));
  } catch (error) {
    throw new CommandError(
      "no-page",
      error instanceof Error ? error.message : String(error),
      "Mend that and try again; `npm start -- --once` plays the drill without the page",
    );
  }
}

/** Says that it is ready, and serves until a signal. */
async function serveUntilTold(running: RunningLab, terminal: Terminal): Promise<void> {
  const told = Promise.withResolvers<void>();
  let first: number | undefined;
  const tell = () => {
    first ??= performance.now();
    // Who asks twice does not want to wait. Those who run a task pass on what a terminal tells all of them: that is once.
    if (performance.now() - first > SAME_SIGNAL) Deno.exit(EXIT.passed);
    told.resolve();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, tell);
  terminal.out(`Lab ready at ${running.url}\n`);
  await told.promise;
  await running.stop();
  for (const signal of signals) Deno.removeSignalListener(signal, tell);
}

/** Listens, on another port where the usual one is taken, and without a memory where this user has no place for one. */
function listen(
  page: string,
  port: number | undefined,
  data: string | undefined,
  terminal: Terminal,
): RunningLab {
  const bug = (error: unknown) => terminal.err(`${error instanceof Error ? error.stack : error}\n`);
  const serve = (on: number, folder: string | undefined) =>
    serveLab({ port: on, page, data: folder, bug });
  const onPort = (folder: string | undefined) => {
    try {
      return serve(port ?? LAB_PORT, folder);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      if (port === undefined) return serve(0, folder);
      throw usage(`Port ${port} is taken`, "Name another one, or leave --port out");
    }
  };
  if (data !== undefined) return onPort(callerPath(data));
  try {
    const folder = stateFolder();
    if (folder !== undefined) return onPort(folder);
    terminal.err(
      "This user has no home in which to keep what is saved. Name a folder with --data\n",
    );
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== "storage-denied") throw error;
    terminal.err(`${error.message}\n  ${error.action}\n`);
  }
  terminal.err("What is saved here is gone when the lab ends\n");
  return onPort(undefined);
}

/** Where this user's programs keep what they must not forget; undefined for a user without a home. */
function stateFolder(): string | undefined {
  const state = Deno.env.get("XDG_STATE_HOME");
  // Relative ones are to be ignored, says their specification.
  if (state?.startsWith("/")) return `${state}/warmsite-lab`;
  const home = Deno.env.get("HOME");
  return home?.startsWith("/") ? `${home}/.local/state/warmsite-lab` : undefined;
}
