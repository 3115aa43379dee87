/**
 * A test that does not run says why: skips go through `testWithNeeds()` of `test/needs.ts`.
 *
 * @module
 */

import { isBelow, repositoryPath } from "./repository_path.ts";

const HINT = "Declare what the test needs with testWithNeeds() of test/needs.ts";

/** Whether `node` is the name `Deno.test` or `test`. */
function isTestFunction(node: Deno.lint.Node): boolean {
  if (node.type === "Identifier") return node.name === "test";
  return node.type === "MemberExpression" && node.property.type === "Identifier" &&
    node.property.name === "test";
}

/** The lint rule. */
export const skipWithReason: Deno.lint.Rule = {
  create(context) {
    const path = repositoryPath(context.filename);
    if (!isBelow(path, ["test"]) || path === "test/needs.ts") return {};
    return {
      CallExpression(node) {
        const method = node.callee.type === "MemberExpression" ? node.callee : undefined;
        const name = method?.property.type === "Identifier" ? method.property.name : "";
        if (["ignore", "only", "skip"].includes(name) && isTestFunction(method!.object)) {
          context.report({ node, message: `A test may not use .${name}()`, hint: HINT });
        }
        const [definition] = node.arguments;
        if (!isTestFunction(node.callee) || definition?.type !== "ObjectExpression") return;
        for (const property of definition.properties) {
          if (property.type !== "Property" || property.key.type !== "Identifier") continue;
          if (!["ignore", "only"].includes(property.key.name)) continue;
          context.report({
            node: property,
            message: `A test may not set ${property.key.name}`,
            hint: HINT,
          });
        }
      },
    };
  },
};
