/** Checks one scalar against what may stand at its place. */
import type { ScalarNode, SyntaxNode } from '../../syntax/tree.js';
import type { StructuralProblem } from '../definition.js';
import { compileGlob } from '../text/glob.js';
import { didYouMean, similar } from '../names/names.js';
import { isGlob, isOutputGlob, pathProblem } from '../text/paths.js';
import { compilePattern } from '../text/pattern.js';
import type { Hint } from '../schema/hint.js';
import { expected, expectedScalar } from '../schema/shape.js';
import type { ScalarShape, Shape } from '../schema/shape.js';
import { parseBytes, parseDuration } from '../text/units.js';
import { inFlow } from './unnamed.js';
import { yamlType } from './yaml-types.js';

export interface ScalarOutcome {
  /** Of the alternative that fits. */
  readonly hint?: Hint;
  readonly problem?: StructuralProblem;
}

export function checkScalar(node: ScalarNode, shape: Shape): ScalarOutcome {
  if (node.template !== undefined) return checkTemplate(node, shape);
  let closest: ScalarOutcome | undefined;
  for (const pass of ['exact', 'lenient'] as const) {
    for (const scalar of shape.scalars) {
      if (!fits(node, scalar, pass)) continue;
      const problem = constraint(node, scalar);
      if (problem === undefined) return { hint: scalar.hint };
      closest ??= { hint: scalar.hint, problem };
    }
  }
  if (shape.any) return { hint: shape.hint };
  return closest ?? { problem: wrongType(node, shape) };
}

function checkTemplate(node: ScalarNode, shape: Shape): ScalarOutcome {
  const scalar = shape.scalars.find((one) => one.hint.place !== undefined);
  if (scalar !== undefined) {
    const problem = textProblem(node, scalar);
    return { hint: scalar.hint, ...(problem === undefined ? {} : { problem }) };
  }
  if (shape.any && shape.hint.place !== undefined) return { hint: shape.hint };
  if (shape.scalars.some((one) => one.hint.prose === true) || shape.hint.prose === true) return {};
  if (shape.scalars.length === 0 && !shape.any) return { problem: wrongType(node, shape) };
  return {
    problem: { code: 'value', span: node.span, message: 'Expressions (`${{ … }}`) are not evaluated here.' },
  };
}

/** `lenient`: a text may be written so that YAML reads a number or a boolean (`name: 2024`). */
function fits(node: ScalarNode, scalar: ScalarShape, pass: 'exact' | 'lenient'): boolean {
  const value = node.value;
  if (pass === 'lenient') {
    if (scalar.hint.exact === true) return false;
    return scalar.type === 'string' && (typeof value === 'number' || typeof value === 'boolean');
  }
  if (scalar.hint.exact === true && yamlType(node) !== 'text') return false;
  switch (scalar.type) {
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === scalar.type;
  }
}

function constraint(node: ScalarNode, scalar: ScalarShape): StructuralProblem | undefined {
  const { hint } = scalar;
  const code = hint.code ?? 'value';
  if (scalar.type === 'string') {
    const text = node.text;
    if (hint.format === 'duration' || hint.format === 'bytes') {
      const parsed = hint.format === 'duration' ? parseDuration(text) : parseBytes(text);
      if (parsed.ok) return undefined;
      return {
        code,
        span: node.span,
        message: parsed.message,
        found: text,
        ...candidates(parsed.candidates),
      };
    }
    if (hint.format === 'regex') return patternProblem(node);
    if (hint.names === 'glob' || hint.names === 'path')
      return pathFinding(node, hint) ?? textProblem(node, scalar);
    if (scalar.values !== undefined && !scalar.values.includes(text)) {
      const words = scalar.values.map((value) => String(value));
      const meant = similar(text, words);
      const message = `"${clip(text)}" is not allowed here: expected ${expectedScalar(scalar)}${hint.expects === undefined ? '' : ` (${words.join(', ')})`}.${didYouMean(meant)}`;
      return { code, span: node.span, message, found: text, candidates: meant.length > 0 ? meant : words };
    }
    return textProblem(node, scalar);
  }
  if (typeof node.value !== 'number') return undefined;
  const bound = outOfBounds(node.value, scalar);
  if (bound === undefined) return undefined;
  return { code, span: node.span, message: `${node.text} is too ${bound}.`, found: node.text };
}

