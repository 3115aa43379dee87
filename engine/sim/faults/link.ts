/**
 * Faults of the link between the sites.
 *
 * @module
 */
// Long because: one entry for each fault, and each says what it models.

import { DAY, GiB, KiB, MILLISECOND, MINUTE, SECOND } from "../../core/base/units.ts";
import type { Direction } from "../scenario/scenario.ts";
import {
  amount,
  choice,
  type FaultDefinition,
  type FaultParameter,
  type Hit,
} from "./definition.ts";

const WAY = choice(
  "way",
  ["both", "forth", "back"],
  "Which direction: forth is from the first site to the second",
);

function wayOf(hit: Hit): Direction {
  const way = hit.word("way");
  return way === "both" ? "both" : way === "forth" ? "a>b" : "b>a";
}

/** What faults of links have in common. */
const LINK = { targets: ["link"], recoverable: true, real: true } as const;

const BY_ITSELF = "By itself at its end; what was lost is sent again";

/** A share of all packets suffers something. */
function rated(
  id: string,
  what: "lossRate" | "duplicateRate" | "reorderRate" | "corruptRate",
  texts: Pick<FaultDefinition, "title" | "about" | "modelled" | "notModelled">,
  share: number,
): FaultDefinition {
  const p = amount("share", "share", [1, share, 1_000_000], "Of all packets, so many");
  return {
    ...LINK,
    id,
    ...texts,
    parameters: [p, WAY],
    lasting: true,
    heals: BY_ITSELF,
    prior: 500_000,
    lower: (hit) => {
      const rate = hit.number("share");
      return [{ kind: "link", what, way: wayOf(hit), rate, lasts: hit.lasts }];
    },
  };
}

/** The link is slower, later or less patient than usual. */
function speeded(
  id: string,
  texts: Pick<FaultDefinition, "title" | "about" | "modelled" | "notModelled">,
  parameters: readonly FaultParameter[],
  change: (hit: Hit) => { latency?: number; jitter?: number; bandwidth?: number; queue?: number },
): FaultDefinition {
  return {
    ...LINK,
    id,
    ...texts,
    parameters: [...parameters, WAY],
    lasting: true,
    heals: "By itself at its end; what waits goes on at the usual speed",
    prior: 300_000,
    lower: (hit) => {
      return [{ kind: "link-speed", way: wayOf(hit), change: change(hit), lasts: hit.lasts }];
    },
  };
}

/** Nobody lets the primary in at the replica's side. */
function refusing(
  id: string,
  what: "refuse" | "hang",
  texts: Pick<FaultDefinition, "title" | "about" | "modelled" | "notModelled">,
): FaultDefinition {
  return {
    ...LINK,
    id,
    ...texts,
    parameters: [],
    lasting: true,
    heals: "By itself at its end, with the next attempt",
    prior: 250_000,
    lower: ({ lasts }) => [{ kind: "refuse", what, lasts }],
  };
}

