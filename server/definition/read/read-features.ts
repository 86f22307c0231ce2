/** Features files. */
import type { MapEntry, Span, SyntaxNode, SyntaxTree } from '../../syntax/tree.js';
import type {
  Entity,
  Feature,
  FeatureOwner,
  FeatureReference,
  Features,
  FeatureService,
  FeatureSource,
  FeatureView,
} from '../features.js';
import {
  booleanOf,
  durationOf,
  entriesOf,
  field,
  given,
  itemsOf,
  jsonOf,
  located,
  locatedText,
  mapOf,
  scalarOf,
  textOf,
  textsOf,
  wordOf,
} from './read.js';
import type { Maybe } from './read.js';
import { readTableOptions } from './read-table-options.js';

export function readFeatures(tree: SyntaxTree, path: string): Features {
  const { root } = tree;
  return {
    path,
    ...given('description', textOf(field(root, 'description'))),
    entities: entriesOf(field(root, 'entities')).map(readEntity),
    views: entriesOf(field(root, 'views')).map(readView),
    services: entriesOf(field(root, 'services')).map((entry) => readService(entry, tree.text)),
    owners: entriesOf(field(root, 'owners')).map(readOwner),
  };
}

function named(entry: MapEntry): { name: string; nameSpan: Span; span: Span } {
  return { name: entry.key.text, nameSpan: entry.key.span, span: entry.span };
}

function about(node: Maybe): Pick<Entity, 'description' | 'owner' | 'tags'> {
  return {
    ...given('description', textOf(field(node, 'description'))),
    ...given('owner', locatedText(field(node, 'owner'))),
    tags: jsonOf(field(node, 'tags')),
  };
}

function readOwner({ key, value }: MapEntry): FeatureOwner {
  return {
    value: key.text,
    span: key.span,
    ...given('fullName', textOf(field(value, 'name'))),
    ...given('email', mapOf(value) === undefined ? textOf(value) : textOf(field(value, 'email'))),
    ...given('description', textOf(field(value, 'description'))),
  };
}

function readEntity(entry: MapEntry): Entity {
  return {
    ...named(entry),
    keys: textsOf(field(entry.value, 'keys')),
    ...given('type', wordOf(field(entry.value, 'type'), ['string', 'integer', 'long'] as const)),
    ...about(entry.value),
  };
}

function readView(entry: MapEntry): FeatureView {
  const node = mapOf(entry.value);
  const expect = field(node, 'expect');
  return {
    ...named(entry),
    entities: [...textsOf(field(node, 'entity')), ...textsOf(field(node, 'entities'))],
    ...given('source', readSource(field(node, 'source'))),
    transforms: textsOf(field(node, 'transform')),
    ...given('ttlMs', durationOf(field(node, 'ttl'))),
    mode: wordOf(field(node, 'mode'), ['full', 'append'] as const) ?? 'full',
    online: booleanOf(field(node, 'online')) ?? true,
    features: entriesOf(field(node, 'features')).map(readFeature),
    ...given('expect', expect === undefined ? undefined : located(expect)),
    ...about(node),
  };
}

function readSource(node: Maybe): FeatureSource | undefined {
  if (mapOf(node) === undefined) return undefined;
  const fieldMapping: FeatureSource['fieldMapping'][number][] = [];
  for (const entry of entriesOf(field(node, 'field-mapping'))) {
    const to = locatedText(entry.value);
    if (to !== undefined) fieldMapping.push({ from: { value: entry.key.text, span: entry.key.span }, to });
  }
  return {
    ...given('path', locatedText(field(node, 'path'))),
    ...given('format', wordOf(field(node, 'format'), ['csv', 'parquet', 'jsonl'] as const)),
    ...given('timestamp', locatedText(field(node, 'timestamp'))),
    ...given('created', locatedText(field(node, 'created'))),
    fieldMapping,
    options: readTableOptions(node),
  };
}

function readFeature(entry: MapEntry): Feature {
  const node = entry.value;
  const expect = field(node, 'expect');
  return {
    ...named(entry),
    ...given('type', locatedText(mapOf(node) === undefined ? node : field(node, 'type'))),
    ...given('description', textOf(field(node, 'description'))),
    tags: jsonOf(field(node, 'tags')),
    ...given('expect', expect === undefined ? undefined : located(expect)),
  };
}

function readService(entry: MapEntry, text: string): FeatureService {
  const node = entry.value;
  const list = mapOf(node) === undefined ? node : field(node, 'features');
  return {
    ...named(entry),
    features: itemsOf(list)
      .map((item) => readFeatureReference(item, text))
      .filter((item) => item !== undefined),
    ...about(node),
  };
}

/** `view:feature` with the span of each half; the whole scalar where it isn't written plainly. */
export function readFeatureReference(node: SyntaxNode, text: string): FeatureReference | undefined {
  const scalar = scalarOf(node);
  if (scalar === undefined) return undefined;
  const { span } = scalar;
  const colon = scalar.text.indexOf(':');
  const offset = text.slice(span.start, span.end).indexOf(scalar.text);
  const part = (from: number, to: number): Span =>
    offset === -1 ? span : { start: span.start + offset + from, end: span.start + offset + to };
  const viewEnd = colon === -1 ? scalar.text.length : colon;
  const view = { value: scalar.text.slice(0, viewEnd), span: part(0, viewEnd) };
  if (colon === -1) return { span, view };
  return {
    span,
    view,
    feature: { value: scalar.text.slice(colon + 1), span: part(colon + 1, scalar.text.length) },
  };
}
