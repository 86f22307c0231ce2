/** A task's wishes as options of `sbatch`. */
import type { Resources, SlurmExecutor } from '../../../model/definition.js';

const MIB = 1024 * 1024;

export interface Request {
  readonly resources: Resources;
  readonly timeoutMs?: number;
  /** Unique. */
  readonly name: string;
  /** Absolute; on a file system that all nodes share. */
  readonly folder: string;
  /** Ids of jobs that have to succeed before. */
  readonly after: readonly string[];
}

/** Values stand in one word with their options, so that none is taken for an option of its own. */
export function submitArguments(settings: SlurmExecutor, request: Request): string[] {
  const { resources, name, folder, after } = request;
  const cpus = Math.max(1, Math.ceil(resources.cpus));
  const time = request.timeoutMs ?? settings.timeMs;
  const options: readonly (readonly [string, string | undefined])[] = [
    ['job-name', name],
    ['chdir', folder],
    // Slurm fills `%j` and its like in names of files.
    ['output', `${folder.replaceAll('%', '%%')}/slurm.log`],
    ['open-mode', 'truncate'],
    ['export', 'ALL'],
    ['nodes', '1'],
    ['ntasks', '1'],
    ['cpus-per-task', String(cpus)],
    ['partition', settings.partition],
    ['account', settings.account],
    ['qos', settings.qos],
    ['constraint', settings.constraint],
    // Slurm counts in minutes; the runner, while it lives, to the millisecond.
    ['time', time === undefined ? undefined : String(Math.max(1, Math.ceil(time / 60_000)))],
    ['dependency', after.length === 0 ? undefined : `afterok:${after.join(':')}`],
    // Else it would wait for ever.
    ['kill-on-invalid-dep', after.length === 0 ? undefined : 'yes'],
    memory(settings, resources, cpus),
    gpus(settings, resources),
  ];
  return [
    '--parsable',
    // A task is tried again by us, who look at its outputs first.
    '--no-requeue',
    ...options.flatMap(([option, value]) => (value === undefined ? [] : [`--${option}=${value}`])),
    ...settings.submitOptions,
  ];
}

function memory(
  { memoryForm }: SlurmExecutor,
  { memoryBytes }: Resources,
  cpus: number,
): [string, string | undefined] {
  if (memoryBytes === undefined || memoryForm === 'none') return ['mem', undefined];
  const each = memoryForm === 'total' ? memoryBytes : memoryBytes / cpus;
  return [memoryForm === 'total' ? 'mem' : 'mem-per-cpu', `${Math.max(1, Math.ceil(each / MIB))}M`];
}

function gpus({ gpuForm }: SlurmExecutor, resources: Resources): [string, string | undefined] {
  const count = Math.ceil(resources.gpus);
  if (count === 0) return ['gres', undefined];
  return gpuForm === 'gres' ? ['gres', `gpu:${count}`] : ['gpus', String(count)];
}
