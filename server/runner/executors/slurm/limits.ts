/** What a cluster has, as far as everybody is told: so that what can never start is not waited for. */
import { defined } from '../../../base/defined.js';
import type { NodeGroup } from '../../../definition/known/cluster.js';
import { keepCluster } from '../../../stores/cluster-memory.js';
import type { Layout } from '../../../stores/layout.js';
import type { SlurmClient } from './client.js';

const MIB = 1024 * 1024;
const KEPT_MS = 300_000;

interface Kept {
  readonly at: number;
  readonly groups: Promise<readonly NodeGroup[]>;
}

const kept = new WeakMap<SlurmClient, Kept>();

/** Asked once in a while; empty where nobody answers. @param layout where the answer is kept; absent: nothing is written */
export async function nodeGroups(client: SlurmClient, layout?: Layout): Promise<readonly NodeGroup[]> {
  let known = kept.get(client);
  if (known === undefined || Date.now() - known.at > KEPT_MS) {
    known = { at: Date.now(), groups: askForGroups(client) };
    kept.set(client, known);
  }
  const { at } = known;
  const groups = await known.groups;
  if (layout !== undefined && groups.length > 0)
    keepCluster(layout, { at: new Date(at).toISOString(), groups });
  return groups;
}

async function askForGroups(client: SlurmClient): Promise<readonly NodeGroup[]> {
  const answer = await client.ask('sinfo', ['-h', '-e', '-o', '%P|%D|%c|%m|%l|%G|%L']);
  if (!answer.ok) {
    kept.delete(client);
    return [];
  }
  return answer.text.split('\n').flatMap((line): NodeGroup[] => {
    const [name = '', nodes = '', cpus = '', memory = '', time = '', gres = '', usual = ''] = line.split('|');
    if (gres === '') return [];
    const [timeMs, defaultMs] = [timeOf(time), timeOf(usual)];
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
        ...defined({ timeMs, defaultMs }),
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
