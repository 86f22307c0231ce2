/** What the Features tree shows of entities, views, features and services. */
import { defined } from '../../server/base/defined.js';
import { ago, bytes, plain, plural } from '../../server/base/format.js';
import type {
  EntityItem,
  FeatureItem,
  FeatureServiceItem,
  FeatureViewItem,
  ProjectSummary,
  ServiceUser,
  ViewFreshness,
} from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';

interface Look {
  readonly icon: string;
  readonly color?: string;
  readonly word: string;
}

const LOOKS: Readonly<Record<ViewFreshness, Look>> = {
  fresh: { icon: 'table', color: 'testing.iconPassed', word: 'fresh' },
  stale: { icon: 'history', color: 'list.warningForeground', word: 'stale' },
  failed: { icon: 'error', color: 'list.errorForeground', word: 'failed' },
  never: { icon: 'table', word: 'not materialized' },
  unknown: { icon: 'table', word: '' },
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'symbol-string',
  integer: 'symbol-numeric',
  long: 'symbol-numeric',
  float: 'symbol-numeric',
  double: 'symbol-numeric',
  boolean: 'symbol-boolean',
  date: 'calendar',
  timestamp: 'clock',
  list: 'symbol-array',
};

/** `12 %`, `0.4 %`, `no nulls`. */
export function nullWords(share: number): string {
  if (share === 0) return 'no nulls';
  return share < 0.001 ? '< 0.1 % null' : `${Number((share * 100).toPrecision(2))} % null`;
}

/** `1,461 rows`. */
export function rowsWords(count: number): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'row' : 'rows'}`;
}

function entries({ features }: FeatureServiceItem): string {
  return features.length === 1 ? '1 entry' : `${features.length} entries`;
}

export function projectFeaturesItem(project: ProjectSummary, views: number): ItemText {
  const name = plain(project.name);
  return {
    id: `project:${project.uri}`,
    label: name,
    description: plural(views, 'view'),
    icon: 'folder',
    context: 'project',
    spoken: commas(`Project ${name}`, plural(views, 'feature view')),
    children: 'expanded',
  };
}

export function entityKey(entity: Pick<EntityItem, 'projectUri' | 'name'>): string {
  return `entity:${entity.projectUri}#${entity.name}`;
}

