/**
 * What is known of a job on the disk, so that any process of the project can go on with it or end it: `.modelyard/jobs/<name>/`.
 * It is written before the job is submitted, and removed when a run has taken the job's end.
 */
import { existsSync, mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isRecord } from '../../../base/is-record.js';
import { writeAtomic } from '../../../stores/disk/atomic.js';
import { isFolder, namesIn, withFolder } from '../../../stores/disk/folder.js';
import type { Layout } from '../../../stores/layout.js';
import { readPlainText } from '../../../stores/disk/plain-file.js';
import type { JobMemo } from '../executor.js';
import { FILES } from './jobs/script.js';

export interface JobEntry {
  readonly version: 1;
  /** Unique: run, task, attempt. */
  readonly name: string;
  readonly executor: string;
  /** The run that it belongs to now. */
  readonly run: string;
  readonly pipeline: string;
  readonly task: string;
  readonly attempt: number;
  /** Absolute: script, markers and output. */
  readonly folder: string;
  readonly memo: JobMemo;
  /** ISO. */
  readonly submittedAt: string;
  /** Slurm's; absent: it is being submitted, or the runner was killed before it heard of it. */
  readonly id?: string;
  /** It was submitted together with others. */
  readonly batch?: BatchPlace;
  /** Where the cluster is another machine's. */
  readonly remote?: RemotePlace;
}

/** A project as the jobs of a cluster see it that is reached over SSH. Paths are absolute there. */
export interface RemotePlace {
  readonly login: string;
  readonly root: string;
  /** Of the jobs' folders. */
  readonly jobs: string;
  /** It is a copy: files are brought there and back. */
  readonly copied: boolean;
  /** The jobs' folders are not seen here: what jobs write there is brought here. */
  readonly mirrored: boolean;
}

/** Where a job is among those that were submitted as one. */
export interface BatchPlace {
  /** Unique; what Slurm calls them all. */
  readonly name: string;
  /** Its element of the array; absent: it is no array. */
  readonly index?: number;
  /** Names of those that share the element, which are done one after the other; it is one of them. */
  readonly members: readonly string[];
}

/** The name by which Slurm knows it. */
export function queueName({ name, batch }: Pick<JobEntry, 'name' | 'batch'>): string {
  return batch?.name ?? name;
}

/** Whether others are done in the same job of Slurm. */
export function isShared({ batch }: Pick<JobEntry, 'batch'>): boolean {
  return batch !== undefined && batch.members.length > 1;
}

/** Its id, where it was submitted as this one. @param id of an array, or of any of its elements */
export function idIn(id: string, { batch }: Pick<JobEntry, 'batch'>): string {
  const [whole = id] = id.split('_');
  return batch?.index === undefined ? whole : `${whole}_${batch.index}`;
}

/** The folder of what was submitted together, with Slurm's own logs. Absolute. */
export function batchFolder({ folder, batch }: Pick<JobEntry, 'folder' | 'batch'>): string {
  return batch === undefined ? folder : path.join(path.dirname(folder), batch.name);
}

/** What Slurm itself says of the job. Absolute. */
export function logOf(entry: Pick<JobEntry, 'folder' | 'batch'>): string {
  const index = entry.batch?.index;
  return path.join(batchFolder(entry), index === undefined ? SLURM_LOG : `${index}.log`);
}

export const SLURM_LOG = 'slurm.log';

const LOG_NAME = /^(?:\d+|slurm)\.log$/;

/** In the folder of a batch: the names of the jobs that were submitted together. */
const MEMBERS = 'jobs.json';

/** Makes the folder of what is submitted together. @param names of its jobs. Throws the system's errors */
export function makeBatch(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(folder, MEMBERS), JSON.stringify(names));
}

