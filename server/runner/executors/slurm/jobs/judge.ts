/** How a job ended, told from what Slurm says of it and from the mark that it left itself. Neither is believed alone. */
import { defined } from '../../../../base/defined.js';
import { plural } from '../../../../base/format.js';
import { formatBytes } from '../../../../definition/text/units.js';
import type { ExecutionResult } from '../../executor.js';
import type { DoneMarker } from './marks.js';

/** States in which Slurm leaves a job for good. What is none of them is under way. */
const FINAL: ReadonlySet<string> = new Set([
  'BOOT_FAIL',
  'CANCELLED',
  'COMPLETED',
  'DEADLINE',
  'FAILED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'REVOKED',
  'TIMEOUT',
]);

export function isFinal(state: string): boolean {
  return FINAL.has(state);
}

interface Verdict {
  readonly id: string;
  /** Of Slurm; absent: it knows nothing of the job any more. */
  readonly state?: string;
  readonly done?: DoneMarker;
  /** We have asked it to end. */
  readonly stopped: boolean;
  /** Somebody has asked it to end through Modelyard. */
  readonly cancelled: boolean;
  readonly memoryBytes?: number;
  /** Where it should have said that it has begun; absent: it has. */
  readonly unseen?: string;
  /** The last lines that Slurm itself wrote about it. */
  readonly words: string;
}

export function judge(verdict: Verdict): ExecutionResult {
  const { id, state, done, stopped, cancelled, words, unseen } = verdict;
  const base = {
    leftBehind: false,
    outputHeld: false,
    ...defined({ cpuSeconds: done?.cpuSeconds, peakMemoryBytes: done?.peakMemoryBytes }),
  };
  const ended = (by: 'timeout' | 'infrastructure' | 'other', message: string): ExecutionResult => ({
    ...base,
    ...defined({ exitCode: done?.exit }),
    ended: { by, message },
  });
  if (stopped) return { ...base, signal: 'SIGTERM' };
  if (cancelled && done?.exit !== 0) return ended('other', `job ${id} was cancelled`);
  if (done?.unready === true)
    return ended('infrastructure', `job ${id} began before that was there which it depends on`);
  if (done?.late === true) return ended('timeout', `its time in job ${id} was up`);
  // A job that tasks share goes on when one of them has run out of memory.
  const how = done?.oom === true && done.exit !== 0 ? 'OUT_OF_MEMORY' : state;
  switch (how) {
    case 'TIMEOUT':
    case 'DEADLINE':
      return ended('timeout', `job ${id} reached its time limit (${how})`);
    case 'OUT_OF_MEMORY': {
      const had =
        verdict.memoryBytes === undefined ? 'what jobs get by default' : formatBytes(verdict.memoryBytes);
      return ended(
        'other',
        `job ${id} ran out of memory: it had ${had}. Give it more with \`resources.memory\``,
      );
    }
    case 'CANCELLED':
    case 'REVOKED':
      return ended('other', `job ${id} was cancelled on the cluster, not by Modelyard`);
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
    case 'PREEMPTED':
      return ended('infrastructure', `job ${id} was lost by its node (${how})`);
    case 'FAILED':
      if (done !== undefined && done.exit !== 0) return { ...base, exitCode: done.exit };
      // Nodes fail to start what they are given, too. Nothing of the task was done, and it is tried again only so often.
      return ended(
        unseen === undefined ? 'other' : 'infrastructure',
        `job ${id} failed before its commands ${unseen === undefined ? 'had ended' : 'began'} (FAILED)${words === '' ? '' : `: ${words}`}${unseen === undefined ? '' : `. Does its node see ${unseen}? The project, or \`work-dir\`, has to lie on a file system that all nodes share`}`,
      );
    default:
      if (done !== undefined) return { ...base, exitCode: done.exit };
      return ended('infrastructure', `job ${id} is gone without having ended`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  Resources: 'waits for nodes to become free',
  Priority: 'waits behind jobs of a higher priority',
  Dependency: 'waits for other jobs',
  DependencyNeverSatisfied: 'can never start: a job that it waits for has failed',
  JobArrayTaskLimit: 'waits for others of its matrix',
  PartitionTimeLimit: 'can never start: its time is longer than the partition allows',
  PartitionConfig: 'can never start: it asks for more than the nodes of the partition have',
  PartitionNodeLimit: 'can never start: it asks for more nodes than the partition allows',
  BadConstraints: 'can never start: no node has what it asks for',
  PartitionDown: 'waits: the partition is down',
  PartitionInactive: 'waits: the partition is inactive',
  ReqNodeNotAvail: 'waits: its node is down, drained or reserved',
  JobHeldUser: 'is held (`scontrol release` lets it go on)',
  JobHeldAdmin: 'is held by an administrator',
  BeginTime: 'waits for its time to begin',
  None: 'waits in the queue',
};

/**
 * Why a job waits, in words: `waits for nodes to become free (Resources), behind 3 other jobs`.
 * @param before how many jobs come before it; absent: nobody knows
 */
export function describeWaiting(reason: string, before?: number): string {
  const [word = ''] = reason.split(',');
  const limit = /^(?:QOS|Assoc)/.test(word)
    ? 'waits: a limit of the account or the QOS is reached'
    : undefined;
  const why = `${REASONS[word] ?? limit ?? 'waits in the queue'}${word === '' || word === 'None' ? '' : ` (${word})`}`;
  if (before === undefined) return why;
  return `${why}, ${before === 0 ? 'the next one in its partition' : `behind ${plural(before, 'other job')}`}`;
}
