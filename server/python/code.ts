/**
 * Python source as its syntax tree says it: two texts with the same form have the same `ast.dump`, docstrings aside. Comments,
 * blank lines, indentation, quotes, line breaks, trailing commas and parentheses that only hold a line together make no
 * difference. Python is not started; CPython holds this to the truth (`tests/unit/python/code.test.ts`).
 */
import type { SyntaxNode, SyntaxNodeRef } from '@lezer/common';
import { parser } from '@lezer/python';

/** Raised when the form changes, so that nothing made by older rules is taken for the same. */
const CODE_FORM = '1';

/** What is longer is data that happens to be Python: it counts by its bytes. */
export const LONGEST_CODE = 1024 * 1024;

/** One token or constituent that stands for itself: without its parentheses it is read in the same way everywhere. */
const ATOMS: ReadonlySet<string> = new Set([
  'VariableName',
  'Number',
  'Boolean',
  'None',
  'Ellipsis',
  'String',
  'FormatString',
  'ContinuedString',
  'MemberExpression',
  'CallExpression',
  'ArrayExpression',
  'ArrayComprehensionExpression',
  'DictionaryExpression',
  'DictionaryComprehensionExpression',
  'SetExpression',
  'SetComprehensionExpression',
  'TupleExpression',
  'ComprehensionExpression',
  'ParenthesizedExpression',
]);

/** What the tree holds together without parentheses, too, where nothing but one expression stands. */
const WHOLE: ReadonlySet<string> = new Set([
  'BinaryExpression',
  'UnaryExpression',
  'ConditionalExpression',
  'LambdaExpression',
  'AwaitExpression',
]);

/** Where nothing but one expression stands between two marks. */
const ROOMS: ReadonlySet<string> = new Set([
  'AssignStatement',
  'UpdateStatement',
  'ReturnStatement',
  'ExpressionStatement',
  'IfStatement',
  'WhileStatement',
  'ForStatement',
  'AssertStatement',
  'RaiseStatement',
  'ArgList',
  'ArrayExpression',
  'TupleExpression',
]);

/** Where a comma before the closing bracket says nothing. */
const LISTS: ReadonlySet<string> = new Set([
  'ArgList',
  'ParamList',
  'ArrayExpression',
  'DictionaryExpression',
  'SetExpression',
  'ImportStatement',
  'TypeParamList',
]);

/**
 * The form of a file's code, to be hashed; nothing where it can't be told: what the parser does not take, encodings other
 * than UTF-8, and what Python 3 refuses though its tokens are right.
 */
export function codeForm(bytes: Uint8Array): string | undefined {
  if (bytes.length > LONGEST_CODE) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch {
    return undefined;
  }
  if (/[\0\f\v]/.test(text) || hasOtherEncoding(text) || mixesTabs(text)) return undefined;
  return new Writer(text).write();
}

/** PEP 263: a comment in one of the first two lines. */
function hasOtherEncoding(text: string): boolean {
  for (const line of text.split('\n', 2)) {
    if (!line.trimStart().startsWith('#')) continue;
    const name = /coding[:=][ \t]*([-\w.]+)/.exec(line)?.[1]?.toLowerCase();
    if (name !== undefined && !/^utf[-_]?8(?:$|[-_])/.test(name)) return true;
  }
  return false;
}

/** Python refuses what depends on the width of a tab. */
function mixesTabs(text: string): boolean {
  return /^\t/m.test(text) && /^\t* /m.test(text);
}

class Writer {
  readonly #text: string;
  readonly #out: string[] = [CODE_FORM];
  /** So far the text is told. */
  #at = 0;
  #failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  write(): string | undefined {
    const tree = parser.parse(this.#text);
    tree.iterate({
      enter: (node) => !this.#failed && this.#enter(node),
      leave: (node) => {
        this.#leave(node);
      },
    });
    this.#between(this.#text.length);
    return this.#failed ? undefined : this.#out.join('');
  }

