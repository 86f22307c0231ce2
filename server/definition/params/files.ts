/** Params that stand in files beside the pipeline: which files `from` names, and what a pipeline gets from them. */
import { runThrough } from '../../base/runs/steps.js';
import { parsingValues, VALUES_FILE } from '../../syntax/values.js';
import { positionAt } from '../../syntax/text.js';
import type { MapEntry, Span, SyntaxNode, SyntaxTree } from '../../syntax/tree.js';
import type { Param, ParamFile, Pipeline, StructuralProblem } from '../definition.js';
import type { ParamsDefinition, PipelineDefinition } from '../dialects/dialect.js';
import { rewritten } from '../keys.js';
import { isValidName } from '../names/names.js';
import { MAX_GROUPS } from './form.js';
import { paramValue, problemOfDefault, typeOfWritten } from './values.js';
import { isOutside, normalizePath } from '../text/paths.js';
import { entriesOf, field, given, itemsOf, jsonOf, locatedText, scalarOf, textOf } from '../read/read.js';

/** The key of `params` that names files. */
export const FROM = 'from';

/** More params than people look through; a file that has more is one of data. */
const MOST_PARAMS = 2_000;

/**
 * The files that an entry of `params` names. `undefined` for a param that is called `from`: its value is no path of a
 * file of values, nor a list of such.
 */
export function paramFilesOf(
  entry: MapEntry,
  problems: StructuralProblem[],
): readonly ParamFile[] | undefined {
  if (entry.key.text !== FROM || !namesFiles(entry.value)) return undefined;
  return itemsOf(entry.value).flatMap((item): ParamFile[] => {
    const path = locatedText(item.kind === 'map' ? field(item, 'path') : item);
    if (path === undefined) return [];
    const wrong = wrongPath(path.value);
    if (wrong !== undefined) {
      problems.push({ code: 'param-file', span: path.span, message: `"${path.value}" ${wrong}` });
      return [];
    }
    const prefix = textOf(field(item, 'prefix'));
    return [{ ...path, path: normalizePath(path.value), ...given('prefix', prefix) }];
  });
}

function namesFiles(node: SyntaxNode | null): boolean {
  if (node?.kind === 'sequence') {
    return node.items.some((item) => namesFiles(item) || field(item, 'path') !== undefined);
  }
  const path = node?.kind === 'map' ? field(node, 'path') : node;
  return path?.kind === 'scalar' && VALUES_FILE.test(path.text);
}

function wrongPath(path: string): string | undefined {
  if (path.includes('\\')) return 'has a backslash. Write "/" between names, on every system.';
  if (isOutside(normalizePath(path))) return 'leaves the project: params are read from files in it.';
  return VALUES_FILE.test(path)
    ? undefined
    : 'is no file of params: they are read from YAML, JSON and TOML (.yaml, .yml, .json, .toml).';
}

/** A file of params, as it is read for the pipelines that name it. */
export function paramsDefinition(text: string, path: string): ParamsDefinition {
  return runThrough(definingParams(text, path));
}

/** The same in steps, for who has others to answer in between. */
export function* definingParams(text: string, path: string): Generator<void, ParamsDefinition> {
  const tree = yield* parsingValues(text, path);
  return { kind: 'params', path, tree, problems: [], syntaxProblems: tree.problems };
}

/** A file of params, or what keeps it from being one, as the end of a sentence that begins with its path. */
export type ParamSource =
  { readonly ok: true; readonly tree: SyntaxTree } | { readonly ok: false; readonly why: string };

/** The definition with the params of its files, and with what is wrong with them. The same one where it names none. */
export function withParamFiles(
  definition: PipelineDefinition,
  read: (path: string) => ParamSource,
): PipelineDefinition {
  const { pipeline } = definition;
  if (pipeline.paramFiles === undefined) return definition;
  const merged = new Merged(pipeline);
  let open = false;
  for (const file of pipeline.paramFiles) open = !merged.add(file, read(file.path)) || open;
  const problems = [...definition.problems, ...merged.problems].sort((a, b) => a.span.start - b.span.start);
  const enriched = { ...pipeline, params: merged.params(), ...(open ? { openParams: true as const } : {}) };
  return { ...definition, problems, pipeline: rewritten(pipeline, enriched) };
}

/** Where a name is taken: a file with its line, or the pipeline itself. */
interface Taken {
  readonly where: string;
  readonly own?: Param;
}

class Merged {
  readonly problems: StructuralProblem[] = [];
  readonly #params = new Map<string, Param>();
  readonly #taken = new Map<string, Taken>();
  readonly #groups = new Map<string, string>();

  constructor(pipeline: Pipeline) {
    for (const param of pipeline.params) {
      this.#params.set(param.name, param);
      this.#taken.set(param.name, { where: 'the pipeline', own: param });
      for (const group of groupsOf(param.name)) this.#groups.set(group, 'the pipeline');
    }
  }