/** Takes the folder of a batch away when the last of its jobs has left it: is forgotten, or submitted with others. */
export function leaveBatch(layout: Layout, entry: JobEntry): void {
  if (entry.batch === undefined) return;
  const folder = batchFolder(entry);
  const { name: batch } = entry.batch;
  try {
    const names: unknown = JSON.parse(readPlainText(path.join(folder, MEMBERS)));
    // Jobs leave in their order: the last one is there the longest.
    const isUsed = (name: unknown): boolean =>
      typeof name === 'string' && readEntry(layout, name)?.batch?.name === batch;
    if (!Array.isArray(names) || names.findLast(isUsed) !== undefined) return;
    for (const name of namesIn(folder))
      if (name === MEMBERS || LOG_NAME.test(name)) rmSync(path.join(folder, name));
    rmdirSync(folder);
  } catch {
    // It is gone, or somebody has put something there.
  }
}

const ENTRY = 'job.json';

const fileOf = ({ jobs }: Layout, name: string): string => path.join(jobs, name, ENTRY);

export function writeEntry(layout: Layout, entry: JobEntry): void {
  const file = fileOf(layout, entry.name);
  const text = JSON.stringify(entry);
  // Where jobs have their folders elsewhere it is the first in this one.
  withFolder(file, () => writeAtomic(file, text));
}

export function readEntry(layout: Layout, name: string): JobEntry | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(fileOf(layout, name)));
    if (!isRecord(value)) return undefined;
    const { executor, run, pipeline, task, folder, submittedAt, attempt, memo, batch, remote } = value;
    const texts = [executor, run, pipeline, task, folder, submittedAt];
    const whole =
      texts.every((text) => typeof text === 'string') &&
      typeof attempt === 'number' &&
      isMemo(memo) &&
      (batch === undefined || isPlace(batch)) &&
      (remote === undefined || isRemote(remote));
    return whole && value['version'] === 1 && value['name'] === name
      ? (value as unknown as JobEntry)
      : undefined;
  } catch {
    return undefined;
  }
}

function isMemo(memo: unknown): boolean {
  if (!isRecord(memo)) return false;
  const { fingerprint, outputs, globs = [], strangers, ahead } = memo;
  const isAhead =
    ahead === undefined || (isRecord(ahead) && isRecord(ahead['after']) && isRecord(ahead['inputs']));
  const areLists = Array.isArray(outputs) && Array.isArray(globs);
  return typeof fingerprint === 'string' && areLists && isRecord(strangers) && isAhead;
}

function isRemote(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { login, root, jobs, copied, mirrored } = value;
  const isLogin = typeof login === 'string' && login !== '' && !login.startsWith('-');
  const isPath = (one: unknown): boolean => typeof one === 'string' && path.posix.isAbsolute(one);
  return (
    isLogin && isPath(root) && isPath(jobs) && typeof copied === 'boolean' && typeof mirrored === 'boolean'
  );
}

/** Its names become paths: they are those of folders beside the job's. */
function isPlace(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { name, index = 0, members } = value;
  const isName = (one: unknown): boolean =>
    typeof one === 'string' && path.basename(one) === one && !/^\.{0,2}$/.test(one);
  return isName(name) && Number.isInteger(index) && Array.isArray(members) && members.every(isName);
}

/** The oldest first. What can't be read is left out, and stays. */
export function readEntries(layout: Layout): readonly JobEntry[] {
  return namesIn(layout.jobs)
    .flatMap((name) => readEntry(layout, name) ?? [])
    .sort((a, b) => (a.submittedAt < b.submittedAt ? -1 : 1));
}

/** The scripts of a run's jobs that have not ended, by task. */
export function jobScripts(layout: Layout, run: string): ReadonlyMap<string, string> {
  const own = readEntries(layout).filter((entry) => entry.run === run);
  return new Map(own.map(({ task, folder }) => [task, path.join(folder, FILES.script)]));
}

/** A job whose end was taken leaves nothing. */
export function removeEntry(layout: Layout, entry: JobEntry): void {
  const { name, folder } = entry;
  // What lies in another place is ours only where it looks so.
  const isOurs = path.basename(folder) === name && existsSync(path.join(folder, FILES.script));
  if (isOurs && isFolder(folder)) rmSync(folder, { recursive: true, force: true });
  const own = path.join(layout.jobs, name);
  if (existsSync(own)) rmSync(own, { recursive: true, force: true });
  leaveBatch(layout, entry);
}
