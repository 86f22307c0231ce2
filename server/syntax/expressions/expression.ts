/**
 * Expressions: `${{ … }}`, with the operators of GitHub Actions. The parser never fails: what is missing becomes a
 * `missing` node or an empty property, and a problem says what would have been right.
 */
import { type Token, tokenize, TOKEN_LIMIT } from './lexer.js';
import type { BinaryOperator, Expression, ExpressionPart, ScalarNode, Span, SyntaxProblem } from '../tree.js';
import { sourceMapOf } from '../decode.js';

export interface ParsedExpression {
  readonly expression: Expression;
  readonly problems: SyntaxProblem[];
}

/** Deeper nesting of brackets, `!` and calls is refused, so that no reader of the tree runs out of stack. */
const DEPTH_LIMIT = 60;

const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
};

const isBinary = (text: string): text is BinaryOperator => Object.hasOwn(PRECEDENCE, text);

const A_VALUE =
  "a value: a name such as `params.x`, a number, 'text', true, false, null, a function call, `!` or `(`";

/**
 * Reads one expression.
 *
 * @param source The decoded text between the braces.
 * @param at Where `source` stands in the file: the offset of its first character when it is written there as it is,
 *   else the offset of each of its characters and, last, of its end.
 */
export function parseExpression(source: string, at: number | readonly number[]): ParsedExpression {
  return new Parser(source, at).parse();
}

