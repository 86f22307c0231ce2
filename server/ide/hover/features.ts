/** Entities, views, features and services in words, for hovers and completions. Markdown. */
import type { Json } from '../../definition/definition.js';
import { catalogOf, viewNamed } from '../../definition/known/feature-catalog.js';
import type { FeatureCatalog } from '../../definition/known/feature-catalog.js';
import { featureUsesOf } from '../../definition/mentions/features.js';
import type {
  Entity,
  Feature,
  FeatureReference,
  FeatureService,
  FeatureView,
} from '../../definition/features.js';
import { nowOf } from './describe.js';
import { freshness, glanceMarkdown } from './glance.js';
import { formatDuration } from '../../definition/text/units.js';
import { code, escapeMarkdown, shortValue } from './markdown.js';
import type { IdeContext } from '../types.js';

/** Names listed at most. */
const LISTED = 8;

export function catalog(context: IdeContext): FeatureCatalog {
  return catalogOf(context.project.features());
}

export function entitySummary(context: IdeContext, entity: Entity): string {
  const keys = entity.keys.map(({ value }) => code(value)).join(', ');
  const views = context.project
    .features()
    .flatMap(({ features }) => features.views)
    .filter((view) => view.entities.some(({ value }) => value === entity.name));
  return paragraphs([
    `**${escapeMarkdown(entity.name)}** · entity`,
    described(entity),
    facts([
      keys === '' ? '' : `keys ${keys}`,
      ownerFact(entity),
      tagsFact(entity),
      views.length === 0 ? '' : `views ${listed(views.map(({ name }) => name))}`,
    ]),
  ]);
}

export function viewSummary(context: IdeContext, view: FeatureView): string {
  const { source } = view;
  const state = context.project.viewState?.(view.name);
  return paragraphs([
    `**${escapeMarkdown(view.name)}** · feature view`,
    described(view),
    state === undefined ? '' : freshness(state, nowOf(context)),
    facts([
      view.entities.length === 0 ? '' : `about ${listed(view.entities.map(({ value }) => value))}`,
      source?.path === undefined ? '' : `from ${code(source.path.value)}`,
      source?.timestamp === undefined
        ? ''
        : `timestamp ${code(source.timestamp.value)}${source.created === undefined ? '' : `, created ${code(source.created.value)}`}`,
      ttlFact(view),
      view.mode === 'append' ? 'only new rows are computed' : '',
      view.features.length === 0 ? '' : `features ${listed(view.features.map(({ name }) => name))}`,
      ownerFact(view),
      tagsFact(view),
      usedBy(context, (reference) => reference.view.value === view.name, view.name),
    ]),
  ]);
}

export function featureSummary(context: IdeContext, view: FeatureView, feature: Feature): string {
  const state = context.project.viewState?.(view.name);
  const glance = state?.features.find(({ name }) => name === feature.name);
  const type = feature.type === undefined ? '' : ` · ${escapeMarkdown(feature.type.value)}`;
  return paragraphs([
    `**${escapeMarkdown(`${view.name}:${feature.name}`)}** · feature${type}`,
    feature.description === undefined ? '' : escapeMarkdown(feature.description),
    state === undefined ? '' : freshness(state, nowOf(context)),
    glance === undefined ? '' : glanceMarkdown(glance),
    facts([
      ttlFact(view),
      ownerFact(view),
      feature.expect === undefined ? '' : `expects ${code(shortValue(feature.expect.value, 120))}`,
      tagsFact(feature),
      usedBy(
        context,
        (reference) =>
          reference.view.value === view.name &&
          (reference.feature === undefined || reference.feature.value === feature.name),
      ),
    ]),
  ]);
}

