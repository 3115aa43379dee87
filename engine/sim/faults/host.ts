/**
 * Faults of hosts and their clocks, and of whole sites.
 *
 * @module
 */
// Long because: one entry for each fault, and each says what it models.

import { DAY, HOUR, MILLISECOND, SECOND } from "../../core/base/units.ts";
import { amount, choice, type FaultDefinition, type Hit, hostOf } from "./definition.ts";

const DOWN = amount(
  "down",
  "time",
  [MILLISECOND, 5 * SECOND, DAY],
  "How long until it starts again",
);
const HOW = choice(
  "how",
  ["kill", "power"],
  "Whether the server is killed, or its host loses power",
);

function howOf(hit: Hit): "kill" | "power" {
  return hit.word("how") === "power" ? "power" : "kill";
}

function whenOf(hit: Hit): "before" | "after" {
  return hit.word("when") === "before" ? "before" : "after";
}

function amidOf(hit: Hit): "before" | "after" | "torn" {
  return hit.word("when") === "torn" ? "torn" : whenOf(hit);
}

/** What these faults have in common. */
const SITE = { targets: ["site"], recoverable: true } as const;

/** Faults of hosts. */
export const HOST_FAULTS: readonly FaultDefinition[] = [
  {
    ...SITE,
    id: "host.kill",
    title: "The server is killed",
    about: "The server ends where it stands, and is started again",
    modelled: "What is in the kernel lands, connections break, everything on disk stays as it is",
    notModelled: "A service manager that gives up after many starts",
    parameters: [DOWN],
    lasting: false,
    heals: "The server starts again after `down`",
    real: true,
    prior: 500_000,
    lower: (hit) => [{ kind: "kill", host: hostOf(hit), down: hit.number("down") }],
  },
  {
    ...SITE,
    id: "host.restart",
    title: "The server is restarted",
    about: "The server is stopped in order, as for an update of its host, and started again",
    modelled:
      "It ends what it is about and closes; guests lose their disks until it is there again",
    notModelled: "A new version of the server",
    parameters: [amount("down", "time", [0, 5 * SECOND, DAY], "How long until it starts again")],
    lasting: false,
    heals: "The server starts again after `down`",
    real: true,
    prior: 250_000,
    lower: (hit) => [{ kind: "restart", host: hostOf(hit), down: hit.number("down") }],
  },
  {
    ...SITE,
    id: "host.power",
    title: "The host loses power",
    about: "The host is dark for a while",
    modelled:
      "Of what was not flushed anything may remain, sector by sector; peers are told nothing",
    notModelled: "Batteries; a start that takes minutes",
    parameters: [],
    lasting: true,
    heals: "Power comes back and the server starts",
    real: false,
    prior: 500_000,
    lower: (hit) => [{ kind: "power", host: hostOf(hit), down: hit.lasts }],
  },
  {
    ...SITE,
    id: "host.pause",
    title: "The host stands still",
    about: "Nothing runs for a while, and then everything goes on as if nothing had been",
    modelled: "Process, timers and packets wait; guests on it wait as well",
    notModelled: "A pause of the server alone",
    parameters: [],
    lasting: true,
    heals: "By itself at its end",
    real: true,
    prior: 300_000,
    lower: (hit) => [{ kind: "pause", host: hostOf(hit), lasts: hit.lasts }],
  },
  {
    ...SITE,
    id: "host.lag",
    title: "The host is busy",
    about: "The server notices late that something is done",
    modelled: "A delay between every completion and the program's noticing it",
    notModelled: "Time that computing itself takes; memory that runs short",
    parameters: [amount("delay", "time", [1, 2 * MILLISECOND, SECOND], "How late")],
    lasting: true,
    heals: "By itself at its end",
    real: true,
    prior: 250_000,
    lower: (hit) => {
      return [{ kind: "lag", host: hostOf(hit), lag: hit.number("delay"), lasts: hit.lasts }];
    },
  },
  {
    ...SITE,
    id: "host.crash-at-call",
    title: "The server dies at a call",
    about:
      "The server dies at one of its next calls to storage or network: before it, behind it or amid it",
    modelled: "Any call that can have an effect; of a write that is torn any part may be done",
    notModelled:
      "A crash between two instructions that make no call: nobody could tell it from one at the next call",
    parameters: [
      amount("calls", "count", [1, 20, 100_000], "At which of the next calls"),
      choice("when", ["before", "after", "torn"], "Whether the call is done, or a part of it"),
      HOW,
      DOWN,
    ],
    lasting: false,
    heals: "The server starts again after `down`",
    real: false,
    prior: 500_000,
    lower: (hit) => [{
      kind: "crash",
      host: hostOf(hit),
      calls: hit.number("calls"),
      when: amidOf(hit),
      how: howOf(hit),
      down: hit.number("down"),
    }],
  },
  {
    ...SITE,
    id: "host.crash-at-rename",
    title: "The server dies at a rename",
    about: "The server dies at one of the next calls that give a file its final name",
    modelled: "Before the rename or behind it; behind it power takes it back or leaves it",
    notModelled: "File systems that order renames and contents otherwise than POSIX allows",
    parameters: [
      amount("renames", "count", [1, 2, 1000], "At which of the next renames"),
      choice("when", ["before", "after"], "Whether the rename is done"),
      HOW,
      DOWN,
    ],
    lasting: false,
    heals: "The server starts again after `down`",
    real: false,
    prior: 200_000,
    lower: (hit) => [{
      kind: "crash-naming",
      host: hostOf(hit),
      renames: hit.number("renames"),
      when: whenOf(hit),
      how: howOf(hit),
      down: hit.number("down"),
    }],
  },
  {
    ...SITE,
    id: "host.crash-loop",
    title: "The server dies again and again",
    about: "The server dies every so often, also while it is recovering",
    modelled: "A kill or a loss of power at a steady rhythm",
    notModelled: "A service manager that waits longer each time",
    parameters: [
      amount("every", "time", [100 * MILLISECOND, 30 * SECOND, DAY], "From one death to the next"),
      HOW,
      DOWN,
    ],
    lasting: true,
    heals: "The server starts for good behind the last one",
    real: true,
    prior: 150_000,
    lower: (hit) => [{
      kind: "crash-loop",
      host: hostOf(hit),
      how: howOf(hit),
      every: hit.number("every"),
      down: hit.number("down"),
      lasts: hit.lasts,
    }],
  },
];

