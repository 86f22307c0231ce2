/** Runs: `/runs/…` and `/metrics/…`. */
import { defined } from '../../base/defined.js';
import { TRACKED_TASK, type TrackedChange, type TrackedRun } from '../../stores/tracking/tracked-run.js';
import type { TrackedPoint } from '../../stores/tracking/tracked-task.js';
import { VIEWS, isInView } from './experiments.js';
import { listOf, message, real, required, tagList, text, whole, word } from '../wire/fields.js';
import { checkKey, checkTime, paramValue, randomName, tagValue } from '../wire/names.js';
import { DONE, type Route, route } from './route.js';
import { metricAnswer, runAnswer, runInfo, runSubject } from './run-answers.js';
import { filterOf, orderOf, sortBy } from '../search/search.js';
import type { Tracking } from '../tracking.js';
import { WireError, invalid, limitOf, missing, pageOf } from '../wire/wire.js';

const MAX_METRICS = 1_000;
const MAX_PARAMS = 100;
const MAX_TAGS = 100;
const RUN_NAME = 'mlflow.runName';
const PARENT = 'mlflow.parentRunId';

const need = required(text);
/** Older clients say `run_uuid`, newer ones both. */
const RUN = { run_id: text, run_uuid: text };

const metricFields = {
  key: need,
  value: required(real),
  timestamp: required(whole),
  step: whole,
  model_id: text,
  dataset_name: text,
  dataset_digest: text,
};
const metric = required(message(metricFields));

interface LoggedMetric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number | undefined;
  readonly model_id: string | undefined;
  readonly dataset_name: string | undefined;
  readonly dataset_digest: string | undefined;
}

function runOf(
  tracking: Tracking,
  request: { readonly [K in keyof typeof RUN]: string | undefined },
): TrackedRun {
  const id = request.run_id ?? request.run_uuid ?? '';
  if (id === '') throw invalid("Missing value for required parameter 'run_id'.");
  return tracking.runs.get(id);
}

/** A run that may be written. */
function activeRun(tracking: Tracking, request: Parameters<typeof runOf>[1]): TrackedRun {
  const run = runOf(tracking, request);
  if (run.deleted === undefined) return run;
  throw invalid(`The run ${run.id} must be in the 'active' state. Current state is deleted.`);
}

function tagsOf(
  tags: readonly { readonly key: string; readonly value: string | undefined }[],
): Record<string, string> {
  return Object.fromEntries(tags.map(({ key, value = '' }) => [checkKey('tag', key), tagValue(value)]));
}

/** A tag is the name of the run, too. */
function withName(tags: Readonly<Record<string, string>>): TrackedChange {
  const name = Object.hasOwn(tags, RUN_NAME) ? tags[RUN_NAME] : undefined;
  return { tags, ...defined({ name }) };
}

/** Params that are new. Throws for one that has another value already. */
function newParams(
  run: TrackedRun,
  params: readonly { readonly key: string; readonly value: string | undefined }[],
): Record<string, string> {
  const added = new Map<string, string>();
  const seen = new Set<string>();
  for (const { key, value = '' } of params) {
    checkKey('param', key);
    const told = paramValue(value);
    if (seen.has(key)) throw invalid(`Duplicate parameter keys have been submitted: '${key}'.`);
    seen.add(key);
    const known = run.params.get(key);
    if (known !== undefined && known !== told) {
      throw invalid(
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${known.slice(0, 80)}' for run ID='${run.id}'. Attempted logging new value '${told.slice(0, 80)}'.`,
      );
    }
    if (!run.params.has(key)) added.set(key, told);
  }
  return Object.fromEntries(added);
}

function pointOf({ key, value, timestamp, step = 0 }: LoggedMetric): TrackedPoint {
  return { key: checkKey('metric', key), value, at: checkTime('timestamp', timestamp), step };
}

