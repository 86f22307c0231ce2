/** Which paths runs are known to have put something out at, whatever is there now. */
import path from 'node:path';
import { fileStamp, namesIn } from '../../stores/disk/folder.js';
import { layoutOf } from '../../stores/layout.js';
import { RunStore } from '../../stores/runs/runs.js';
import { TaskStates, statesFolder } from './state.js';

/** So many of the newest runs are asked, where no task remembers the path. */
const RECENT_RUNS = 50;

/**
 * What is known of a project's outputs. Nothing is read until somebody asks, and again only what has changed since.
 *
 * @param root of the project
 */
export function madeBefore(root: string): (file: string) => boolean {
  const layout = layoutOf(root);
  const remembered = fresh(
    () => namesIn(statesFolder(layout)).map((name) => path.join(statesFolder(layout), name)),
    (files) => files.flatMap((file) => (file.endsWith('.ndjson') ? new TaskStates(file).paths() : [])),
  );
  // What tasks remember is derived and may have been deleted; the runs are what it was derived from.
  const recorded = fresh(
    () => [path.join(layout.runs, 'index.ndjson')],
    () => pathsOfRuns(new RunStore(layout)),
  );
  return (file) => remembered().has(file) || recorded().has(file);
}

/** Paths that are read anew when one of the files that they rest on is another one. */
function fresh(
  filesOf: () => readonly string[],
  read: (files: readonly string[]) => readonly string[],
): () => ReadonlySet<string> {
  let known: { readonly stamp: string; readonly paths: ReadonlySet<string> } | undefined;
  return () => {
    const files = filesOf();
    const stamp = files.map((file) => `${file} ${fileStamp(file)}`).join('\n');
    if (known?.stamp !== stamp) known = { stamp, paths: new Set(read(files)) };
    return known.paths;
  };
}

function pathsOfRuns(store: RunStore): readonly string[] {
  return store.list({ limit: RECENT_RUNS, source: 'pipeline' }).flatMap(({ id }) => {
    const read = store.read(id);
    return read.ok ? read.run.tasks.flatMap(({ outputs }) => outputs.map((output) => output.path)) : [];
  });
}
