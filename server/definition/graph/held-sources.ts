/** What would be taken away with an output that holds it: definitions, and what tasks and feature views read. */
import { memo } from '../../base/memo.js';
import { listed } from '../actions.js';
import type { Definition } from '../read/analyze.js';
import type { Pipeline, Task, TemplateText } from '../definition.js';
import { globOf } from '../text/glob.js';
import type { Graph, Instance, ResolvedOutput } from './types.js';
import { foldersOf, isGlob, isOutside, isWithin, normalizePath } from '../text/paths.js';

/** What is known of the disk and of earlier runs. */
export interface HeldFacts {
  /** What stands at a path: a `file`, a `folder`, or something else. */
  readonly probe: (path: string) => string;
  /** Whether a glob matches a file; `undefined`: can't be told. */
  readonly matches: (glob: string) => boolean | undefined;
  /** Whether a run is known to have put something out at a path; `undefined`: nothing is known of runs. */
  readonly made: (path: string) => boolean | undefined;
}

/** An output, and what it holds. */
export interface HeldSource {
  readonly instance: Instance;
  readonly output: ResolvedOutput;
  /** What it holds, as the end of a sentence that begins with the output. */
  readonly message: string;
}

interface Source {
  readonly path: string;
  readonly glob: boolean;
  /** Who reads it, for a sentence: `which "train" reads`. */
  readonly reader: string;
  readonly task: Task | undefined;
  /** Path of the definition that says so. */
  readonly definition: string;
}

const ADVICE = 'Write to a folder that holds only what the task makes';

/**
 * Outputs that hold what no task makes. What a task itself reads counts whatever is on the disk; what others read in the
 * folder is taken for made by it, unless it is there and no run has made the folder.
 *
 * @param definitions all of the project; the same list as long as none has changed
 * @param graphOf the graph of another pipeline
 * @param facts absent: what others read is not asked for
 */
export function* heldSources(
  own: { readonly path: string; readonly graph: Graph },
  definitions: readonly Definition[],
  graphOf: (pipeline: Pipeline) => Graph,
  facts: HeldFacts | undefined,
): Generator<HeldSource> {
  const { graph } = own;
  let mine: SourceIndex | undefined;
  const below = (folder: string): Source[] => {
    mine ??= new SourceIndex(graph.instances.flatMap((instance) => readBy(instance, own.path, '')));
    const others = indexOf(definitions, graphOf).below(folder);
    return [...mine.below(folder), ...others.filter(({ definition }) => definition !== own.path)];
  };
  for (const instance of graph.instances) {
    for (const output of instance.outputs) {
      const { path, glob } = output;
      if (path === undefined || glob || isOutside(path)) continue;
      if (path === '.') yield { instance, output, message: `is the whole project. ${ADVICE}.` };
      if (path === '.' || output.output?.persist === true) continue;
      const message =
        definitionIn(path, own.path, definitions) ??
        ownInput(path, instance) ??
        (facts === undefined ? undefined : foreignInput(path, instance.task, below, facts));
      if (message !== undefined) yield { instance, output, message };
    }
  }
}

function definitionIn(path: string, own: string, definitions: readonly Definition[]): string | undefined {
  const held = isWithin(own, path) ? own : definitionsWithin(definitions).get(path);
  if (held === undefined) return undefined;
  return held === path ? `is a definition. ${ADVICE}.` : `holds the definition "${held}". ${ADVICE}.`;
}

// Each pipeline of a project asks for the same.
const sourcesByFolder = new WeakMap<readonly Definition[], SourceIndex>();

/** A definition of each folder that holds some, and of its own path. */
const definitionsWithin = memo(
  (definitions: readonly Definition[]): ReadonlyMap<string, string> =>
    new Map(definitions.flatMap(({ path }) => [path, ...foldersOf(path)].map((place) => [place, path]))),
);

function indexOf(definitions: readonly Definition[], graphOf: (pipeline: Pipeline) => Graph): SourceIndex {
  let index = sourcesByFolder.get(definitions);
  if (index === undefined) {
    index = new SourceIndex(definitions.flatMap((definition) => sourcesIn(definition, graphOf)));
    sourcesByFolder.set(definitions, index);
  }
  return index;
}