  /** @returns whether what is in it is to be told, too */
  #enter(ref: SyntaxNodeRef): boolean {
    const { name, from, to } = ref;
    // `print` as a statement is Python 2.
    if ((ref.type.isError && !isBareYield(ref.node)) || name === 'PrintStatement') {
      this.#failed = true;
      return false;
    }
    this.#between(from);
    if (name === 'Comment') {
      this.#at = to;
      return false;
    }
    const { node } = ref;
    if (this.#isAskew(node)) {
      this.#failed = true;
      return false;
    }
    if (name === 'ExpressionStatement' && isDocstring(node, this.#text)) {
      this.#at = to;
      return false;
    }
    if (name === 'String' || name === 'FormatString' || name === 'Number') {
      const written = this.#text.slice(from, to);
      this.#failed ||= name !== 'Number' && !isClosed(written);
      this.#token(name === 'Number' ? written.toLowerCase().replaceAll('_', '') : literal(written));
      this.#at = to;
      return false;
    }
    if (node.firstChild === null) {
      if (from < to && !isSilent(node)) this.#token(this.#text.slice(from, to));
      this.#at = to;
      return false;
    }
    if (!isTransparent(node)) this.#out.push(`(${name}`);
    return true;
  }

  /** Is not told of what `enter` has told as a whole. */
  #leave(ref: SyntaxNodeRef): void {
    if (this.#failed || ref.node.firstChild === null) return;
    this.#between(ref.to);
    if (!isTransparent(ref.node)) this.#out.push(')');
  }

  /** The parser takes statements of a block that are not indented alike; Python does not. */
  #isAskew(node: SyntaxNode): boolean {
    const block = node.parent?.name;
    if (block === 'Script') return this.#indentOf(node) !== '' && this.#indentOf(node) !== undefined;
    if ((block !== 'Body' && block !== 'MatchBody') || node.name === ':') return false;
    const before = beside(node, 'prevSibling');
    return before !== null && before.name !== ':' && this.#indentOf(before) !== this.#indentOf(node);
  }

  /** What stands before a node in its line, where that is white. */
  #indentOf({ from }: SyntaxNode): string | undefined {
    const before = this.#text.slice(this.#text.lastIndexOf('\n', from - 1) + 1, from);
    return before.trim() === '' ? before : undefined;
  }

  /** Marks that the grammar has no name for (`/` between parameters) stand between the nodes. */
  #between(to: number): void {
    if (to <= this.#at) return;
    const rest = this.#text.slice(this.#at, to).replace(/\\\n|\s/g, '');
    if (rest !== '') this.#token(rest);
    this.#at = to;
  }

  /** With its length in front, so that no two lists of tokens read the same. */
  #token(text: string): void {
    this.#out.push(`${String(text.length)}:${text}`);
  }
}

/** The grammar wants a value behind `yield`; Python does not. */
function isBareYield(error: SyntaxNode): boolean {
  return (
    error.from === error.to &&
    beside(error, 'prevSibling')?.name === 'yield' &&
    beside(error, 'nextSibling') === null
  );
}

/** A mark that says nothing that the tree does not say. */
function isSilent(node: SyntaxNode): boolean {
  const { parent, name } = node;
  if (parent === null) return false;
  switch (name) {
    case ';':
      return parent.name === 'StatementGroup';
    case ':':
      return parent.name === 'Body' || parent.name === 'MatchBody';
    case '(':
    case ')':
      return (
        parent.name === 'ImportStatement' ||
        (parent.name === 'ParenthesizedExpression' && isTransparent(parent))
      );
    case ',':
      return isTrailing(node, parent);
    default:
      return false;
  }
}

function isTrailing(comma: SyntaxNode, parent: SyntaxNode): boolean {
  const next = beside(comma, 'nextSibling');
  if (next === null || ![')', ']', '}'].includes(next.name)) return false;
  if (parent.name === 'TupleExpression') return parent.getChildren(',').length > 1;
  // A generator that stands alone in a call takes no comma.
  return LISTS.has(parent.name) && parent.getChild('for') === null;
}

/** Whether a node says nothing that what is in it does not say. */
function isTransparent(node: SyntaxNode): boolean {
  if (node.name === 'Script' || node.name === 'StatementGroup') return true;
  const { parent } = node;
  if (node.name !== 'ParenthesizedExpression' || parent === null) return false;
  const open = node.firstChild;
  const inner = open === null ? null : beside(open, 'nextSibling');
  if (inner === null || beside(inner, 'nextSibling')?.name !== ')') return false;
  // `(x): int` declares nothing, `x: int` does.
  if (parent.name === 'AssignStatement' && beside(node, 'nextSibling')?.name === 'TypeDef') return false;
  if (ATOMS.has(inner.name)) return true;
  const before = beside(node, 'prevSibling')?.name;
  return WHOLE.has(inner.name) && ROOMS.has(parent.name) && before !== '*' && before !== '**';
}

