/** What the Features tree and the profile panel show, out of definitions and manifests. */
import { defined } from '../../../base/defined.js';
import type { Manifest } from '../../../features/views/manifest.js';
import { QUANTILES, missingOf } from '../../../features/statistics/types.js';
import type { FeatureStatistics } from '../../../features/statistics/types.js';
import { brokenOf, statisticsOf } from '../../../features/views/state.js';
import { catalogOf } from '../../../definition/known/feature-catalog.js';
import { featureUsesOf } from '../../../definition/mentions/features.js';
import type { FeatureReference, FeatureView } from '../../../definition/features.js';
import type { Project } from '../../../project/project.js';
import type {
  EntityItem,
  FeatureItem,
  FeatureProfile,
  FeatureServiceItem,
  FeatureViewItem,
  ServiceUser,
  ViewProfile,
  ViewVersion,
} from '../../../protocol/index.js';
import type { Finding } from '../../../rules/rule.js';
import type { Span } from '../../../syntax/tree.js';
import { rangeIn } from '../../editor/convert.js';
import { uriOfPath } from '../../documents.js';
import type { FeatureBoard, Standing } from './board.js';

export interface FeaturesOf {
  readonly project: Project;
  readonly board: FeatureBoard;
  readonly uriOf: (path: string) => string;
  readonly findings: (path: string) => readonly Finding[];
  /** Versions of registered models that name a feature service. */
  readonly models: readonly { readonly service: string; readonly model: string; readonly version: string }[];
}

interface Place {
  readonly projectUri: string;
  readonly uri: string;
  readonly range: ReturnType<typeof rangeIn>;
}

function placeOf(of: FeaturesOf, path: string, span: Span): Place {
  const { project } = of;
  return {
    projectUri: uriOfPath(project.root),
    uri: of.uriOf(path),
    range: rangeIn(project, path, span),
  };
}

function about(thing: { readonly description?: string; readonly owner?: { readonly value: string } }): {
  description?: string;
  owner?: string;
} {
  return {
    ...defined({ description: thing.description }),
    ...(thing.owner === undefined ? {} : { owner: thing.owner.value }),
  };
}

export function entityItems(of: FeaturesOf): EntityItem[] {
  return of.project
    .view()
    .features()
    .flatMap(({ path, features }) =>
      features.entities.map((entity) => ({
        ...placeOf(of, path, entity.nameSpan),
        name: entity.name,
        keys: entity.keys.map(({ value }) => value),
        ...about(entity),
      })),
    );
}

export function viewItems(of: FeaturesOf): FeatureViewItem[] {
  return of.project
    .view()
    .features()
    .flatMap(({ path, features }) => features.views.map((view) => viewItem(of, path, view)));
}

function viewItem(of: FeaturesOf, path: string, view: FeatureView): FeatureViewItem {
  const standing = of.board.standing(view.name);
  const { freshness, reason, manifest, versions } = standing;
  const errors = of
    .findings(path)
    .filter(
      ({ severity, span }) =>
        severity === 'error' && view.span.start <= span.start && span.start <= view.span.end,
    );
  const broken = brokenOf(standing.expectations);
  return {
    ...placeOf(of, path, view.nameSpan),
    name: view.name,
    entities: view.entities.map(({ value }) => value),
    ...about(view),
    ...(view.source?.path === undefined ? {} : { source: view.source.path.value }),
    ...defined({ ttlMs: view.ttlMs }),
    features: view.features.map((feature) => featureItem(of, path, view, feature, standing)),
    freshness,
    ...defined({ reason }),
    ...(manifest === undefined ? {} : { current: versionOf(manifest) }),
    versions,
    broken: broken.filter(({ feature }) => feature === undefined).map(({ message }) => message),
    errors: errors.length,
  };
}

