/** Logged models: `/logged-models/…`. */
import { defined } from '../../base/defined.js';
import type { LoggedModel, LoggedModelStatus } from '../../stores/tracking/logged-models.js';
import { flag, listOf, message, required, tagList, text, whole } from '../wire/fields.js';
import { checkKey, paramValue, tagValue } from '../wire/names.js';
import { DONE, type Route, route } from './route.js';
import { LISTS, type OrderItem, type Subject, TEXTS, filterOf, orderOf, sortBy } from '../search/search.js';
import { type Tracking, artifactUri } from '../tracking.js';
import { invalid, limitOf, missing, pageOf, pairs } from '../wire/wire.js';

const need = required(text);

const STATES: Readonly<Record<LoggedModelStatus, string>> = {
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  UPLOAD_FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
};

const SUBJECT: Subject<LoggedModel> = {
  what: 'logged model',
  attributes: [
    { names: ['name'], read: ({ name }) => name, operators: [...TEXTS, ...LISTS] },
    { names: ['model_id'], read: ({ id }) => id, operators: [...TEXTS, ...LISTS] },
    { names: ['model_type'], read: ({ type }) => type, operators: [...TEXTS, ...LISTS] },
    { names: ['status'], read: ({ status }) => status, operators: [...TEXTS, ...LISTS] },
    { names: ['source_run_id'], read: ({ run }) => run, operators: [...TEXTS, ...LISTS] },
    { names: ['experiment_id'], read: ({ experiment }) => experiment, operators: [...TEXTS, ...LISTS] },
    { names: ['creation_timestamp', 'creation_time'], read: ({ created }) => created },
    { names: ['last_updated_timestamp', 'last_updated_time'], read: ({ updated }) => updated },
  ],
  metric: (model, key) => lastMetric(model, key),
  param: ({ params }, key) => params.get(key),
  tag: ({ tags }, key) => tags.get(key),
};

/** The newest value, of one dataset where one is named. */
function lastMetric(
  { metrics }: LoggedModel,
  key: string,
  dataset?: { readonly name?: string; readonly digest?: string },
): number | undefined {
  const own = metrics.filter(
    (one) =>
      one.key === key &&
      (dataset?.name === undefined || one.dataset?.name === dataset.name) &&
      (dataset?.digest === undefined || one.dataset?.digest === dataset.digest),
  );
  const last = own.toSorted((one, other) => one.at - other.at || one.step - other.step).at(-1);
  return last === undefined ? undefined : Number(last.value);
}

/** Where the files of a logged model are. */
export function modelUri(tracking: Tracking, model: LoggedModel): string {
  return artifactUri(tracking, model.experiment, `models/${model.id}/artifacts`);
}

function told(tracking: Tracking, model: LoggedModel): object {
  const { id, name, experiment, created, updated, status, type, run, params, tags, metrics } = model;
  return {
    info: {
      model_id: id,
      experiment_id: experiment,
      name,
      creation_timestamp_ms: created,
      last_updated_timestamp_ms: updated,
      artifact_uri: modelUri(tracking, model),
      status: STATES[status],
      ...defined({ model_type: type, source_run_id: run }),
      ...(tags.size === 0 ? {} : { tags: pairs(tags) }),
    },
    data: {
      ...(params.size === 0 ? {} : { params: pairs(params) }),
      ...(metrics.length === 0
        ? {}
        : {
            metrics: metrics.map(({ key, value, at, step, run: of, dataset }) => ({
              ...{ key, value, timestamp: at, step, model_id: id },
              ...defined({ run_id: of, dataset_name: dataset?.name, dataset_digest: dataset?.digest }),
            })),
          }),
    },
  };
}

function textsOf(
  what: 'param' | 'tag',
  list: readonly { readonly key: string; readonly value: string | undefined }[],
): Record<string, string> {
  const cut = what === 'param' ? paramValue : tagValue;
  return Object.fromEntries(list.map(({ key, value = '' }) => [checkKey(what, key), cut(value)]));
}

