/** What a job writes into its folder about itself, and what is written there for it. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../../base/defined.js';
import { errorCode } from '../../../../stores/disk/problem.js';
import { readPlainText } from '../../../../stores/disk/plain-file.js';
import type { JobEntry } from '../entry.js';
import { FILES } from './script.js';

/** How a job says that its commands have ended; nothing while it has not. */
export interface DoneMarker {
  readonly exit: number;
  /** What it was to wait for was not there. */
  readonly unready?: true;
  /** Of one that shares its job: its own time was up; it ran out of memory; the whole job was told to end. */
  readonly late?: true;
  readonly oom?: true;
  readonly ended?: true;
  readonly cpuSeconds?: number;
  readonly peakMemoryBytes?: number;
}

export function readDone(file: string): DoneMarker | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { exit, unready, late, oom, ended, cpu, peak } = JSON.parse(readPlainText(file)) as Partial<
      Record<string, unknown>
    >;
    if (typeof exit !== 'number') return undefined;
    const seconds = typeof cpu === 'string' ? secondsOf(cpu) : undefined;
    const bytes = Number(peak);
    return {
      exit,
      ...(unready === true ? { unready } : {}),
      ...(late === true ? { late } : {}),
      ...(oom === true ? { oom } : {}),
      ...(ended === true ? { ended } : {}),
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

/** The job that has claimed the attempt, and its node. */
export function readStarted(folder: string): { readonly id: string; readonly node: string } | undefined {
  try {
    const [id = '', node = ''] = readFileSync(path.join(folder, FILES.started), 'utf8').trim().split(' ');
    return id === '' ? undefined : { id, node };
  } catch {
    return undefined;
  }
}

/** Takes the attempt before its job does, which leaves it alone then. Throws where it has begun. */
export function claim(folder: string): void {
  mkdirSync(path.join(folder, FILES.claim));
}

/** Whether it was ended before it began, so that nobody begins it any more. */
export function isWithdrawn(folder: string): boolean {
  const isThere = (file: string): boolean => existsSync(path.join(folder, file));
  return isThere(FILES.cancel) && isThere(FILES.claim) && !isThere(FILES.started) && !isThere(FILES.done);
}

/** Whether its job of Slurm is there for others, too, that have not ended and are not to end. */
export function hasOthers({ name, folder, batch }: JobEntry): boolean {
  return (batch?.members ?? []).some((other) => {
    const beside = path.join(path.dirname(folder), other);
    const isThere = (file: string): boolean => existsSync(path.join(beside, file));
    return other !== name && isThere(FILES.script) && !isThere(FILES.done) && !isThere(FILES.cancel);
  });
}

/** Whether a job has ended with somebody else's task, before one had its turn. @param state its last */
export function endedBefore({ folder, batch }: JobEntry, state: string | undefined): boolean {
  if (batch === undefined || batch.members.length < 2) return false;
  if (state === 'CANCELLED' || state === 'REVOKED') return false;
  const beside = path.dirname(folder);
  // Each time at least one task is through, so that this has an end.
  return batch.members.some((name) => readStarted(path.join(beside, name)) !== undefined);
}

/** Why a job has left no mark: its disk is full, or what Slurm itself wrote at the end of its log. @param folder of the job */
export function lastWords(folder: string, file: string): string {
  if (isFull(folder)) return `there is no room left at ${folder} (disk or quota)`;
  try {
    const lines = readFileSync(file, 'utf8').slice(-2_000).trim().split('\n');
    return lines
      .filter((line) => line.startsWith('slurmstepd') || line.startsWith('srun'))
      .slice(-2)
      .join('; ');
  } catch {
    return '';
  }
}

function isFull(folder: string): boolean {
  const file = path.join(folder, `room.${process.pid}`);
  try {
    writeFileSync(file, 'x'.repeat(ROOM_BYTES));
    return false;
  } catch (error) {
    return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
  } finally {
    rmSync(file, { force: true });
  }
}

/** More than a mark needs. */
const ROOM_BYTES = 8_192;
