/** What the functions of expressions do with values. */
import { jsonText, parseJson } from '../../base/json.js';
import type { Json } from '../definition.js';
import { best, summarize } from './list-functions.js';
import { compareVersions, isVersion } from './versions.js';
import { foldCase, isComposite, looseEquals, MAX_TEXT, toText } from './values.js';
import type { CallResult, Scope } from './values.js';

/** Deeper JSON than anything worth having in an expression. */
const MAX_JSON_DEPTH = 100;

export function callFunction(name: string, args: readonly Json[], scope: Scope): CallResult {
  const [first = null, second = null] = args;
  switch (name) {
    case 'contains':
      return value(contains(first, second));
    case 'startsWith':
      return value(
        !isComposite(first) &&
          !isComposite(second) &&
          foldCase(toText(first)).startsWith(foldCase(toText(second))),
      );
    case 'endsWith':
      return value(
        !isComposite(first) &&
          !isComposite(second) &&
          foldCase(toText(first)).endsWith(foldCase(toText(second))),
      );
    case 'format':
      return format(toText(first), args.slice(1));
    case 'join':
      return join(first, args.length > 1 ? toText(second) : ',');
    case 'toJSON':
      return bounded(jsonText(first, { indent: 2, spelling: 'value' }), 'toJSON');
    case 'fromJSON':
      return fromJson(toText(first));
    case 'semver':
      return semver(toText(first), toText(second));
    case 'max':
    case 'min':
    case 'mean':
    case 'any':
    case 'all':
      return summarize(name, args);
    case 'best':
      return best(first, second, args.length > 2 ? toText(args[2] ?? null) : 'max');
    case 'raw':
      return value(first);
    case 'hashFiles':
      return hashFiles(args, scope);
    case 'always':
      return value(true);
    case 'success':
    case 'failure':
    case 'cancelled':
      return scope.status === undefined
        ? { kind: 'unknown', why: 'how the tasks before end' }
        : value(scope.status === name);
    default:
      return { kind: 'error', message: `There is no function "${name}".` };
  }
}

function value(result: Json): CallResult {
  return { kind: 'value', value: result };
}

function bounded(text: string, name: string): CallResult {
  return text.length <= MAX_TEXT
    ? value(text)
    : { kind: 'error', message: `The result of ${name} is longer than ${MAX_TEXT} characters.` };
}

function semver(a: string, b: string): CallResult {
  for (const text of [a, b]) {
    if (!isVersion(text)) {
      return {
        kind: 'error',
        message: `semver compares versions, as 1.2.3, and "${text.slice(0, 40)}" is none.`,
      };
    }
  }
  return value(compareVersions(a, b));
}

function contains(search: Json, item: Json): boolean {
  if (Array.isArray(search)) return (search as readonly Json[]).some((one) => looseEquals(one, item));
  if (isComposite(search) || isComposite(item)) return false;
  return foldCase(toText(search)).includes(foldCase(toText(item)));
}

function format(pattern: string, values: readonly Json[]): CallResult {
  const texts: string[] = [];
  let length = 0;
  const piece = /\{\{|\}\}|\{([0-9]+)\}|\{|\}|[^{}]+/g;
  for (const [text, index] of pattern.matchAll(piece)) {
    let part = text;
    if (text === '{{' || text === '}}') part = text.charAt(0);
    else if (index !== undefined) {
      const number = Number(index);
      if (number >= values.length) {
        return {
          kind: 'error',
          message: `format has ${values.length} value(s), so there is no {${index}}. The first is {0}.`,
        };
      }
      part = toText(values[number] ?? null);
    } else if (text === '{' || text === '}') {
      return {
        kind: 'error',
        message: `A lone "${text}" in the pattern of format. Write "${text}${text}" for the character.`,
      };
    }
    length += part.length;
    if (length > MAX_TEXT) return bounded(' '.repeat(MAX_TEXT + 1), 'format');
    texts.push(part);
  }
  return value(texts.join(''));
}

function join(list: Json, separator: string): CallResult {
  if (!Array.isArray(list)) return value(toText(list));
  const texts = (list as readonly Json[]).map(toText);
  const length = texts.reduce((sum, text) => sum + text.length + separator.length, 0);
  return length > MAX_TEXT + separator.length
    ? bounded(' '.repeat(MAX_TEXT + 1), 'join')
    : value(texts.join(separator));
}

function fromJson(text: string): CallResult {
  let parsed: Json;
  try {
    parsed = parseJson(text);
  } catch (error) {
    return {
      kind: 'error',
      message: `fromJSON got no JSON: ${error instanceof Error ? error.message : String(error)}.`,
    };
  }
  return depthOf(parsed) > MAX_JSON_DEPTH
    ? { kind: 'error', message: `fromJSON got more than ${MAX_JSON_DEPTH} levels.` }
    : value(parsed);
}

/** Level by level, so that hostile depth costs no stack. */
function depthOf(root: Json): number {
  let level: Json[] = [root];
  let depth = 0;
  while (level.length > 0 && depth <= MAX_JSON_DEPTH) {
    level = level.filter(isComposite).flatMap((node) => Object.values(node));
    depth++;
  }
  return depth;
}

function hashFiles(globs: readonly Json[], scope: Scope): CallResult {
  if (scope.hashFiles === undefined) return { kind: 'unknown', why: 'the content of files' };
  try {
    return value(scope.hashFiles(globs.map(toText)));
  } catch (error) {
    return { kind: 'error', message: `hashFiles: ${error instanceof Error ? error.message : String(error)}` };
  }
}
