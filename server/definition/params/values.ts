/** What a param may be: the one answer for lint, `--param`, the editor, arguments of `pipeline:` and resumed runs. */
import { display, jsonText, parseJson } from '../../base/json.js';
import { compareNumbers, isNumber, isWhole, numeral } from '../../base/numeral.js';
import { setOwn } from '../../base/set-own.js';
import type { Json, Param, ParamType, Pipeline } from '../definition.js';
import { matchesPattern } from '../text/pattern.js';
import type { PatternBudget } from '../text/pattern.js';
import { identity, isComposite } from '../expressions/values.js';

export type ParamValue =
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: ParamProblem };

export interface ParamProblem {
  readonly kind: 'type' | 'minimum' | 'maximum' | 'choices' | 'pattern';
  /** What was given, as it would be written. */
  readonly shown: string;
}

interface Reading {
  /** A text is read by the param's type: `3.10` from a command line, `0012` from a record. */
  readonly texts: boolean;
  /** What matching the pattern may still cost. */
  readonly patterns?: PatternBudget;
}

/** The value that a param gets from what is given, or why it can't be that. */
export function paramValue(param: Param, given: Json, { texts, patterns }: Reading): ParamValue {
  const typed =
    isOptional(param) && isNothing(param, given, texts) ? null : typedValue(param.type, given, texts);
  if (typed === undefined) return wrong('type', given);
  if (typed === null) return { ok: true, value: null };
  if (isNumber(typed)) {
    if (param.minimum !== undefined && compareNumbers(typed, param.minimum) < 0)
      return wrong('minimum', typed);
    if (param.maximum !== undefined && compareNumbers(typed, param.maximum) > 0)
      return wrong('maximum', typed);
  }
  if (param.choices !== undefined) {
    const allowed = param.choices.some((choice) => {
      const one = typedValue(param.type, choice, false);
      return one !== undefined && sameValue(one, typed);
    });
    if (!allowed) return wrong('choices', typed);
  }
  if (
    typeof typed === 'string' &&
    param.pattern !== undefined &&
    !matchesPattern(param.pattern, typed, patterns)
  ) {
    return wrong('pattern', typed);
  }
  return { ok: true, value: typed };
}

/** A param may be nothing when its default is `null`. */
export function isOptional(param: Param): boolean {
  return param.default?.value === null;
}

/** The type that a value written in a definition stands for: `0.0` and `1e3` are numbers, `3` is an integer. */
export function typeOfWritten(value: Json): ParamType {
  if (isNumber(value)) return /^[-+]?\d+$|^0[xo]/.test(String(value)) ? 'integer' : 'number';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string' || value === null) return 'string';
  return Array.isArray(value) ? 'list' : 'object';
}

/** As the end of a sentence about a default: `is 0, below the minimum 1.` */
export function problemOfDefault(param: Param, { kind, shown }: ParamProblem): string {
  switch (kind) {
    case 'type':
      return `is ${shown}, but its type is ${param.type}.`;
    case 'minimum':
      return `is ${shown}, below the minimum ${String(param.minimum)}.`;
    case 'maximum':
      return `is ${shown}, above the maximum ${String(param.maximum)}.`;
    case 'choices':
      return `is ${shown}, which is none of its choices: ${choicesOf(param)}.`;
    case 'pattern':
      return `is ${shown}, which does not match ${param.pattern ?? ''}.`;
  }
}

/** As a sentence without its full stop about a value that somebody gave: `"0.1" is not a whole number`. */
export function problemOfGiven(param: Param, { kind, shown }: ParamProblem): string {
  switch (kind) {
    case 'type':
      return `${shown.startsWith('"') ? shown : `"${shown}"`} is not ${TYPE_WORDS[param.type]}`;
    case 'minimum':
      return `${shown} is less than its minimum ${String(param.minimum)}`;
    case 'maximum':
      return `${shown} is more than its maximum ${String(param.maximum)}`;
    case 'choices':
      return `${shown} is none of ${choicesOf(param)}`;
    case 'pattern':
      return `${shown} does not match its pattern ${param.pattern ?? ''}`;
  }
}

