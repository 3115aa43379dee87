/**
 * What tests of the reference model's judgement begin with, and how they say what is seen.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { blankImage, type Image } from "./reference/image.ts";
import { Reference } from "./reference/reference.ts";
import type { SiteView } from "./reference/standing.ts";

/** The disks of a machine that nobody has written to: one of three blocks. */
export const BLANK = blankImage([3]);
/** No machine is there. */
export const NOTHING: SiteView = { role: "none", state: "none", points: [], guest: undefined };

/** A machine that wrote 7 into block 1 and has had a point of that, `p`, keeping two. */
export function protectedMachine(): Reference {
  const model = new Reference(2, BLANK);
  model.added();
  model.enabled("a");
  model.started("a", "InitialReplicationInProgress");
  model.wrote("a", 0, 1, 1, 7);
  equal(model.judge({ a: atA(model.disks.a!.image), b: atB({ p: model.disks.a!.image }) }), "");
  return model;
}

/** The primary at `a`, as it is seen. */
export function atA(guest: Image, state = "Replicating"): SiteView {
  return { role: "primary", state, points: [], guest };
}

/** The replica at `b`, as it is seen, with these points. */
export function atB(
  points: Readonly<Record<string, Image>>,
  more: Partial<SiteView> = {},
): SiteView {
  const listed = Object.entries(points).map(([id, image]) => ({ id, image, broken: "" }));
  return { role: "replica", state: "Replicating", points: listed, guest: undefined, ...more };
}