/** Metrics that name a logged model are the model's, too. */
function toldOfModels(tracking: Tracking, run: TrackedRun, metrics: readonly LoggedMetric[]): void {
  const ids = new Set(
    metrics.flatMap(({ model_id }) => (model_id === undefined || model_id === '' ? [] : [model_id])),
  );
  for (const id of ids) {
    if (tracking.models.get(id) === undefined) continue;
    const own = metrics.filter(({ model_id }) => model_id === id);
    tracking.models.change(id, {
      metrics: own.map(({ key, value, timestamp, step = 0, dataset_name, dataset_digest }) => ({
        ...{ key, at: timestamp, step, run: run.id },
        value: Number.isFinite(value) ? value : String(value),
        ...(dataset_name === undefined || dataset_digest === undefined
          ? {}
          : { dataset: { name: dataset_name, digest: dataset_digest } }),
      })),
    });
  }
}

function logMetrics(tracking: Tracking, run: TrackedRun, metrics: readonly LoggedMetric[]): void {
  const points = metrics.map(pointOf);
  tracking.runs.addPoints(run, points);
  tracking.task?.logged(run, points);
  toldOfModels(tracking, run, metrics);
}

function atMost(what: string, count: number, most: number): void {
  if (count > most)
    throw invalid(`A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}.`);
}

function createRun(
  tracking: Tracking,
  experimentId: string,
  given: {
    readonly name: string | undefined;
    readonly user: string | undefined;
    readonly start: number | undefined;
    readonly tags: Readonly<Record<string, string>>;
  },
): object {
  const experiment = tracking.activeExperiment(experimentId);
  const tagged = Object.hasOwn(given.tags, RUN_NAME) ? given.tags[RUN_NAME] : undefined;
  const wanted = given.name === '' ? undefined : given.name;
  if (wanted !== undefined && tagged !== undefined && tagged !== wanted) {
    throw invalid(
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${wanted.slice(0, 80)}', mlflow.runName='${tagged.slice(0, 80)}').`,
    );
  }
  const name = tagValue(wanted ?? tagged ?? randomName());
  const start = checkTime('start_time', given.start ?? Date.now());
  const tags = { ...given.tags, [RUN_NAME]: name };
  const parent = parentOf(tracking, tags);
  const run = tracking.runs.create({
    ...{ experiment, name, start, tags, user: given.user ?? '' },
    ...defined({ parent }),
  });
  tracking.task?.began(run);
  return { run: runAnswer(tracking, run) };
}

/** A nested run is part of the one around it, others of the task whose processes begin them. */
function parentOf(tracking: Tracking, tags: Readonly<Record<string, string>>): TrackedRun['base']['parent'] {
  const above = Object.hasOwn(tags, PARENT) ? tags[PARENT] : undefined;
  const run = above === undefined ? undefined : tracking.runs.find(above);
  return run === undefined ? tracking.task?.asked.parent : { run: run.id, task: TRACKED_TASK };
}

