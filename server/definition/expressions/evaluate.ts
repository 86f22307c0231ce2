/**
 * Evaluates expressions as GitHub Actions does. Total: any expression gives a value, "unknown" or an error, in bounded
 * time and space; nothing is ever handed to an `eval`.
 */
import type { Expression, ExpressionPart } from '../../syntax/tree.js';
import type { Json, TemplateText } from '../definition.js';
import { callFunction } from './function-calls.js';
import { functionOf } from './functions.js';
import { escapeGlob } from '../text/paths.js';
import { CmdText } from '../shell/cmd-text.js';
import { ScriptText, scriptText } from '../shell/script-text.js';
import { ShellText } from '../shell/shell.js';
import type { ScriptLanguage } from '../shell/shells.js';
import { compare, isComposite, lookupIn, looseEquals, MAX_TEXT, memberOf, toText, truthy } from './values.js';
import type { Result, Scope } from './values.js';

export { truthy } from './values.js';
export type { Lookup, Result, Scope } from './values.js';

const MAX_DEPTH = 256;

export function evaluate(expression: Expression, scope: Scope): Result {
  return new Evaluation(scope).run(expression, 0);
}

class Evaluation {
  private readonly scope: Scope;
  /** Lists that a `.*` made: members are taken of each item. */
  private readonly filtered = new WeakSet<readonly Json[]>();

  constructor(scope: Scope) {
    this.scope = scope;
  }

  run(expression: Expression, depth: number): Result {
    if (depth > MAX_DEPTH) {
      return { kind: 'error', span: expression.span, message: 'The expression is nested too deeply.' };
    }
    switch (expression.kind) {
      case 'literal':
        return { kind: 'value', value: expression.value };
      case 'missing':
        return { kind: 'error', span: expression.span, message: 'The expression is not complete.' };
      case 'name':
      case 'member':
      case 'index':
      case 'at':
        return this.chain(expression, [], depth);
      case 'filter':
        return this.filter(expression, depth);
      case 'not': {
        const operand = this.run(expression.operand, depth + 1);
        return operand.kind === 'value' ? { kind: 'value', value: !truthy(operand.value) } : operand;
      }
      case 'binary':
        return this.binary(expression, depth);
      case 'call':
        return this.call(expression, depth);
    }
  }

  /** Follows a chain of members down to its context, collecting the path on the way. */
  private chain(expression: Expression, rest: readonly string[], depth: number): Result {
    if (depth > MAX_DEPTH) {
      return { kind: 'error', span: expression.span, message: 'The expression is nested too deeply.' };
    }
    switch (expression.kind) {
      case 'name': {
        const found = this.scope.lookup(expression.name, rest);
        return found.kind === 'error' ? { ...found, span: expression.span } : found;
      }
      case 'member':
        if (expression.property === '') {
          return {
            kind: 'error',
            span: expression.propertySpan,
            message: 'A name is missing after the dot.',
          };
        }
        return this.chain(expression.object, [expression.property, ...rest], depth + 1);
      case 'at':
        return this.selected(expression, rest, depth);
      case 'index': {
        const index = this.run(expression.index, depth + 1);
        if (index.kind !== 'value') return index;
        return this.chain(expression.object, [toText(index.value), ...rest], depth + 1);
      }
      default: {
        const base = this.run(expression, depth + 1);
        if (base.kind !== 'value') return base;
        return { kind: 'value', value: this.members(base.value, rest) };
      }
    }
  }

  /** `models.rain@production` asks for the member `rain@production`. */
  private selected(
    expression: Extract<Expression, { kind: 'at' }>,
    rest: readonly string[],
    depth: number,
  ): Result {
    const { object, selector } = expression;
    if (object.kind !== 'member' && object.kind !== 'name') {
      return { kind: 'error', span: expression.selectorSpan, message: '"@" only follows a name.' };
    }
    if (object.kind === 'name') return this.chain(object, [`@${selector}`, ...rest], depth + 1);
    return this.chain(object.object, [`${object.property}@${selector}`, ...rest], depth + 1);
  }

  private members(value: Json, path: readonly string[]): Json {
    let current = value;
    for (const name of path) {
      if (Array.isArray(current) && this.filtered.has(current as readonly Json[])) {
        const items = (current as readonly Json[])
          .map((item) => memberOf(item, name))
          .filter((item) => item !== null);
        this.filtered.add(items);
        current = items;
      } else {
        const found = lookupIn(current, [name]);
        current = found.kind === 'value' ? found.value : null;
      }
    }
    return current;
  }

