/**
 * The management API, as the command line calls it: HTTP and JSON over a server's socket.
 *
 * @module
 */

import * as fs from "node:fs";
import { isFailed } from "../../core/base/failure.ts";
import type { Value, ValueObject } from "../command/command.ts";
import { checkSockets, managementSocket, readSettings } from "../home.ts";
import { errorName } from "../../host/os_failure.ts";
import { type Problem, ProblemError } from "../problem.ts";

/** Asks the server in `data` to do `verb`; throws its problem, or `no-server` when none runs. */
export async function callServer(
  data: string,
  verb: string,
  args: ValueObject,
): Promise<Value> {
  const path = managementSocket(data);
  if (!isThere(data, path)) throw noServer(data);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  try {
    const response = await post(client, data, verb, args);
    const answer = await response.json() as {
      readonly result?: Value;
      readonly error?: Problem;
    };
    if (answer.error !== undefined) throw new ProblemError(answer.error);
    return answer.result ?? null;
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw lostServer(data, error);
  } finally {
    client.close();
  }
}

async function post(
  client: Deno.HttpClient,
  data: string,
  verb: string,
  args: ValueObject,
): Promise<Response> {
  try {
    return await fetch(`http://warmsite/v1/verbs/${verb.replaceAll(" ", "/")}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
      client,
    });
  } catch (error) {
    if (isNobodyThere(error)) throw noServer(data);
    if (says(error, /denied|not permitted/i)) throw notAllowed(data);
    throw error;
  }
}

/** True when there is a socket; throws when this user may not look, and so cannot say that no server runs. */
function isThere(data: string, socket: string): boolean {
  try {
    fs.statSync(socket);
    return true;
  } catch (error) {
    if (errorName(error) === "EACCES" || errorName(error) === "EPERM") throw notAllowed(data);
    return false;
  }
}

/** True when the request cannot have reached anybody. */
function isNobodyThere(error: unknown): boolean {
  return says(error, /refused|No such file|not found/i);
}

function says(error: unknown, words: RegExp): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (words.test(cause.message)) return true;
  }
  return false;
}

function notAllowed(data: string): ProblemError {
  return new ProblemError({
    code: "read-only",
    side: "local",
    message: `This user may not ask the server on "${data}": its home is closed to others`,
    action: "Run the command as the user that the server runs as, e.g. with sudo",
  });
}

function noServer(data: string): ProblemError {
  checkSockets(data);
  return new ProblemError({
    code: "no-server",
    side: "local",
    message: `No server runs on "${data}"`,
    action: adviseStart(data),
  });
}

function adviseStart(data: string): string {
  try {
    readSettings(data);
    return `Start it: warmsite serve --data ${data}`;
  } catch (error) {
    if (isFailed(error)) return `${error.failure.message}. ${error.failure.action}`;
    throw error;
  }
}

/** The server went away while it worked: whether it did what was asked is not known. */
function lostServer(data: string, error: unknown): ProblemError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ProblemError({
    code: "connection-lost",
    side: "local",
    message: `The server on "${data}" went away before it answered: ${reason}`,
    action: "Look at its log; start it again and look at the status before you repeat the command",
  });
}
