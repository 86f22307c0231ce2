/** What the tasks of pipelines make, so that it can be asked whether a path comes from one of them. */
import type { Definition } from '../../model/analyze.js';
import type { Pipeline } from '../../model/definition.js';
import { graphOf } from '../context.js';
import { foldersOf } from '../../model/paths.js';
import { globBase, literalPrefix, normalizePath } from '../paths.js';
import type { ProjectView } from '../rule.js';

export interface OutputIndex {
  /** Paths of outputs. */
  readonly paths: ReadonlySet<string>;
  /** Folders that an output lies in. */
  readonly folders: ReadonlySet<string>;
  /** Folders that paths begin with which are only known at run time; `''` where nothing is. */
  readonly prefixes: ReadonlySet<string>;
  /** Folders that such a folder lies in. */
  readonly prefixFolders: ReadonlySet<string>;
}

// A pipeline is a value: its outputs are the same as long as it lives.
const indexes = new WeakMap<Pipeline, OutputIndex>();

export function outputIndex(pipeline: Pipeline): OutputIndex {
  let index = indexes.get(pipeline);
  if (index === undefined) {
    index = build(pipeline);
    indexes.set(pipeline, index);
  }
  return index;
}

function build(pipeline: Pipeline): OutputIndex {
  const paths = new Set<string>();
  const folders = new Set<string>();
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
      if (output.glob) prefixes.add(globBase(output.path ?? ''));
      else if (output.path !== undefined) add(output.path);
      // A param can be another one in the next run, so its default says only how the path begins.
      if (output.path === undefined || output.text.template !== undefined) {
        prefixes.add(normalizePath(literalPrefix(output.text).replace(/[^/]*$/, '')) ?? '');
      }
    }
  }
  return {
    paths,
    folders,
    prefixes,
    prefixFolders: new Set([...prefixes].flatMap((one) => [...foldersOf(one)])),
  };
}

/** Whether a task may make something at the path, above it or below it. */
export function mayMake(index: OutputIndex, path: string): boolean {
  if (index.paths.has(path) || index.folders.has(path)) return true;
  if (index.prefixes.has('') || index.prefixes.has(path) || index.prefixFolders.has(path)) return true;
  for (const folder of foldersOf(path))
    if (index.paths.has(folder) || index.prefixes.has(folder)) return true;
  return false;
}

/** A path that a pipeline writes. */
export interface Writer {
  readonly path: string;
  /** Path of the pipeline's file. */
  readonly definition: string;
}

/** The outputs of all pipelines of a project. */
class ProjectOutputs implements OutputIndex {
  readonly paths = new Set<string>();
  readonly folders = new Set<string>();
  readonly prefixes = new Set<string>();
  readonly prefixFolders = new Set<string>();
  /** By path, and by the folders that hold them: of two pipelines each, so that one is another. */
  readonly #at = new Map<string, Writer[]>();
  readonly #below = new Map<string, Writer[]>();

  constructor(definitions: readonly Definition[]) {
    for (const definition of definitions) {
      if (definition.kind !== 'pipeline') continue;
      const index = outputIndex(definition.pipeline);
      for (const kind of ['paths', 'folders', 'prefixes', 'prefixFolders'] as const)
        for (const path of index[kind]) this[kind].add(path);
      for (const path of index.paths) {
        const writer = { path, definition: definition.path };
        note(this.#at, path, writer);
        for (const folder of foldersOf(path)) note(this.#below, folder, writer);
      }
    }
  }

  /** Who else writes a path, above it or in it. */
  otherWriter(path: string, own: string): Writer | undefined {
    const other = (writers: readonly Writer[] | undefined): Writer | undefined =>
      writers?.find(({ definition }) => definition !== own);
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
  else if (list.length < 2 && list[0]?.definition !== writer.definition) list.push(writer);
}

// A project gives the same list until a definition changes.
const projects = new WeakMap<readonly Definition[], ProjectOutputs>();

/** What all pipelines of a project make. */
export function projectOutputs(project: ProjectView): ProjectOutputs {
  const definitions = project.definitions();
  let outputs = projects.get(definitions);
  if (outputs === undefined) {
    outputs = new ProjectOutputs(definitions);
    projects.set(definitions, outputs);
  }
  return outputs;
}
