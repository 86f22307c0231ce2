/** Types of expressions, and what is certainly wrong with them. What can't be known is silent. */
import { defined } from '../../../base/defined.js';
import type { Expression, Span } from '../../../syntax/tree.js';
import { chainOf } from '../chains.js';
import { functionOf, FUNCTIONS } from '../functions.js';
import { compileGlob } from '../../text/glob.js';
import { alternatives, didYouMean, similar } from '../../names/names.js';
import { contextProblem, MODEL_VERSION, PACKAGE_VERSION } from './environment.js';
import type { TypeEnvironment } from './environment.js';
import { BOOLEAN, literalType, merge, typeWords, UNKNOWN } from './lattice.js';
import type { Type, TypeProblemCode } from './lattice.js';
import { isVersionNumber } from '../../names/registry-names.js';
import { identity, toNumber } from '../values.js';
import { highestPlace, isScalar, neverEqual, notOrdered, resultType } from './operations.js';

export { typeEnvironment } from './environment.js';
export type { TypeEnvironment } from './environment.js';
export { typeWords } from './lattice.js';
export type { Fields, Type, TypeProblemCode } from './lattice.js';

export interface TypeProblem {
  readonly code: TypeProblemCode;
  readonly span: Span;
  readonly message: string;
  readonly found?: string;
  readonly candidates?: readonly string[];
  /** It depends on values that only a run knows whether this is a mistake. */
  readonly perhaps?: true;
}

export interface TypeResult {
  readonly type: Type;
  readonly problems: readonly TypeProblem[];
}

export function typeOfExpression(expression: Expression, environment: TypeEnvironment): TypeResult {
  const checker = new Checker(environment);
  return { type: checker.type(expression), problems: checker.problems };
}

class Checker {
  readonly problems: TypeProblem[] = [];
  private readonly environment: TypeEnvironment;

  constructor(environment: TypeEnvironment) {
    this.environment = environment;
  }

  type(expression: Expression): Type {
    switch (expression.kind) {
      case 'literal':
        return literalType(expression.value);
      case 'missing':
        return UNKNOWN;
      case 'name':
        return this.name(expression.name, expression.span);
      case 'member':
        return this.member(
          this.holder(expression.object),
          expression.property,
          expression.propertySpan,
          expression.object,
        );
      case 'index':
        return this.index(expression);
      case 'filter': {
        const base = this.type(expression.object);
        if (isScalar(base)) this.noMembers(base, expression.span);
        return UNKNOWN;
      }
      case 'at':
        return this.at(expression);
      case 'not':
        this.type(expression.operand);
        return BOOLEAN;
      case 'binary':
        return this.binary(expression);
      case 'call':
        return this.call(expression);
    }
  }

  /** The type of what a member is asked of: a version of a model or a package is a text by itself, but has members. */
  private holder(expression: Expression): Type {
    const type = this.type(expression);
    return versionType(expression) ?? type;
  }

  private name(name: string, span: Span): Type {
    const type = this.environment.context(name);
    if (type !== undefined) return type;
    const { legal } = this.environment;
    const near = similar(name, legal);
    const help = near.length > 0 ? didYouMean(near) : ` Here there are ${alternatives(legal)}.`;
    this.report('unknown-context', span, contextProblem(name, this.environment) + help, name, near);
    return UNKNOWN;
  }

  private member(base: Type, property: string, span: Span, object: Expression): Type {
    if (property === '' || base.kind === 'unknown') return UNKNOWN;
    if (base.kind !== 'object') {
      if (base.kind !== 'null') this.noMembers(base, span, object);
      return UNKNOWN;
    }
    const type = base.fields.get(property);
    if (type !== undefined) return type;
    if (base.open || base.missing === undefined) return UNKNOWN;
    const names = base.fields.names();
    const near = similar(property, names);
    const known =
      near.length > 0 ? didYouMean(near) : names.length === 0 ? '' : ` Known: ${alternatives(names)}.`;
    this.report(base.missing.code, span, base.missing.say(property) + known, property, near);
    return UNKNOWN;
  }

  private noMembers(base: Type, span: Span, object?: Expression): void {
    const subject = object === undefined ? 'This' : 'What is before the dot';
    this.report('type', span, `${subject} is ${typeWords(base)}: it has no members.`);
  }

