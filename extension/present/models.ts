/** Texts and icons of the Models tree. */
import { ago, bytes, localDateTime, plain, plural, shown } from '../../media/webviews/shared/format.js';
import type { ModelItem, ModelsResult, VersionItem, VersionUse, VersionView } from '../../server/protocol.js';
import { commas, dots, escapeMarkdown, type ItemText } from './item.js';

/** A key that tells models of several projects apart. */
export function modelKey(ref: { readonly projectUri: string; readonly model: string }): string {
  return `model:${ref.projectUri}#${ref.model}`;
}

export function versionKey(ref: {
  readonly projectUri: string;
  readonly model: string;
  readonly version: string;
}): string {
  return `version:${ref.projectUri}#${ref.model}@${ref.version}`;
}

/** `rain, version 3` */
export function versionName({ model, version }: Pick<VersionItem, 'model' | 'version'>): string {
  return `${plain(model, 60)}, version ${version}`;
}

const lastPart = (key: string): string => plain(key.slice(key.lastIndexOf('.') + 1), 24);

/** `accuracy 0.82`, empty without a main metric. */
export function mainMetricText({ mainMetric }: Pick<VersionItem, 'mainMetric'>): string {
  return mainMetric === undefined ? '' : `${lastPart(mainMetric.key)} ${shown(mainMetric.value)}`;
}

function lines(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}

function table(head: string, entries: readonly (readonly [string, unknown])[]): string {
  if (entries.length === 0) return '';
  const rows = entries.map(
    ([key, value]) => `| ${escapeMarkdown(key)} | ${escapeMarkdown(shown(value, 60))} |`,
  );
  return `| ${head} | value |\n|:--|--:|\n${rows.join('\n')}`;
}

function tagText(tags: Readonly<Record<string, string>>): string {
  const all = Object.entries(tags).slice(0, 8);
  return all.length === 0
    ? ''
    : `$(tag) ${all.map(([key, value]) => escapeMarkdown(value === '' ? key : `${key}: ${value}`)).join(', ')}`;
}

export function modelItemText(model: ModelItem, now: number): ItemText {
  const name = plain(model.model);
  const aliases = Object.entries(model.aliases).sort(([a], [b]) => (a < b ? -1 : 1));
  const pointing = aliases.map(([alias, version]) => `${plain(alias, 24)} → ${version}`);
  const deleted = model.deleted;
  const count = plural(model.versions, 'version');
  return {
    id: modelKey(model),
    label: name,
    description:
      deleted === undefined
        ? dots(count, pointing.slice(0, 3).join(', '), pointing.length > 3 ? '…' : undefined)
        : 'deleted',
    icon: deleted === undefined ? 'symbol-class' : 'trash',
    ...(deleted === undefined ? { color: 'symbolIcon.classForeground' } : {}),
    tooltip: lines(
      `**${escapeMarkdown(model.model)}** · ${count}`,
      escapeMarkdown(model.description),
      aliases
        .map(
          ([alias, version]) => `- $(bookmark) ${escapeMarkdown(alias)}: version ${escapeMarkdown(version)}`,
        )
        .join('\n'),
      tagText(model.tags),
      model.latest === undefined
        ? ''
        : `$(history) Version ${model.latest.version} made ${ago(model.latest.createdAt, now)}, last change ${ago(model.updatedAt, now)}`,
      deleted === undefined
        ? ''
        : `$(trash) Deleted ${ago(deleted.at, now)} by ${escapeMarkdown(deleted.by)}. It can be restored.`,
    ),
    context: deleted !== undefined ? 'model.deleted' : aliases.length > 0 ? 'model.aliased' : 'model',
    spoken: commas(
      `Model ${name}`,
      deleted === undefined ? count : 'deleted',
      ...aliases.map(([alias, version]) => `${plain(alias)} is version ${version}`),
    ),
    children: deleted === undefined && model.versions + model.deletedVersions > 0 ? 'collapsed' : 'none',
  };
}

