/** What the tasks of pipelines make, so that it can be asked whether a path comes from one of them. */
import { memo } from '../../base/memo.js';
import type { Definition } from '../../definition/read/analyze.js';
import type { Pipeline, Task } from '../../definition/definition.js';
import { graphOf } from '../context.js';
import { type Glob, globOf } from '../../definition/text/glob.js';
import { foldersOf } from '../../definition/text/paths.js';
import { literalPrefix, normalizePath } from '../shared/paths.js';
import type { ProjectView } from '../rule.js';

export interface OutputIndex {
  /** Paths of outputs. */
  readonly paths: ReadonlySet<string>;
  /** Folders that an output lies in. */
  readonly folders: ReadonlySet<string>;
  /** Outputs that are globs, as they are written. */
  readonly globs: ReadonlySet<string>;
  /** Folders that paths begin with which are only known at run time; `''` where nothing is. */
  readonly prefixes: ReadonlySet<string>;
  /** Folders that such a folder lies in. */
  readonly prefixFolders: ReadonlySet<string>;
}

// A pipeline is a value: its outputs are the same as long as it lives.
export const outputIndex = memo<Pipeline, OutputIndex>(build);

function build(pipeline: Pipeline): OutputIndex {
  const paths = new Set<string>();
  const folders = new Set<string>();
  const globs = new Set<string>();
  const prefixes = new Set<string>();
  const add = (text: string) => {
    const path = normalizePath(text);
    if (path === undefined) return;
    paths.add(path);
    for (const folder of foldersOf(path)) {
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  };
  for (const instance of graphOf(pipeline).instances) {
    for (const output of instance.outputs) {
      if (output.glob && output.path !== undefined) globs.add(output.path);
      else if (output.path !== undefined) add(output.path);
      // A param can be another one in the next run, so its default says only how the path begins.
      if (output.path === undefined || output.text.template !== undefined) {
        const prefix = literalPrefix(output.text);
        prefixes.add(normalizePath(prefix.slice(0, prefix.lastIndexOf('/') + 1)) ?? '');
      }
    }
  }
  return {
    paths,
    folders,
    globs,
    prefixes,
    prefixFolders: new Set([...prefixes].flatMap((one) => [...foldersOf(one)])),
  };
}

/** Whether a task may make something at the path, above it or below it. */
export function mayMake(index: OutputIndex, path: string): boolean {
  if (index.paths.has(path) || index.folders.has(path)) return true;
  if (index.prefixes.has('') || index.prefixes.has(path) || index.prefixFolders.has(path)) return true;
  const above = foldersOf(path);
  if (above.some((folder) => index.paths.has(folder) || index.prefixes.has(folder))) return true;
  return [...index.globs]
    .map(globOf)
    .some((glob) => glob.mayMatchIn(path) || [path, ...above].some(glob.matches));
}

/** Whether a task may make something that a glob matches; one output may be a folder. */
export function mayMakeMatching(index: OutputIndex, glob: Glob): boolean {
  const meets = (place: string): boolean => glob.matches(place) || glob.mayMatchIn(place);
  return (
    [...index.paths, ...index.prefixes].some(meets) ||
    // Two globs may match the same; it is enough that they look in the same folder.
    [...index.globs].some((made) => meets(globOf(made).base))
  );
}

/** A path that a pipeline writes. */
export interface Writer {
  readonly path: string;
  /** Path of the pipeline's file. */
  readonly definition: string;
  /** The task as it is written; nothing where params decide what it is. */
  readonly task: string | undefined;
}

/** Kept of one path: enough that one of them is another for each who asks. */
const MOST_WRITERS = 6;

/** The task of a definition as a writer knows it. */
export function writtenTask(definition: Definition, { span }: Task): string | undefined {
  const text = definition.tree.text.slice(span.start, span.end).trim();
  return text.includes('${{') ? undefined : text;
}

/** The outputs of all pipelines of a project. */
class ProjectOutputs implements OutputIndex {
  readonly paths = new Set<string>();
  readonly folders = new Set<string>();
  readonly globs = new Set<string>();
  readonly prefixes = new Set<string>();
  readonly prefixFolders = new Set<string>();
  /** By path, and by the folders that hold them. */
  readonly #at = new Map<string, Writer[]>();
  readonly #below = new Map<string, Writer[]>();

  constructor(definitions: readonly Definition[]) {
    for (const definition of definitions) {
      if (definition.kind !== 'pipeline') continue;
      const index = outputIndex(definition.pipeline);
      for (const kind of ['paths', 'folders', 'globs', 'prefixes', 'prefixFolders'] as const)
        for (const path of index[kind]) this[kind].add(path);
      for (const { task, outputs } of graphOf(definition.pipeline).instances) {
        const written = writtenTask(definition, task);
        for (const { path: given, glob } of outputs) {
          const path = given === undefined || glob ? undefined : normalizePath(given);
          if (path === undefined) continue;
          const writer = { path, definition: definition.path, task: written };
          note(this.#at, path, writer);
          for (const folder of foldersOf(path)) note(this.#below, folder, writer);
        }
      }
    }
  }

  /** Who else writes a path, above it or in it. The same task in another pipeline makes the same, and is no other. */
  otherWriter(path: string, own: Omit<Writer, 'path'>): Writer | undefined {
    const other = (writers: readonly Writer[] | undefined): Writer | undefined =>
      writers?.find(
        ({ definition, task }) => definition !== own.definition && (task === undefined || task !== own.task),
      );
    for (const place of [path, ...foldersOf(path)]) {
      const found = other(this.#at.get(place));
      if (found !== undefined) return found;
    }
    return other(this.#below.get(path));
  }
}

function note(map: Map<string, Writer[]>, key: string, writer: Writer): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [writer]);
  else if (
    list.length < MOST_WRITERS &&
    !list.some(({ definition, task }) => definition === writer.definition && task === writer.task)
  ) {
    list.push(writer);
  }
}

// A project gives the same list until a definition changes.
const outputsOf = memo((definitions: readonly Definition[]) => new ProjectOutputs(definitions));

/** What all pipelines of a project make. */
export function projectOutputs(project: ProjectView): ProjectOutputs {
  return outputsOf(project.definitions());
}
