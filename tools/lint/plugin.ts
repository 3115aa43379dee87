/**
 * The lint rules of this repository: what its style and its layers ask for, where a tool can tell.
 *
 * `test/tidy/source_test.ts` runs them on every file, `test/tidy/lint_test.ts` proves that each
 * fires. `deno lint` does not load them: with a plugin it crashed once in some two hundred runs of
 * Deno 2.9.6, and a gate may not. To see them in an editor, name this file in a deno.json of yours.
 *
 * @module
 */

import { documented } from "./documented.ts";
import { importOrder } from "./import_order.ts";
import { longFunction } from "./long_function.ts";
import { purity } from "./purity.ts";
import { skipWithReason } from "./skip_with_reason.ts";

const plugin: Deno.lint.Plugin = {
  name: "warmsite",
  rules: {
    "documented": documented,
    "import-order": importOrder,
    "long-function": longFunction,
    "purity": purity,
    "skip-with-reason": skipWithReason,
  },
};

export default plugin;