const TYPE_WORDS: Readonly<Record<ParamType, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  list: 'a list in JSON, as [1, 2]',
  object: 'a map in JSON, as {"a": 1}',
};

/** A value that was read from text is written as text: `-p x=` for nothing, of a text too only where it is not a text. */
function isNothing(param: Param, given: Json, texts: boolean): boolean {
  return given === null || (texts && param.type !== 'string' && (given === '' || given === 'null'));
}

/** `undefined`: it is of another type. */
function typedValue(type: ParamType, given: Json, texts: boolean): Json | undefined {
  const text = texts && typeof given === 'string' ? given.trim() : undefined;
  switch (type) {
    case 'string':
      return given === null ? undefined : display(given);
    case 'integer':
    case 'number': {
      const number = text === undefined ? given : numeral(text);
      if (!isNumber(number) || (typeof number === 'number' && !Number.isFinite(number))) return undefined;
      return type === 'number' || isWhole(number) ? number : undefined;
    }
    case 'boolean':
      if (text !== undefined) return /^(?:true|True|TRUE)$/.test(text) ? true : falseOf(text);
      return typeof given === 'boolean' ? given : undefined;
    case 'list':
    case 'object': {
      const value = text === undefined ? given : parsed(text);
      return isComposite(value) && Array.isArray(value) === (type === 'list') ? value : undefined;
    }
  }
}

function falseOf(text: string): false | undefined {
  return /^(?:false|False|FALSE)$/.test(text) ? false : undefined;
}

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

/** Numbers by their value, all else as it is written. */
function sameValue(a: Json, b: Json): boolean {
  return isNumber(a) && isNumber(b) ? compareNumbers(a, b) === 0 : identity(a) === identity(b);
}

function choicesOf({ choices = [], type }: Param): string {
  return choices.map((choice) => say(type === 'string' ? display(choice) : choice)).join(', ');
}

function wrong(kind: ParamProblem['kind'], value: Json): ParamValue {
  return { ok: false, problem: { kind, shown: say(value) } };
}

function say(value: Json): string {
  const text = isNumber(value) ? String(value) : jsonText(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * Values given for params, those of a group one by one: `{ model: { lr: 0.1 } }` gives `model.lr`. What no param is
 * called keeps its own name.
 */
export function flatParams(
  { params }: Pick<Pipeline, 'params'>,
  given: Readonly<Record<string, Json>>,
): ReadonlyMap<string, Json> {
  const names = new Set(params.map((param) => param.name));
  const flat = new Map<string, Json>();
  const add = (name: string, value: Json): void => {
    const group = !names.has(name) && [...names].some((one) => one.startsWith(`${name}.`));
    if (!group || !isComposite(value) || Array.isArray(value)) {
      flat.set(name, value);
      return;
    }
    for (const [key, one] of Object.entries(value)) add(`${name}.${key}`, one);
  };
  for (const [name, value] of Object.entries(given)) add(name, value);
  return flat;
}

/** Params as expressions see them: `model.lr` is the member `lr` of `model`. */
export function nestedParams(flat: Iterable<readonly [string, Json]>): Readonly<Record<string, Json>> {
  const root = emptyRecord();
  for (const [name, value] of flat) {
    const steps = name.split('.');
    const last = steps.pop() ?? '';
    let group = root;
    for (const step of steps) {
      const below = Object.hasOwn(group, step) ? group[step] : undefined;
      const next = isGroup(below) ? below : emptyRecord();
      setOwn(group, step, next);
      group = next;
    }
    setOwn(group, last, value);
  }
  return root;
}

const groups = new WeakSet();

function emptyRecord(): Record<string, Json> {
  const record: Record<string, Json> = {};
  groups.add(record);
  return record;
}

function isGroup(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && groups.has(value);
}
