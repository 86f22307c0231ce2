/** Files that a pipeline reads, followed while somebody works on them, and what of a run is out of date when some change. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../../base/json.js';
import { NEVER_WALKED } from '../../base/never-walked.js';
import { listed } from '../../definition/actions.js';
import type { Pipeline } from '../../definition/definition.js';
import { globOf } from '../../definition/text/glob.js';
import { type Graph, buildGraph } from '../../definition/graph/graph.js';
import { foldersOf, isGlob, isWithin, normalizePath } from '../../definition/text/paths.js';
import { type Selection, select } from '../../runner/select.js';
import { fileStamp } from '../../stores/disk/folder.js';
import { expandGlob } from '../../stores/content/linked-folders.js';

/** More are not followed one by one: the next run finds what has changed in the rest. */
const MOST_FILES = 20_000;

/** By path, relative to the project. */
export type Stamps = ReadonlyMap<string, string>;

export interface WatchedFiles {
  readonly graph: Graph;
  /** As of now; with files that have come since. */
  look(): Stamps;
  /** Whether the definition is made of it. */
  defines(file: string): boolean;
  /** Ids of the instances that read a file by what the definition says. */
  readers(file: string): ReadonlySet<string>;
}

/** @param own files that the definition was made of, relative to the project */
export function watchedFiles(
  root: string,
  pipeline: Pipeline,
  params: Readonly<Record<string, Json>>,
  selection: Selection,
  own: readonly string[],
): WatchedFiles {
  const graph = buildGraph(pipeline, { params });
  const chosen = select(graph, selection);
  const wanted = graph.instances.filter(({ id }) => !chosen.ok || chosen.ids.has(id));
  const plain = new Map<string, Set<string>>(own.map((file) => [file, new Set()]));
  const globs = new Map<string, Set<string>>();
  const add = (file: string, isPattern: boolean, id: string): void => {
    const map = isPattern ? globs : plain;
    map.set(file, (map.get(file) ?? new Set()).add(id));
  };
  for (const { id, task, inputs } of wanted) {
    for (const { path: file, glob } of inputs) if (file !== undefined) add(file, glob, id);
    for (const { role, input, text } of listed(task.action, 'paths')) {
      // What it leaves out is no change.
      if ((role === 'pattern' && input === undefined) || text.template !== undefined) continue;
      add(normalizePath(text.text), isGlob(text.text), id);
    }
    for (const { path: file } of [...(pipeline.envFiles ?? []), ...(task.envFiles ?? [])])
      add(normalizePath(file.text), false, id);
  }
  const outputs = wanted.flatMap((one) => one.outputs);
  // What the run itself makes is no change that somebody has made.
  const isMade = (file: string): boolean =>
    outputs.some(({ path: made, glob }) =>
      made === undefined ? false : glob ? globOf(made).matches(file) : isWithin(file, made),
    );
  return {
    graph,
    defines: (file) => own.includes(file),
    readers: (file) => {
      const found = new Set<string>();
      for (const [one, ids] of plain) if (isWithin(file, one)) for (const id of ids) found.add(id);
      for (const [one, ids] of globs)
        if ([file, ...foldersOf(file)].some(globOf(one).matches)) for (const id of ids) found.add(id);
      return found;
    },
    look: () => {
      const stamps = new Map<string, string>();
      const note = (file: string): void => {
        if (stamps.size < MOST_FILES && !stamps.has(file) && !isMade(file))
          stamps.set(file, fileStamp(path.join(root, file)));
      };
      for (const file of plain.keys()) filesIn(root, file).forEach(note);
      for (const glob of globs.keys())
        expanded(root, glob)
          .flatMap((one) => filesIn(root, one))
          .forEach(note);
      return stamps;
    },
  };
}

function expanded(root: string, glob: string): readonly string[] {
  try {
    return expandGlob(root, glob, { whole: () => true });
  } catch {
    return [];
  }
}

/** Of a folder what is in it, else the path itself. */
function filesIn(root: string, file: string): readonly string[] {
  try {
    return readdirSync(path.join(root, file), { withFileTypes: true }).flatMap((entry) => {
      if (NEVER_WALKED.has(entry.name)) return [];
      const inner = file === '.' ? entry.name : `${file}/${entry.name}`;
      return entry.isDirectory() ? filesIn(root, inner) : [inner];
    });
  } catch {
    return [file];
  }
}

/** Paths whose stamps differ. */
export function differences(before: Stamps, now: Stamps): readonly string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((file) => before.get(file) !== now.get(file));
}

/** How far a run has come: ids of instances. */
export interface Progress {
  readonly running: ReadonlySet<string>;
  /** In whichever way. */
  readonly ended: ReadonlySet<string>;
}

interface Verdict {
  /** What runs works with what is not so any more. */
  readonly cancel: boolean;
  /** Something has to run again after this run. */
  readonly again: boolean;
}

/**
 * What a change means for a run that is under way. What has not begun reads the files as they will be then. What has ended
 * is run again afterwards. What runs is out of date when it has read what changed, or follows what is to run again.
 *
 * @param changed ids of instances whose commands, inputs or values are others now
 */
export function verdictOf(graph: Graph, { running, ended }: Progress, changed: Iterable<string>): Verdict {
  const stale = new Set([...changed].filter((id) => running.has(id) || ended.has(id)));
  const again = stale.size > 0;
  // A set that grows is gone through to its end.
  for (const id of stale) for (const { to } of graph.outgoing(id)) stale.add(to);
  return { cancel: [...running].some((id) => stale.has(id)), again };
}
