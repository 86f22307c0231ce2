/** A cluster in a line, for people who look whether all is well. */
import { plural } from '../../../../base/format.js';
import { formatBytes } from '../../../../definition/text/units.js';
import { whyImpossible } from '../../../../definition/known/cluster.js';
import type { SlurmExecutor } from '../../../../definition/definition.js';
import { ask } from '../client.js';
import { nodeGroups } from '../limits.js';

export async function describeCluster(
  settings: SlurmExecutor,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const version = await ask('sinfo', ['--version']);
  if (!version.ok) return { ok: false, text: version.message };
  const groups = await nodeGroups();
  if (groups.length === 0)
    return { ok: false, text: `${version.text.trim()}; its controller does not answer` };
  const why = whyImpossible(groups, settings, { cpus: 1, gpus: 0 }, settings.timeMs);
  if (why !== undefined) return { ok: false, text: why };
  const { partition } = settings;
  const own = groups.filter((one) =>
    partition === undefined ? one.isDefault : partition.split(',').includes(one.partition),
  );
  const names = [...new Set(own.map((one) => one.partition))].join(', ');
  const nodes = own.reduce((sum, one) => sum + one.nodes, 0);
  const most = (of: (group: (typeof own)[number]) => number): number => Math.max(0, ...own.map(of));
  const gpus = most((one) => one.gpus);
  const each = [
    plural(
      most((one) => one.cpus),
      'core',
    ),
    formatBytes(most((one) => one.memoryBytes)),
    ...(gpus === 0 ? [] : [plural(gpus, 'GPU')]),
  ];
  return {
    ok: true,
    text: `${version.text.trim()}, partition ${names}, ${plural(nodes, 'node')} of up to ${each.join(', ')}`,
  };
}