/** Faults of the link. */
export const LINK_FAULTS: readonly FaultDefinition[] = [
  rated("link.loss", "lossRate", {
    title: "Packets are lost",
    about: "Packets vanish on their way, each by itself",
    modelled:
      "Each packet of up to 64 KiB is lost with the same chance; connections send again and slow down",
    notModelled:
      "Congestion control of a real TCP, which slows down more; packets of the size of a real network",
  }, 10_000),
  {
    ...LINK,
    id: "link.burst-loss",
    title: "Packets are lost in bursts",
    about: "Packets vanish many at a time, with quiet between",
    modelled: "Two states after Gilbert and Elliott, entered and left packet by packet",
    notModelled:
      "Bursts that go by time rather than by packets: an idle link stays in the state it is in",
    parameters: [
      amount("enter", "share", [1, 5_000, 1_000_000], "Packets that begin a burst"),
      amount("leave", "share", [1, 200_000, 1_000_000], "Packets that end one"),
      amount("share", "share", [1, 800_000, 1_000_000], "Packets that vanish in one"),
      WAY,
    ],
    lasting: true,
    heals: BY_ITSELF,
    prior: 300_000,
    lower: (hit) => [{
      kind: "link-burst",
      way: wayOf(hit),
      burst: {
        enter: hit.number("enter"),
        leave: hit.number("leave"),
        loss: hit.number("share"),
      },
      lasts: hit.lasts,
    }],
  },
  rated("link.duplicate", "duplicateRate", {
    title: "Packets come twice",
    about: "Packets are delivered a second time",
    modelled: "A second delivery with a delay of its own; streams stay whole",
    notModelled: "Copies that come minutes later",
  }, 20_000),
  rated("link.reorder", "reorderRate", {
    title: "Packets overtake each other",
    about: "Packets come late, behind others that were sent after them",
    modelled: "Up to 50 ms more for the packets that are hit; streams stay whole",
    notModelled: "Reordering that follows from several paths of different length",
  }, 20_000),
  rated("link.corrupt", "corruptRate", {
    title: "Bits flip on the way",
    about: "A bit of what travels is changed, and the transport does not notice",
    modelled: "One bit of a segment, below the checks of the engine's own frames",
    notModelled: "TLS, which would break the connection instead; flips in acknowledgements",
  }, 1_000),
  {
    ...LINK,
    id: "link.partition",
    title: "The link is cut",
    about: "No packet comes through, in one direction or in both",
    modelled: "Packets vanish, those under way as well; nobody is told",
    notModelled: "Routers that answer that there is no way",
    parameters: [WAY],
    lasting: true,
    heals: "By itself at its end; connections that waited too long are made anew",
    prior: 500_000,
    lower: (hit) => [{ kind: "partition", way: wayOf(hit), lasts: hit.lasts }],
  },
  {
    ...LINK,
    id: "link.flap",
    title: "The link comes and goes",
    about: "The link is down and up in turn",
    modelled: "Partitions of equal length with equal pauses",
    notModelled: "Loss of the addresses, which a real interface would need to get again",
    parameters: [
      amount("down", "time", [MILLISECOND, 10 * SECOND, DAY], "How long it is down each time"),
      amount("up", "time", [MILLISECOND, 20 * SECOND, DAY], "How long it is up between"),
      WAY,
    ],
    lasting: true,
    heals: "By itself at its end",
    prior: 300_000,
    lower: (hit) => [{
      kind: "flap",
      way: wayOf(hit),
      up: hit.number("up"),
      down: hit.number("down"),
      lasts: hit.lasts,
    }],
  },
  speeded(
    "link.slow",
    {
      title: "The link is slow",
      about: "Fewer bytes a second go through than usual",
      modelled: "A lower rate with the usual queue; what does not fit is lost",
      notModelled: "Other traffic that comes and goes",
    },
    [amount("rate", "rate", [1, 1_250_000, 100 * GiB], "Bytes a second that go through")],
    (hit) => ({ bandwidth: hit.number("rate") }),
  ),
  speeded(
    "link.delay",
    {
      title: "The link is late",
      about: "Everything takes longer to arrive",
      modelled: "Latency of each packet one way, and what it varies by",
      notModelled: "Delay that grows with the load",
    },
    [
      amount("delay", "time", [0, 200 * MILLISECOND, MINUTE], "What a packet takes one way"),
      amount("jitter", "time", [0, 20 * MILLISECOND, MINUTE], "Mean of what it takes on top"),
    ],
    (hit) => ({ latency: hit.number("delay"), jitter: hit.number("jitter") }),
  ),
  speeded(
    "link.short-queue",
    {
      title: "A queue overflows",
      about: "The link's queue is so short that bursts of packets do not fit, and are lost",
      modelled:
        "Packets beyond the queue are dropped as they come; only links of a bounded rate have one",
      notModelled: "Active queue management, which drops before the queue is full",
    },
    [amount("queue", "size", [KiB, 128 * KiB, GiB], "Bytes that may wait")],
    (hit) => ({ queue: hit.number("queue") }),
  ),
  {
    ...LINK,
    id: "link.stall",
    title: "The link stands still",
    about: "Packets wait and come all at once when it is over",
    modelled: "Nothing is lost; every packet arrives at the end or later",
    notModelled: "Buffers that overflow meanwhile",
    parameters: [WAY],
    lasting: true,
    heals: "By itself at its end",
    prior: 300_000,
    lower: (hit) => [{ kind: "link-stall", way: wayOf(hit), lasts: hit.lasts }],
  },
  {
    ...LINK,
    id: "link.reset",
    title: "Connections break",
    about: "Every connection between the sites is reset",
    modelled: "Both ends are told at once",
    notModelled: "Half-open connections; those come of a loss of power",
    parameters: [],
    lasting: false,
    heals: "With the next connection, which goes on where the last one stood",
    prior: 500_000,
    lower: () => [{ kind: "reset" }],
  },
  refusing("link.refuse", "refuse", {
    title: "Connections are refused",
    about: "The second site answers every new connection with a refusal",
    modelled: "As if nobody listened; connections that stand go on",
    notModelled: "A port that is closed in one of several firewalls on the way",
  }),
  refusing("link.hang", "hang", {
    title: "Connections are accepted and hang",
    about: "The second site accepts new connections, and nothing comes of them",
    modelled: "The transport answers, the server never does",
    notModelled: "A server that hangs in the middle of a conversation; pause its host for that",
  }),
];