const STATUSES = word(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'], 'RUNNING');
const ENDED: ReadonlySet<string> = new Set(['FINISHED', 'FAILED', 'KILLED']);

const dataset = required(
  message({
    tags: tagList,
    dataset: required(
      message({
        name: need,
        digest: need,
        source_type: need,
        source: need,
        schema: text,
        profile: text,
      }),
    ),
  }),
);

export const RUN_ROUTES: readonly Route[] = [
  route(
    'POST',
    'runs/create',
    { experiment_id: text, user_id: text, run_name: text, start_time: whole, tags: tagList },
    (tracking, { experiment_id = '0', user_id, run_name, start_time, tags }) =>
      createRun(tracking, experiment_id === '' ? '0' : experiment_id, {
        ...{ name: run_name, user: user_id, start: start_time, tags: tagsOf(tags) },
      }),
  ),
  route('GET', 'runs/get', RUN, (tracking, request) => ({
    run: runAnswer(tracking, runOf(tracking, request)),
  })),
  route(
    'POST',
    'runs/update',
    { ...RUN, status: STATUSES, end_time: whole, run_name: text },
    (tracking, request) => {
      const run = activeRun(tracking, request);
      const { status, end_time, run_name } = request;
      const end =
        end_time !== undefined
          ? checkTime('end_time', end_time)
          : status === undefined
            ? undefined
            : ENDED.has(status)
              ? run.end === undefined
                ? Date.now()
                : undefined
              : null;
      const named =
        run_name === undefined || run_name === '' ? {} : withName({ [RUN_NAME]: tagValue(run_name) });
      tracking.runs.change(run, { ...defined({ status, end }), ...named });
      return { run_info: runInfo(tracking, run) };
    },
  ),
  route('POST', 'runs/delete', { run_id: need }, (tracking, { run_id }) => {
    const run = tracking.runs.get(run_id);
    if (run.deleted === undefined) tracking.runs.change(run, { deleted: Date.now() });
    return DONE;
  }),
  route('POST', 'runs/restore', { run_id: need }, (tracking, { run_id }) => {
    const run = tracking.runs.get(run_id);
    if (run.deleted !== undefined) tracking.runs.change(run, { deleted: null });
    return DONE;
  }),
  route('POST', 'runs/log-metric', { ...RUN, ...metricFields }, (tracking, request) => {
    logMetrics(tracking, activeRun(tracking, request), [request]);
    return DONE;
  }),
  route('POST', 'runs/log-parameter', { ...RUN, key: need, value: text }, (tracking, request) => {
    const run = activeRun(tracking, request);
    const params = newParams(run, [request]);
    if (Object.keys(params).length > 0) tracking.runs.change(run, { params });
    return DONE;
  }),
  route('POST', 'runs/set-tag', { ...RUN, key: need, value: text }, (tracking, request) => {
    const run = activeRun(tracking, request);
    tracking.runs.change(run, withName(tagsOf([request])));
    return DONE;
  }),
  route('POST', 'runs/delete-tag', { run_id: need, key: need }, (tracking, request) => {
    const run = activeRun(tracking, { ...request, run_uuid: undefined });
    if (!run.tags.has(request.key)) {
      throw missing(`No tag with name: ${request.key.slice(0, 80)} in run with id ${run.id}`);
    }
    tracking.runs.change(run, { untagged: [request.key] });
    return DONE;
  }),
  route(
    'POST',
    'runs/log-batch',
    { ...RUN, metrics: listOf(metric), params: tagList, tags: tagList },
    (tracking, request) => {
      const run = activeRun(tracking, request);
      const { metrics } = request;
      atMost('metrics', metrics.length, MAX_METRICS);
      atMost('params', request.params.length, MAX_PARAMS);
      atMost('tags', request.tags.length, MAX_TAGS);
      // All of it is looked at before any of it is written.
      metrics.forEach(pointOf);
      const params = newParams(run, request.params);
      const tags = tagsOf(request.tags);
      if (Object.keys(params).length + Object.keys(tags).length > 0)
        tracking.runs.change(run, { ...withName(tags), params });
      logMetrics(tracking, run, metrics);
      return DONE;
    },
  ),
  route(
    'POST',
    'runs/log-inputs',
    { run_id: need, datasets: listOf(dataset), models: listOf(required(message({ model_id: need }))) },
    (tracking, { run_id, datasets, models }) => {
      const run = activeRun(tracking, { run_id, run_uuid: undefined });
      tracking.runs.change(run, {
        datasets: datasets.map(
          ({ tags, dataset: { name, digest, source_type, source, schema, profile } }) => ({
            ...{ name, digest, source, sourceType: source_type, tags: tagsOf(tags) },
            ...defined({ schema, profile }),
          }),
        ),
        modelInputs: models.map(({ model_id }) => model_id),
      });
      return DONE;
    },
  ),
  route(
    'POST',
    'runs/outputs',
    { run_id: need, models: listOf(required(message({ model_id: need, step: whole }))) },
    (tracking, { run_id, models }) => {
      const run = activeRun(tracking, { run_id, run_uuid: undefined });
      tracking.runs.change(run, {
        modelOutputs: models.map(({ model_id, step = 0 }) => ({ id: model_id, step })),
      });
      return DONE;
    },
  ),
  route('POST', 'runs/log-model', { run_id: need, model_json: need }, (tracking, { run_id, model_json }) => {
    const run = activeRun(tracking, { run_id, run_uuid: undefined });
    const key = 'mlflow.log-model.history';
    const history = [...listIn(run.tags.get(key)), parsedModel(model_json)];
    tracking.runs.change(run, { tags: { [key]: JSON.stringify(history) } });
    return DONE;
  }),
  route(
    'POST',
    'runs/search',
    {
      experiment_ids: listOf(required(text)),
      filter: text,
      run_view_type: VIEWS,
      max_results: whole,
      order_by: listOf(required(text)),
      page_token: text,
    },
    (tracking, request) => {
      const subject = runSubject(tracking);
      const limit = limitOf(request.max_results, 1_000, 50_000);
      const test = filterOf(subject, request.filter);
      const order = orderOf(subject, request.order_by);
      const wanted = new Set(request.experiment_ids.map((id) => tracking.experimentId(id)));
      const found = tracking.runs
        .all()
        .filter(
          (run) =>
            wanted.has(run.experiment) &&
            isInView(request.run_view_type, run.deleted !== undefined) &&
            test(run),
        );
      const { items, next } = pageOf(sortBy(found, order, newestFirst), limit, request.page_token);
      return {
        ...(items.length === 0 ? {} : { runs: items.map((run) => runAnswer(tracking, run)) }),
        ...defined({ next_page_token: next }),
      };
    },
  ),
  route(
    'GET',
    'metrics/get-history',
    { ...RUN, metric_key: need, max_results: whole, page_token: text },
    (tracking, request) => {
      const run = runOf(tracking, request);
      const limit = limitOf(request.max_results, 25_000, 1_000_000);
      const { items, next } = pageOf(
        tracking.runs.history(run, request.metric_key),
        limit,
        request.page_token,
      );
      return {
        ...(items.length === 0
          ? {}
          : { metrics: items.map((point) => metricAnswer(request.metric_key, point)) }),
        ...defined({ next_page_token: next }),
      };
    },
  ),
  route(
    'GET',
    'metrics/get-history-bulk-interval',
    {
      run_ids: listOf(required(text)),
      metric_key: need,
      start_step: whole,
      end_step: whole,
      max_results: whole,
    },
    (tracking, request) => {
      const { run_ids, metric_key, start_step = -Infinity, end_step = Infinity } = request;
      if (run_ids.length === 0 || run_ids.length > 100)
        throw invalid("Parameter 'run_ids' needs between 1 and 100 ids of runs.");
      const limit = limitOf(request.max_results, 320, 2_500);
      return {
        metrics: run_ids.flatMap((id) => {
          const points = tracking.runs
            .history(tracking.runs.get(id), metric_key)
            .filter(({ step }) => step >= start_step && step <= end_step);
          return sampled(points, limit).map((point) => ({ ...metricAnswer(metric_key, point), run_id: id }));
        }),
      };
    },
  ),
];

function newestFirst(one: TrackedRun, other: TrackedRun): number {
  return other.start - one.start || (one.id < other.id ? -1 : 1);
}

/** At most so many, evenly spread, the first and the last among them. */
function sampled<T>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points;
  const last = points.length - 1;
  return Array.from(
    { length: most },
    (_, at) => points[Math.round((at * last) / Math.max(1, most - 1))],
  ).flatMap((point) => point ?? []);
}

function listIn(json: string | undefined): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch {
    // Cut, because there were too many: a new list begins.
    return [];
  }
}

function parsedModel(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new WireError(
      'INVALID_PARAMETER_VALUE',
      "Malformed model info in parameter 'model_json': it is not JSON.",
    );
  }
}