function ownInput(path: string, { inputs }: Instance): string | undefined {
  const read = inputs.find(
    (input) =>
      input.path !== undefined && input.path !== path && isWithin(rootOf(input.path, input.glob), path),
  );
  return read?.path === undefined ? undefined : `holds "${read.path}", which the task reads. ${ADVICE}.`;
}

function foreignInput(
  path: string,
  task: Task,
  below: (folder: string) => readonly Source[],
  facts: HeldFacts,
): string | undefined {
  let made: boolean | undefined;
  for (const source of below(path)) {
    if (source.task === task || !isThere(source, facts)) continue;
    made ??= facts.made(path) ?? true;
    if (made) return undefined;
    return `holds "${source.path}", ${source.reader} and no run has made, as far as .modelyard knows. ${ADVICE}; if it makes this, too, move ${path} away first: it is made again.`;
  }
  return undefined;
}

function isThere({ path, glob }: Source, { probe, matches }: HeldFacts): boolean {
  if (glob) return matches(path) === true;
  const found = probe(path);
  return found === 'file' || (found === 'folder' && matches(`${path}/**`) === true);
}

/** The folder above everything that a glob matches; a path itself. */
function rootOf(path: string, glob: boolean): string {
  return glob ? globOf(path).base : path;
}

/** Sources by the folders that hold them. */
class SourceIndex {
  readonly #below = new Map<string, Source[]>();

  constructor(sources: readonly Source[]) {
    const seen = new Set<string>();
    for (const source of sources) {
      const key = `${source.path}\0${source.reader}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const root = rootOf(source.path, source.glob);
      const folders = foldersOf(root);
      for (const folder of source.glob ? [root, ...folders] : folders) {
        const list = this.#below.get(folder);
        if (list === undefined) this.#below.set(folder, [source]);
        else list.push(source);
      }
    }
  }

  below(folder: string): readonly Source[] {
    return this.#below.get(folder) ?? [];
  }
}

/**
 * @param definition path of the pipeline
 * @param where where the task is, for people: empty, or ` of FILE`
 */
function readBy({ task, inputs }: Instance, definition: string, where: string): Source[] {
  const reader = `which "${task.name}"${where} reads`;
  const sources = inputs.flatMap(({ path, glob }): Source[] =>
    path === undefined || isOutside(path) ? [] : [{ path, glob, reader, task, definition }],
  );
  const others: (readonly [TemplateText | undefined, string])[] = [
    [task.workingDirectory, `in which "${task.name}"${where} works`],
  ];
  for (const { text, role, input } of listed(task.action, 'paths')) {
    if (role === 'data' && input === undefined) others.push([text, reader]);
  }
  for (const [text, how] of others) {
    if (text === undefined || text.template !== undefined || text.text.trim() === '') continue;
    const path = normalizePath(text.text.trim());
    if (path === '.' || isOutside(path)) continue;
    // A folder that is worked in is held by an output that is this very folder, too.
    if (text === task.workingDirectory)
      sources.push({ path: `${path}/**`, glob: true, reader: how, task, definition });
    else sources.push({ path, glob: false, reader: how, task, definition });
  }
  return sources;
}

function sourcesIn(definition: Definition, graphOf: (pipeline: Pipeline) => Graph): Source[] {
  if (definition.kind === 'pipeline') {
    const { instances } = graphOf(definition.pipeline);
    return instances.flatMap((instance) => readBy(instance, definition.path, ` of ${definition.path}`));
  }
  if (definition.kind !== 'features') return [];
  return definition.features.views.flatMap(({ name, source }): Source[] => {
    const written = source?.path?.value ?? '';
    const path = normalizePath(written);
    if (written === '' || isOutside(path)) return [];
    return [
      {
        path,
        glob: isGlob(written),
        reader: `which the feature view "${name}" reads`,
        task: undefined,
        definition: definition.path,
      },
    ];
  });
}
