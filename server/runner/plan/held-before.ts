/** Before anything starts: outputs that hold definitions, or what others read and no run has made. */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { buildGraph } from '../../definition/graph/graph.js';
import { type HeldFacts, heldSources } from '../../definition/graph/held-sources.js';
import { madeBefore } from './made-before.js';
import { foundAt, isHollow } from '../execute/outputs-before.js';
import type { Session } from '../session.js';
import type { ReadInput } from '../resolve/workspace.js';

type ReadContent = (path: string) => ReadInput | Promise<ReadInput>;

/**
 * Lint says the same of the definition; but params lead elsewhere, and other files may have come since it was checked. The rest
 * of the project is read only where something is at an output's path that a run is not known to have made.
 *
 * @param read content of what is at an output's path
 * @returns why nothing can be run
 */
export async function heldSource(session: Session, read: ReadContent): Promise<string | undefined> {
  const doubtful = new Set<string>();
  for (const { outputs } of session.selectedInstances()) {
    for (const { path: file, glob, output } of outputs) {
      if (file === undefined || glob || output?.persist === true || doubtful.has(file)) continue;
      if (await isDoubtful(session, file, read)) doubtful.add(file);
    }
  }
  const own = { path: session.pipeline.path, graph: session.graph };
  const selected = new Set(session.selectedInstances().map(({ id }) => id));
  const others = doubtful.size === 0 ? undefined : await projectView(session.root);
  const found = heldSources(
    own,
    others?.definitions() ?? [],
    buildGraph,
    others === undefined ? undefined : factsOf(others, madeBefore(session.root), doubtful),
  );
  for (const { instance, output, message } of found) {
    if (selected.has(instance.id)) return `${instance.id}: its output ${output.path ?? ''} ${message}`;
  }
  return undefined;
}

/** What is asked of outputs that are in doubt; of the others no more is to be known. */
function factsOf(
  project: Awaited<ReturnType<typeof projectView>>,
  made: (file: string) => boolean,
  doubtful: ReadonlySet<string>,
): HeldFacts {
  return {
    probe: (file) => project.probe(file),
    matches: (glob) => project.matches?.(glob),
    made: (file) => !doubtful.has(file) || made(file),
  };
}

/** Whether files are at an output's path that no run is known to have made. */
async function isDoubtful(session: Session, file: string, read: ReadContent): Promise<boolean> {
  const absolute = session.workspace.absolute(file);
  const stat = lstatSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined || stat.isSymbolicLink()) return false;
  if (stat.isDirectory() && isHollow(absolute)) return false;
  // What was made once is looked at only where definitions may have been put into it.
  const recorded = session.states.recorded(file).length > 0;
  if (recorded && !(stat.isDirectory() ? holdsYaml(absolute) : isYaml(file))) return false;
  return (await foundAt(session, file, read)) !== 'known';
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

function holdsYaml(folder: string): boolean {
  try {
    return readdirSync(folder, { withFileTypes: true }).some((entry) =>
      entry.isDirectory() ? holdsYaml(path.join(folder, entry.name)) : isYaml(entry.name),
    );
  } catch {
    return false;
  }
}

async function projectView(root: string) {
  const { Project } = await import('../../project/project.js');
  return Project.open(root).view();
}