const STATUS_WORDS: Readonly<Record<VersionItem['status'], string>> = {
  PENDING_REGISTRATION: 'being registered',
  READY: '',
  FAILED_REGISTRATION: 'registration failed',
};

function versionLook(version: VersionItem): Pick<ItemText, 'icon' | 'color'> {
  if (version.deleted === true) return { icon: 'trash', color: 'disabledForeground' };
  if (version.status === 'PENDING_REGISTRATION') return { icon: 'loading~spin' };
  if (version.status === 'FAILED_REGISTRATION') return { icon: 'error', color: 'testing.iconFailed' };
  return version.aliases.length > 0 ? { icon: 'bookmark', color: 'charts.blue' } : { icon: 'git-commit' };
}

export function versionItemText(version: VersionItem, now: number): ItemText {
  const aliases = version.aliases.map((alias) => plain(alias, 32));
  // Aliases stand in the label, marked as what is found by a search is: they are read before anything else.
  const own = `Version ${version.version}`;
  let label = own;
  const highlights: (readonly [number, number])[] = [];
  for (const alias of aliases) {
    label += '  ';
    highlights.push([label.length, label.length + alias.length]);
    label += alias;
  }
  const status = version.deleted === true ? 'deleted' : STATUS_WORDS[version.status];
  const metrics = Object.entries(version.metrics).slice(0, 12);
  const facts = dots(
    version.framework === undefined ? undefined : escapeMarkdown(version.framework),
    bytes(version.bytes),
  );
  return {
    id: versionKey(version),
    label,
    ...(highlights.length === 0 ? {} : { highlights }),
    description: dots(status, mainMetricText(version), ago(version.createdAt, now)),
    ...versionLook(version),
    tooltip: lines(
      `**${escapeMarkdown(version.model)}, version ${version.version}**${status === '' ? '' : ` · ${status}`}`,
      version.title === undefined ? '' : escapeMarkdown(version.title),
      aliases.length === 0 ? '' : `$(bookmark) ${version.aliases.map(escapeMarkdown).join(', ')}`,
      `$(calendar) ${escapeMarkdown(localDateTime(version.createdAt))} by ${escapeMarkdown(version.createdBy)}`,
      version.pipeline === undefined ? '' : `$(play) Made by a run of ${escapeMarkdown(version.pipeline)}`,
      `$(archive) ${facts}`,
      tagText(version.tags),
      table('metric', metrics),
    ),
    context: [
      'version',
      ...(version.deleted === true ? ['deleted'] : []),
      ...(version.aliases.length > 0 ? ['aliased'] : []),
      ...(version.runId === undefined ? [] : ['run']),
    ].join('.'),
    spoken: commas(
      own,
      status,
      ...aliases.map((alias) => `alias ${alias}`),
      mainMetricText(version),
      ago(version.createdAt, now),
    ),
    children: 'collapsed',
  };
}

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
    case 'holder':
      return `holder:${use.what}`;
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
    case 'holder':
      return {
        ...base,
        label: plain(use.what),
        icon: 'rocket',
        context: 'use.holder',
        spoken: plain(use.what),
      };
  }
}

export function moreVersionsItem(id: string, listed: number, total: number): ItemText {
  return {
    id,
    label: 'Load more versions…',
    description: `${listed} of ${total} shown`,
    icon: 'ellipsis',
    context: 'moreVersions',
    spoken: `Load more versions, ${listed} of ${total} shown`,
    children: 'none',
    command: { id: 'modelyard.loadMoreVersions', title: 'Load More Versions' },
  };
}

export function modelProblemItem(problem: ModelsResult['problems'][number]): ItemText {
  return {
    id: `problem:${problem.projectUri}#${problem.path}`,
    label: plain(problem.path),
    description: plain(problem.message),
    icon: 'warning',
    color: 'list.warningForeground',
    tooltip: lines(
      escapeMarkdown(problem.path),
      escapeMarkdown(problem.message),
      'Everything else in the registry works.',
    ),
    context: 'problem',
    spoken: `Unreadable, ${plain(problem.path)}, ${plain(problem.message)}`,
    children: 'none',
  };
}
