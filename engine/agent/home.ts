/**
 * A server's home: the data folder, and what its settings say.
 *
 * | file | holds |
 * |---|---|
 * | `settings.json` | name and listening address; written last by `init`, so that with it all is there |
 * | `tls/` | key, request, certificate, authorities (`engine/host/pki.ts`) |
 * | `lock` | locked while a server runs |
 * | `warmsite.sock`, `nbd.sock` | management and guests, while a server runs |
 * | `server.json`, `machines/`, `replicas/`, `marks/` | the engine's |
 *
 * @module
 */

import * as fs from "node:fs";
import * as path from "node:path";
import { localFailure, requestFailure } from "../core/base/failure.ts";
import { checkName, isName } from "../core/base/name.ts";
import { parseAddress } from "../host/address.ts";
import { makeFolderDurably, writeDurably } from "../host/durable_file.ts";
import { checkSocketPath } from "../host/nbd/listen.ts";
import { errorName, osFailure } from "../host/os_failure.ts";
import { initServerKey } from "../host/pki.ts";

/** What a server is told by its home. */
export interface HomeSettings {
  /** Its name, the same as in its certificate. */
  readonly name: string;
  /** Where peers connect, `host:port`. */
  readonly listen: string;
}

/** Version of the settings' format. */
const SETTINGS_VERSION = 1;
/** What a home holds that was begun and not finished. */
const UNFINISHED = new Set(["tls", "settings.json.tmp"]);

/** The management socket in a home. */
export function managementSocket(data: string): string {
  return path.join(data, "warmsite.sock");
}

/** The guests' socket in a home. */
export function nbdSocket(data: string): string {
  return path.join(data, "nbd.sock");
}

/** Refuses a home in which no socket can be: their paths have a bound. */
export function checkSockets(data: string): void {
  checkSocketPath(managementSocket(data));
  checkSocketPath(nbdSocket(data));
}

/**
 * Makes a home. A crash before its settings are durable leaves a folder without them, which the next
 * call finishes with a new key; nobody has a certificate for the old one.
 */
export async function createHome(data: string, settings: HomeSettings): Promise<void> {
  checkName(settings.name, "server");
  parseAddress(settings.listen);
  checkSockets(data);
  prepareFolder(data);
  await initServerKey(data, settings.name);
  const text = JSON.stringify({ version: SETTINGS_VERSION, ...settings }, undefined, 2);
  writeDurably(settingsFile(data), `${text}\n`, 0o600);
}

function settingsFile(data: string): string {
  return path.join(data, "settings.json");
}

function prepareFolder(data: string): void {
  makeFolderDurably(data);
  try {
    if (fs.existsSync(settingsFile(data))) {
      throw requestFailure(
        "exists",
        `"${data}" is the home of a server already`,
        "Name another folder, or go on with this one",
      );
    }
    const strangers = fs.readdirSync(data).filter((name) => !UNFINISHED.has(name));
    if (strangers.length > 0) {
      throw requestFailure(
        "exists",
        `"${data}" is not empty: it holds "${strangers[0]}"`,
        "Name an empty folder, or one that does not exist",
      );
    }
    fs.chmodSync(data, 0o700);
    fs.rmSync(path.join(data, "tls"), { recursive: true, force: true });
  } catch (error) {
    throw osFailure(error, `make a home of "${data}"`);
  }
}

/** The settings of a home; fails with `not-found` where there is none and `damaged` for nonsense. */
export function readSettings(data: string): HomeSettings {
  let text: string;
  try {
    text = fs.readFileSync(settingsFile(data), "utf8");
  } catch (error) {
    if (errorName(error) !== "ENOENT" && errorName(error) !== "ENOTDIR") {
      throw osFailure(error, `read "${settingsFile(data)}"`);
    }
    throw requestFailure(
      "not-found",
      `"${data}" is not the home of a server`,
      'Make one with "warmsite init --data DIR --name NAME --listen HOST:PORT"',
    );
  }
  const settings = parseSettings(text);
  if (settings !== undefined) return settings;
  throw localFailure(
    "damaged",
    `Cannot read "${settingsFile(data)}": it makes no sense`,
    'It holds {"version": 1, "name": NAME, "listen": "HOST:PORT"}; write it again',
  );
}

function parseSettings(text: string): HomeSettings | undefined {
  try {
    const { version, name, listen } = JSON.parse(text) as Record<string, unknown>;
    if (version !== SETTINGS_VERSION || typeof name !== "string" || !isName(name)) return undefined;
    if (typeof listen !== "string") return undefined;
    parseAddress(listen);
    return { name, listen };
  } catch {
    return undefined;
  }
}