/** Faults of clocks. */
export const CLOCK_FAULTS: readonly FaultDefinition[] = [
  {
    ...SITE,
    id: "clock.jump",
    title: "The clock jumps",
    about: "The wall clock of a site is set forth or back",
    modelled: "The wall clock alone; the clock that measures time goes on",
    notModelled: "Time zones that change their rules",
    parameters: [amount("by", "time", [-400 * DAY, HOUR, 400 * DAY], "How far; negative: back")],
    lasting: false,
    heals: "Never: nothing may depend on it",
    real: false,
    prior: 400_000,
    lower: (hit) => [{ kind: "clock", host: hostOf(hit), by: hit.number("by") }],
  },
  {
    ...SITE,
    id: "clock.drift",
    title: "The clock is too fast or too slow",
    about: "The wall clock of a site gains or loses steadily",
    modelled: "Small jumps every ten seconds",
    notModelled: "Drift of the clock that measures time",
    parameters: [
      amount(
        "by",
        "time",
        [-500 * MILLISECOND, 50 * MILLISECOND, 500 * MILLISECOND],
        "In a second",
      ),
    ],
    lasting: true,
    heals: "It goes right from then on, and stays as wrong as it is",
    real: false,
    prior: 150_000,
    lower: (hit) => {
      return [{ kind: "drift", host: hostOf(hit), by: hit.number("by"), lasts: hit.lasts }];
    },
  },
];

/** Faults of sites. */
export const SITE_FAULTS: readonly FaultDefinition[] = [
  {
    ...SITE,
    id: "site.fire",
    title: "The site burns down",
    about: "Everything at a site is gone for good; an empty server takes its place later",
    modelled:
      "Disks, replicas, logs and records are gone at one moment; the new server has the same name",
    notModelled: "A fire that spreads; backups elsewhere",
    parameters: [],
    lasting: true,
    heals: "An empty server is there at its end; what was there alone is lost",
    real: false,
    prior: 60_000,
    lower: (hit) => [{ kind: "destroy", host: hostOf(hit), down: hit.lasts }],
  },
  {
    ...SITE,
    id: "site.power",
    title: "The site loses power",
    about: "Everything at a site is dark, and its side of the link with it",
    modelled: "Host, guests and their disks lose power at one moment",
    notModelled: "Hosts that come back one after the other",
    parameters: [],
    lasting: true,
    heals: "Power comes back and everything starts",
    real: false,
    prior: 300_000,
    lower: (hit) => [{ kind: "power", host: hostOf(hit), down: hit.lasts }],
  },
  {
    ...SITE,
    id: "site.isolation",
    title: "The site is cut off",
    about: "A site goes on, and nobody outside can reach it",
    modelled: "Connections break at once and no packet comes through either way",
    notModelled: "Administrators who cannot reach it either: they still do what the script says",
    parameters: [],
    lasting: true,
    heals: "By itself at its end",
    real: true,
    prior: 300_000,
    lower: ({ lasts }) => [{ kind: "reset" }, { kind: "partition", way: "both", lasts }],
  },
];
