/**
 * Faults of storage: of the data folder of a site, of the logs beside its disks, or of one guest's disk.
 *
 * @module
 */
// Long because: one entry for each fault, and each says what it models.

import { DAY, MILLISECOND, SECOND, TiB } from "../../core/base/units.ts";
import {
  amount,
  choice,
  diskOf,
  type FaultDefinition,
  hostOf,
  sectorOf,
  storageOf,
} from "./definition.ts";

const PLACE = choice(
  "place",
  ["data", "logs"],
  "Of a site: the folder of replicas and records, or that of the replication logs beside disks",
);

/** What most faults of storage have in common. */
const STORAGE = { targets: ["disk", "site"], recoverable: true } as const;

/** The next requests of a kind fail. */
function failing(
  id: string,
  what: "failReads" | "failWrites" | "failFlushes",
  texts: Pick<FaultDefinition, "title" | "about" | "modelled" | "notModelled" | "heals">,
): FaultDefinition {
  return {
    ...STORAGE,
    id,
    ...texts,
    parameters: [amount("count", "count", [1, 1, 1000], "So many of the next ones"), PLACE],
    lasting: false,
    real: true,
    prior: 250_000,
    lower: (hit) => [{ kind: "io", ...storageOf(hit), what, count: hit.number("count") }],
  };
}

/** A share of requests goes wrong. */
function rated(
  id: string,
  what: "readErrorRate" | "writeErrorRate" | "flushErrorRate" | "misdirectedReadRate",
  texts: Pick<FaultDefinition, "title" | "about" | "modelled" | "notModelled" | "heals">,
  facts: Pick<FaultDefinition, "recoverable" | "real" | "prior">,
): FaultDefinition {
  return {
    ...STORAGE,
    id,
    ...texts,
    ...facts,
    parameters: [
      amount("share", "share", [1, 10_000, 1_000_000], "Of all requests, so many"),
      PLACE,
    ],
    lasting: true,
    lower: (hit) => {
      const rate = hit.number("share");
      return [{ kind: "storage-rate", ...storageOf(hit), what, rate, lasts: hit.lasts }];
    },
  };
}

/** The next writes are lost without a word. */
function losing(
  id: string,
  what: "phantomWrites" | "misdirectedWrites",
  texts: Pick<FaultDefinition, "title" | "about" | "modelled" | "notModelled">,
): FaultDefinition {
  return {
    ...STORAGE,
    id,
    ...texts,
    parameters: [amount("count", "count", [1, 1, 1000], "So many of the next writes"), PLACE],
    lasting: false,
    heals:
      "Never: at the replica a verification finds and repairs it, on the guest's own disk nobody does",
    recoverable: false,
    real: false,
    prior: 0,
    lower: (hit) => [{ kind: "lost-writes", ...storageOf(hit), what, count: hit.number("count") }],
  };
}

/** A device takes nothing, or is not there. */
function gone(
  id: string,
  what: "readOnly" | "vanished",
  texts: Pick<FaultDefinition, "title" | "about" | "modelled" | "notModelled">,
): FaultDefinition {
  return {
    ...STORAGE,
    id,
    ...texts,
    parameters: [PLACE],
    lasting: true,
    heals: "By itself at its end; what is on it is as it was",
    real: true,
    prior: 150_000,
    lower: (hit) => [{ kind: "device", ...storageOf(hit), what, lasts: hit.lasts }],
  };
}

