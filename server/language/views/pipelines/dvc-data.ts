/** What DVC keeps in a project, for the tree in the sidebar. */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { Project } from '../../../project/project.js';
import type { DvcDataItem, Requests } from '../../../protocol/index.js';
import { isDvc } from '../../../rules/dvc/resolved.js';
import { stagesOf } from '../../../rules/dvc/runnable.js';
import { DvcData, type DataEntry } from '../../../runner/dvc/data/data.js';
import { openMemory } from '../../../runner/dvc/open.js';
import { PLAN_BYTES } from '../../../runner/resolve/workspace.js';
import { uriOfPath } from '../../documents.js';

/** Of stages whose file has errors nothing is told. */
export async function dvcData(project: Project): Promise<Requests['modelyard/dvcData']['result']> {
  const { root } = project;
  const memory = openMemory(root, process.env, { mostBytes: PLAN_BYTES });
  if (!memory.ok) return { items: [], problem: memory.problem };
  const view = project.view();
  const stages = project
    .definitions()
    .filter(isDvc)
    .flatMap((one) => stagesOf(one, view, root).pipeline.tasks)
    .flatMap(({ name, stage }) => (stage === undefined ? [] : [[name, stage] as const]));
  try {
    const entries = await new DvcData(root, memory, [...new Map(stages).values()]).list();
    return { items: entries.map((one) => itemOf(root, one)) };
  } catch (error) {
    return { items: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

function itemOf(root: string, { owner, file, item, state }: DataEntry): DvcDataItem {
  return {
    projectUri: uriOfPath(root),
    path: file,
    uri: uriOfPath(path.join(root, file)),
    owner,
    ...defined({ bytes: item.size, files: item.nfiles }),
    state,
  };
}
