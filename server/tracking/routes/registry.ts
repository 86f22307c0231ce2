/** The model registry: `/registered-models/…` and `/model-versions/…`. */
import { defined } from '../../base/defined.js';
import type { RegisteredModel, VersionDocument } from '../../stores/registry/types.js';
import { flag, listOf, required, tagList, text, whole } from '../wire/fields.js';
import { parseFilter } from '../search/filter.js';
import { createVersion } from '../registry/register.js';
import {
  STAGE_TAG,
  currentStage,
  downloadUri,
  latestVersions,
  modelAnswer,
  modelOf,
  runOf,
  sourceOf,
  stageOf,
  valueOf,
  versionAnswer,
  versionOf,
} from '../registry/registered.js';
import { DONE, type Route, route } from './route.js';
import { type Subject, TEXTS, filterOf, orderOf, sortBy } from '../search/search.js';
import type { Tracking } from '../tracking.js';
import { WireError, invalid, limitOf, pageOf } from '../wire/wire.js';

const need = required(text);
const VERSION = { name: need, version: need };

const MODELS: Subject<RegisteredModel> = {
  what: 'registered model',
  attributes: [
    { names: ['name'], read: ({ name }) => name, operators: [...TEXTS, 'IN'] },
    {
      names: ['last_updated_timestamp', 'timestamp'],
      read: ({ updatedAt }) => Date.parse(updatedAt),
    },
    { names: ['creation_timestamp'], read: ({ createdAt }) => Date.parse(createdAt) },
  ],
  tag: ({ tags }, key) => (Object.hasOwn(tags, key) ? tags[key] : undefined),
  // The client asks so for models that are no prompts.
  differsWithout: (key) => key === 'mlflow.prompt.is_prompt',
};

interface Found {
  readonly version: VersionDocument;
  readonly aliases: readonly string[];
}

const VERSIONS: Subject<Found> = {
  what: 'model version',
  attributes: [
    { names: ['name'], read: ({ version }) => version.name, operators: [...TEXTS, 'IN'] },
    { names: ['version_number', 'version'], read: ({ version }) => Number(version.version), quoted: true },
    { names: ['run_id'], read: ({ version }) => runOf(version), operators: [...TEXTS, 'IN'] },
    { names: ['source_path', 'source'], read: ({ version }) => sourceOf(version), operators: TEXTS },
    { names: ['creation_timestamp'], read: ({ version }) => Date.parse(version.createdAt) },
    { names: ['last_updated_timestamp'], read: ({ version }) => Date.parse(version.updatedAt) },
  ],
  tag: ({ version: { tags } }, key) =>
    Object.hasOwn(tags, key) && key !== STAGE_TAG ? tags[key] : undefined,
  differsWithout: (key) => key === 'mlflow.prompt.is_prompt',
};

function tagsOf(
  tags: readonly { readonly key: string; readonly value: string | undefined }[],
): Record<string, string> {
  return Object.fromEntries(tags.map(({ key, value = '' }) => [ownTag(key), value]));
}

/** The tag of stages is ours. */
function ownTag(key: string): string {
  if (key !== STAGE_TAG) return key;
  throw invalid(`The tag ${STAGE_TAG} is set by transition_model_version_stage.`);
}

