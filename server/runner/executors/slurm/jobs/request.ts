/** A task's wishes as options of `sbatch`. */
import type { Resources, SlurmExecutor } from '../../../../definition/definition.js';
import { SLURM_LOG } from '../entry.js';

const MIB = 1024 * 1024;

export interface Request {
  readonly resources: Resources;
  readonly timeMs?: number;
  /** Unique. */
  readonly name: string;
  /** Absolute; on a file system that all nodes share. */
  readonly folder: string;
  /** What has to succeed before, as Slurm wants it: `afterok:12:13`. */
  readonly dependency?: string;
  readonly array?: ArrayRequest;
}

export interface ArrayRequest {
  /** Numbers of its elements, ascending. */
  readonly indices: readonly number[];
  /** How many of them may run at once. */
  readonly throttle?: number;
}

/** Values stand in one word with their options, so that none is taken for an option of its own. */
export function submitArguments(settings: SlurmExecutor, request: Request): string[] {
  const { resources, name, folder, dependency, array } = request;
  const cpus = Math.max(1, Math.ceil(resources.cpus));
  const time = request.timeMs;
  const options: readonly (readonly [string, string | undefined])[] = [
    ['job-name', name],
    ['chdir', folder],
    // Slurm fills `%j` and its like in names of files.
    ['output', `${folder.replaceAll('%', '%%')}/${array === undefined ? SLURM_LOG : '%a.log'}`],
    ['array', array === undefined ? undefined : arrayOf(array)],
    ['open-mode', 'truncate'],
    ['export', 'ALL'],
    ['nodes', String(resources.nodes ?? 1)],
    ['ntasks', String(resources.tasks ?? resources.nodes ?? 1)],
    ['cpus-per-task', String(cpus)],
    ['partition', settings.partition],
    ['account', settings.account],
    ['qos', settings.qos],
    ['constraint', settings.constraint],
    // Slurm counts in minutes; the runner, while it lives, to the millisecond.
    ['time', time === undefined ? undefined : String(Math.max(1, Math.ceil(time / 60_000)))],
    ['dependency', dependency],
    // Else it would wait for ever.
    ['kill-on-invalid-dep', dependency === undefined ? undefined : 'yes'],
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

/** `0-5,7%2` */
function arrayOf({ indices, throttle }: ArrayRequest): string {
  const ranges: { from: number; to: number }[] = [];
  for (const index of indices) {
    const last = ranges.at(-1);
    if (last?.to === index - 1) last.to = index;
    else ranges.push({ from: index, to: index });
  }
  const text = ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(',');
  return throttle === undefined ? text : `${text}%${throttle}`;
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
  // Ours is for each node, as memory is; `--gpus` is for the whole job.
  return gpuForm === 'gres' ? ['gres', `gpu:${count}`] : ['gpus', String(count * (resources.nodes ?? 1))];
}
