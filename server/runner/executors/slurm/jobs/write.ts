/** Puts a job's script into its folder, and knows in which folders the jobs of this process leave their marks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../../base/defined.js';
import { withFolder } from '../../../../stores/disk/folder.js';
import { errorCode } from '../../../../stores/disk/problem.js';
import type { Layout } from '../../../../stores/layout.js';
import { shellArguments } from '../../../execute/shells.js';
import type { After, ExecutorJob } from '../../executor.js';
import { type BatchPlace, type JobEntry, isShared, writeEntry } from '../entry.js';
import type { Own } from '../environment.js';
import { FILES, jobScript } from './script.js';
import type { RemoteProject } from '../ssh/remote-project.js';

export interface Preparation {
  readonly setup: readonly string[];
  readonly own: Own;
  readonly batch?: BatchPlace;
  readonly after: After;
  /** Where the job sees it elsewhere. */
  readonly project?: RemoteProject;
  /** Folders where programs are looked for first. */
  readonly path?: string;
  /** Of it alone, where it shares its job with others. */
  readonly timeMs?: number;
}

/** By executor, id and task. */
const folders = new Map<string, string>();

export function rememberFolder({ executor, id = '', task, folder }: JobEntry): void {
  folders.set(`${executor} ${id} ${task}`, folder);
}

/** Where another task of the same executor says how its job has ended. Throws where that is not known. */
function markOf(executor: string, task: string, id: string): string {
  const folder = folders.get(`${executor} ${id} ${task}`);
  if (folder === undefined) throw new Error(`job ${id} is not known here`);
  return path.join(folder, FILES.done);
}

/** Only for this user: others of the project have jobs of their own beside it. */
function makeFolder(folder: string): void {
  try {
    withFolder(folder, () => mkdirSync(folder, { mode: 0o700 }));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** @returns the script. Throws the system's errors */
export function writeJob(
  layout: Layout,
  entry: JobEntry,
  { script: { shell, text }, cwd, graceMs }: ExecutorJob,
  { setup, own, after, timeMs, project, path: searched }: Preparation,
): string {
  const { folder, name, executor } = entry;
  const there = (one: string): string => project?.there(one) ?? one;
  makeFolder(folder);
  const { args } = shellArguments(shell, text, (content) => {
    const file = path.join(folder, `commands${shell.extension}`);
    writeFileSync(file, content, { mode: 0o600 });
    return there(file);
  });
  const marks = Object.entries(after.jobs).map(([task, id]) => there(markOf(executor, task, id)));
  const shared = isShared(entry) ? { graceMs, ...defined({ timeMs }) } : undefined;
  const awaited = { marks, files: after.files.map(there) };
  const script = jobScript({
    ...{ name, folder: there(folder), cwd: there(cwd), setup, shell, args, own },
    after: awaited,
    ...defined({ shared, path: searched }),
  });
  writeFileSync(path.join(folder, FILES.script), script, { mode: 0o600 });
  writeEntry(layout, entry);
  return script;
}
