/**
 * The lint rules of this repository: what its style and its layers ask for, where a tool can tell.
 *
 * `deno lint` runs them on every file and editors show them; `test/tidy/lint_test.ts` proves that
 * each fires. They have no switch: `deno-lint-ignore` of a `warmsite/` rule is refused in `test/tidy`.
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
