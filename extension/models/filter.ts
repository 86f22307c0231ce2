/** What the Models tree is narrowed to, and in which order. */
import { defined } from '../../server/base/defined.js';
import { plain } from '../../server/base/format.js';
import type { ModelItem, ProjectSummary, VersionSort } from '../../server/protocol/index.js';

export type ModelSort = 'name' | 'changed';

export const NEWEST_FIRST: VersionSort = { by: 'age', first: 'newest' };

/** What was kept of an order, or the newest first where it is none. */
export function versionSortFrom(kept: unknown): VersionSort {
  if (typeof kept !== 'object' || kept === null || !('by' in kept) || !('first' in kept)) return NEWEST_FIRST;
  const { by, first } = kept;
  if (by === 'age') return first === 'oldest' ? { by, first } : NEWEST_FIRST;
  const metric = 'metric' in kept && typeof kept.metric === 'string' ? kept.metric : undefined;
  if (by !== 'metric' || (first !== 'best' && first !== 'highest' && first !== 'lowest')) return NEWEST_FIRST;
  return { by, first, ...defined({ metric }) };
}

/** An order in words: `by accuracy, highest first`. */
export function versionSortWords(sort: VersionSort): string {
  const what = sort.by === 'age' ? 'age' : sort.metric === undefined ? 'main metric' : plain(sort.metric, 60);
  return `by ${what}, ${sort.first} first`;
}

/** The orders that make sense for models that have these metrics, the usual one first. */
export function versionSorts(models: readonly ModelItem[]): readonly VersionSort[] {
  const metrics = new Set(models.flatMap(({ latest }) => Object.keys(latest?.metrics ?? {})));
  return [
    NEWEST_FIRST,
    { by: 'age', first: 'oldest' },
    ...(metrics.size === 0 ? [] : [{ by: 'metric', first: 'best' } as const]),
    ...[...metrics]
      .sort()
      .flatMap((metric) => [
        { by: 'metric', metric, first: 'highest' } as const,
        { by: 'metric', metric, first: 'lowest' } as const,
      ]),
  ];
}

export interface ModelFilter {
  /** In name, description, tags, aliases, framework. Words in any order, all of them. */
  readonly text?: string;
  /** Only models with one of these aliases. */
  readonly aliases?: readonly string[];
  /** Deleted models and versions, too. */
  readonly deleted?: boolean;
}

/** Whether a filter leaves the tree as it is without one. */
export function isEmptyModelFilter(filter: ModelFilter): boolean {
  return (filter.text ?? '') === '' && (filter.aliases?.length ?? 0) === 0 && filter.deleted !== true;
}

/** What the view's message says: the filter, and an order of versions that is not the usual one. Empty: nothing. */
export function modelsMessage(filter: ModelFilter, sort: VersionSort): string {
  const order = sort.by === 'age' && sort.first === 'newest' ? '' : `versions ${versionSortWords(sort)}`;
  const words = [modelFilterWords(filter), order].filter((part) => part !== '').join('; ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A filter in words. */
export function modelFilterWords(filter: ModelFilter): string {
  const narrowed = [
    (filter.aliases?.length ?? 0) === 0 ? undefined : `with ${filter.aliases?.join(' or ') ?? ''}`,
    (filter.text ?? '') === '' ? undefined : `“${filter.text ?? ''}”`,
  ].filter((part) => part !== undefined);
  const only = narrowed.length === 0 ? '' : `Only ${narrowed.join(', ')}`;
  if (filter.deleted !== true) return only;
  return only === '' ? 'Deleted ones, too' : `${only}; deleted ones, too`;
}

function searched(model: ModelItem): string {
  const { latest } = model;
  return [
    model.model,
    model.description,
    ...Object.entries(model.tags).flat(),
    ...Object.keys(model.aliases),
    latest?.framework ?? '',
    latest?.title ?? '',
    latest?.pipeline ?? '',
    ...Object.entries(latest?.tags ?? {}).flat(),
  ]
    .join('\n')
    .toLowerCase();
}

/** The models that pass, in order. */
export function arrangeModels(
  models: readonly ModelItem[],
  filter: ModelFilter,
  sort: ModelSort,
): readonly ModelItem[] {
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const passing = models.filter((model) => {
    if (model.deleted !== undefined && filter.deleted !== true) return false;
    const aliases = filter.aliases ?? [];
    if (aliases.length > 0 && !aliases.some((alias) => Object.hasOwn(model.aliases, alias))) return false;
    if (words.length === 0) return true;
    const text = searched(model);
    return words.every((word) => text.includes(word));
  });
  if (sort === 'name') return passing;
  return passing.toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : 0));
}

/** The models of one project. */
export interface ProjectModels {
  readonly project: ProjectSummary;
  readonly models: readonly ModelItem[];
}

/**
 * Models under their projects, in the order in which projects appear.
 * @param known what is known of projects; one that isn't is called by its folder
 */
export function modelsByProject(
  models: readonly ModelItem[],
  known: readonly ProjectSummary[],
): readonly ProjectModels[] {
  const uris = [...new Set(models.map(({ projectUri }) => projectUri))];
  return uris.map((uri) => ({
    project: known.find((project) => project.uri === uri) ?? {
      uri,
      name: decodeURIComponent(uri.replace(/\/+$/, '').split('/').at(-1) ?? uri),
      memoryUri: `${uri}/.modelyard`,
    },
    models: models.filter(({ projectUri }) => projectUri === uri),
  }));
}