  params(): readonly Param[] {
    return [...this.#params.values()];
  }

  /** @returns whether all that the file has is known */
  add(file: ParamFile, source: ParamSource): boolean {
    if (!source.ok) {
      this.#report(file.span, `"${file.path}" ${source.why}`);
      return false;
    }
    const { tree } = source;
    const problem = tree.problems[0];
    if (problem !== undefined) {
      this.#report(file.span, `In ${placeOf(file, tree, problem.span)}: ${problem.message}`, [
        { path: file.path, span: problem.span, message: problem.message },
      ]);
      return false;
    }
    if (tree.root === null || (tree.root.kind === 'scalar' && tree.root.value === null)) return true;
    if (tree.root.kind !== 'map') {
      this.#report(file.span, `"${file.path}" has to be a map of params: \`lr: 0.1\`.`);
      return false;
    }
    const prefix = file.prefix === undefined ? [] : [file.prefix];
    const found = paramsIn(tree.root, prefix);
    for (const one of found.slice(0, MOST_PARAMS)) this.#one(file, tree, one);
    if (found.length <= MOST_PARAMS) return true;
    this.#report(
      file.span,
      `"${file.path}" has more than ${String(MOST_PARAMS)} values: it is one of data. Let tasks read it as an input.`,
    );
    return false;
  }

  #one(file: ParamFile, tree: SyntaxTree, { name, entry }: FoundParam): void {
    const where = placeOf(file, tree, entry.key.span);
    const group = groupsOf(name).find((one) => this.#taken.has(one));
    const taken = this.#taken.get(name) ?? (group === undefined ? undefined : this.#taken.get(group));
    const other = this.#groups.get(name);
    const related = [{ path: file.path, span: entry.key.span, message: `"${name}" in ${file.path}` }];
    if (taken?.own !== undefined && group === undefined && taken.own.default === undefined) {
      this.#fill(taken.own, placeIn(file, tree, entry), where, entry);
    } else if (taken !== undefined || other !== undefined) {
      const before = taken?.where ?? other ?? '';
      const at = taken?.own?.nameSpan ?? file.span;
      this.#report(at, `"${name}" is set in ${before} and at ${where}: keep one of them.`, related);
    } else {
      const value = jsonOf(entry.value);
      this.#params.set(name, {
        name,
        nameSpan: file.span,
        span: file.span,
        type: typeOfWritten(value),
        default: { value, span: file.span },
        file: placeIn(file, tree, entry),
      });
    }
    this.#taken.set(name, { where });
    for (const one of groupsOf(name)) if (!this.#groups.has(one)) this.#groups.set(one, where);
  }

  /** What the pipeline says of a param, with the value of the file as its default. */
  #fill(own: Param, file: NonNullable<Param['file']>, where: string, entry: MapEntry): void {
    const { untyped, ...declared } = own;
    const scalar = scalarOf(entry.value);
    const value =
      own.type === 'string' && untyped !== true && scalar !== undefined ? scalar.text : jsonOf(entry.value);
    const param: Param = {
      ...declared,
      type: untyped === true ? typeOfWritten(value) : own.type,
      default: { value, span: own.nameSpan },
      file,
    };
    this.#params.set(own.name, param);
    const read = paramValue(param, value, { texts: false });
    if (read.ok) return;
    this.#report(own.nameSpan, `"${own.name}" at ${where} ${problemOfDefault(param, read.problem)}`, [
      { path: file.path, span: entry.span, message: `"${own.name}" in ${file.path}` },
    ]);
  }

  #report(span: Span, message: string, related?: StructuralProblem['related']): void {
    this.problems.push({ code: 'param-file', span, message, ...given('related', related) });
  }
}

function placeIn(file: ParamFile, tree: SyntaxTree, { key, span }: MapEntry): NonNullable<Param['file']> {
  return { path: file.path, nameSpan: key.span, span, line: lineOf(tree, key.span) };
}

function placeOf({ path }: ParamFile, tree: SyntaxTree, span: Span): string {
  return `${path}:${String(lineOf(tree, span))}`;
}

/** From 1. */
function lineOf(tree: SyntaxTree, span: Span): number {
  return positionAt(tree.lineStarts, span.start).line + 1;
}

/** `a.b.c` lies in `a` and `a.b`. */
function groupsOf(name: string): readonly string[] {
  const steps = name.split('.');
  return steps.slice(1).map((_, at) => steps.slice(0, at + 1).join('.'));
}

interface FoundParam {
  readonly name: string;
  readonly entry: MapEntry;
}

/**
 * Values of a file under the names that expressions know them by. A map is a group; one with a key that no name can be
 * (`0: 1.5`), and what lies deeper than groups may, is a value. Top-level keys that are no names belong to others.
 */
function paramsIn(node: SyntaxNode | null, groups: readonly string[]): readonly FoundParam[] {
  return entriesOf(node).flatMap((entry): readonly FoundParam[] => {
    const { key, value } = entry;
    if (!isValidName(key.text)) return [];
    const path = [...groups, key.text];
    if (isGroup(value) && groups.length < MAX_GROUPS) return paramsIn(value, path);
    return [{ name: path.join('.'), entry }];
  });
}

function isGroup(node: SyntaxNode | null): boolean {
  return (
    node?.kind === 'map' && node.entries.length > 0 && node.entries.every(({ key }) => isValidName(key.text))
  );
}