  private index(expression: Extract<Expression, { kind: 'index' }>): Type {
    const base = this.holder(expression.object);
    const index = this.type(expression.index);
    const literal = expression.index.kind === 'literal' ? expression.index : undefined;
    if (literal !== undefined && typeof literal.value === 'string' && base.kind !== 'list') {
      return this.member(base, literal.value, literal.span, expression.object);
    }
    if (isScalar(base)) this.noMembers(base, expression.span);
    if (index.kind === 'list' || index.kind === 'object') {
      this.report(
        'type',
        expression.index.span,
        `An index is a number or a name, and this is ${typeWords(index)}.`,
      );
    }
    return base.kind === 'list' ? base.element : UNKNOWN;
  }

  private at(expression: Extract<Expression, { kind: 'at' }>): Type {
    const { object } = expression;
    const root = object.kind === 'member' && object.object.kind === 'name' ? object.object.name : undefined;
    if (root !== 'models' && root !== 'packages') {
      this.report(
        'type',
        expression.selectorSpan,
        '"@" chooses a version of a model or a package: `models.rain@production`, `packages.rain-app@3`.',
      );
    }
    if (root === 'packages' && !isPackageVersion(expression.selector)) {
      this.report(
        'type',
        expression.selectorSpan,
        `"${expression.selector}" is no version of a package: write its number, or leave it out for the newest.`,
      );
    }
    this.type(object);
    return UNKNOWN;
  }

  /** A metric of a task with several cells is no number where the cells differ. */
  private perCell(expression: Extract<Expression, { kind: 'binary' }>): void {
    for (const side of [expression.left, expression.right]) {
      const chain = chainOf(side);
      const [task, what, key] = chain?.steps ?? [];
      if (chain?.context !== 'tasks' || what?.name !== 'metrics' || key?.name === undefined) continue;
      if (chain.steps.some(({ name }) => name === undefined)) continue;
      // `metrics['train@seed-0.accuracy']` is of one cell.
      if (key.name === '' || key.name.includes('@') || !this.hasCells(task?.name)) continue;
      const path = chain.steps.map(({ name }) => name).join('.');
      const message = `\`tasks.${path}\` is a list where the cells of the matrix have different values, and less than or greater than no number then. Compare \`max(…)\`, \`min(…)\` or \`mean(…)\` of it.`;
      this.problems.push({ code: 'type', span: side.span, message, perhaps: true });
      return;
    }
  }

  /** Whether a task is known to have more than one cell, and is another one. */
  private hasCells(name: string | undefined): boolean {
    const task = this.environment.pipeline.tasks.find((one) => one.name === name);
    if (task?.matrix === undefined || task === this.environment.task) return false;
    const { axes, exclude, include } = task.matrix;
    const written = axes.flatMap(({ values }) => {
      if ('text' in values) return [];
      const fixed = values.filter(({ template }) => template === undefined);
      return [new Set(fixed.map(({ value }) => identity(value))).size];
    });
    return (
      exclude.length === 0 &&
      include.length === 0 &&
      written.length === axes.length &&
      written.some((count) => count > 1)
    );
  }

  private binary(expression: Extract<Expression, { kind: 'binary' }>): Type {
    const left = this.type(expression.left);
    const right = this.type(expression.right);
    switch (expression.operator) {
      case '&&':
      case '||':
        return merge(left, right);
      case '==':
      case '!=': {
        const why = neverEqual(left, right) ?? neverEqual(right, left);
        if (why !== undefined) {
          this.report(
            'type',
            expression.span,
            `${why}, so this is always ${String(expression.operator === '!=')}.`,
          );
        }
        return BOOLEAN;
      }
      default: {
        const why = notOrdered(left, right) ?? notOrdered(right, left);
        if (why !== undefined) this.report('type', expression.span, `${why}, so this is always false.`);
        else this.perCell(expression);
        return BOOLEAN;
      }
    }
  }

