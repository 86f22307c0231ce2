/** What a version shows below itself in the Models tree. */
import { ago, bytes, plain, plural, shown } from '../../server/base/format.js';
import type { VersionUse, VersionView } from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';
import { lastPart, lines, versionName } from './rows.js';

/** What a version shows below itself. */
export type VersionRow =
  | { readonly type: 'problem'; readonly text: string }
  | { readonly type: 'group'; readonly group: 'metrics' | 'params' | 'uses' }
  | { readonly type: 'artifact' }
  | { readonly type: 'run' }
  | { readonly type: 'features' }
  | { readonly type: 'unused' }
  | {
      readonly type: 'value';
      readonly what: 'metric' | 'param';
      readonly key: string;
      readonly value: unknown;
    }
  | { readonly type: 'use'; readonly use: VersionUse };

/** The rows of a version: what is wrong first, then numbers, bytes, where it came from and where it went. */
export function versionRows(version: VersionView): readonly VersionRow[] {
  return [
    ...(version.statusMessage === undefined || version.status === 'READY'
      ? []
      : [{ type: 'problem' as const, text: version.statusMessage }]),
    ...(Object.keys(version.metrics).length === 0
      ? []
      : [{ type: 'group' as const, group: 'metrics' as const }]),
    ...(Object.keys(version.params).length === 0
      ? []
      : [{ type: 'group' as const, group: 'params' as const }]),
    { type: 'artifact' },
    ...(version.features === undefined ? [] : [{ type: 'features' as const }]),
    ...(version.runId === undefined ? [] : [{ type: 'run' as const }]),
    ...(version.usedBy.length === 0
      ? [{ type: 'unused' as const }]
      : [{ type: 'group' as const, group: 'uses' as const }]),
  ];
}

export function groupRows(version: VersionView, group: 'metrics' | 'params' | 'uses'): readonly VersionRow[] {
  if (group === 'uses') return version.usedBy.map((use) => ({ type: 'use', use }));
  const what = group === 'metrics' ? 'metric' : 'param';
  return Object.entries(version[group]).map(([key, value]) => ({ type: 'value', what, key, value }));
}

export function useKey(use: VersionUse): string {
  switch (use.kind) {
    case 'task':
      return `task:${use.runId}/${use.task}`;
    case 'version':
      return `version:${use.model}@${use.version}`;
    case 'release':
      return `release:${use.environment}/${use.release}`;
  }
}

export function rowKey(parent: string, row: VersionRow): string {
  switch (row.type) {
    case 'group':
      return `${parent}/${row.group}`;
    case 'value':
      return `${parent}/${row.what}/${row.key}`;
    case 'use':
      return `${parent}/use/${useKey(row.use)}`;
    default:
      return `${parent}/${row.type}`;
  }
}

const KIND_ICONS: Readonly<Record<string, string>> = {
  model: 'symbol-class',
  dataset: 'table',
  report: 'graph',
  log: 'output',
  package: 'package',
};

export function rowItem(parent: string, version: VersionView, row: VersionRow, now: number): ItemText {
  const base = { id: rowKey(parent, row), children: 'none' as const };
  switch (row.type) {
    case 'problem':
      return {
        ...base,
        label: plain(row.text, 120),
        icon: 'error',
        color: 'testing.iconFailed',
        tooltip: escapeMarkdown(row.text),
        context: 'error',
        spoken: `Error: ${plain(row.text)}`,
      };
    case 'group':
      return groupItem(base.id, version, row.group);
    case 'artifact': {
      const { artifact } = version;
      const size = dots(
        bytes(artifact.bytes),
        artifact.files === undefined ? undefined : plural(artifact.files, 'file'),
        artifact.framework === undefined ? undefined : plain(artifact.framework, 24),
      );
      const gone = version.purged;
      return {
        ...base,
        label: 'Artifact',
        description: gone ? 'given up' : dots(plain(artifact.path), size),
        icon: KIND_ICONS[artifact.kind] ?? 'file',
        tooltip: lines(
          `**${escapeMarkdown(artifact.path)}** · ${escapeMarkdown(artifact.kind)} · ${escapeMarkdown(size)}`,
          gone
            ? '$(warning) Its bytes were given up after it was deleted.'
            : 'The registry keeps these bytes, whatever later runs write. Every byte is checked before it is opened.',
          `\`${artifact.hash.slice(0, 19).replaceAll('`', '')}\``,
        ),
        context: gone ? 'modelArtifact.gone' : 'modelArtifact',
        spoken: commas('Artifact', plain(artifact.path), size, gone ? 'given up' : undefined),
        ...(gone ? {} : { command: { id: 'modelyard.openModelArtifact', title: 'Open Artifact' } }),
      };
    }
    case 'features':
      return {
        ...base,
        label: 'Features',
        description: dots(plain(version.features?.service ?? ''), plain(version.features?.trainingSet ?? '')),
        icon: 'symbol-field',
        context: 'features',
        spoken: `Features of the service ${plain(version.features?.service ?? '')}`,
      };
    case 'run':
      return runRow(base.id, version, now);
    case 'unused':
      return {
        ...base,
        label: 'Used by',
        description: 'nothing yet',
        icon: 'references',
        tooltip: 'No task has read it, and nothing was made of it or deployed with it.',
        context: 'unused',
        spoken: 'Used by nothing yet',
      };
    case 'value':
      return {
        ...base,
        label: plain(row.key),
        description: shown(row.value),
        icon: row.what === 'metric' ? 'symbol-numeric' : 'symbol-parameter',
        tooltip: `${escapeMarkdown(row.key)}: ${escapeMarkdown(shown(row.value, 400))}`,
        context: row.what,
        spoken: `${row.what === 'metric' ? 'Metric' : 'Param'} ${plain(row.key)}: ${shown(row.value)}`,
      };
    case 'use':
      return useItem(base.id, row.use);
  }
}