export function serviceSummary(context: IdeContext, service: FeatureService): string {
  const known = catalog(context);
  const rows = service.features.slice(0, 20).map(({ view, feature }) => {
    const found = viewNamed(known, view.value)?.item;
    const type = found?.features.find(({ name }) => name === feature?.value)?.type?.value;
    const what = feature === undefined ? `all ${found?.features.length ?? 0} features` : (type ?? '');
    const name = feature === undefined ? view.value : `${view.value}:${feature.value}`;
    return `| ${code(name)} | ${escapeMarkdown(what)} |`;
  });
  const more = service.features.length > 20 ? [`| … ${service.features.length - 20} more | |`] : [];
  return paragraphs([
    `**${escapeMarkdown(service.name)}** · feature service`,
    described(service),
    rows.length === 0 ? '' : ['| feature | type |', '|---|---|', ...rows, ...more].join('\n'),
    facts([
      ownerFact(service),
      tagsFact(service),
      taskFact(tasksUsing(context, ({ service: used }) => used?.value === service.name)),
    ]),
  ]);
}

/** The section `owners` says who it is; elsewhere it is only a name. */
export function ownerSummary(context: IdeContext, name: string): string {
  const mine = context.project
    .features()
    .flatMap(({ features }) => [...features.entities, ...features.views, ...features.services]);
  const owned = mine.filter(({ owner }) => owner?.value === name).map((thing) => thing.name);
  const known = catalog(context).owners.get(name)?.[0]?.item;
  return paragraphs([
    `**${escapeMarkdown(known?.fullName ?? name)}** · owner`,
    described(known ?? {}),
    facts([
      known?.email === undefined ? '' : code(known.email),
      owned.length === 0 ? '' : `answers for ${listed([...new Set(owned)])}`,
    ]),
  ]);
}

/** `3 days`, or nothing. */
function ttlFact(view: FeatureView): string {
  return view.ttlMs === undefined ? '' : `ttl ${formatDuration(view.ttlMs)}`;
}

function described({ description }: { readonly description?: string }): string {
  return description === undefined ? '' : escapeMarkdown(description);
}

function ownerFact({ owner }: { readonly owner?: { readonly value: string } }): string {
  return owner === undefined ? '' : `owner ${escapeMarkdown(owner.value)}`;
}

function tagsFact({ tags }: { readonly tags: Json }): string {
  const all =
    typeof tags === 'object' && tags !== null ? Object.entries(tags as Readonly<Record<string, Json>>) : [];
  return all.length === 0
    ? ''
    : `tags ${all.map(([key, value]) => code(`${key}: ${shortValue(value)}`)).join(', ')}`;
}

/** Services that list it, and tasks that join or materialize it. */
function usedBy(
  context: IdeContext,
  takes: (reference: FeatureReference) => boolean,
  materialized?: string,
): string {
  const services = context.project
    .features()
    .flatMap(({ features }) => features.services)
    .filter((service) => service.features.some(takes))
    .map(({ name }) => name);
  const tasks = tasksUsing(
    context,
    (use) => use.features.some(takes) || use.views.some(({ value }) => value === materialized),
  );
  const parts = [
    services.length === 0 ? '' : `in ${listed([...new Set(services)])}`,
    tasks.length === 0 ? '' : `used by ${listed(tasks)}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function tasksUsing(
  context: IdeContext,
  uses: (use: ReturnType<typeof featureUsesOf>[number]) => boolean,
): string[] {
  return context.project.definitions().flatMap((definition) =>
    definition.kind === 'pipeline'
      ? featureUsesOf(definition)
          .filter(uses)
          .map(({ task }) => `${definition.pipeline.name} › ${task}`)
      : [],
  );
}

function taskFact(tasks: readonly string[]): string {
  return tasks.length === 0 ? '' : `used by ${listed(tasks)}`;
}

function listed(words: readonly string[]): string {
  const shown = words.slice(0, LISTED).map(code).join(', ');
  return words.length > LISTED ? `${shown} and ${words.length - LISTED} more` : shown;
}

function facts(lines: readonly string[]): string {
  return lines
    .filter((line) => line !== '')
    .map((line) => `- ${line}`)
    .join('\n');
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