  private call(expression: Extract<Expression, { kind: 'call' }>): Type {
    const types = expression.args.map((argument) => this.type(argument));
    const { name, nameSpan, args } = expression;
    const info = functionOf(name);
    if (info === undefined) {
      const names = FUNCTIONS.filter((one) => one.places.includes(this.environment.place)).map(
        (one) => one.name,
      );
      const near = similar(name, names);
      const help = near.length > 0 ? didYouMean(near) : ` Here there are ${alternatives(names, 20)}.`;
      this.report('function', nameSpan, `There is no function "${name}".${help}`, name, near);
      return UNKNOWN;
    }
    if (!info.places.includes(this.environment.place)) {
      this.report(
        'function',
        nameSpan,
        `\`${name}()\` says how other tasks ended and is known in \`if\` only.`,
        name,
      );
    }
    if (args.some((argument) => argument.kind === 'missing')) return resultType(name, types);
    if (args.length < info.minArgs || args.length > info.maxArgs) {
      const count = info.minArgs === info.maxArgs ? String(info.minArgs) : `at least ${info.minArgs}`;
      const wanted =
        args.length > info.maxArgs && info.minArgs !== info.maxArgs ? `at most ${info.maxArgs}` : count;
      this.report(
        'arity',
        expression.span,
        `\`${info.signature}\` takes ${wanted} value(s), and ${args.length} were given.`,
        name,
      );
    } else {
      this.arguments(name, args, types);
    }
    return resultType(name, types);
  }

  private arguments(name: string, args: readonly Expression[], types: readonly Type[]): void {
    const [first] = args;
    if (name === 'format' && first?.kind === 'literal' && typeof first.value === 'string') {
      const highest = highestPlace(first.value);
      if (highest >= args.length - 1) {
        this.report(
          'arity',
          first.span,
          `The pattern asks for {${highest}}, and there are ${args.length - 1} value(s); the first is {0}.`,
          name,
        );
      }
    }
    if (name === 'hashFiles') this.globs(args);
    const texts = name === 'startsWith' || name === 'endsWith';
    for (const [index, type] of types.entries()) {
      const wrong = texts
        ? type.kind === 'list' || type.kind === 'object'
        : name === 'contains' && index === 0 && type.kind === 'object';
      const span = args[index]?.span ?? { start: 0, end: 0 };
      if (wrong) this.report('type', span, `\`${name}\` cannot look into ${typeWords(type)}.`);
      if (takesNumbers(name, index) && isNoNumber(type))
        this.report(
          'type',
          span,
          `\`${name}\` takes numbers and lists of numbers, and this is ${typeWords(type)}.`,
        );
    }
    const order = name === 'best' ? args[2] : undefined;
    if (order?.kind === 'literal' && order.value !== 'max' && order.value !== 'min')
      this.report('type', order.span, "The third value of `best` is 'max' or 'min'.");
  }

  private globs(args: readonly Expression[]): void {
    for (const argument of args) {
      if (argument.kind !== 'literal' || typeof argument.value !== 'string') continue;
      const compiled = compileGlob(argument.value);
      if (!compiled.ok) this.report('type', argument.span, compiled.message);
    }
  }

  private report(
    code: TypeProblemCode,
    span: Span,
    message: string,
    found?: string,
    candidates?: readonly string[],
  ): void {
    this.problems.push({
      code,
      span,
      message,
      ...defined({ found }),
      ...(candidates === undefined || candidates.length === 0 ? {} : { candidates }),
    });
  }
}

/** Whether an argument of a function has to be a number, or a list of them. */
function takesNumbers(name: string, index: number): boolean {
  return name === 'max' || name === 'min' || name === 'mean' || (name === 'best' && index === 0);
}

/** Certainly neither a number nor a list that may hold some. */
function isNoNumber(type: Type): boolean {
  if (type.kind === 'list') return isNoNumber(type.element);
  if (type.kind === 'object') return true;
  return (
    type.kind === 'string' && type.values?.every((text) => Number.isNaN(Number(toNumber(text)))) === true
  );
}

/** Of `models.rain@production`, `models['rain@production']`, `packages.rain-app`, `packages.rain-app@3`. */
function versionType(expression: Expression): Type | undefined {
  const { kind } = expression;
  if (kind !== 'at' && kind !== 'index' && kind !== 'member') return undefined;
  const chain = chainOf(expression);
  const [first, second, ...others] = chain?.steps ?? [];
  if (others.length > 0 || first?.name === undefined || first.name === '') return undefined;
  const selected = second?.selector === true;
  if (chain?.context === 'packages') return second === undefined || selected ? PACKAGE_VERSION : undefined;
  if (chain?.context !== 'models' || kind === 'member') return undefined;
  return selected || (second === undefined && first.name.includes('@')) ? MODEL_VERSION : undefined;
}

function isPackageVersion(selector: string): boolean {
  return isVersionNumber(selector) || selector === '' || selector.toLowerCase() === 'latest';
}