/** An expression that is a whole scalar, as in `if:`; with `${{ }}` around it the scalar's template already holds it. */
export function bareExpression(
  node: ScalarNode,
  text: string,
): { part: ExpressionPart; problems: SyntaxProblem[] } {
  const at = sourceMapOf(node, text);
  const { expression, problems } = parseExpression(node.text, at);
  const start = typeof at === 'number' ? at : (at[0] ?? node.span.start);
  const end = typeof at === 'number' ? at + node.text.length : (at.at(-1) ?? node.span.end);
  const span = { start, end: Math.max(start, end) };
  return { part: { kind: 'expression', span, inner: span, source: node.text, expression }, problems };
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #at: number | readonly number[];
  readonly #problems: SyntaxProblem[] = [];
  #next = 0;
  #depth = 0;

  constructor(source: string, at: number | readonly number[]) {
    this.#source = source;
    this.#tokens = tokenize(source);
    this.#at = at;
  }

  parse(): ParsedExpression {
    if (this.#peek().kind === 'end') {
      const span = this.#gap(0, this.#source.length);
      this.#fail(span, `Empty expression: expected ${A_VALUE}.`);
      return { expression: { kind: 'missing', span }, problems: this.#problems };
    }
    const expression = this.#binary(0);
    const left = this.#peek();
    if (left.kind !== 'end' && this.#problems.length === 0) {
      this.#fail(this.#span(left), left.problem ?? this.#unexpectedAfterValue(left));
    }
    return { expression, problems: this.#problems };
  }

  #unexpectedAfterValue(token: Token): string {
    if (token.text === '*') return "Expressions don't calculate: `*` only means all members, as in `a.*`.";
    const before = this.#tokens[this.#next - 1];
    if (token.text === '(' && before !== undefined) {
      return 'Only a function name can be called, such as `contains(…)`.';
    }
    if (token.text === 'and' || token.text === 'or') {
      return `\`${token.text}\` is not an operator here: use \`${token.text === 'and' ? '&&' : '||'}\`.`;
    }
    return `Expected an operator (\`==\`, \`!=\`, \`<\`, \`<=\`, \`>\`, \`>=\`, \`&&\`, \`||\`) or the end of the expression, found ${quote(token)}.`;
  }

  #binary(minimum: number): Expression {
    let left = this.#unary();
    for (;;) {
      const token = this.#peek();
      if (token.kind !== 'operator' || !isBinary(token.text)) return left;
      const precedence = PRECEDENCE[token.text] ?? 0;
      if (precedence <= minimum) return left;
      this.#next++;
      const right = this.#binary(precedence);
      left = { kind: 'binary', span: join(left.span, right.span), operator: token.text, left, right };
    }
  }

  #unary(): Expression {
    const token = this.#peek();
    if (this.#depth >= DEPTH_LIMIT) return this.#tooDeep(token);
    this.#depth++;
    try {
      if (token.text === '!' && token.kind === 'operator') {
        this.#next++;
        const operand = this.#unary();
        return { kind: 'not', span: join(this.#span(token), operand.span), operand };
      }
      return this.#chain(this.#primary());
    } finally {
      this.#depth--;
    }
  }

  #tooDeep(token: Token): Expression {
    const span = this.#gap(token.start, this.#source.length);
    this.#fail(span, `This expression is nested more than ${DEPTH_LIMIT} levels deep.`);
    this.#next = this.#tokens.length - 1;
    return { kind: 'missing', span };
  }

  #primary(): Expression {
    const token = this.#peek();
    const span = this.#span(token);
    switch (token.kind) {
      case 'number':
        this.#next++;
        return { kind: 'literal', span, value: token.value ?? 0 };
      case 'string':
        this.#next++;
        if (token.problem !== undefined) this.#fail(span, token.problem);
        return { kind: 'literal', span, value: token.value ?? '' };
      case 'name':
        this.#next++;
        return this.#named(token, span);
      case 'operator':
        if (token.text === '(') {
          this.#next++;
          const inner = this.#binary(0);
          const close = this.#expect(')', 'to close the parenthesis', span);
          return withSpan(inner, { start: span.start, end: Math.max(inner.span.end, close) });
        }
        return this.#missing(token);
      case 'invalid':
      case 'end':
        return this.#missing(token);
    }
  }

  #named(token: Token, span: Span): Expression {
    if (token.text === 'true' || token.text === 'false') {
      return { kind: 'literal', span, value: token.text === 'true' };
    }
    if (token.text === 'null') return { kind: 'literal', span, value: null };
    const next = this.#peek();
    if (next.kind !== 'operator' || next.text !== '(') return { kind: 'name', span, name: token.text };
    this.#next++;
    const args: Expression[] = [];
    if (!this.#sees(')')) {
      args.push(this.#binary(0));
      while (this.#sees(',')) {
        this.#next++;
        args.push(this.#binary(0));
      }
    }
    const end = this.#expect(')', `or \`,\` in the arguments of \`${token.text}\``, this.#span(next));
    const last = args.at(-1)?.span.end ?? this.#span(next).end;
    return {
      kind: 'call',
      span: { start: span.start, end: Math.max(end, last) },
      name: token.text,
      nameSpan: span,
      args,
    };
  }

  #chain(start: Expression): Expression {
    let object = start;
    for (;;) {
      if (this.#sees('.')) object = this.#member(object);
      else if (this.#sees('[')) object = this.#index(object);
      else if (this.#sees('@')) object = this.#selector(object);
      else return object;
    }
  }

  #member(object: Expression): Expression {
    const dot = this.#take();
    const token = this.#peek();
    if (token.kind === 'operator' && token.text === '*') {
      this.#next++;
      return { kind: 'filter', span: join(object.span, this.#span(token)), object };
    }
    if (token.kind === 'name') {
      this.#next++;
      const propertySpan = this.#span(token);
      return {
        kind: 'member',
        span: join(object.span, propertySpan),
        object,
        property: token.text,
        propertySpan,
      };
    }
    const end = this.#span(dot).end;
    const propertySpan = { start: end, end };
    const hint =
      token.kind === 'number' ? ` A name that starts with a digit is written as ['${token.text}'].` : '';
    if (token.kind === 'invalid' && token.problem !== undefined) this.#fail(this.#span(token), token.problem);
    else this.#fail(this.#span(dot), `Expected a name or \`*\` after the dot, found ${quote(token)}.${hint}`);
    return { kind: 'member', span: join(object.span, propertySpan), object, property: '', propertySpan };
  }

  #index(object: Expression): Expression {
    const open = this.#take();
    if (this.#sees('*') && this.#tokens[this.#next + 1]?.text === ']') {
      this.#next++;
      const close = this.#take();
      return { kind: 'filter', span: join(object.span, this.#span(close)), object };
    }
    const index = this.#binary(0);
    const end = this.#expect(']', 'to close the bracket', this.#span(open));
    return {
      kind: 'index',
      span: { start: object.span.start, end: Math.max(index.span.end, end) },
      object,
      index,
    };
  }

  #selector(object: Expression): Expression {
    const sign = this.#take();
    const token = this.#peek();
    if (token.kind === 'name' || token.kind === 'number') {
      this.#next++;
      const selectorSpan = this.#span(token);
      return {
        kind: 'at',
        span: join(object.span, selectorSpan),
        object,
        selector: token.text,
        selectorSpan,
      };
    }
    const end = this.#span(sign).end;
    this.#fail(this.#span(sign), `Expected an alias or a version number after \`@\`, found ${quote(token)}.`);
    const selectorSpan = { start: end, end };
    return { kind: 'at', span: join(object.span, selectorSpan), object, selector: '', selectorSpan };
  }

  #missing(token: Token): Expression {
    const previous = this.#tokens[this.#next - 1];
    const before = previous === undefined ? 0 : previous.end;
    const span = token.kind === 'end' ? this.#gap(before, this.#source.length) : this.#span(token);
    const where = previous === undefined ? '' : ` after \`${previous.text}\``;
    const message = token.problem ?? `Expected ${A_VALUE}${where}, found ${quote(token)}.`;
    const place = token.kind === 'end' && previous !== undefined ? this.#span(previous) : span;
    this.#fail(place, message);
    return {
      kind: 'missing',
      span: { start: span.start, end: token.kind === 'end' ? span.end : span.start },
    };
  }

  /** Consumes `text` and gives its end in the file; where it is missing a problem, and the offset it should have had. */
  #expect(text: string, why: string, opened: Span): number {
    const token = this.#peek();
    if (token.kind === 'operator' && token.text === text) {
      this.#next++;
      return this.#span(token).end;
    }
    const message = token.problem ?? `Expected \`${text}\` ${why}, found ${quote(token)}.`;
    this.#fail(token.kind === 'end' ? opened : this.#span(token), message);
    return this.#span(this.#tokens[this.#next - 1] ?? token).end;
  }

  /** One mistake, one problem: what follows the first is most often only its echo. */
  #fail(span: Span, message: string): void {
    if (this.#problems.length === 0) this.#problems.push({ code: 'expression', span, message });
  }

  #peek(): Token {
    return (
      this.#tokens[this.#next] ?? {
        kind: 'end',
        start: this.#source.length,
        end: this.#source.length,
        text: '',
      }
    );
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #sees(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'operator' && token.text === text;
  }

  #span(token: Token): Span {
    return this.#gap(token.start, token.end);
  }

  #gap(start: number, end: number): Span {
    return spanIn(this.#at, start, end);
  }
}

