/** What `vars` brings in, as DVC loads it. */
import { parseJson } from '../../../base/json.js';
import { parseYaml } from '../../../syntax/parse.js';
import { tomlTable } from '../../../syntax/toml.js';
import type { ScalarNode, SequenceNode, Span, SyntaxNode } from '../../../syntax/tree.js';
import type { FileText } from '../../text/file-text.js';
import { isOutside } from '../../text/paths.js';
import type { Clash, Context } from './resolve/context.js';
import { within } from './paths.js';
import { placeholdersIn } from './resolve/template.js';
import { refusedTab } from './resolve/tabs.js';
import { pythonValues } from './resolve/python-values.js';
import {
  isList,
  isMapping,
  ofJson,
  ofToml,
  PythonTuple,
  typeOf,
  Unsupported,
  valueOf,
} from './resolve/values.js';
import type { NoteDate, Value } from './resolve/values.js';

export type ReadFile = (path: string) => FileText;

export type Tell = (span: Span, message: string) => void;

const DEFAULT_FILE = 'params.yaml';

interface Loading {
  readonly context: Context;
  /** Relative to the project. */
  readonly folder: string;
  readonly read: ReadFile;
  readonly tell: Tell;
}

/** The `params.yaml` beside a `dvc.yaml`, where there is one. @param at where to point when it can't be taken */
export function loadDefault(loading: Loading, at: Span): void {
  const path = within(loading.folder, DEFAULT_FILE);
  if (loading.read(path).kind !== 'missing') take(loading, DEFAULT_FILE, at);
}

/** @param owner the stage that they are of; absent: they are the file's */
export function loadVars(loading: Loading, vars: SyntaxNode | null | undefined, owner?: string): void {
  if (vars?.kind !== 'sequence') {
    // Something is wrong with it that the schema has told.
    if (vars !== undefined) loading.context.open = true;
    return;
  }
  if (refuseTemplates(vars, loading.tell)) {
    loading.context.open = true;
    return;
  }
  for (const [at, item] of vars.items.entries()) {
    if (item?.kind === 'scalar') take(loading, item.text, item.span);
    else if (item?.kind === 'map') {
      const source = `${owner === undefined ? '' : `${owner}.`}vars[${at}]`;
      put(
        loading,
        safely(() => valueOf(item)),
        source,
        item.span,
      );
    } else loading.context.open = true;
  }
}

function refuseTemplates(vars: SequenceNode, tell: Tell): boolean {
  let found = false;
  const look = (node: SyntaxNode | null): void => {
    if (node?.kind === 'sequence') node.items.forEach(look);
    else if (node?.kind === 'map') {
      for (const { key, value } of node.entries) {
        lookAt(key);
        look(value);
      }
    } else if (node !== null) lookAt(node);
  };
  const lookAt = (scalar: ScalarNode): void => {
    if (placeholdersIn(scalar.text).length === 0) return;
    found = true;
    tell(scalar.span, 'DVC fills no `${…}` in `vars`: write the value itself.');
  };
  look(vars);
  return found;
}

/** A file, `more.yaml`, or some keys of one, `more.yaml:a,b`. */
function take(loading: Loading, item: string, span: Span): void {
  const { context, folder, read, tell } = loading;
  const colon = item.indexOf(':');
  const written = colon === -1 ? item : item.slice(0, colon);
  const keys =
    colon === -1
      ? []
      : item
          .slice(colon + 1)
          .split(',')
          .filter((key) => key !== '');
  const path = within(folder, written);
  const before = context.imports.get(path);
  if (context.imports.has(path)) {
    if (keys.length === 0 && before === undefined) return;
    const again =
      before === undefined ? keys.length > 0 : keys.length === 0 || keys.some((key) => before.includes(key));
    if (again) {
      context.open = true;
      tell(
        span,
        `DVC refuses to load ${written} again: ${before === undefined ? 'all of it' : 'a part of it'} is loaded already.`,
      );
      return;
    }
  }
  context.imports.set(path, keys.length === 0 ? undefined : [...(before ?? []), ...keys]);
  const value = fileValue(path, written, read);
  // Which names those of a program are whose values no text can take is not known here.
  if ('value' in value && (value.odd ?? []).length > 0) context.open = true;
  if ('value' in value && (value.dates ?? []).length > 0) {
    context.open = true;
    tell(span, dateRefused(written));
    return;
  }
  if ('unknown' in value) context.open = true;
  else if ('refused' in value) {
    context.open = true;
    tell(span, value.refused);
  } else if (keys.length === 0) put(loading, value.value, written, span);
  else {
    const lacking = keys.find((key) => !isMapping(value.value) || !value.value.has(key));
    if (lacking === undefined && isMapping(value.value)) {
      const all = value.value;
      put(loading, new Map(keys.map((key) => [key, all.get(key) ?? null] as const)), written, span);
    } else {
      context.open = true;
      tell(span, `The file ${written} has no key "${lacking ?? ''}".`);
    }
  }
}

