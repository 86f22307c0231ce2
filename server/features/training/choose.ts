/** From names of services and features to the versions of views that they are taken from. */
import { defined } from '../../base/defined.js';
import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import { catalogOf, featuresOf, viewNamed } from '../../definition/known/feature-catalog.js';
import type { FeatureReference, FeatureView } from '../../definition/features.js';
import { didYouMean } from '../../definition/names/names.js';
import { similar } from '../../definition/names/similar.js';
import type { Manifest, ManifestColumn } from '../views/manifest.js';
import type { FeatureStore } from '../store.js';

/** A view, the version of it that is current, and the features that are wanted of it. */
export interface ChosenView {
  readonly view: FeatureView;
  readonly manifest: Manifest;
  readonly keys: readonly ManifestColumn[];
  readonly timestamp: string;
  readonly created?: string;
  /** In the order in which they were asked for. */
  readonly features: readonly ManifestColumn[];
}

export type Chosen<T> =
  | { readonly ok: true; readonly value: T }
  /** `missing`: it is defined, and has not been computed yet. */
  | { readonly ok: false; readonly reason: 'unknown' | 'missing'; readonly message: string };

export interface Wanted {
  readonly service?: string;
  /** Each `view:feature`, or a whole view. */
  readonly features: readonly string[];
}

/** Which features a service and a list of references name: view → its features, without their versions. */
export function wantedFeatures(
  files: readonly FeaturesDefinition[],
  { service, features }: Wanted,
): Chosen<ReadonlyMap<FeatureView, readonly string[]>> {
  const catalog = catalogOf(files);
  const references: FeatureReference[] = [];
  if (service !== undefined) {
    const found = catalog.services.get(service)?.[0];
    if (found === undefined) {
      return no(`There is no feature service "${service}".${hint(service, [...catalog.services.keys()])}`);
    }
    references.push(...found.item.features);
  }
  references.push(...features.map(referenceOf));
  const wanted = new Map<FeatureView, string[]>();
  for (const reference of references) {
    const name = reference.view.value;
    const view = viewNamed(catalog, name)?.item;
    if (view === undefined) {
      return no(`There is no feature view "${name}".${hint(name, [...catalog.views.keys()])}`);
    }
    const list = wanted.get(view) ?? [];
    for (const { feature } of featuresOf(catalog, reference)) {
      const known = view.features.map((one) => one.name);
      if (!known.includes(feature)) {
        return no(`View ${name} has no feature "${feature}".${hint(feature, known)}`);
      }
      if (!list.includes(feature)) list.push(feature);
    }
    wanted.set(view, list);
  }
  if (wanted.size === 0) return no('No features are asked for. Name a `service`, or `features`.');
  return { ok: true, value: wanted };
}

/**
 * The same with the current version of each view.
 * @param counts which views are wanted at all
 */
export function chooseFeatures(
  files: readonly FeaturesDefinition[],
  store: FeatureStore,
  wanted: Wanted,
  counts: (view: FeatureView) => boolean = () => true,
): Chosen<readonly ChosenView[]> {
  const named = wantedFeatures(files, wanted);
  if (!named.ok) return named;
  const chosen: ChosenView[] = [];
  for (const [view, features] of named.value) {
    if (!counts(view)) continue;
    const one = chooseView(store, view, features);
    if (!one.ok) return one;
    chosen.push(one.value);
  }
  return { ok: true, value: chosen };
}

/** @param features undefined: all that the definition has */
export function chooseView(
  store: FeatureStore,
  view: FeatureView,
  features: readonly string[] = view.features.map(({ name }) => name),
): Chosen<ChosenView> {
  const current = store.current(view.name);
  const again = `Materialize it: \`modelyard features materialize ${view.name}\`, or a \`materialize\` task.`;
  if (current.state === 'missing') return missing(`View ${view.name} has not been computed yet. ${again}`);
  if (current.state !== 'ok') {
    return missing(
      `The current version of view ${view.name} can't be read: ${current.problem.message} ${again}`,
    );
  }
  const manifest = current.value;
  const { columns } = manifest;
  const timestamp = columns.find(({ role }) => role === 'timestamp')?.name;
  const created = columns.find(({ role }) => role === 'created')?.name;
  const found = features.map((name) => columns.find((one) => one.role === 'feature' && one.name === name));
  const lost = features.find((_, index) => found[index] === undefined);
  if (timestamp === undefined || lost !== undefined || !store.isWhole(manifest)) {
    const why = lost === undefined ? 'is damaged' : `was computed before it had the feature "${lost}"`;
    return missing(`Version ${manifest.version} of view ${view.name} ${why}. ${again}`);
  }
  return {
    ok: true,
    value: {
      view,
      manifest,
      keys: columns.filter(({ role }) => role === 'key'),
      timestamp,
      ...defined({ created }),
      features: found.filter((one) => one !== undefined),
    },
  };
}

function referenceOf(text: string): FeatureReference {
  const span = { start: 0, end: 0 };
  const colon = text.indexOf(':');
  const view = { value: colon === -1 ? text : text.slice(0, colon), span };
  return colon === -1 ? { span, view } : { span, view, feature: { value: text.slice(colon + 1), span } };
}

function hint(name: string, known: readonly string[]): string {
  const meant = didYouMean(similar(name, known));
  if (meant !== '') return meant;
  return known.length === 0 ? '' : ` There are: ${known.slice(0, 20).join(', ')}.`;
}

function no(message: string): { ok: false; reason: 'unknown'; message: string } {
  return { ok: false, reason: 'unknown', message };
}

function missing(message: string): { ok: false; reason: 'missing'; message: string } {
  return { ok: false, reason: 'missing', message };
}
