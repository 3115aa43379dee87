/**
 * Faults of guests, of what a machine's primary keeps, and of its replica.
 *
 * @module
 */
// Long because: one entry for each fault, and each says what it models.

import { DAY, MILLISECOND, SECOND, TiB } from "../../core/base/units.ts";
import { amount, choice, diskOf, type FaultDefinition, type Hit, sectorOf } from "./definition.ts";

const DOWN = amount("down", "time", [MILLISECOND, 5 * SECOND, DAY], "How long the server is down");
const OFFSET = amount("offset", "size", [0, 0, 1024 * TiB], "Where on the disk");
const PICK = amount("pick", "count", [0, 0, 4_294_967_295], "Chooses file and place");
const AMONG = choice(
  "among",
  ["machine", "all"],
  "Files of the machine's replica, wherever that is, or all at the second site",
);
const BIT = amount("bit", "count", [0, 0, 7], "Which bit of the byte");

type FreezeTrouble = "fails" | "sticks" | "breaks" | "thaw-fails";

/** Freezing a guest goes wrong. */
function freezing(
  what: FreezeTrouble,
  texts: Pick<FaultDefinition, "title" | "about" | "modelled">,
): FaultDefinition {
  const after = amount("ends", "time", [1, 20 * MILLISECOND, SECOND], "When it goes on by itself");
  return {
    id: what === "thaw-fails" ? "guest.thaw-fails" : `guest.freeze-${what}`,
    ...texts,
    notModelled: "What the guest's applications make of it",
    targets: ["machine"],
    parameters: what === "breaks" ? [after] : [],
    lasting: true,
    heals: "By itself at its end; points of that time are crash-consistent",
    recoverable: true,
    real: true,
    prior: 200_000,
    lower: (hit) => {
      const { vm } = diskOf(hit);
      const ends = what === "breaks" ? hit.number("ends") : 0;
      return [{ kind: "freeze", vm, what, after: ends, lasts: hit.lasts }];
    },
  };
}

/** Faults of guests. */
export const GUEST_FAULTS: readonly FaultDefinition[] = [
  freezing("fails", {
    title: "A guest cannot be frozen",
    about: "The command that freezes a guest fails",
    modelled: "It fails at once with nothing done",
  }),
  freezing("sticks", {
    title: "A freeze never returns",
    about: "The command that freezes a guest has frozen it and does not end",
    modelled: "The guest writes nothing until the server has it thawed",
  }),
  freezing("breaks", {
    title: "A guest thaws too early",
    about: "A frozen guest goes on writing by itself",
    modelled: "It goes on before the cut, and the server may find out only then",
  }),
  freezing("thaw-fails", {
    title: "A guest cannot be thawed",
    about: "The command that thaws a guest fails",
    modelled: "The guest stays frozen until a later attempt succeeds",
  }),
  {
    id: "guest.outside-write",
    title: "Somebody else writes to the disk",
    about:
      "While the server is down somebody writes to a machine's disk, as a mount from a rescue system does",
    modelled:
      "The server is killed, one sector is written behind its back, and it is started again",
    notModelled: "Writes behind the back of a server that runs; those nobody can notice",
    targets: ["disk"],
    parameters: [OFFSET, amount("fill", "count", [0, 90, 255], "With what"), DOWN],
    lasting: false,
    heals: "The disk is compared with its replica, and what differs is sent",
    recoverable: true,
    real: true,
    prior: 150_000,
    lower: (hit) => [{
      kind: "outside",
      ...diskOf(hit),
      sector: sectorOf(hit, hit.number("offset")),
      fill: hit.number("fill"),
      down: hit.number("down"),
    }],
  },
];

/** The machine whose replica is meant; nothing where any file may be. */
function amongOf(hit: Hit): { readonly vm?: number } {
  return hit.word("among") === "all" ? {} : { vm: diskOf(hit).vm };
}