/** Faults of storage. */
export const DISK_FAULTS: readonly FaultDefinition[] = [
  {
    ...STORAGE,
    id: "disk.slow",
    title: "Storage is slow",
    about: "Every request takes many times as long as usual",
    modelled: "A factor on the time of reads, writes and flushes",
    notModelled: "A queue that grows with the load",
    parameters: [
      amount("factor", "count", [2, 20, 10_000], "So many times as long"),
      PLACE,
    ],
    lasting: true,
    heals: "By itself at its end",
    real: true,
    prior: 400_000,
    lower: (hit) => {
      return [{ kind: "slow", ...storageOf(hit), factor: hit.number("factor"), lasts: hit.lasts }];
    },
  },
  {
    ...STORAGE,
    id: "disk.stall",
    title: "Storage stands still",
    about: "No request ends before it is over",
    modelled: "Requests wait and end then; none fails",
    notModelled: "A kernel that gives a request up after half a minute",
    parameters: [PLACE],
    lasting: true,
    heals: "By itself at its end",
    real: true,
    prior: 400_000,
    lower: (hit) => [{ kind: "stall", ...storageOf(hit), lasts: hit.lasts }],
  },
  {
    ...STORAGE,
    id: "disk.full",
    targets: ["site"],
    title: "No space is left",
    about: "Nothing more can be stored, however much was free",
    modelled: "Writes that need space fail, some of them with their beginning done",
    notModelled: "Quotas of users; space that other programs free and take",
    parameters: [PLACE],
    lasting: true,
    heals: "By itself at its end; replication goes on by itself",
    real: true,
    prior: 400_000,
    lower: (hit) => {
      const place = hit.word("place") === "logs" ? "logs" : "data";
      return [{ kind: "full", host: hostOf(hit), place, lasts: hit.lasts }];
    },
  },
  failing("disk.read-error", "failReads", {
    title: "Reads fail",
    about: "The next reads fail with an input/output error",
    modelled: "Reads of whoever comes next; the bytes are as they were",
    notModelled: "Retries of the kernel, which hide many such errors",
    heals: "With the requests that it was for",
  }),
  failing("disk.write-error", "failWrites", {
    title: "Writes fail",
    about: "The next writes fail with an input/output error",
    modelled: "Any part of a write may have been done when it fails",
    notModelled: "Writes that fail only when they are flushed; see disk.flush-error",
    heals: "With the requests that it was for; the server starts again where it cannot go on",
  }),
  failing("disk.flush-error", "failFlushes", {
    title: "Flushes fail",
    about: "The next flushes fail, and later ones say that all is well",
    modelled: "What was written since the last good flush may be lost, as with Linux since 4.13",
    notModelled: "File systems that stop at the first such error",
    heals: "With a restart behind a loss of power, which the server asks for",
  }),
  rated("disk.read-errors", "readErrorRate", {
    title: "Some reads fail",
    about: "A share of all reads fails with an input/output error",
    modelled: "Each read by itself; the same place may be read the next time",
    notModelled: "Errors that keep to a region of the disk; see disk.latent-sector",
    heals: "By itself at its end",
  }, { recoverable: true, real: true, prior: 150_000 }),
  rated("disk.write-errors", "writeErrorRate", {
    title: "Some writes fail",
    about: "A share of all writes fails with an input/output error",
    modelled: "Each write by itself; any part of it may have been done",
    notModelled: "A device that is taken out of service for its errors",
    heals: "By itself at its end; machines whose server gave them up are started again",
  }, { recoverable: true, real: true, prior: 150_000 }),
  rated("disk.flush-errors", "flushErrorRate", {
    title: "Some flushes fail",
    about: "A share of all flushes fails, and the next one says that all is well",
    modelled: "What was written since the last good flush may be lost",
    notModelled: "File systems that stop at the first such error",
    heals: "With a restart behind a loss of power, which the server asks for",
  }, { recoverable: true, real: true, prior: 100_000 }),
  {
    ...STORAGE,
    id: "disk.latent-sector",
    targets: ["disk"],
    title: "Sectors are unreadable",
    about: "Some sectors of a disk cannot be read until they are written again",
    modelled: "Reads that touch one fail; a transient one fails once",
    notModelled: "Neighbours that fail as well; a drive that becomes slow over them",
    parameters: [
      amount("offset", "size", [0, 0, 1024 * TiB], "Where the first one is"),
      amount("count", "count", [1, 1, 1000], "So many in a row"),
      choice("lasting", ["yes", "once"], "Whether it stays so, or is read well the second time"),
    ],
    lasting: false,
    heals: "With the next write of the sector, and at the end",
    real: true,
    prior: 250_000,
    lower: (hit) => {
      const { target } = hit;
      if (target.kind !== "disk") return [];
      const first = sectorOf(hit, hit.number("offset"));
      const count = Math.min(hit.number("count"), target.sectors - first);
      const sticky = hit.word("lasting") === "yes";
      return Array.from({ length: count }, (_, index) => ({
        kind: "latent" as const,
        host: target.home,
        place: diskOf(hit),
        sector: first + index,
        sticky,
      }));
    },
  },
  gone("disk.read-only", "readOnly", {
    title: "Storage is read-only",
    about: "Nothing can be written, as after a file system found an error in itself",
    modelled: "Writes fail with an error of their own",
    notModelled: "A check of the file system at the next start",
  }),
  gone("disk.gone", "vanished", {
    title: "Storage is gone",
    about: "Every request fails, as if a cable had been pulled",
    modelled: "The device comes back with what was on it",
    notModelled: "Another name for the device when it comes back",
  }),
  losing("disk.phantom-write", "phantomWrites", {
    title: "A write is lost without a word",
    about: "The next writes say that they are done and never were",
    modelled: "The old bytes stay, and nobody is told",
    notModelled: "A cache that shows the new bytes until it is emptied",
  }),
  losing("disk.misdirected-write", "misdirectedWrites", {
    title: "A write lands elsewhere",
    about: "The next writes land at another place of the same file or disk",
    modelled: "On a block boundary, over whatever is there",
    notModelled: "Places in another file",
  }),
  rated("disk.misdirected-read", "misdirectedReadRate", {
    title: "Reads show another place",
    about: "A share of all reads returns the bytes of another place",
    modelled:
      "From another block of the same file or disk; the bytes on the medium are as they were",
    notModelled: "Bytes of another file",
    heals: "By itself at its end; what was made of such reads stays until a verification finds it",
  }, { recoverable: false, real: false, prior: 0 }),
  {
    id: "disk.torn-write",
    title: "Power fails amid a write",
    about:
      "The site loses power while something is written, and a part of that write reaches the medium",
    modelled:
      "At the call that is chosen: whole sectors of 512 bytes, any of them; what was not flushed may be lost",
    notModelled: "Sectors that are torn themselves",
    targets: ["site"],
    parameters: [
      amount(
        "calls",
        "count",
        [1, 20, 100_000],
        "At which of the next calls to storage or network",
      ),
      amount("down", "time", [MILLISECOND, 30 * SECOND, DAY], "How long it is dark"),
    ],
    lasting: false,
    heals: "The server starts again, and finds what is whole",
    recoverable: true,
    real: false,
    prior: 400_000,
    lower: (hit) => [{
      kind: "crash",
      host: hostOf(hit),
      calls: hit.number("calls"),
      when: "torn",
      how: "power",
      down: hit.number("down"),
    }],
  },
];