/** The next, or last, node beside one that is no comment. */
function beside(node: SyntaxNode, way: 'nextSibling' | 'prevSibling'): SyntaxNode | null {
  let found = node[way];
  while (found?.name === 'Comment') found = found[way];
  return found;
}

/** What is in a node, but comments and parentheses. */
function partsOf(node: SyntaxNode): SyntaxNode[] {
  const parts: SyntaxNode[] = [];
  for (let part = node.firstChild; part !== null; part = part.nextSibling) {
    if (!['Comment', '(', ')'].includes(part.name)) parts.push(part);
  }
  return parts;
}

function onlyIn(node: SyntaxNode): SyntaxNode | undefined {
  const [first, ...rest] = partsOf(node);
  return rest.length === 0 ? first : undefined;
}

/** A text, and nothing else (escapes that can be wrong would be code), as the first statement of a module, class or function. */
function isDocstring(statement: SyntaxNode, text: string): boolean {
  let owner = statement.parent;
  let first: SyntaxNode = statement;
  if (owner?.name === 'StatementGroup') {
    first = owner;
    if (beside(statement, 'prevSibling') !== null) return false;
    owner = owner.parent;
  }
  const before = beside(first, 'prevSibling');
  if (owner?.name === 'Body') {
    const of = owner.parent?.name;
    if (before?.name !== ':' || (of !== 'FunctionDefinition' && of !== 'ClassDefinition')) return false;
  } else if (owner?.name !== 'Script' || before !== null) return false;
  let value = onlyIn(statement);
  while (value?.name === 'ParenthesizedExpression') value = onlyIn(value);
  if (value === undefined) return false;
  const parts = value.name === 'ContinuedString' ? partsOf(value) : [value];
  if (!parts.every(({ name }) => name === 'String')) return false;
  const written = parts.map(({ from, to }) => text.slice(from, to));
  return written.every((one) => isClosed(one) && !/^[a-z]*b/i.test(one) && !/\\[xNuU]/.test(one));
}

interface Literal {
  /** `rb`, in small letters. */
  readonly kind: string;
  readonly quote: string;
  readonly inner: string;
}

function literalOf(written: string): Literal {
  const [, prefix = '', quote = ''] = /^([a-z]*)("""|'''|"|')/i.exec(written) ?? [];
  const inner = written.slice(prefix.length + quote.length, -quote.length || undefined);
  return { kind: prefix.toLowerCase(), quote, inner };
}

/** The parser takes a text for ended where its line ends; Python does not. */
function isClosed(written: string): boolean {
  const { kind, quote, inner } = literalOf(written);
  const isWhole = quote !== '' && written.length === kind.length + inner.length + 2 * quote.length;
  if (!isWhole || !written.endsWith(quote)) return false;
  const rest = inner.replace(/\\[\s\S]/g, '');
  return !rest.endsWith('\\') && (quote.length === 3 || !(rest.includes('\n') || rest.includes(quote)));
}

/** A text in one of the ways in which it can be written: whichever quotes, raw or not. */
function literal(written: string): string {
  const { kind, quote, inner } = literalOf(written);
  if (kind.includes('f') || kind.includes('t')) {
    // What stands in braces is code, with quotes of its own.
    return /[\\'"\n]/.test(inner)
      ? `${kind}${quote}${inner}`
      : `${RAW_FORMAT.has(kind) ? kind.replace('r', '') : kind}"${inner}`;
  }
  const isRaw = RAW.has(kind);
  const value = isRaw ? inner.replaceAll('\\', '\\\\') : inner.replace(/\\([\s\S])/g, unquoted);
  return `${isRaw ? kind.replace('r', '') : kind}"${value}`;
}

const RAW_FORMAT: ReadonlySet<string> = new Set(['rf', 'fr', 'rt', 'tr']);
const RAW: ReadonlySet<string> = new Set(['r', 'rb', 'br']);

function unquoted(escape: string, what: string): string {
  return what === '"' || what === "'" ? what : escape;
}
