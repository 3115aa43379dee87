/**
 * Tests that need something of the machine: a foreign program, root, a device.
 *
 * A test whose needs are not met is skipped, never passed in silence: the reason is part of its
 * name, so that the runner, an editor and plain `deno test` all show it.
 *
 * Rule: needs are looked up when the test file loads, so a test never half-runs without them.
 *
 * @module
 */

import { accessSync, constants } from "node:fs";

/** Something that a machine has or has not. */
export interface Need {
  /** What is missing and how to get it, to follow the word "needs". */
  readonly what: string;
  readonly isMet: () => boolean;
}

/** What a test with needs is declared with. */
export interface NeedyTest {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly sanitizeOps?: boolean;
  readonly sanitizeResources?: boolean;
}

const REASON = / \[skipped: (.*)\]$/s;

/** A program on PATH; `debianPackage` (of tools/packages.txt) brings it. */
export function program(name: string, debianPackage: string): Need {
  return {
    what: `${name} (Debian package ${debianPackage})`,
    // The administrator's folders are not on every user's PATH; mke2fs and losetup live there.
    isMet: () =>
      [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"]
        .some((folder) => folder !== "" && isAccessible(`${folder}/${name}`, constants.X_OK)),
  };
}

/** A file or device that this user may read and write. */
export function device(path: string): Need {
  return {
    what: `${path}, readable and writable`,
    isMet: () => isAccessible(path, constants.R_OK | constants.W_OK),
  };
}

/** The administrator's rights. */
export const root: Need = { what: "root", isMet: () => Deno.uid() === 0 };

/** The Linux kernel. */
export const linux: Need = { what: "Linux", isMet: () => Deno.build.os === "linux" };

/** Any other condition, in words. */
export function condition(what: string, isMet: () => boolean): Need {
  return { what, isMet };
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** The reason not to run a test with these needs, or undefined if all are met. */
export function unmetReason(needs: readonly Need[]): string | undefined {
  const unmet = needs.filter((need) => !need.isMet());
  return unmet.length === 0 ? undefined : `needs ${unmet.map((need) => need.what).join(", ")}`;
}

/** The test as Deno takes it: ignored, and named with the reason, when a need is not met. */
export function defineTest(
  { name, needs, ...sanitizers }: NeedyTest,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): Deno.TestDefinition {
  const reason = unmetReason(needs);
  if (reason === undefined) return { name, fn, ...sanitizers };
  return { name: `${name} [skipped: ${reason}]`, fn, ignore: true };
}

/** Registers a test that runs only where all its needs are met. */
export function testWithNeeds(
  test: NeedyTest,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test(defineTest(test, fn));
}

/** Undoes what `defineTest` does to a name; `reason` is empty if it was not skipped by it. */
export function splitSkipReason(reported: string): { name: string; reason: string } {
  const match = REASON.exec(reported);
  if (match === null) return { name: reported, reason: "" };
  return { name: reported.slice(0, match.index), reason: match[1]! };
}