export function entityItem(entity: EntityItem, views: number): ItemText {
  const keys = entity.keys.map((key) => plain(key)).join(', ');
  return {
    id: entityKey(entity),
    label: plain(entity.name),
    description: keys,
    icon: 'symbol-class',
    context: 'entity',
    tooltip: [
      `**${escapeMarkdown(entity.name)}** · entity`,
      entity.description === undefined ? '' : escapeMarkdown(entity.description),
      `keys ${escapeMarkdown(keys)}`,
      entity.owner === undefined ? '' : `owner ${escapeMarkdown(entity.owner)}`,
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
    spoken: commas(`Entity ${plain(entity.name)}`, `keys ${keys}`, plural(views, 'view')),
    children: views === 0 ? 'none' : 'expanded',
  };
}

export function viewItem(id: string, view: FeatureViewItem, now: number): ItemText {
  const look = LOOKS[view.freshness];
  const broken = brokenCount(view);
  const icon = broken > 0 && view.freshness !== 'failed' ? 'warning' : look.icon;
  const color = broken > 0 && view.freshness !== 'failed' ? 'list.warningForeground' : look.color;
  const { current } = view;
  const age = current === undefined ? undefined : ago(current.at, now);
  const rows = current === undefined ? undefined : rowsWords(current.rows);
  const state = view.freshness === 'fresh' ? undefined : look.word;
  const told = broken === 0 ? undefined : `${plural(broken, 'expectation')} broken`;
  return {
    id,
    label: plain(view.name),
    description: dots(state, told, rows, age),
    icon,
    ...defined({ color }),
    context:
      current === undefined
        ? 'featureView.never'
        : view.versions.length > 1
          ? 'featureView.versions'
          : 'featureView.one',
    tooltip: viewTooltip(view, look, now),
    spoken: commas(`Feature view ${plain(view.name)}`, look.word, told, rows, age),
    children: view.features.length === 0 ? 'none' : 'collapsed',
  };
}

function brokenCount(view: FeatureViewItem): number {
  return view.broken.length + view.features.reduce((sum, { broken }) => sum + broken.length, 0);
}

function viewTooltip(view: FeatureViewItem, look: Look, now: number): string {
  const { current } = view;
  const lines = [
    `**${escapeMarkdown(view.name)}** · feature view${look.word === '' ? '' : ` · ${look.word}`}`,
  ];
  if (view.description !== undefined) lines.push(escapeMarkdown(view.description));
  if (view.reason !== undefined) lines.push(`$(info) ${escapeMarkdown(view.reason)}`);
  for (const message of [...view.broken, ...view.features.flatMap(({ broken }) => broken)].slice(0, 5))
    lines.push(`$(warning) ${escapeMarkdown(message)}`);
  if (current !== undefined) {
    lines.push(
      `version ${current.version} · ${rowsWords(current.rows)} · ${bytes(current.bytes)} · ${ago(current.at, now)}`,
    );
    if (current.newest !== undefined)
      lines.push(`newest row ${escapeMarkdown(current.newest.slice(0, 19).replace('T', ' '))}`);
  }
  if (view.source !== undefined) lines.push(`from ${escapeMarkdown(view.source)}`);
  if (view.owner !== undefined) lines.push(`owner ${escapeMarkdown(view.owner)}`);
  if (view.errors > 0) lines.push(`$(error) ${plural(view.errors, 'error')} in its definition`);
  return lines.join('\n\n');
}

export function featureItemText(id: string, feature: FeatureItem): ItemText {
  const broken = feature.broken.length > 0;
  const nulls = feature.nulls === undefined ? undefined : nullWords(feature.nulls);
  const type = feature.type === undefined ? undefined : plain(feature.type);
  return {
    id,
    label: plain(feature.name),
    description: dots(type, nulls, broken ? 'expectation broken' : undefined),
    icon: broken ? 'warning' : (TYPES[feature.type ?? ''] ?? 'symbol-field'),
    ...(broken ? { color: 'list.warningForeground' } : {}),
    context: 'feature',
    tooltip: [
      `**${escapeMarkdown(`${feature.view}:${feature.name}`)}** · feature${type === undefined ? '' : ` · ${escapeMarkdown(type)}`}`,
      feature.description === undefined ? '' : escapeMarkdown(feature.description),
      nulls ?? '',
      ...feature.broken.map((message) => `$(warning) ${escapeMarkdown(message)}`),
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
    spoken: commas(`Feature ${plain(feature.name)}`, type, nulls, broken ? 'expectation broken' : undefined),
    children: 'none',
    command: { id: 'modelyard.openFeature', title: 'Open Definition' },
  };
}

export function servicesItem(id: string, count: number): ItemText {
  return {
    id,
    label: 'Services',
    description: String(count),
    icon: 'layers',
    context: 'services',
    spoken: `Feature services, ${count}`,
    children: 'expanded',
  };
}

export function serviceItemText(id: string, service: FeatureServiceItem): ItemText {
  const used = service.usedBy.length === 0 ? 'unused' : `used by ${service.usedBy.length}`;
  return {
    id,
    label: plain(service.name),
    description: dots(entries(service), used),
    icon: 'symbol-interface',
    context: 'featureService',
    tooltip: [
      `**${escapeMarkdown(service.name)}** · feature service`,
      service.description === undefined ? '' : escapeMarkdown(service.description),
      service.features
        .slice(0, 20)
        .map((name) => `- ${escapeMarkdown(name)}`)
        .join('\n'),
      service.owner === undefined ? '' : `owner ${escapeMarkdown(service.owner)}`,
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
    spoken: commas(`Feature service ${plain(service.name)}`, entries(service), used),
    children: service.features.length + service.usedBy.length === 0 ? 'none' : 'collapsed',
  };
}

/** An entry of a service: a feature, or a whole view. */
export function entryItem(id: string, name: string): ItemText {
  return {
    id,
    label: plain(name),
    ...(name.includes(':') ? {} : { description: 'whole view' }),
    icon: name.includes(':') ? 'symbol-field' : 'table',
    context: 'serviceEntry',
    spoken: plain(name),
    children: 'none',
    command: { id: 'modelyard.openFeature', title: 'Open Definition' },
  };
}

export function userItem(id: string, user: ServiceUser): ItemText {
  const isModel = user.kind === 'model';
  return {
    id,
    label: plain(user.name),
    description: isModel ? `version ${plain(user.version)}` : plain(user.task),
    icon: isModel ? 'package' : 'git-merge',
    context: isModel ? 'featureUser.model' : 'featureUser.pipeline',
    spoken: isModel
      ? `Model ${plain(user.name)}, version ${plain(user.version)}, was trained on it`
      : `Pipeline ${plain(user.name)}, task ${plain(user.task)}, uses it`,
    children: 'none',
    command: { id: 'modelyard.openFeature', title: isModel ? 'Open Model' : 'Open Definition' },
  };
}