/** Faults of what a machine's primary and replica keep. */
export const REPLICA_FAULTS: readonly FaultDefinition[] = [
  {
    id: "primary.lose-log",
    title: "A replication log is lost",
    about: "While the server is down somebody removes the replication log beside a disk",
    modelled: "The server is killed, the log is removed, and it is started again",
    notModelled: "A log that comes back later",
    targets: ["disk"],
    parameters: [DOWN],
    lasting: false,
    heals: "The disk is compared with its replica, and a new log is begun",
    recoverable: true,
    real: true,
    prior: 200_000,
    lower: (hit) => [{ kind: "lose-log", ...diskOf(hit), down: hit.number("down") }],
  },
  {
    id: "disk.rot",
    title: "A file of the replica rots",
    about: "A bit flips in a file of a machine's replica that has a checksum",
    modelled: "One bit of a delta, an undo file or a record, on the medium and in the cache",
    notModelled: "Rot of the replica's raw disks; see disk.rot-silent",
    targets: ["machine"],
    parameters: [PICK, BIT, AMONG],
    lasting: false,
    heals:
      "What is damaged is found when it is read, never believed, and made anew where that is possible",
    recoverable: false,
    real: true,
    prior: 120_000,
    lower: (hit) => [{
      kind: "rot",
      pick: hit.number("pick"),
      bit: hit.number("bit"),
      ...amongOf(hit),
    }],
  },
  {
    id: "disk.rot-open",
    title: "A delta rots on its way",
    about:
      "The second site's server is killed with part of a delta, which rots before it starts again",
    modelled: "One bit of what had arrived and was durable",
    notModelled: "Several at once",
    targets: ["machine"],
    parameters: [PICK, BIT, DOWN, AMONG],
    lasting: false,
    heals: "The delta is sent anew",
    recoverable: true,
    real: true,
    prior: 100_000,
    lower: (hit) => [{
      kind: "rot-open",
      pick: hit.number("pick"),
      bit: hit.number("bit"),
      down: hit.number("down"),
      ...amongOf(hit),
    }],
  },
  {
    id: "disk.rot-silent",
    title: "The replica's disk rots",
    about: "A bit flips on a disk of a machine's replica, where only a comparison can find it",
    modelled: "One bit of the raw disk, wherever the replica is; points that read it are wrong",
    notModelled: "File systems with checksums of their own, which would fail the read",
    targets: ["disk"],
    parameters: [OFFSET, BIT],
    lasting: false,
    heals:
      "A verification finds it, and a resynchronization sends the block again; older points keep it",
    recoverable: false,
    real: true,
    prior: 0,
    lower: (hit) => [{
      kind: "rot-disk",
      ...diskOf(hit),
      sector: sectorOf(hit, hit.number("offset")),
      bit: hit.number("bit"),
    }],
  },
  {
    id: "replica.old-state",
    title: "A replica is restored from a backup",
    about: "The state of a machine's replica is kept, and comes back later over what there is then",
    modelled:
      "Both state files come back together while the server is down; the disks stay as they are",
    notModelled: "A whole volume that is set back with its disks",
    targets: ["machine"],
    parameters: [
      amount("age", "time", [MILLISECOND, 10 * SECOND, DAY], "How old it is when it comes back"),
      DOWN,
    ],
    lasting: false,
    heals: "The replica says that it is older than its disks, and is compared",
    recoverable: false,
    real: true,
    prior: 120_000,
    lower: (hit) => [{
      kind: "old-state",
      vm: diskOf(hit).vm,
      age: hit.number("age"),
      down: hit.number("down"),
    }],
  },
  {
    id: "replica.touched",
    title: "A replica's disk is touched",
    about:
      "A tool opens a disk of the replica while its server is down, and leaves only the time of change otherwise",
    modelled: "Bytes stay as they were, their time does not",
    notModelled: "Tools that write",
    targets: ["disk"],
    parameters: [DOWN],
    lasting: false,
    heals: "Points are believed again once the disk was compared",
    recoverable: true,
    real: true,
    prior: 80_000,
    lower: (hit) => [{ kind: "touch", ...diskOf(hit), down: hit.number("down") }],
  },
];