/** A name that was given up is free again: in the registry the model comes back, and what it had is deleted. */
function createModel(
  tracking: Tracking,
  name: string,
  details: { readonly description: string; readonly tags: Readonly<Record<string, string>> },
): RegisteredModel {
  const { registry } = tracking;
  const known = registry.model(name, { includeDeleted: true });
  if (known.ok && known.model.deleted === undefined) {
    throw new WireError('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
  }
  if (!known.ok) return valueOf(registry.createModel(name, details)).model;
  valueOf(registry.restoreModel(name));
  for (const { version } of valueOf(registry.versions(name, { limit: Infinity })).versions)
    valueOf(registry.deleteVersion(name, version));
  for (const key of Object.keys(known.model.tags)) valueOf(registry.removeTag(name, key));
  for (const [key, value] of Object.entries(details.tags)) valueOf(registry.setTag(name, key, value));
  valueOf(registry.describe(name, details.description));
  return modelOf(tracking, name);
}

function removeAliases(tracking: Tracking, name: string, aliases: readonly string[]): void {
  for (const alias of aliases) valueOf(tracking.registry.removeAlias(name, alias));
}

/** All versions, or those of the models that a filter asks for by their names. */
function allVersions(tracking: Tracking, filter: string | undefined): readonly Found[] {
  const names = parseFilter(filter).flatMap(({ entity, key, operator, value }) =>
    entity === 'attribute' && key === 'name' && operator === '=' ? [value ?? []].flat() : [],
  );
  return tracking.registry
    .models()
    .models.filter(({ name }) => names.every(({ text: wanted }) => wanted === name))
    .flatMap(({ name }) =>
      valueOf(tracking.registry.versions(name, { limit: Infinity })).versions.flatMap(({ version }) => {
        const found = tracking.registry.version(name, version);
        return found.ok ? [found] : [];
      }),
    );
}

const SEARCH = { filter: text, max_results: whole, order_by: listOf(required(text)), page_token: text };

export const REGISTRY_ROUTES: readonly Route[] = [
  route(
    'POST',
    'registered-models/create',
    { name: need, tags: tagList, description: text },
    (tracking, { name, tags, description = '' }) => ({
      registered_model: modelAnswer(
        tracking,
        createModel(tracking, name, { description, tags: tagsOf(tags) }),
      ),
    }),
  ),
  route('GET', 'registered-models/get', { name: need }, (tracking, { name }) => ({
    registered_model: modelAnswer(tracking, modelOf(tracking, name)),
  })),
  route('PATCH', 'registered-models/update', { name: need, description: text }, (tracking, request) => {
    modelOf(tracking, request.name);
    valueOf(tracking.registry.describe(request.name, request.description ?? ''));
    return { registered_model: modelAnswer(tracking, modelOf(tracking, request.name)) };
  }),
  route(
    'POST',
    'registered-models/rename',
    { name: need, new_name: need },
    (tracking, { name, new_name }) => {
      modelOf(tracking, name);
      throw new WireError(
        'NOT_IMPLEMENTED',
        `Modelyard does not rename models, because runs and pipelines name them: create ${new_name.slice(0, 80)} and copy the versions (copy_model_version).`,
      );
    },
  ),
  route('DELETE', 'registered-models/delete', { name: need }, (tracking, { name }) => {
    removeAliases(tracking, name, Object.keys(modelOf(tracking, name).aliases));
    valueOf(tracking.registry.deleteModel(name));
    return DONE;
  }),
  route('GET', 'registered-models/search', SEARCH, (tracking, request) => {
    const limit = limitOf(request.max_results, 100, 1_000);
    const found = tracking.registry.models().models.filter(filterOf(MODELS, request.filter));
    const last = (one: RegisteredModel, other: RegisteredModel): number => (one.name < other.name ? -1 : 1);
    const sorted = sortBy(found, orderOf(MODELS, request.order_by), last);
    const { items, next } = pageOf(sorted, limit, request.page_token);
    return {
      ...(items.length === 0
        ? {}
        : { registered_models: items.map((model) => modelAnswer(tracking, model)) }),
      ...defined({ next_page_token: next }),
    };
  }),
  ...(['POST', 'GET'] as const).map((method) =>
    route(
      method,
      'registered-models/get-latest-versions',
      { name: need, stages: listOf(required(text)) },
      (tracking, { name, stages }) => {
        modelOf(tracking, name);
        const wanted = stages.length === 0 ? undefined : stages.map(stageOf);
        return { model_versions: latestVersions(tracking, name, wanted) };
      },
    ),
  ),
  route(
    'POST',
    'registered-models/set-tag',
    { name: need, key: need, value: text },
    (tracking, { name, key, value = '' }) => {
      modelOf(tracking, name);
      valueOf(tracking.registry.setTag(name, ownTag(key), value));
      return DONE;
    },
  ),
  route('DELETE', 'registered-models/delete-tag', { name: need, key: need }, (tracking, { name, key }) => {
    if (Object.hasOwn(modelOf(tracking, name).tags, key)) valueOf(tracking.registry.removeTag(name, key));
    return DONE;
  }),
  route(
    'POST',
    'registered-models/alias',
    { ...VERSION, alias: need },
    (tracking, { name, version, alias }) => {
      versionOf(tracking, name, version);
      valueOf(tracking.registry.setAlias(name, alias, version));
      return DONE;
    },
  ),
  route('DELETE', 'registered-models/alias', { name: need, alias: need }, (tracking, { name, alias }) => {
    if (Object.hasOwn(modelOf(tracking, name).aliases, alias)) removeAliases(tracking, name, [alias]);
    return DONE;
  }),
  route('GET', 'registered-models/alias', { name: need, alias: need }, (tracking, { name, alias }) => {
    const { aliases } = modelOf(tracking, name);
    const number = Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
    if (number === undefined) throw invalid(`Registered model alias ${alias.slice(0, 80)} not found.`);
    const found = versionOf(tracking, name, number);
    return { model_version: versionAnswer(found.version, found.aliases) };
  }),
  route(
    'POST',
    'model-versions/create',
    {
      name: need,
      source: need,
      run_id: text,
      run_link: text,
      model_id: text,
      description: text,
      tags: tagList,
    },
    (tracking, { name, source, run_id, run_link, model_id, description, tags }) => {
      const { version } = createVersion(tracking, {
        ...{ name, source, run: run_id === '' ? undefined : run_id, runLink: run_link },
        ...{ model: model_id === '' ? undefined : model_id, description, tags: tagsOf(tags) },
      });
      return { model_version: versionAnswer(version, []) };
    },
  ),
  route('GET', 'model-versions/get', VERSION, (tracking, { name, version }) => {
    const found = versionOf(tracking, name, version);
    return { model_version: versionAnswer(found.version, found.aliases) };
  }),
  route('PATCH', 'model-versions/update', { ...VERSION, description: text }, (tracking, request) => {
    const { name, version, description } = request;
    versionOf(tracking, name, version);
    valueOf(tracking.registry.describe(name, description ?? '', { version }));
    const found = versionOf(tracking, name, version);
    return { model_version: versionAnswer(found.version, found.aliases) };
  }),
  route('DELETE', 'model-versions/delete', VERSION, (tracking, { name, version }) => {
    removeAliases(tracking, name, versionOf(tracking, name, version).aliases);
    valueOf(tracking.registry.deleteVersion(name, version));
    return DONE;
  }),
  route('GET', 'model-versions/get-download-uri', VERSION, (tracking, { name, version }) => ({
    artifact_uri: downloadUri(versionOf(tracking, name, version).version),
  })),
  route('GET', 'model-versions/search', SEARCH, (tracking, request) => {
    const limit = limitOf(request.max_results, 10_000, 200_000);
    const found = allVersions(tracking, request.filter).filter(filterOf(VERSIONS, request.filter));
    const last = ({ version: one }: Found, { version: other }: Found): number =>
      one.updatedAt !== other.updatedAt
        ? one.updatedAt < other.updatedAt
          ? 1
          : -1
        : one.name !== other.name
          ? one.name < other.name
            ? -1
            : 1
          : Number(other.version) - Number(one.version);
    const sorted = sortBy(found, orderOf(VERSIONS, request.order_by), last);
    const { items, next } = pageOf(sorted, limit, request.page_token);
    return {
      ...(items.length === 0
        ? {}
        : { model_versions: items.map(({ version, aliases }) => versionAnswer(version, aliases)) }),
      ...defined({ next_page_token: next }),
    };
  }),
  route(
    'POST',
    'model-versions/set-tag',
    { ...VERSION, key: need, value: text },
    (tracking, { name, version, key, value = '' }) => {
      versionOf(tracking, name, version);
      valueOf(tracking.registry.setTag(name, ownTag(key), value, { version }));
      return DONE;
    },
  ),
  route(
    'DELETE',
    'model-versions/delete-tag',
    { ...VERSION, key: need },
    (tracking, { name, version, key }) => {
      if (Object.hasOwn(versionOf(tracking, name, version).version.tags, ownTag(key)))
        valueOf(tracking.registry.removeTag(name, key, { version }));
      return DONE;
    },
  ),
  route(
    'POST',
    'model-versions/transition-stage',
    { ...VERSION, stage: need, archive_existing_versions: flag },
    (tracking, { name, version, stage: word, archive_existing_versions }) => {
      const stage = stageOf(word);
      versionOf(tracking, name, version);
      if (archive_existing_versions === true && stage !== 'Staging' && stage !== 'Production') {
        throw invalid(
          `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage.`,
        );
      }
      if (archive_existing_versions === true) {
        for (const one of valueOf(tracking.registry.versions(name, { limit: Infinity })).versions)
          if (one.version !== version && currentStage(one) === stage)
            valueOf(tracking.registry.setTag(name, STAGE_TAG, 'Archived', { version: one.version }));
      }
      valueOf(tracking.registry.setTag(name, STAGE_TAG, stage, { version }));
      const found = versionOf(tracking, name, version);
      return { model_version: versionAnswer(found.version, found.aliases) };
    },
  ),
];
