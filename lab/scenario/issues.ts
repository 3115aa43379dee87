/**
 * Where problems are gathered while a value is understood part by part.
 *
 * @module
 */

import type * as z from "zod/mini";
import { BOUNDS } from "./bounds.ts";
import { readBy } from "./form.ts";
import type { Path, Problem, Source } from "./source.ts";

/** Gathers problems; of very many the first ones. */
export class Issues {
  readonly source: Source;
  readonly problems: Problem[] = [];

  constructor(source: Source) {
    this.source = source;
  }

  /** True when nobody would read more of them. */
  get full(): boolean {
    return this.problems.length >= BOUNDS.problems;
  }

  /** Something is wrong with the part at `path`, or with its key. */
  add(path: Path, message: string, what: "value" | "key" = "value"): void {
    if (this.full) return;
    this.problems.push(this.source.problem(path, message, what));
  }

  /** What the part at `path` reads as; `undefined` where it does not, and that was said. */
  read<T>(schema: z.ZodMiniType<T>, value: unknown, path: Path): T | undefined {
    const result = readBy(schema, value);
    if (result.ok) return result.value;
    for (const { path: below, message, key } of result.issues) {
      this.add([...path, ...below], message, key ? "key" : "value");
    }
    return undefined;
  }
}
