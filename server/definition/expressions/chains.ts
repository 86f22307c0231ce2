/** Chains of names in expressions: `tasks.train.outputs['model']` as a context and its steps. */
import { visitExpression } from '../../syntax/expressions/expression.js';
import type { Expression, Span } from '../../syntax/tree.js';

export interface ChainStep {
  /** Undefined where it is computed, or a `*`. */
  readonly name?: string;
  /** The name as written, quotes of an index included. */
  readonly span: Span;
  /** It stands behind an `@`. */
  readonly selector?: true;
}

export interface Chain {
  readonly context: string;
  readonly contextSpan: Span;
  readonly steps: readonly ChainStep[];
}

/** The chain that an expression is as a whole; undefined for anything that doesn't start with a context. */
export function chainOf(expression: Expression): Chain | undefined {
  const steps: ChainStep[] = [];
  let current = expression;
  for (;;) {
    switch (current.kind) {
      case 'name':
        return { context: current.name, contextSpan: current.span, steps: steps.reverse() };
      case 'member':
        steps.push({ name: current.property, span: current.propertySpan });
        current = current.object;
        break;
      case 'at':
        steps.push({ name: current.selector, span: current.selectorSpan, selector: true });
        current = current.object;
        break;
      case 'filter':
        steps.push({ span: { start: current.object.span.end, end: current.span.end } });
        current = current.object;
        break;
      case 'index':
        steps.push(indexStep(current.index));
        current = current.object;
        break;
      case 'literal':
      case 'call':
      case 'not':
      case 'binary':
      case 'missing':
        return undefined;
    }
  }
}

function indexStep(index: Expression): ChainStep {
  return index.kind === 'literal' && typeof index.value === 'string'
    ? { name: index.value, span: index.span }
    : { span: index.span };
}

/** Every chain of an expression, those inside of brackets included. */
export function chainsIn(expression: Expression): Chain[] {
  const chains: Chain[] = [];
  const collect = (root: Expression): void => {
    visitExpression(root, (current) => {
      const chain = chainOf(current);
      if (chain === undefined) return true;
      chains.push(chain);
      for (let below = current; ;) {
        if (below.kind === 'index') collect(below.index);
        if (
          below.kind === 'index' ||
          below.kind === 'member' ||
          below.kind === 'at' ||
          below.kind === 'filter'
        ) {
          below = below.object;
        } else {
          return false;
        }
      }
    });
  };
  collect(expression);
  return chains;
}
