/**
 * Makes everything that differs from run to run or from engine to engine throw while a simulated run
 * is under way.
 *
 * Rule: it holds for synchronous work alone, so that nothing else in the realm meets it, and a use
 * counts although whoever used it caught the error. `**` is an operator and cannot be banned here:
 * the lint rule of the pure folders sees to the source.
 *
 * @module
 */

/** Globals that a simulated run has no business with. */
const GLOBALS = [
  ...["Date", "performance", "crypto", "setTimeout", "setInterval", "queueMicrotask", "Intl"],
  ...["fetch", "TextEncoder", "TextDecoder", "WeakRef", "FinalizationRegistry"],
] as const;

/** Functions of `Math` that are chance, or whose last bits the language leaves open. */
const MATH = [
  ...["random", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh"],
  ...["asinh", "acosh", "atanh", "exp", "expm1", "log", "log1p", "log2", "log10", "pow", "cbrt"],
  "hypot",
] as const;

/** Replaces `owner[name]` by something that calls `use`; returns what puts it back. */
function ban(owner: object, name: string, use: () => never): () => void {
  const usual = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { configurable: true, get: use });
  return () => {
    // What a worker inherits from its prototype has no property of its own to put back.
    if (usual === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, usual);
  };
}

/** Does `work`, which must be synchronous; throws where it first used anything banned. */
export function withoutBannedCalls<T>(work: () => T): T {
  const used: Error[] = [];
  const restore: (() => void)[] = [];
  const banAll = (owner: object, prefix: string, names: readonly string[]) => {
    for (const name of names) {
      const use = () => {
        const error = new Error(`A simulated run used ${prefix}${name}`);
        used.push(error);
        throw error;
      };
      restore.push(ban(owner, name, use));
    }
  };
  let outcome: { readonly result: T } | { readonly error: unknown };
  try {
    banAll(Math, "Math.", MATH);
    banAll(globalThis, "", GLOBALS);
    outcome = { result: work() };
  } catch (error) {
    outcome = { error };
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  if (used.length > 0) throw used[0];
  if ("error" in outcome) throw outcome.error;
  return outcome.result;
}
