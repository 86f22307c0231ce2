/** What runs have set aside, for views. */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { TrashEntry } from '../../protocol/index.js';
import type { RunStore } from '../../stores/runs/runs.js';
import { mimeOf } from '../../stores/disk/mime.js';
import { listTrash } from '../../stores/trash.js';
import type { TrashItem } from '../../stores/trash.js';
import { uriOfPath } from '../documents.js';

/** The newest first. @param run only what this run has set aside */
export function trashEntries(store: RunStore, run?: string): TrashEntry[] {
  const { root } = store.layout;
  const pipelines = new Map<string, string | undefined>();
  return listTrash(store.layout, run).map((item) => {
    if (!pipelines.has(item.run)) {
      const read = store.read(item.run);
      pipelines.set(item.run, read.ok ? read.run.pipeline : undefined);
    }
    return entryOf(root, item, pipelines.get(item.run));
  });
}

function entryOf(root: string, item: TrashItem, pipeline: string | undefined): TrashEntry {
  const { id, run, task, path: where, reason, at, file } = item;
  const stat = lstatSync(file, { throwIfNoEntry: false });
  const folder = stat?.isDirectory() === true;
  return {
    projectUri: uriOfPath(root),
    id,
    run,
    ...defined({ pipeline }),
    task,
    path: where,
    reason,
    at,
    uri: uriOfPath(file),
    mime: folder ? 'inode/directory' : mimeOf(file),
    ...(stat === undefined || folder ? {} : { bytes: stat.size }),
    free: lstatSync(path.join(root, ...where.split('/')), { throwIfNoEntry: false }) === undefined,
  };
}
