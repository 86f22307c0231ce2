/** Texts and icons of the Models tree. */
import { itemContext } from '../contributions/items.js';
import { ago, bytes, localDateTime, plain, plural, shown } from '../../server/base/format.js';
import type { ModelItem, ModelsResult, VersionItem } from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';

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

/** A metric's name without the task that measured it. */
export const lastPart = (key: string): string => plain(key.slice(key.lastIndexOf('.') + 1), 24);

/** `loss 0.4` of the metric that versions are sorted by; `no loss` where it was not measured. */
function metricText(version: VersionItem, metric: string | undefined): string {
  if (metric === undefined) return mainMetricText(version);
  const value = Object.hasOwn(version.metrics, metric) ? version.metrics[metric] : undefined;
  return value === undefined ? `no ${lastPart(metric)}` : `${lastPart(metric)} ${shown(value)}`;
}

/** `accuracy 0.82`, empty without a main metric. */
export function mainMetricText({ mainMetric }: Pick<VersionItem, 'mainMetric'>): string {
  return mainMetric === undefined ? '' : `${lastPart(mainMetric.key)} ${shown(mainMetric.value)}`;
}

/** Paragraphs of a tooltip. */
export function lines(...parts: readonly (string | undefined)[]): string {
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
        ? dots(pointing.slice(0, 3).join(', '), pointing.length > 3 ? '…' : undefined, count)
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

/** `serves in production`, where it does. */
function servedText({ servedIn }: VersionItem): string | undefined {
  return servedIn === undefined
    ? undefined
    : `serves in ${servedIn.map((name) => plain(name, 24)).join(', ')}`;
}

function versionLook(version: VersionItem): Pick<ItemText, 'icon' | 'color'> {
  if (version.deleted === true) return { icon: 'trash', color: 'disabledForeground' };
  if (version.status === 'PENDING_REGISTRATION') return { icon: 'loading~spin' };
  if (version.status === 'FAILED_REGISTRATION') return { icon: 'error', color: 'testing.iconFailed' };
  return version.aliases.length > 0 ? { icon: 'bookmark', color: 'charts.blue' } : { icon: 'git-commit' };
}

/** @param metric the one that is shown; absent: the main one */
export function versionItemText(version: VersionItem, now: number, metric?: string): ItemText {
  const aliases = version.aliases.map((alias) => plain(alias, 32));
  const own = `Version ${version.version}`;
  const status = version.deleted === true ? 'deleted' : STATUS_WORDS[version.status];
  const metrics = Object.entries(version.metrics).slice(0, 12);
  const facts = dots(
    version.framework === undefined ? undefined : escapeMarkdown(version.framework),
    bytes(version.bytes),
  );
  return {
    id: versionKey(version),
    label: own,
    // What a narrow side bar cuts off is what matters least.
    description: dots(
      aliases.join(', '),
      status,
      servedText(version),
      metricText(version, metric),
      ago(version.createdAt, now),
    ),
    ...versionLook(version),
    tooltip: lines(
      `**${escapeMarkdown(version.model)}, version ${version.version}**${status === '' ? '' : ` · ${status}`}`,
      version.title === undefined ? '' : escapeMarkdown(version.title),
      aliases.length === 0 ? '' : `$(bookmark) ${version.aliases.map(escapeMarkdown).join(', ')}`,
      version.servedIn === undefined
        ? ''
        : `$(rocket) Served in ${version.servedIn.map(escapeMarkdown).join(', ')}`,
      `$(calendar) ${escapeMarkdown(localDateTime(version.createdAt))} by ${escapeMarkdown(version.createdBy)}`,
      version.pipeline === undefined ? '' : `$(play) Made by a run of ${escapeMarkdown(version.pipeline)}`,
      `$(archive) ${facts}`,
      tagText(version.tags),
      table('metric', metrics),
    ),
    context: itemContext(
      'version',
      version.deleted === true && 'deleted',
      version.aliases.length > 0 && 'aliased',
      version.runId !== undefined && 'run',
    ),
    spoken: commas(
      own,
      status,
      ...aliases.map((alias) => `alias ${alias}`),
      servedText(version),
      mainMetricText(version),
      ago(version.createdAt, now),
    ),
    children: 'collapsed',
  };
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
