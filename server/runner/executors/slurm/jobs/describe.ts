/** A cluster in a line, for people who look whether all is well. */
import { plural } from '../../../../base/format.js';
import { formatBytes } from '../../../../definition/text/units.js';
import { whyImpossible } from '../../../../definition/known/cluster.js';
import type { SlurmExecutor } from '../../../../definition/definition.js';
import type { Layout } from '../../../../stores/layout.js';
import { clusterAt, siteFinder } from '../clusters.js';
import { nodeGroups } from '../limits.js';

/** @param layout of the project that runs there */
export async function describeCluster(
  layout: Layout,
  settings: SlurmExecutor,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const { client } = clusterAt(settings.login);
  const version = await client.ask('sinfo', ['--version']);
  if (!version.ok) return { ok: false, text: version.message };
  const groups = await nodeGroups(client);
  if (groups.length === 0)
    return { ok: false, text: `${version.text.trim()}; its controller does not answer` };
  const why = whyImpossible(groups, settings, { cpus: 1, gpus: 0 }, settings.timeMs);
  if (why !== undefined) return { ok: false, text: why };
  const site = await siteFinder(layout, settings)();
  if (!site.ok) return { ok: false, text: site.trouble.message };
  const place = site.project?.place;
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
  const way =
    place === undefined
      ? ''
      : `, over SSH by ${place.login}: ${place.copied ? 'a copy of the project' : 'the project itself'} at ${place.root}`;
  return {
    ok: true,
    text: `${version.text.trim()}, partition ${names}, ${plural(nodes, 'node')} of up to ${each.join(', ')}${way}`,
  };
}
