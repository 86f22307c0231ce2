/** Memories of open projects that this machine has not made: what they are, and saying yes to one. */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { Project } from '../project/project.js';
import type { ForeignMemory, Outcome, Requests } from '../protocol/index.js';
import { isFolder, namesIn } from '../stores/disk/folder.js';
import { layoutOf } from '../stores/layout.js';
import { trustCopy } from '../runner/trust-copy.js';
import { foreignMemory } from '../stores/trust.js';
import { uriOfPath } from './documents.js';
import { text } from './params.js';

const UNTRUSTED: Outcome = {
  ok: false,
  message: 'In Restricted Mode no memory is trusted. Trust the workspace first if you trust its authors.',
};

/** What lies in the folders of a memory, in a person's words. */
const CONTENTS: Readonly<Record<string, string>> = {
  runs: 'runs',
  cache: 'cached outputs',
  models: 'models',
  packages: 'packages',
  environments: 'releases',
  services: 'services',
  features: 'features',
};

export interface MemoriesHost {
  readonly projects: () => readonly Project[];
  readonly projectByUri: (uri: string) => Project | undefined;
  readonly trusted: () => boolean;
  /** A memory of this project is trusted now: whatever is shown of it may be another. */
  readonly changed: (root: string) => void;
}

type On = <M extends 'modelyard/foreignMemories' | 'modelyard/trustMemory'>(
  method: M,
  handle: (params: Requests[M]['params']) => Requests[M]['result'],
) => void;

function foreignOf(root: string): ForeignMemory[] {
  const layout = layoutOf(root);
  const problem = foreignMemory(layout);
  if (problem === undefined) return [];
  const memory = path.join(layout.root, '.modelyard');
  const stat = lstatSync(memory, { throwIfNoEntry: false });
  const canTrust = isFolder(memory);
  return [
    {
      projectUri: uriOfPath(root),
      uri: uriOfPath(memory),
      id: `${memory}:${stat?.dev ?? 0}:${stat?.ino ?? 0}`,
      canTrust,
      holds: canTrust
        ? Object.entries(CONTENTS).flatMap(([folder, words]) =>
            namesIn(path.join(memory, folder)).length > 0 ? [words] : [],
          )
        : [],
      message: problem.message,
    },
  ];
}

function trust({ projectByUri, trusted, changed }: MemoriesHost, projectUri: string): Outcome {
  if (!trusted()) return UNTRUSTED;
  const project = projectByUri(projectUri);
  if (project === undefined) return { ok: false, message: `There is no open project at ${projectUri}.` };
  const done = trustCopy(layoutOf(project.root));
  if (!done.ok) return done;
  changed(project.root);
  return { ok: true };
}

export function registerMemories(on: On, host: MemoriesHost): void {
  on('modelyard/foreignMemories', () => ({
    memories: host.projects().flatMap(({ root }) => foreignOf(root)),
  }));
  on('modelyard/trustMemory', (params) => trust(host, text(params, 'projectUri')));
}
