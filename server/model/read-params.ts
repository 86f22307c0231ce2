/** Params of a pipeline: short and long form, and whether defaults fit their own conditions. */
import type { MapEntry } from '../syntax/tree.js';
import type { Json, Param, ParamType, StructuralProblem } from './definition.js';
import { matchesPattern } from './pattern.js';
import type { PatternBudget } from './pattern.js';
import { field, given, itemsOf, jsonOf, located, numberOf, scalarOf, textOf, wordOf } from './read.js';
import type { Maybe } from './read.js';
import { PARAM_TYPES } from './schema/pipeline.js';

/** @param patterns what matching defaults with patterns may still cost */
export function readParam(entry: MapEntry, problems: StructuralProblem[], patterns: PatternBudget): Param {
  const node = entry.value;
  const base = { name: entry.key.text, nameSpan: entry.key.span, span: entry.span };
  if (node?.kind !== 'map') {
    const value = node?.kind === 'sequence' ? node : scalarOf(node);
    if (value === undefined) return { ...base, type: 'string' };
    return { ...base, type: typeOf(jsonOf(value)), default: located(value) };
  }
  const defaultNode = field(node, 'default');
  const choices =
    field(node, 'choices')?.kind === 'sequence' ? itemsOf(field(node, 'choices')).map(jsonOf) : undefined;
  const declared = wordOf(field(node, 'type'), PARAM_TYPES);
  const type = declared ?? inferred(defaultNode, choices);
  const param: Param = {
    ...base,
    type,
    ...(defaultNode === undefined
      ? {}
      : { default: { value: defaultOf(defaultNode, type), span: defaultNode.span } }),
    ...given('description', textOf(field(node, 'description'))),
    ...given('minimum', numberOf(field(node, 'minimum'))),
    ...given('maximum', numberOf(field(node, 'maximum'))),
    ...given('choices', choices),
    ...given('pattern', textOf(field(node, 'pattern'))),
  };
  checkDefault(param, problems, patterns);
  return param;
}

function inferred(defaultNode: Maybe, choices: readonly Json[] | undefined): ParamType {
  if (defaultNode !== undefined) return typeOf(jsonOf(defaultNode));
  const types = new Set(choices?.map(typeOf));
  const [only] = types;
  return types.size === 1 && only !== undefined ? only : 'string';
}

/** A text may look like a number to YAML: `{ type: string, default: 1.10 }` is "1.10". */
function defaultOf(node: Maybe, type: ParamType): Json {
  const scalar = scalarOf(node);
  return type === 'string' && scalar !== undefined ? scalar.text : jsonOf(node);
}

function typeOf(value: Json): ParamType {
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'string';
    default:
      return value === null ? 'string' : 'object';
  }
}

function checkDefault(param: Param, problems: StructuralProblem[], patterns: PatternBudget): void {
  if (param.minimum !== undefined && param.maximum !== undefined && param.minimum > param.maximum) {
    problems.push({
      code: 'value',
      span: param.nameSpan,
      message: `No value fits "${param.name}": its minimum ${param.minimum} is above its maximum ${param.maximum}.`,
    });
    return;
  }
  if (param.default === undefined) return;
  const wrong = paramProblem(param, param.default.value, patterns);
  if (wrong !== undefined) {
    problems.push({
      code: 'param-default',
      span: param.default.span,
      message: `The default of "${param.name}" ${wrong}`,
    });
  }
}

/** Why a value is not allowed for a param, as the end of a sentence; nothing when it is. */
export function paramProblem(param: Param, value: Json, patterns?: PatternBudget): string | undefined {
  if (!hasType(value, param.type)) return `is ${say(value)}, but its type is ${param.type}.`;
  if (typeof value === 'number') {
    if (param.minimum !== undefined && value < param.minimum)
      return `is ${value}, below the minimum ${param.minimum}.`;
    if (param.maximum !== undefined && value > param.maximum)
      return `is ${value}, above the maximum ${param.maximum}.`;
  }
  if (param.choices !== undefined) {
    const words = new Set(param.choices.map((choice) => JSON.stringify(choice)));
    const asText =
      typeof value === 'string' &&
      param.choices.some((choice) => typeof choice === 'number' && String(choice) === value);
    if (!words.has(JSON.stringify(value)) && !asText) {
      return `is ${say(value)}, which is none of its choices: ${param.choices.map(say).join(', ')}.`;
    }
  }
  if (
    typeof value === 'string' &&
    param.pattern !== undefined &&
    !matchesPattern(param.pattern, value, patterns)
  ) {
    return `is ${say(value)}, which does not match ${param.pattern}.`;
  }
  return undefined;
}

/** A value from the command line (`--param k=v`), read by the param's type; nothing when it can't be read so. */
export function readParamText(type: ParamType, text: string): Json | undefined {
  if (type === 'string') return text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if ((type === 'integer' || type === 'number') && text.trim() === '') return undefined;
  if (type === 'integer' || type === 'number') {
    const value = Number(text);
    return hasType(value, type) ? value : undefined;
  }
  try {
    const value = JSON.parse(text) as Json;
    return hasType(value, type) ? value : undefined;
  } catch {
    return type === 'list' ? text.split(',').map((item) => item.trim()) : undefined;
  }
}

function hasType(value: Json, type: ParamType): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'list':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function say(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
