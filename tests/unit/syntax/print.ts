/** Trees as short texts, for tables of expectations. */
import type { Expression, Span, SyntaxNode, SyntaxTree } from '../../../server/syntax/tree.js';

/** Values with their types; a map's and a list's own source in «» when `spans` is asked for. */
export function show(node: SyntaxNode | null): string {
  if (node === null) return '∅';
  switch (node.kind) {
    case 'scalar':
      return JSON.stringify(node.value);
    case 'sequence':
      return `[${node.items.map(show).join(', ')}]`;
    case 'map':
      return `{${node.entries.map((entry) => `${entry.key.text}: ${show(entry.value)}`).join(', ')}}`;
  }
}

export const source = (tree: SyntaxTree, span: Span): string => tree.text.slice(span.start, span.end);

/** Each problem with the text it covers. */
export function showProblems(tree: SyntaxTree): string[] {
  return tree.problems.map((problem) => `«${source(tree, problem.span)}» ${problem.message}`);
}

/** An expression as nested lists, so that precedence shows. */
export function lisp(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return typeof expression.value === 'string' ? `'${expression.value}'` : String(expression.value);
    case 'name':
      return expression.name;
    case 'member':
      return `(. ${lisp(expression.object)} ${expression.property})`;
    case 'index':
      return `([] ${lisp(expression.object)} ${lisp(expression.index)})`;
    case 'filter':
      return `(.* ${lisp(expression.object)})`;
    case 'at':
      return `(@ ${lisp(expression.object)} ${expression.selector})`;
    case 'call':
      return `(${[`${expression.name}()`, ...expression.args.map(lisp)].join(' ')})`;
    case 'not':
      return `(! ${lisp(expression.operand)})`;
    case 'binary':
      return `(${expression.operator} ${lisp(expression.left)} ${lisp(expression.right)})`;
    case 'missing':
      return '?';
  }
}