function featureItem(
  of: FeaturesOf,
  path: string,
  view: FeatureView,
  feature: FeatureView['features'][number],
  { manifest, expectations }: Standing,
): FeatureItem {
  const statistics = manifest === undefined ? undefined : statisticsOf(manifest);
  const known = statistics?.features.find(({ name }) => name === feature.name);
  return {
    ...placeOf(of, path, feature.nameSpan),
    name: feature.name,
    view: view.name,
    ...(feature.type === undefined ? {} : { type: feature.type.value }),
    ...defined({ description: feature.description }),
    ...(known === undefined || known.count === 0 ? {} : { nulls: missingOf(known) / known.count }),
    broken: brokenOf(expectations)
      .filter((one) => one.feature === feature.name)
      .map(({ message }) => message),
  };
}

export function serviceItems(of: FeaturesOf): FeatureServiceItem[] {
  return of.project
    .view()
    .features()
    .flatMap(({ path, features }) =>
      features.services.map((service) => ({
        ...placeOf(of, path, service.nameSpan),
        name: service.name,
        ...about(service),
        features: service.features.map(referenceText),
        usedBy: usersOf(of, service.name),
      })),
    );
}

function referenceText({ view, feature }: FeatureReference): string {
  return feature === undefined ? view.value : `${view.value}:${feature.value}`;
}

function usersOf(of: FeaturesOf, service: string): ServiceUser[] {
  const pipelines = of.project.definitions().flatMap((definition): ServiceUser[] =>
    definition.kind === 'pipeline'
      ? featureUsesOf(definition)
          .filter((use) => use.service?.value === service)
          .map((use) => ({
            kind: 'pipeline',
            name: definition.pipeline.name,
            task: use.task,
            uri: of.uriOf(definition.path),
            range: rangeIn(of.project, definition.path, use.service?.span ?? use.span),
          }))
      : [],
  );
  const models = of.models
    .filter((one) => one.service === service)
    .map(({ model, version }): ServiceUser => ({ kind: 'model', name: model, version }));
  return [...pipelines, ...models];
}

export function versionOf(manifest: Manifest): ViewVersion {
  return {
    version: manifest.version,
    at: manifest.createdAt,
    rows: manifest.rows,
    bytes: manifest.bytes,
    ...(manifest.range === undefined ? {} : { newest: manifest.range.to }),
  };
}

/** The profile of a version, out of what was kept when it was made. */
export function profileOf(project: Project, board: FeatureBoard, manifest: Manifest): ViewProfile {
  const standing = board.standing(manifest.view);
  const statistics = statisticsOf(manifest);
  const view = catalogOf(project.view().features()).views.get(manifest.view)?.[0]?.item;
  const about = new Map(view?.features.map((feature) => [feature.name, feature.description]));
  return {
    projectUri: uriOfPath(project.root),
    view: manifest.view,
    ...(view?.description === undefined ? {} : { description: view.description }),
    version: versionOf(manifest),
    versions: standing.versions,
    freshness: standing.freshness,
    ...defined({ reason: standing.reason }),
    ...(statistics?.time === undefined ? {} : { time: statistics.time }),
    features: (statistics?.features ?? []).map((feature) => featureProfile(feature, about.get(feature.name))),
    expectations: manifest.expectations.map(({ text, feature, passed, severity, detail }) => ({
      text,
      ...defined({ feature }),
      passed,
      severity,
      ...defined({ detail }),
    })),
  };
}

function featureProfile(feature: FeatureStatistics, description: string | undefined): FeatureProfile {
  const { name, type, kind, count, distinct, approximate, numbers, categories, overTime } = feature;
  const nulls = missingOf(feature);
  return {
    name,
    type,
    kind,
    ...defined({ description }),
    count,
    nulls,
    ...defined({ distinct, approximate }),
    ...(numbers === undefined
      ? {}
      : {
          numbers: {
            min: numbers.min,
            max: numbers.max,
            mean: numbers.mean,
            std: numbers.std,
            quantiles: numbers.quantiles.map((value, index) => ({ at: QUANTILES[index] ?? 0, value })),
            histogram: numbers.histogram,
          },
        }),
    ...(categories === undefined ? {} : { top: categories.top, others: categories.others }),
    ...defined({ overTime }),
  };
}
