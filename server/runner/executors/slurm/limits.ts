/** What a cluster has, as far as everybody is told: so that what can never start is not waited for. */
import { defined } from '../../../base/defined.js';
import { plural } from '../../../base/format.js';
import type { Resources, SlurmExecutor } from '../../../model/definition.js';
import { formatBytes, formatDuration } from '../../../model/units.js';
import { ask } from './client.js';

/** Nodes that are alike, in one partition. */
export interface NodeGroup {
  readonly partition: string;
  readonly isDefault: boolean;
  readonly nodes: number;
  /** Of one node. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus: number;
  /** Absent: as long as one likes. */
  readonly timeMs?: number;
}

const MIB = 1024 * 1024;
const KEPT_MS = 300_000;

let kept: { readonly at: number; readonly groups: Promise<readonly NodeGroup[]> } | undefined;

/** Asked once in a while; empty where nobody answers. */
export function nodeGroups(): Promise<readonly NodeGroup[]> {
  if (kept === undefined || Date.now() - kept.at > KEPT_MS) kept = { at: Date.now(), groups: askForGroups() };
  return kept.groups;
}

async function askForGroups(): Promise<readonly NodeGroup[]> {
  const answer = await ask('sinfo', ['-h', '-e', '-o', '%P|%D|%c|%m|%l|%G']);
  if (!answer.ok) {
    kept = undefined;
    return [];
  }
  return answer.text.split('\n').flatMap((line): NodeGroup[] => {
    const [name = '', nodes = '', cpus = '', memory = '', time = '', gres = ''] = line.split('|');
    if (gres === '') return [];
    const timeMs = timeOf(time);
    return [
      {
        partition: name.replace(/\*$/, ''),
        isDefault: name.endsWith('*'),
        nodes: Number.parseInt(nodes, 10),
        cpus: Number.parseInt(cpus, 10),
        memoryBytes: Number.parseInt(memory, 10) * MIB,
        // `gpu:2`, `gpu:a100:4(S:0-1)`, `(null)`
        gpus: [...gres.matchAll(/\bgpu(?::[^:,(]+)?:(\d+)/g)].reduce(
          (sum, [, count]) => sum + Number(count),
          0,
        ),
        ...defined({ timeMs }),
      },
    ];
  });
}

/** Of `30:00`, `1:00:00`, `2-00:00:00`. */
function timeOf(text: string): number | undefined {
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] =
    /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text) ?? [];
  const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return total === 0 ? undefined : total * 1_000;
}

/** Why a request can never start, as far as that is certain. @param timeMs what the task asks for */
export function whyImpossible(
  groups: readonly NodeGroup[],
  settings: SlurmExecutor,
  resources: Resources,
  timeMs: number | undefined,
): string | undefined {
  const { partition, submitOptions } = settings;
  // Options that are passed on may say anything, and a list of partitions is Slurm's to choose from.
  if (groups.length === 0 || submitOptions.length > 0 || partition?.includes(',') === true) return undefined;
  const own = groups.filter((group) =>
    partition === undefined ? group.isDefault : group.partition === partition,
  );
  const [first] = own;
  if (first === undefined) {
    const names = [...new Set(groups.map((group) => group.partition))].join(', ');
    return partition === undefined ? undefined : `there is no partition "${partition}"; there are ${names}`;
  }
  const where = `the partition ${first.partition}`;
  const limit = first.timeMs;
  if (timeMs !== undefined && limit !== undefined && timeMs > limit) {
    return `it asks for ${formatDuration(timeMs)}, and ${where} gives ${formatDuration(limit)} at most`;
  }
  const cpus = Math.ceil(resources.cpus);
  const gpus = Math.ceil(resources.gpus);
  const bytes = settings.memoryForm === 'none' ? 0 : (resources.memoryBytes ?? 0);
  const fits = own.some((one) => one.cpus >= cpus && one.gpus >= gpus && one.memoryBytes >= bytes);
  if (fits) return undefined;
  const most = (of: (group: NodeGroup) => number): number => Math.max(...own.map(of));
  const mostCpus = most((one) => one.cpus);
  const mostGpus = most((one) => one.gpus);
  const asked = [
    plural(cpus, 'core'),
    ...(bytes === 0 ? [] : [formatBytes(bytes)]),
    ...(gpus === 0 ? [] : [plural(gpus, 'GPU')]),
  ];
  const has = [
    plural(mostCpus, 'core'),
    ...(bytes === 0 ? [] : [formatBytes(most((one) => one.memoryBytes))]),
    ...(gpus === 0 ? [] : [mostGpus === 0 ? 'no GPU' : plural(mostGpus, 'GPU')]),
  ];
  return `it asks for ${asked.join(', ')}, which no node of ${where} has (at most ${has.join(', ')})`;
}