  private filter(expression: Extract<Expression, { kind: 'filter' }>, depth: number): Result {
    const base = this.run(expression.object, depth + 1);
    if (base.kind !== 'value') return base;
    const { value } = base;
    let items: Json[] = [];
    if (Array.isArray(value) && this.filtered.has(value as readonly Json[])) {
      items = (value as readonly Json[]).flatMap((item) => (isComposite(item) ? Object.values(item) : []));
    } else if (isComposite(value)) {
      items = Object.values(value);
    }
    this.filtered.add(items);
    return { kind: 'value', value: items };
  }

  private binary(expression: Extract<Expression, { kind: 'binary' }>, depth: number): Result {
    const left = this.run(expression.left, depth + 1);
    if (left.kind !== 'value') return left;
    if (expression.operator === '&&' && !truthy(left.value)) return left;
    if (expression.operator === '||' && truthy(left.value)) return left;
    const right = this.run(expression.right, depth + 1);
    if (right.kind !== 'value') return right;
    switch (expression.operator) {
      case '&&':
      case '||':
        return right;
      case '==':
        return { kind: 'value', value: looseEquals(left.value, right.value) };
      case '!=':
        return { kind: 'value', value: !looseEquals(left.value, right.value) };
      default:
        return { kind: 'value', value: compare(expression.operator, left.value, right.value) };
    }
  }

  private call(expression: Extract<Expression, { kind: 'call' }>, depth: number): Result {
    const info = functionOf(expression.name);
    const count = expression.args.length;
    if (info !== undefined && (count < info.minArgs || count > info.maxArgs)) {
      return {
        kind: 'error',
        span: expression.span,
        message: `Write ${info.signature}: ${count} value(s) were given.`,
      };
    }
    const args: Json[] = [];
    for (const argument of expression.args) {
      const result = this.run(argument, depth + 1);
      if (result.kind !== 'value') return result;
      args.push(result.value);
    }
    const result = callFunction(expression.name, args, this.scope);
    return result.kind === 'error' ? { ...result, span: expression.nameSpan } : result;
  }
}

/** The value of a text: with its own type when the text is nothing but one expression, else a text. */
export function evaluateText(text: TemplateText, scope: Scope): Result {
  const [only, ...others] = text.template?.parts ?? [];
  if (only?.kind === 'expression' && others.length === 0) return evaluate(only.expression, scope);
  return renderTemplate(text, scope, 'plain');
}

/**
 * A text with its expressions replaced by their values.
 *
 * @param mode `plain`: values as texts. `glob`: the text is a glob, and values in it mean themselves. `shell`: for `sh` and its like; each value becomes one word (a list several), quoted
 *   for the place where it stands. Of another language: a literal, or escaped in a string. `raw(…)` goes in as it is.
 */
export function renderTemplate(
  text: TemplateText,
  scope: Scope,
  mode: 'plain' | 'glob' | ScriptLanguage,
): Result<string> {
  if (text.template === undefined) return { kind: 'value', value: text.text };
  const evaluation = new Evaluation(scope);
  const shell = mode === 'plain' || mode === 'glob' ? undefined : textFor(mode);
  const { parts } = text.template;
  let plain = '';
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'text') {
      if (shell === undefined) plain += part.text;
      else shell.literal(part.text);
      continue;
    }
    const result = evaluation.run(part.expression, 0);
    if (result.kind !== 'value') return result;
    if (shell === undefined) {
      const value = toText(result.value);
      plain += mode === 'glob' ? escapeGlob(value) : value;
    } else {
      const next = parts[index + 1];
      const problem = insert(shell, part, result.value, next?.kind === 'text' ? next.text.charAt(0) : '');
      if (problem !== undefined) return { kind: 'error', span: part.span, message: problem };
    }
    if ((shell?.length ?? plain.length) > MAX_TEXT) {
      return {
        kind: 'error',
        span: part.span,
        message: `The text becomes longer than ${MAX_TEXT} characters.`,
      };
    }
  }
  if (shell === undefined) return { kind: 'value', value: plain };
  const problem = shell.end();
  return problem === undefined
    ? { kind: 'value', value: shell.text }
    : { kind: 'error', span: text.span, message: problem };
}

function textFor(language: ScriptLanguage): ShellText | ScriptText {
  if (language === 'shell') return new ShellText();
  return language === 'cmd' ? new CmdText() : scriptText(language);
}

function insert(
  shell: ShellText | ScriptText,
  part: ExpressionPart,
  value: Json,
  next: string,
): string | undefined {
  const { expression } = part;
  if (expression.kind === 'call' && expression.name === 'raw') {
    shell.literal(Array.isArray(value) ? (value as readonly Json[]).map(toText).join(' ') : toText(value));
    return undefined;
  }
  if (shell instanceof ScriptText) return shell.insert(value, next);
  const words = Array.isArray(value) ? (value as readonly Json[]).map(toText) : [toText(value)];
  return shell.insert(words, next);
}
