/**
 * A function of more than 60 lines says why, in a comment just above it: `// Long because: …`.
 *
 * @module
 */

/** Lines that a function may have without a reason. */
export const FUNCTION_LINES_MAX = 60;

const REASON = /Long because: \S/;
const COMMENT = /^\s*(?:\/\/|\/?\*)/;

/** Whether the comment lines directly above line `index` give a reason. */
function hasReasonAbove(lines: readonly string[], index: number): boolean {
  for (let above = index - 1; above >= 0 && COMMENT.test(lines[above]!); above--) {
    if (REASON.test(lines[above]!)) return true;
  }
  return false;
}

/** The statement, member or declaration that the function is part of. */
function enclosing(node: Deno.lint.Node): Deno.lint.Node {
  let current = node as Deno.lint.Node & { parent?: Deno.lint.Node };
  while (current.parent !== undefined && !isBlock(current.parent)) {
    current = current.parent as typeof current;
  }
  return current;
}

function isBlock(node: Deno.lint.Node): boolean {
  return ["Program", "BlockStatement", "ClassBody", "StaticBlock", "SwitchCase"].includes(
    node.type,
  );
}

/** The lint rule. */
export const longFunction: Deno.lint.Rule = {
  create(context) {
    const text = context.sourceCode.text;
    const lines = text.split("\n");
    const lineOf = (offset: number) => text.slice(0, offset).split("\n").length - 1;
    const check = (node: Deno.lint.Node) => {
      // Counting newlines of the whole file is slow, and few functions are worth it.
      const length = context.sourceCode.getText(node).split("\n").length;
      if (length <= FUNCTION_LINES_MAX) return;
      const starts = [node.range[0], enclosing(node).range[0]];
      if (starts.some((offset) => hasReasonAbove(lines, lineOf(offset)))) return;
      context.report({
        range: [node.range[0], node.range[0] + 1],
        message: `The function has ${length} lines, and ${FUNCTION_LINES_MAX} are enough for most`,
        hint: "Split it, or say why not just above it: `// Long because: …`",
      });
    };
    return {
      FunctionDeclaration: check,
      FunctionExpression: check,
      ArrowFunctionExpression: check,
    };
  },
};
