/** Copies of trees whose text has moved. A tree is a value: the one it was made from stays as it is. */
import type { Fragment } from './compose.js';
import type {
  Comment,
  Expression,
  MapEntry,
  ScalarNode,
  Span,
  SyntaxNode,
  SyntaxProblem,
  Template,
} from './tree.js';

const moved = (span: Span, by: number): Span => ({ start: span.start + by, end: span.end + by });

/** The same fragment `by` characters later. */
export function shiftFragment(fragment: Fragment, by: number): Fragment {
  if (by === 0) return fragment;
  return {
    ...fragment,
    root: fragment.root === null ? null : shiftNode(fragment.root, by),
    comments: fragment.comments.map((comment): Comment => ({
      span: moved(comment.span, by),
      text: comment.text,
    })),
    problems: fragment.problems.map((problem): SyntaxProblem => ({
      ...problem,
      span: moved(problem.span, by),
      ...(problem.related === undefined ? {} : { related: moved(problem.related, by) }),
    })),
  };
}

function shiftNode(node: SyntaxNode, by: number): SyntaxNode {
  switch (node.kind) {
    case 'scalar':
      return shiftScalar(node, by);
    case 'map':
      return {
        kind: 'map',
        span: moved(node.span, by),
        flow: node.flow,
        entries: node.entries.map((entry): MapEntry => ({
          key: shiftScalar(entry.key, by),
          value: entry.value === null ? null : shiftNode(entry.value, by),
          span: moved(entry.span, by),
        })),
      };
    case 'sequence':
      return {
        kind: 'sequence',
        span: moved(node.span, by),
        flow: node.flow,
        items: node.items.map((item) => (item === null ? null : shiftNode(item, by))),
      };
  }
}

function shiftScalar(node: ScalarNode, by: number): ScalarNode {
  const { kind, span, value, text, style, template } = node;
  return template === undefined
    ? { kind, span: moved(span, by), value, text, style }
    : { kind, span: moved(span, by), value, text, style, template: shiftTemplate(template, by) };
}

function shiftTemplate(template: Template, by: number): Template {
  return {
    parts: template.parts.map((part) =>
      part.kind === 'text'
        ? part
        : {
            kind: part.kind,
            span: moved(part.span, by),
            inner: moved(part.inner, by),
            source: part.source,
            expression: shiftExpression(part.expression, by),
          },
    ),
  };
}

function shiftExpression(expression: Expression, by: number): Expression {
  const span = moved(expression.span, by);
  switch (expression.kind) {
    case 'literal':
    case 'name':
    case 'missing':
      return { ...expression, span };
    case 'member':
      return {
        ...expression,
        span,
        object: shiftExpression(expression.object, by),
        propertySpan: moved(expression.propertySpan, by),
      };
    case 'at':
      return {
        ...expression,
        span,
        object: shiftExpression(expression.object, by),
        selectorSpan: moved(expression.selectorSpan, by),
      };
    case 'filter':
      return { ...expression, span, object: shiftExpression(expression.object, by) };
    case 'index':
      return {
        ...expression,
        span,
        object: shiftExpression(expression.object, by),
        index: shiftExpression(expression.index, by),
      };
    case 'call':
      return {
        ...expression,
        span,
        nameSpan: moved(expression.nameSpan, by),
        args: expression.args.map((argument) => shiftExpression(argument, by)),
      };
    case 'not':
      return { ...expression, span, operand: shiftExpression(expression.operand, by) };
    case 'binary':
      return {
        ...expression,
        span,
        left: shiftExpression(expression.left, by),
        right: shiftExpression(expression.right, by),
      };
  }
}