/** A span of decoded text in the file. */
export function spanIn(at: number | readonly number[], start: number, end: number): Span {
  if (typeof at === 'number') return { start: at + start, end: at + end };
  const last = at.at(-1) ?? 0;
  const from = at[start] ?? last;
  return { start: from, end: Math.max(from, at[end] ?? last) };
}

function quote(token: Token): string {
  return token.kind === 'end' ? 'the end of the expression' : `\`${token.text}\``;
}

function join(left: Span, right: Span): Span {
  return { start: left.start, end: Math.max(left.end, right.end) };
}

function withSpan<T extends Expression>(expression: T, span: Span): T {
  return { ...expression, span };
}

/** The nodes directly below one. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'name':
    case 'missing':
      return [];
    case 'member':
    case 'filter':
    case 'at':
      return [expression.object];
    case 'index':
      return [expression.object, expression.index];
    case 'call':
      return expression.args;
    case 'not':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
  }
}

/** Calls `fn` for an expression and all below it, parents first. `false` keeps it from going deeper. */
export function visitExpression(expression: Expression, fn: (expression: Expression) => unknown): void {
  if (fn(expression) === false) return;
  for (const child of childrenOf(expression)) visitExpression(child, fn);
}

/** The trail from an expression to the smallest part that touches an offset of the file; empty when it lies outside. */
export function expressionAt(expression: Expression, offset: number): Expression[] {
  const trail: Expression[] = [];
  let current: Expression | undefined = expression;
  const inside = (candidate: Expression): boolean =>
    candidate.span.start <= offset && offset <= candidate.span.end;
  while (current !== undefined && inside(current)) {
    trail.push(current);
    current = childrenOf(current).findLast(inside);
  }
  return trail;
}

