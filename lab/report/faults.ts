/**
 * Faults with their windows, and in plain words what the worst of them did.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { FaultWindow } from "./drill_report.ts";
import { capital } from "./words.ts";

/** Every fault of the run, in the order in which they began. */
export function faultWindows(notes: readonly Note[]): FaultWindow[] {
  const windows: { -readonly [Key in keyof FaultWindow]: FaultWindow[Key] }[] = [];
  for (const note of notes) {
    if (note.kind === "healed") {
      for (const window of windows) window.ended ??= note.at;
    }
    if (note.kind !== "fault") continue;
    const step = note.step ?? "";
    if (note.phase === "begin") {
      windows.push({ fault: note.fault, on: note.on, step, began: note.at, ended: null });
      continue;
    }
    const open = windows.find((window) =>
      window.ended === null && window.fault === note.fault && window.on === note.on &&
      (step === "" || window.step === step)
    );
    if (open !== undefined) open.ended = note.at;
  }
  return windows;
}

/** What a fault of this kind did to what it hit, where plain words say it better than its id. */
const DEEDS: Readonly<Record<string, string>> = {
  fire: "burned",
  flood: "was flooded",
  "power-loss": "lost power",
  "power-cut": "lost power",
  blackout: "lost power",
  crash: "crashed",
  kill: "was killed",
  panic: "crashed",
};

/** What a host's notes say happened to it. */
const HOST_DEEDS: Readonly<Record<string, string>> = {
  destroyed: "was destroyed",
  dark: "lost power",
  down: "lost its server",
};

/** A site's name as one writes it in a sentence. */
export function placeText(site: string): string {
  return /^[a-z]+$/.test(site) ? capital(site) : site;
}

/** Why a guest at a site stopped, as `Amsterdam burned`. */
export function causeText(
  recording: Recording,
  faults: readonly FaultWindow[],
  vm: string,
  site: string,
  at: number,
): string {
  const hits = (on: string) => on === site || on === vm || on.startsWith(`${vm}/`);
  const inForce = faults.filter(({ began, ended, on }) =>
    began <= at && (ended === null || ended >= at) && hits(on)
  );
  const fault = inForce.at(-1);
  const deed = fault === undefined ? undefined : DEEDS[fault.fault.split(".")[1] ?? ""];
  if (fault !== undefined && deed !== undefined) return `${placeText(fault.on)} ${deed}`;
  const host = recording.notes.findLast((note) =>
    note.kind === "host" && note.site === site && note.at <= at && note.what in HOST_DEEDS
  );
  if (host?.kind === "host" && isOut(recording.notes, site, at)) {
    return `${placeText(site)} ${HOST_DEEDS[host.what]}`;
  }
  if (fault !== undefined) return `${placeText(fault.on)} was hit by ${fault.fault}`;
  return `its guest at ${placeText(site)} stopped by itself`;
}

/** What ends what a host's note began. */
const ENDINGS: Readonly<Record<string, string>> = {
  up: "down",
  lit: "dark",
  replaced: "destroyed",
};

/** Whether a site was out at an instant, or went out or came back at it. */
export function isOut(notes: readonly Note[], site: string, at: number): boolean {
  const troubles = new Set<string>();
  for (const note of notes) {
    if (note.at > at) break;
    if (note.kind !== "host" || note.site !== site) continue;
    if (note.what in HOST_DEEDS) troubles.add(note.what);
    // What comes back at this very instant was out at it.
    else if (note.at < at) troubles.delete(ENDINGS[note.what] ?? "");
    // A host with power again, or another one, starts its server by itself.
    if (note.what === "up" && note.at < at) troubles.clear();
  }
  return troubles.size > 0;
}