function groupItem(id: string, version: VersionView, group: 'metrics' | 'params' | 'uses'): ItemText {
  const base = { id, children: 'collapsed' as const, context: group };
  if (group === 'uses') {
    const count = version.usedBy.length;
    return {
      ...base,
      label: 'Used by',
      description: String(count),
      icon: 'references',
      spoken: `Used by ${plural(count, 'thing')}`,
    };
  }
  const entries = Object.entries(version[group]);
  const text = entries.map(([key, value]) =>
    group === 'metrics' ? `${lastPart(key)} ${shown(value, 24)}` : `${plain(key, 24)}=${shown(value, 24)}`,
  );
  return {
    ...base,
    label: group === 'metrics' ? 'Metrics' : 'Params',
    description: plain(text.join(', '), 100),
    icon: group === 'metrics' ? 'graph-line' : 'settings',
    spoken: plural(entries.length, group === 'metrics' ? 'metric' : 'param'),
  };
}

function runRow(id: string, version: VersionView, now: number): ItemText {
  const pipeline = plain(version.pipeline ?? '');
  const runId = plain(version.runId ?? '');
  const commit = version.git?.commit.slice(0, 8);
  const code =
    commit === undefined
      ? undefined
      : `commit ${plain(commit)}${version.git?.dirty === true ? ', with uncommitted changes' : ''}`;
  return {
    id,
    children: 'none',
    label: 'Run',
    description: version.runKept
      ? dots(pipeline, ago(version.createdAt, now))
      : dots(pipeline, 'no longer kept'),
    icon: 'pulse',
    tooltip: lines(
      `**${escapeMarkdown(version.pipeline ?? '')}**${version.task === undefined ? '' : ` · task ${escapeMarkdown(version.task)}`}`,
      code === undefined ? '' : `$(git-commit) ${escapeMarkdown(code)}`,
      version.runKept ? '' : '$(warning) The record of this run was deleted, or is in another project.',
      `\`${runId.replaceAll('`', '')}\``,
    ),
    context: version.runKept ? 'modelRun' : 'modelRun.gone',
    spoken: commas(`Run of ${pipeline}`, version.runKept ? undefined : 'no longer kept'),
    ...(version.runKept ? { command: { id: 'modelyard.showModelRun', title: 'Show Run' } } : {}),
  };
}

function useItem(id: string, use: VersionUse): ItemText {
  const base = { id, children: 'none' as const };
  switch (use.kind) {
    case 'task':
      return {
        ...base,
        label: plain(use.task),
        description: dots(plain(use.pipeline), plain(use.runId)),
        icon: 'terminal',
        tooltip: `A run of ${escapeMarkdown(use.pipeline)} read it in the task ${escapeMarkdown(use.task)}.`,
        context: 'use.task',
        spoken: `Task ${plain(use.task)} of ${plain(use.pipeline)}`,
        command: { id: 'modelyard.showModelUse', title: 'Show Run' },
      };
    case 'version':
      return {
        ...base,
        label: versionName(use),
        icon: 'symbol-class',
        tooltip: 'A version of a model that was made with it.',
        context: 'use.version',
        spoken: `Model ${versionName(use)}`,
        command: { id: 'modelyard.showModelUse', title: 'Show Version' },
      };
    case 'release': {
      const { environment, services, package: app } = use;
      const names = services.map((name) => plain(name, 32)).join(', ');
      const how = services.length === 0 ? 'deployed' : `served by ${names}`;
      return {
        ...base,
        label: plain(environment),
        description: dots(how, plain(app)),
        icon: 'rocket',
        ...(services.length === 0 ? {} : { color: 'charts.blue' }),
        tooltip: lines(
          `${services.length === 0 ? 'Deployed' : `Served by ${services.map(escapeMarkdown).join(', ')}`} in ${escapeMarkdown(environment)}, with ${escapeMarkdown(app)}.`,
          'As long as it is deployed it can’t be deleted.',
          `\`${plain(use.release).replaceAll('`', '')}\``,
        ),
        context: services.length === 0 ? 'use.release' : 'use.release.served',
        spoken: commas(`In ${plain(environment)}`, how, plain(app)),
        ...(services.length === 0
          ? {}
          : { command: { id: 'modelyard.showModelUse', title: 'Show Service' } }),
      };
    }
  }
}