/** An expression in its canonical spelling; parentheses only where they are needed. */
export function printExpression(expression: Expression): string {
  return print(expression, 0);
}

function print(expression: Expression, outer: number): string {
  switch (expression.kind) {
    case 'literal':
      return typeof expression.value === 'string'
        ? `'${expression.value.replaceAll("'", "''")}'`
        : String(expression.value);
    case 'name':
      return expression.name;
    case 'member':
      return `${print(expression.object, 9)}.${expression.property}`;
    case 'index':
      return `${print(expression.object, 9)}[${print(expression.index, 0)}]`;
    case 'filter':
      return `${print(expression.object, 9)}.*`;
    case 'at':
      return `${print(expression.object, 9)}@${expression.selector}`;
    case 'call':
      return `${expression.name}(${expression.args.map((argument) => print(argument, 0)).join(', ')})`;
    case 'not':
      return parenthesised(`!${print(expression.operand, 8)}`, 8, outer);
    case 'binary': {
      const own = PRECEDENCE[expression.operator] ?? 0;
      const text = `${print(expression.left, own)} ${expression.operator} ${print(expression.right, own + 0.5)}`;
      return parenthesised(text, own, outer);
    }
    case 'missing':
      return '';
  }
}

function parenthesised(text: string, own: number, outer: number): string {
  return own < outer ? `(${text})` : text;
}

/** What a token of an expression is, for colouring. */
export type ExpressionTokenKind =
  'context' | 'property' | 'function' | 'string' | 'number' | 'keyword' | 'operator';

export interface ExpressionToken {
  readonly span: Span;
  readonly kind: ExpressionTokenKind;
}

/** The tokens of an expression in the order of the text; punctuation is left out. */
export function tokensOf(part: ExpressionPart): ExpressionToken[] {
  const tokens: ExpressionToken[] = [];
  visitExpression(part.expression, (expression) => {
    switch (expression.kind) {
      case 'literal': {
        const kind =
          typeof expression.value === 'string'
            ? 'string'
            : typeof expression.value === 'number'
              ? 'number'
              : 'keyword';
        tokens.push({ span: expression.span, kind });
        break;
      }
      case 'name':
        tokens.push({ span: expression.span, kind: 'context' });
        break;
      case 'member':
        if (expression.property !== '') tokens.push({ span: expression.propertySpan, kind: 'property' });
        break;
      case 'at':
        if (expression.selector !== '') tokens.push({ span: expression.selectorSpan, kind: 'property' });
        break;
      case 'call':
        tokens.push({ span: expression.nameSpan, kind: 'function' });
        break;
      case 'index':
      case 'filter':
      case 'not':
      case 'binary':
      case 'missing':
        break;
    }
  });
  return tokens.sort((left, right) => left.span.start - right.span.start);
}

export { TOKEN_LIMIT };
