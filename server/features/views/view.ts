/** A feature view with everything that computing it needs: its entities' keys, its source, its types. */
import { defined } from '../../base/defined.js';
import type { Json } from '../../definition/definition.js';
import type { Features, FeatureView } from '../../definition/features.js';
import { didYouMean } from '../../definition/names/names.js';
import { type TableOptions, plainTableOptions, tableFormatOf } from '../../definition/table-options.js';
import { similar } from '../../definition/names/similar.js';
import { hashOf } from '../../stores/content/hash.js';
import type { ContentHash } from '../../stores/runs/document.js';

export interface ResolvedView {
  /** Of the file, relative to the project. */
  readonly file: string;
  readonly view: FeatureView;
  /** Columns that together tell one entity from another, in the order of the entities. */
  readonly keys: readonly { readonly name: string; readonly type?: string }[];
  readonly path: string;
  readonly format: 'csv' | 'parquet' | 'jsonl';
  /** As the view names them, that is after `field-mapping`. */
  readonly timestamp: string;
  readonly created?: string;
  /** Of labels: the column of their time, where it is named. */
  readonly times?: readonly string[];
}

/** How the files of a view are written. */
export function optionsOf({ view }: ResolvedView): TableOptions {
  return view.source?.options ?? {};
}

export type Resolved =
  { readonly ok: true; readonly value: ResolvedView } | { readonly ok: false; readonly message: string };

/** @param files all feature files of the project */
export function resolveView(files: readonly Features[], name: string): Resolved {
  const found = files.flatMap((file) =>
    file.views.filter((view) => view.name === name).map((view) => ({ file, view })),
  );
  const [first, second] = found;
  if (first === undefined) {
    const names = files.flatMap((file) => file.views.map((view) => view.name));
    return bad(`There is no feature view "${name}".${didYouMean(similar(name, names))}`);
  }
  if (second !== undefined) {
    return bad(
      `The feature view "${name}" is defined twice, in ${first.file.path} and in ${second.file.path}.`,
    );
  }
  return resolve(files, first.file, first.view);
}

function bad(message: string): { ok: false; message: string } {
  return { ok: false, message };
}

function resolve(files: readonly Features[], file: Features, view: FeatureView): Resolved {
  const where = `${file.path}: view ${view.name}`;
  const entities = files.flatMap((one) => one.entities);
  const keys = new Map<string, { name: string; type?: string }>();
  for (const { value } of view.entities) {
    const entity = entities.find((one) => one.name === value);
    if (entity === undefined) {
      const hint = didYouMean(
        similar(
          value,
          entities.map((one) => one.name),
        ),
      );
      return bad(`${where}: there is no entity "${value}".${hint}`);
    }
    for (const key of entity.keys) {
      keys.set(key.value, { name: key.value, ...defined({ type: entity.type }) });
    }
  }
  if (keys.size === 0)
    return bad(`${where} names no entity, so that its rows are about nothing. Add \`entity:\`.`);
  const { source } = view;
  if (source?.path === undefined) return bad(`${where} has no source. Add \`source: { path, timestamp }\`.`);
  if (source.timestamp === undefined)
    return bad(`${where}: the source names no \`timestamp\`, the column that says when a row was true.`);
  if (view.features.length === 0) return bad(`${where} has no features.`);
  const format = source.format ?? formatOf(source.path.value);
  if (format === undefined)
    return bad(
      `${where}: can't tell the format of ${source.path.value}. Sources are .csv, .tsv, .parquet, .jsonl and .ndjson; else name it with \`format\`.`,
    );
  const renamed = new Map(source.fieldMapping.map(({ from, to }) => [from.value, to.value]));
  const timestamp = renamed.get(source.timestamp.value) ?? source.timestamp.value;
  const created = source.created && (renamed.get(source.created.value) ?? source.created.value);
  const names = [...keys.keys(), timestamp, ...(created === undefined ? [] : [created])];
  const twice = view.features.find((feature) => names.includes(feature.name));
  if (twice !== undefined)
    return bad(
      `${where}: ${twice.name} is a key or a timestamp and can't be a feature, too. Give the feature another name.`,
    );
  return {
    ok: true,
    value: {
      file: file.path,
      view,
      keys: [...keys.values()],
      path: source.path.value,
      format,
      timestamp,
      ...defined({ created }),
    },
  };
}

/** By its extension; nothing for what can’t be a source. */
export const formatOf = tableFormatOf;

/** What of a view decides its data: a change of anything else (descriptions, owners, tags) computes nothing anew. */
export function definitionOf(resolved: ResolvedView): Json {
  const { view } = resolved;
  const options = plainTableOptions(optionsOf(resolved));
  return {
    keys: resolved.keys.map(({ name, type }) => [name, type ?? null]),
    path: resolved.path,
    format: resolved.format,
    timestamp: resolved.timestamp,
    created: resolved.created ?? null,
    mapping: view.source?.fieldMapping.map(({ from, to }) => [from.value, to.value]) ?? [],
    transforms: view.transforms.map(({ value }) => value),
    features: view.features.map(({ name, type, expect }) => [
      name,
      type?.value ?? null,
      expect?.value ?? null,
    ]),
    expect: view.expect?.value ?? null,
    mode: view.mode,
    ...(options === undefined ? {} : { reading: options as Json }),
  };
}

/** Part of every definition's hash: raised when the same definition comes to give other rows. */
const FORMAT = 2;

/** Equal as long as the same data gives the same rows. */
export function definitionHash(resolved: ResolvedView): ContentHash {
  return hashOf(JSON.stringify([FORMAT, definitionOf(resolved)]));
}
