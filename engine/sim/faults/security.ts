/**
 * Faults of trust: certificates, authorization, and peers that are not what they say.
 *
 * @module
 */

import { choice, diskOf, type FaultDefinition, hostOf } from "./definition.ts";
import type { FaultAction } from "../scenario/scenario.ts";

/** Faults of trust. */
export const SECURITY_FAULTS: readonly FaultDefinition[] = [
  {
    id: "certificate.expired",
    title: "A certificate expires",
    about: "Nobody believes a site's certificate any more",
    modelled:
      "New connections from and to the site are refused; those that stand are reset, or go on",
    notModelled: "Dates in certificates: that it has expired is told, not computed",
    targets: ["site"],
    parameters: [choice("standing", ["reset", "stay"], "What becomes of connections that stand")],
    lasting: true,
    heals: "A new certificate is there at its end; administrators resume what stopped over it",
    recoverable: true,
    real: true,
    prior: 150_000,
    lower: (hit) => {
      const expired: FaultAction = {
        kind: "certificate",
        host: hostOf(hit),
        lasts: hit.lasts,
      };
      return hit.word("standing") === "reset" ? [expired, { kind: "reset" }] : [expired];
    },
  },
  {
    id: "authorization.revoked",
    title: "The primary is locked out",
    about:
      "The second site's administrator removes the entry by which the first site's server may replicate to it",
    modelled: "The verbs that an administrator types; asked again behind a crash",
    notModelled: "The other direction, and trust groups of several servers",
    targets: ["link"],
    parameters: [],
    lasting: true,
    heals: "The entry is made anew; administrators resume what stopped over it",
    recoverable: true,
    real: true,
    prior: 150_000,
    lower: ({ lasts }) => [{ kind: "revoke", lasts }],
  },
  {
    id: "peer.stale",
    title: "A stale primary sends",
    about:
      "A copy of the machine's primary from another time tries to have a point of its own staged",
    modelled:
      "A third host with the primary's certificate that speaks the protocol without a fault",
    notModelled: "A stale primary whose guest is served beside the true one",
    targets: ["machine"],
    parameters: [
      choice(
        "wrong",
        ["generation", "parent", "writer"],
        "What it gets wrong: its history, its base, or who may write",
      ),
    ],
    lasting: false,
    heals: "It is refused, and nothing is left of it",
    recoverable: true,
    real: true,
    prior: 200_000,
    lower: (hit) => {
      const wrong = hit.word("wrong");
      const what = wrong === "parent" || wrong === "writer" ? wrong : "generation";
      return [{ kind: "stale", vm: diskOf(hit).vm, what }];
    },
  },
];