/** `odd`: dotted names of values of Python that DVC can't keep; `dates` those of dates, which are nothing in the value. */
export type FileValue =
  | { readonly value: Value; readonly odd?: readonly string[]; readonly dates?: readonly string[] }
  | { readonly refused: string }
  | { readonly unknown: true };

export function fileValue(path: string, written: string, read: ReadFile): FileValue {
  if (path.startsWith('/') || isOutside(path)) return { unknown: true };
  const found = read(path);
  if (found.kind === 'missing') return { refused: `There is no file ${written}.` };
  if (found.kind === 'folder') return { refused: `The path ${written} is a folder, not a file of values.` };
  if (found.kind !== 'text') return { unknown: true };
  const suffix = path.slice(path.lastIndexOf('.')).toLowerCase();
  const python = suffix === '.py' ? pythonValues(found.text) : undefined;
  const dates: string[] = [];
  const note = (name: string): void => void dates.push(name);
  const value = suffix === '.py' ? python?.value : (READERS[suffix] ?? yamlValue)(found.text, note);
  if (value === undefined) return { refused: `The file ${written} can't be read: mend it first.` };
  if (value === UNKNOWN) return { unknown: true };
  if (value instanceof Unsupported) return { refused: dateRefused(written) };
  if (!isMapping(value))
    return { refused: `The file ${written} has to be a map of values; it is a ${typeOf(value)}.` };
  return { value, ...(python === undefined ? { dates } : { odd: python.odd }) };
}

/** What is said of a file with a date that DVC would have to take. */
export function dateRefused(written: string): string {
  return `The file ${written} holds a date without quotes, which DVC can't take: put it in quotes.`;
}

/** The file is in order, and what it holds is not known here. */
const UNKNOWN = Symbol('unknown');

type Reader = (text: string, note: NoteDate) => Value | Unsupported | typeof UNKNOWN | undefined;

/** By the end of its name. */
const READERS: Readonly<Record<string, Reader>> = { '.json': jsonValue, '.toml': tomlValue };

function tomlValue(text: string, note: NoteDate): Value | undefined {
  const table = tomlTable(text);
  return table === undefined ? undefined : ofToml(table, note);
}

function jsonValue(text: string): Value | typeof UNKNOWN | undefined {
  try {
    return orEmpty(ofJson(parseJson(text)));
  } catch {
    return isJsonOfPython(text) ? UNKNOWN : undefined;
  }
}

/** A string, to be passed over, or a number that Python writes and JSON has not. */
const NO_NUMBER = /"(?:[^"\\]|\\.)*(?:"|$)|-?Infinity|NaN/g;

function isJsonOfPython(text: string): boolean {
  try {
    JSON.parse(text.replace(NO_NUMBER, (token) => (token.startsWith('"') ? token : 'null')));
    return true;
  } catch {
    return false;
  }
}

function yamlValue(text: string, note: NoteDate): Value | Unsupported | undefined {
  const tree = parseYaml(text, undefined, () => undefined);
  const { root, problems } = tree;
  if (problems.length > 0 || refusedTab(tree) !== undefined) return undefined;
  const value = safely(() => valueOf(root, note));
  return value instanceof Unsupported ? value : orEmpty(value);
}

/** Nothing, `0` and `[]` count as a file without values. */
function orEmpty(value: Value): Value {
  const empty =
    value === null ||
    value === false ||
    value === '' ||
    value === 0 ||
    value === 0n ||
    (Array.isArray(value) && value.length === 0);
  return empty ? new Map() : value;
}

function safely<T>(work: () => T): T | Unsupported {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unsupported) return error;
    throw error;
  }
}

function put({ context, tell }: Loading, value: Value | Unsupported, source: string, span: Span): void {
  if (value instanceof Unsupported) {
    context.open = true;
    tell(span, 'DVC can’t take a date here: put it in quotes.');
    return;
  }
  if (holdsTuple(value)) {
    context.open = true;
    tell(span, 'DVC takes no tuple of Python here: write a list, `[…]`.');
    return;
  }
  const problem: Clash | { reserved: string } | undefined = context.merge(value, source);
  if (problem === undefined) return;
  context.open = true;
  tell(
    span,
    'reserved' in problem
      ? `\`${problem.reserved}\` is what the group goes through: \`vars\` can’t set it.`
      : `\`${problem.path}\` is set in ${problem.before} already, and DVC lets nothing set a value twice.`,
  );
}

function holdsTuple(value: Value): boolean {
  if (value instanceof PythonTuple) return true;
  if (isMapping(value)) return [...value.values()].some(holdsTuple);
  return isList(value) && value.some(holdsTuple);
}