function outOfBounds(value: number, scalar: ScalarShape): string | undefined {
  if (scalar.minimum !== undefined && value < scalar.minimum) return `small: at least ${scalar.minimum}`;
  if (scalar.exclusiveMinimum !== undefined && value <= scalar.exclusiveMinimum) {
    return `small: more than ${scalar.exclusiveMinimum}`;
  }
  if (scalar.maximum !== undefined && value > scalar.maximum) return `large: at most ${scalar.maximum}`;
  return Number.isFinite(value) ? undefined : 'large: a finite number';
}

function textProblem(node: ScalarNode, scalar: ScalarShape): StructuralProblem | undefined {
  const { text } = node;
  if (text.length >= scalar.minLength && scalar.pattern?.test(text) !== false) return undefined;
  const message = `${foundWords(node)} is not allowed here: expected ${expectedScalar(scalar)}.`;
  return { code: scalar.hint.code ?? 'value', span: node.span, message: capital(message), found: text };
}

function pathFinding(node: ScalarNode, hint: Hint): StructuralProblem | undefined {
  const { text, span } = node;
  const patterns = hint.patterns ?? (hint.names === 'glob' ? 'globs' : 'none');
  const problem = text === '' ? undefined : pathProblem(text, patterns);
  if (problem !== undefined) {
    const { message, instead } = problem;
    return {
      code: 'value',
      span,
      message: `"${clip(text)}" ${message}`,
      found: text,
      ...(instead === undefined || node.style !== 'plain'
        ? {}
        : { replacement: { title: 'Write "/" between names', span, newText: instead } }),
    };
  }
  const glob = patterns === 'negated' && text.startsWith('!') ? text.slice(1) : text;
  if (patterns === 'none' || !(patterns === 'output-globs' ? isOutputGlob(text) : isGlob(glob)))
    return undefined;
  const compiled = compileGlob(glob);
  return compiled.ok ? undefined : { code: 'value', span, message: compiled.message, found: text };
}

function patternProblem(node: ScalarNode): StructuralProblem | undefined {
  const compiled = compilePattern(node.text);
  return compiled.ok
    ? undefined
    : { code: 'value', span: node.span, message: compiled.message, found: node.text };
}

function wrongType(node: ScalarNode, shape: Shape): StructuralProblem {
  const problem = {
    code: 'type' as const,
    span: node.span,
    message: `Expected ${expected(shape)}, found ${foundWords(node)}.`,
    found: node.text,
  };
  const key = keyThatTakes(node, shape);
  if (key === undefined) return problem;
  const newText = `{ ${key}: ${inFlow(node.text)} }`;
  return {
    ...problem,
    message: `${problem.message} Write \`${newText}\`.`,
    ...(node.style === 'plain'
      ? { replacement: { title: `Write it as \`${key}\``, span: node.span, newText } }
      : {}),
  };
}

/** The one key that a map has to have, where the text would do as its value: `source: rain.csv`. */
function keyThatTakes(node: ScalarNode, { maps }: Shape): string | undefined {
  const [map, ...others] = maps;
  const [key, ...more] = map?.required ?? [];
  const inner = key === undefined ? undefined : map?.properties.get(key)?.shape;
  if (inner === undefined || others.length + more.length > 0 || node.text === '') return undefined;
  return inner.scalars.length > 0 && checkScalar(node, inner).problem === undefined ? key : undefined;
}

/** What stands there, in words. */
export function foundWords(node: SyntaxNode): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'sequence') return 'a list';
  switch (typeof node.value) {
    case 'string':
      return node.value === '' ? 'an empty text' : `the text "${clip(node.text)}"`;
    case 'number':
      return `the number ${clip(node.text)}`;
    case 'boolean':
      return node.text;
    default:
      return 'nothing';
  }
}

function candidates(words: readonly string[]): { candidates?: readonly string[] } {
  return words.length === 0 ? {} : { candidates: words };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
