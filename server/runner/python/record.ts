/** What a run writes down of the interpreters that its tasks use. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { Choice } from '../../python/choose.js';
import type { PythonRecord } from '../../stores/runs/document.js';
import type { Session } from '../session.js';

/** Files that pin what is installed; the first one that a project has counts. */
const LOCK_FILES = [
  'uv.lock',
  'poetry.lock',
  'pixi.lock',
  'pdm.lock',
  'pylock.toml',
  'Pipfile.lock',
  'conda-lock.yml',
  'requirements.lock',
  'requirements.txt',
  'environment.yml',
];

/** Of the tasks that are selected. Nothing is read where none of them uses Python. */
export function pythonRecords(session: Session): Readonly<{ python?: readonly PythonRecord[] }> {
  const used = new Map<string, { readonly choice: Choice; readonly tasks: Set<string> }>();
  for (const { task } of session.selectedInstances()) {
    const { choice, uses } = session.pythons.of(task);
    if (choice === undefined || !uses) continue;
    const known = used.get(choice.python.path) ?? { choice, tasks: new Set() };
    known.tasks.add(task.name);
    used.set(choice.python.path, known);
  }
  if (used.size === 0) return {};
  const lock = lockOf(session);
  const python = [...used.values()].map(({ choice, tasks }) => ({
    path: choice.python.path,
    name: choice.name,
    source: choice.source,
    packages: session.pythons.packages(choice),
    tasks: [...tasks],
    ...defined({ version: choice.python.version, lock }),
  }));
  return { python };
}

function lockOf({ root, hashes }: Session): PythonRecord['lock'] {
  for (const name of LOCK_FILES) {
    const found = hashes.hash(path.join(root, name));
    if (found.ok) return { path: name, hash: found.hash };
  }
  return undefined;
}
