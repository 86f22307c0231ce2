/** The files of a folder that a run put out, as the run left them where a copy was kept. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Requests } from '../../../protocol/index.js';
import { parseListing } from '../../../stores/content/hash.js';
import type { ArtifactRecord, ContentHash } from '../../../stores/runs/document.js';
import { uriOfPath } from '../../documents.js';
import { registryOf } from '../models/registry-of.js';
import { keptObject } from './view.js';
import type { RunsOf } from './view.js';
import { readPlainText } from '../../../stores/disk/plain-file.js';
import { statOf } from '../../../stores/disk/folder.js';

type Files = Requests['modelyard/artifactFiles']['result'];

/** More can't be picked from. */
const MAX_FILES = 2_000;

/** From the kept copy; without one from the workspace, as the files are now. */
export function artifactFiles(project: RunsOf, id: string, artifactPath: string): Files {
  const read = project.history.store.read(id);
  if (!read.ok) return { ok: false, message: read.problem.message };
  const artifact = read.run.tasks
    .flatMap(({ outputs }) => outputs)
    .find((output) => output.path === artifactPath && output.files !== undefined);
  if (artifact === undefined)
    return { ok: false, message: `Run ${id} has put out no folder ${artifactPath}.` };
  const kept = keptFiles(project, artifact);
  if (kept !== undefined) return { ok: true, files: kept, kept: true };
  const here = path.join(project.root, ...artifactPath.split('/'));
  return { ok: true, files: filesBelow(here), kept: false };
}

/** All of them, or `undefined`: half a folder is not what the run put out. */
function keptFiles(project: RunsOf, artifact: ArtifactRecord): { path: string; uri: string }[] | undefined {
  const { objects } = registryOf(project.root);
  const find = (hash: ContentHash): string | undefined =>
    keptObject(project.history, objects, hash, artifact.cached);
  const listing = find(artifact.hash);
  if (listing === undefined) return undefined;
  const files: { path: string; uri: string }[] = [];
  for (const line of parseListing(readPlainText(listing))) {
    if (line.kind !== 'file') continue;
    const copy = find(line.hash);
    if (copy === undefined) return undefined;
    if (files.length < MAX_FILES) files.push({ path: line.path, uri: uriOfPath(copy) });
  }
  return files;
}

function filesBelow(folder: string): { path: string; uri: string }[] {
  const files: { path: string; uri: string }[] = [];
  const walk = (at: string, prefix: string): void => {
    if (statOf(at)?.isDirectory() !== true) return;
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (files.length >= MAX_FILES) return;
      const full = path.join(at, entry.name);
      // Links are not followed: they may lead anywhere.
      if (entry.isDirectory()) walk(full, `${prefix}${entry.name}/`);
      else if (entry.isFile()) files.push({ path: prefix + entry.name, uri: uriOfPath(full) });
    }
  };
  walk(folder, '');
  return files;
}