function checkName(name: string): string {
  if (name.length <= 250 && !/[/:.%"'\p{Cc}]/u.test(name)) return name;
  throw invalid(
    `Invalid model name ${JSON.stringify(name.slice(0, 80))}: it must not contain /, :, ., %, " or ', and have at most 250 characters.`,
  );
}

const orderItem = required(
  message({ field_name: need, ascending: flag, dataset_name: text, dataset_digest: text }),
);

export const MODEL_ROUTES: readonly Route[] = [
  route(
    'POST',
    'logged-models',
    {
      experiment_id: need,
      name: text,
      model_type: text,
      source_run_id: text,
      params: tagList,
      tags: tagList,
    },
    (tracking, { experiment_id, name, model_type, source_run_id, params, tags }) => {
      const experiment = tracking.activeExperiment(experiment_id);
      const run = source_run_id === undefined || source_run_id === '' ? undefined : source_run_id;
      if (run !== undefined) tracking.runs.get(run);
      const id = tracking.models.create({
        experiment: experiment.id,
        name: checkName(name === undefined || name === '' ? 'model' : name),
        ...defined({ type: model_type, run }),
        params: textsOf('param', params),
        tags: textsOf('tag', tags),
      });
      return { model: told(tracking, tracking.model(id)) };
    },
  ),
  route('GET', 'logged-models/{model_id}', { model_id: need }, (tracking, { model_id }) => ({
    model: told(tracking, tracking.model(model_id)),
  })),
  route('PATCH', 'logged-models/{model_id}', { model_id: need, status: text }, (tracking, request) => {
    const model = tracking.model(request.model_id);
    const status = (Object.keys(STATES) as LoggedModelStatus[]).find((one) => STATES[one] === request.status);
    if (status === undefined) {
      const known = Object.values(STATES).join(', ');
      throw invalid(`Invalid value for parameter 'status' supplied: it is one of ${known}.`);
    }
    tracking.models.change(model.id, { status });
    return { model: told(tracking, tracking.model(model.id)) };
  }),
  route('DELETE', 'logged-models/{model_id}', { model_id: need }, (tracking, { model_id }) => {
    tracking.models.change(tracking.model(model_id).id, { deleted: true });
    return DONE;
  }),
  route(
    'POST',
    'logged-models/{model_id}/params',
    { model_id: need, params: tagList },
    (tracking, { model_id, params }) => {
      tracking.models.change(tracking.model(model_id).id, { params: textsOf('param', params) });
      return DONE;
    },
  ),
  route(
    'PATCH',
    'logged-models/{model_id}/tags',
    { model_id: need, tags: tagList },
    (tracking, { model_id, tags }) => {
      tracking.models.change(tracking.model(model_id).id, { tags: textsOf('tag', tags) });
      return DONE;
    },
  ),
  route(
    'DELETE',
    'logged-models/{model_id}/tags/{tag_key}',
    { model_id: need, tag_key: need },
    (tracking, { model_id, tag_key }) => {
      const model = tracking.model(model_id);
      if (!model.tags.has(tag_key))
        throw missing(`No tag with key ${tag_key.slice(0, 80)} found for model with ID ${model.id}.`);
      tracking.models.change(model.id, { untagged: [tag_key] });
      return DONE;
    },
  ),
  route(
    'POST',
    'logged-models/search',
    {
      experiment_ids: listOf(required(text)),
      filter: text,
      datasets: listOf(required(message({ dataset_name: need, dataset_digest: text }))),
      max_results: whole,
      order_by: listOf(orderItem),
      page_token: text,
    },
    (tracking, request) => {
      if (request.experiment_ids.length === 0)
        throw invalid("Parameter 'experiment_ids' needs at least one id.");
      const limit = limitOf(request.max_results, 50, 5_000);
      const test = filterOf(SUBJECT, request.filter);
      const wanted = new Set(request.experiment_ids.map((one) => tracking.experimentId(one)));
      const { datasets } = request;
      const isOn = ({ metrics }: LoggedModel): boolean =>
        datasets.length === 0 ||
        metrics.some(({ dataset }) =>
          datasets.some(
            ({ dataset_name, dataset_digest }) =>
              dataset?.name === dataset_name &&
              (dataset_digest === undefined || dataset.digest === dataset_digest),
          ),
        );
      const found = tracking.models
        .all()
        .filter((model) => wanted.has(model.experiment) && isOn(model) && test(model));
      const order = request.order_by.flatMap(
        ({ field_name, ascending = true, dataset_name, dataset_digest }) => {
          const [item] = orderOf(SUBJECT, [`${quoted(field_name)} ${ascending ? 'ASC' : 'DESC'}`]);
          if (item === undefined) return [];
          const key = /^metrics?\.(.+)$/.exec(field_name)?.[1];
          if (key === undefined || dataset_name === undefined) return [item];
          const of = defined({ name: dataset_name, digest: dataset_digest });
          const ofDataset: OrderItem<LoggedModel> = { ...item, read: (model) => lastMetric(model, key, of) };
          return [ofDataset];
        },
      );
      const last = (one: LoggedModel, other: LoggedModel): number => other.created - one.created;
      const { items, next } = pageOf(sortBy(found, order, last), limit, request.page_token);
      return {
        ...(items.length === 0 ? {} : { models: items.map((model) => told(tracking, model)) }),
        ...defined({ next_page_token: next }),
      };
    },
  ),
];

/** `metrics.a b` as the grammar wants it: the key in backticks. */
function quoted(field: string): string {
  const dot = field.indexOf('.');
  return dot === -1 || field.includes('`') ? field : `${field.slice(0, dot + 1)}\`${field.slice(dot + 1)}\``;
}
