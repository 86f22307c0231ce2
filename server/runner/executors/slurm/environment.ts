/** The variables of jobs. Secrets are among them: they travel in the environment of `sbatch` and are written into no file. */
import { defined } from '../../../base/defined.js';
import { JOB_VARIABLE, type JobEnvironment } from '../executor.js';
import { isSlurmVariable, onlyForSlurm } from './client.js';

/** Carries a variable that Slurm's commands would take for theirs, or that is another one in each job of an array. */
export const CARRIER = 'MODELYARD_CARRIED_';

/** Ours, and no secrets: the script of a job sets them. */
const WRITTEN = 'MODELYARD_TASK';
const SET_BY_SCRIPT: ReadonlySet<string> = new Set([WRITTEN, 'MODELYARD_METRICS']);

/** How a job gets those of its task's variables that it does not inherit as they are. */
export interface Own {
  /** The variable that carries it, by name. */
  readonly carried: Readonly<Record<string, string>>;
  readonly written: Readonly<Record<string, string>>;
  /** Names of those that it inherits and that are not for it. */
  readonly unset: readonly string[];
}

export interface SubmitEnvironment {
  /** What `sbatch` is given, which all jobs inherit from it. */
  readonly env: Readonly<Record<string, string>>;
  /** Of each job, in their order. */
  readonly own: readonly Own[];
  /** Of what is another one in each job. */
  readonly carriedBytes: number;
}

/**
 * @param name what processes are known by that may outlive the runner
 * @param jobs all inherit the same, and have variables of the same names
 */
export function submitEnvironment(name: string, jobs: readonly JobEnvironment[]): SubmitEnvironment {
  const env: Record<string, string> = { [JOB_VARIABLE]: name };
  const [first] = jobs;
  if (first === undefined) throw new Error('there is nothing to submit');
  for (const [key, value] of Object.entries(first.inherited)) if (!isSlurmVariable(key)) env[key] = value;
  const own = jobs.map((job) => {
    const carried: Record<string, string> = {};
    return { carried, written: defined({ [WRITTEN]: job.own[WRITTEN] }) };
  });
  let carriedBytes = 0;
  for (const [key, value] of Object.entries(first.own)) {
    if (SET_BY_SCRIPT.has(key)) continue;
    const isSame = jobs.every((job) => job.own[key] === value);
    if (isSame && !isSlurmVariable(key)) env[key] = value;
    else {
      jobs.forEach((job, at) => {
        const carrier = isSame ? `${CARRIER}${key}` : `${CARRIER}${at}_${key}`;
        const carried = job.own[key] ?? '';
        env[carrier] = carried;
        if (!isSame) carriedBytes += carrier.length + carried.length + 2;
        const target = own[at];
        if (target !== undefined) target.carried[key] = carrier;
      });
    }
  }
  const unset = onlyForSlurm(env);
  return { env, own: own.map((one) => ({ ...one, unset })), carriedBytes };
}
