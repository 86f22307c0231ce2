/**
 * What is known of a job on the disk, so that any process of the project can go on with it or end it: `.modelyard/jobs/<name>/`.
 * It is written before the job is submitted, and removed when a run has taken the job's end.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { isRecord } from '../../../base/is-record.js';
import { writeAtomic } from '../../../stores/atomic.js';
import { isFolder, namesIn } from '../../../stores/folder.js';
import type { Layout } from '../../../stores/layout.js';
import { readPlainText } from '../../../stores/plain-file.js';
import type { JobMemo } from '../executor.js';
import { FILES } from './script.js';

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
}

const ENTRY = 'job.json';

const fileOf = ({ jobs }: Layout, name: string): string => path.join(jobs, name, ENTRY);

export function writeEntry(layout: Layout, entry: JobEntry): void {
  mkdirSync(path.join(layout.jobs, entry.name), { recursive: true });
  writeAtomic(fileOf(layout, entry.name), JSON.stringify(entry));
}

export function readEntry(layout: Layout, name: string): JobEntry | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(fileOf(layout, name)));
    if (!isRecord(value)) return undefined;
    const { executor, run, pipeline, task, folder, submittedAt, attempt, memo } = value;
    const texts = [executor, run, pipeline, task, folder, submittedAt];
    const whole =
      texts.every((text) => typeof text === 'string') && typeof attempt === 'number' && isMemo(memo);
    return whole && value['version'] === 1 && value['name'] === name
      ? (value as unknown as JobEntry)
      : undefined;
  } catch {
    return undefined;
  }
}

function isMemo(memo: unknown): boolean {
  if (!isRecord(memo)) return false;
  const { fingerprint, outputs, strangers, ahead } = memo;
  const isAhead =
    ahead === undefined || (isRecord(ahead) && isRecord(ahead['after']) && isRecord(ahead['inputs']));
  return typeof fingerprint === 'string' && Array.isArray(outputs) && isRecord(strangers) && isAhead;
}

/** The oldest first. What can't be read is left out, and stays. */
export function readEntries(layout: Layout): readonly JobEntry[] {
  return namesIn(layout.jobs)
    .flatMap((name) => readEntry(layout, name) ?? [])
    .sort((a, b) => (a.submittedAt < b.submittedAt ? -1 : 1));
}

/** A job whose end was taken leaves nothing. */
export function removeEntry(layout: Layout, { name, folder }: JobEntry): void {
  // What lies in another place is ours only where it looks so.
  const isOurs = path.basename(folder) === name && existsSync(path.join(folder, FILES.script));
  if (isOurs && isFolder(folder)) rmSync(folder, { recursive: true, force: true });
  rmSync(path.join(layout.jobs, name), { recursive: true, force: true });
}

/** How a job says that its commands have ended; nothing while it has not. */
export interface DoneMarker {
  readonly exit: number;
  /** What it was to wait for was not there. */
  readonly unready?: true;
  readonly cpuSeconds?: number;
  readonly peakMemoryBytes?: number;
}

export function readDone(file: string): DoneMarker | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { exit, unready, cpu, peak } = JSON.parse(readPlainText(file)) as Partial<Record<string, unknown>>;
    if (typeof exit !== 'number') return undefined;
    const seconds = typeof cpu === 'string' ? secondsOf(cpu) : undefined;
    const bytes = Number(peak);
    return {
      exit,
      ...(unready === true ? { unready } : {}),
      ...defined({ cpuSeconds: seconds }),
      ...(typeof peak === 'string' && bytes > 0 ? { peakMemoryBytes: bytes } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Of `0m1.250s 0m0.010s`, as bash's `times` has it: both together. */
function secondsOf(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,9})m([\d.]{1,12})s/g)];
  if (parts.length !== 2) return undefined;
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}
