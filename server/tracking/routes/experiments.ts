/** Experiments: `/experiments/…`. */
import { defined } from '../../base/defined.js';
import type { Experiment } from '../../stores/tracking/experiments.js';
import { listOf, required, tagList, text, whole, word } from '../wire/fields.js';
import { checkKey, tagValue } from '../wire/names.js';
import { DONE, type Route, route } from './route.js';
import { LISTS, NULLS, type Subject, TEXTS, filterOf, orderOf, sortBy } from '../search/search.js';
import { type Tracking, locationOf } from '../tracking.js';
import { WireError, invalid, limitOf, missing, pageOf, pairs } from '../wire/wire.js';

const MAX_NAME = 500;

const SUBJECT: Subject<Experiment> = {
  what: 'experiment',
  attributes: [
    { names: ['name'], read: ({ name }) => name, operators: TEXTS },
    // Compared as a text, ordered as the number that it is.
    {
      names: ['experiment_id', 'experimentId'],
      read: ({ id }) => Number(id),
      operators: [...TEXTS, ...LISTS],
    },
    { names: ['creation_time', 'creationTime', 'created'], read: ({ created }) => created },
    { names: ['last_update_time', 'last_updated', 'lastUpdateTime'], read: ({ updated }) => updated },
  ],
  tag: ({ tags }, key) => tags.get(key),
  operators: [...TEXTS, ...NULLS],
};

/** `ACTIVE_ONLY` and so on, for runs as well. */
export const VIEWS = word(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'], 'ACTIVE_ONLY');

export function isInView(view: string | undefined, deleted: boolean): boolean {
  return view === 'ALL' || deleted === (view === 'DELETED_ONLY');
}

function told(experiment: Experiment): object {
  const { id, name, deleted, created, updated, tags } = experiment;
  return {
    experiment_id: id,
    name,
    artifact_location: locationOf(experiment),
    lifecycle_stage: deleted ? 'deleted' : 'active',
    creation_time: created,
    last_update_time: updated,
    ...(tags.size === 0 ? {} : { tags: pairs(tags) }),
  };
}

function checkName(name: string): string {
  if (name.length <= MAX_NAME && !/\p{Cc}/u.test(name)) return name;
  throw invalid(
    `Invalid experiment name: it has to be of at most ${MAX_NAME} characters, without control characters.`,
  );
}

/** An address that clients put artifacts to themselves. What says that they come here has to be what we say. */
function checkLocation(location: string | undefined): string | undefined {
  if (location === undefined || location === '') return undefined;
  if (/[#?\p{Cc}]|(?:^|\/)\.\.(?:\/|$)/u.test(location) || /^mlflow-artifacts:/i.test(location)) {
    throw invalid(
      `Invalid artifact location ${JSON.stringify(location.slice(0, 80))}: leave it out to keep artifacts on this server, or name another place, such as s3://bucket/folder.`,
    );
  }
  return location;
}

function changed(tracking: Tracking, id: string, deleted: boolean): object {
  const experiment = tracking.experiment(id);
  if (experiment.deleted === deleted) {
    const state = deleted ? 'active' : 'deleted';
    throw missing(`There is no ${state} experiment with id=${id}`);
  }
  tracking.experiments.change(id, { deleted });
  const now = Date.now();
  for (const run of tracking.runs.all())
    if (run.experiment === id && (run.deleted === undefined) === deleted)
      tracking.runs.change(run, { deleted: deleted ? now : null });
  return DONE;
}

const id = required(text);

export const EXPERIMENT_ROUTES: readonly Route[] = [
  route(
    'POST',
    'experiments/create',
    { name: required(text), artifact_location: text, tags: tagList },
    (tracking, { name, artifact_location, tags }) => {
      const location = checkLocation(artifact_location);
      const known = Object.fromEntries(
        tags.map(({ key, value = '' }) => [checkKey('tag', key), tagValue(value)]),
      );
      const { experiment, made } = tracking.experiments.create(checkName(name), {
        ...defined({ location }),
        ...(tags.length === 0 ? {} : { tags: known }),
      });
      if (made) {
        tracking.task?.chose(experiment);
        return { experiment_id: experiment.id };
      }
      const way = experiment.deleted ? ' in deleted state. You can restore it, or take another name' : '';
      throw new WireError('RESOURCE_ALREADY_EXISTS', `Experiment '${name}' already exists${way}.`);
    },
  ),
  route('GET', 'experiments/get', { experiment_id: id }, (tracking, { experiment_id }) => {
    const found = tracking.experiment(experiment_id);
    tracking.task?.chose(found);
    return { experiment: told(found) };
  }),
  route('GET', 'experiments/get-by-name', { experiment_name: id }, (tracking, { experiment_name }) => {
    const found = tracking.experiments.byName(experiment_name);
    if (found === undefined) {
      throw missing(`Could not find experiment with name '${experiment_name.slice(0, 80)}'`);
    }
    tracking.task?.chose(found);
    return { experiment: told(found) };
  }),
  ...(['POST', 'GET'] as const).map((method) =>
    route(
      method,
      'experiments/search',
      {
        filter: text,
        max_results: whole,
        order_by: listOf(required(text)),
        page_token: text,
        view_type: VIEWS,
      },
      (tracking, { filter, max_results, order_by, page_token, view_type }) => {
        const limit = limitOf(max_results, 1_000, 50_000);
        const test = filterOf(SUBJECT, filter);
        const all = tracking.experiments.all();
        const found = all.filter((one) => isInView(view_type, one.deleted) && test(one));
        const last = (one: Experiment, other: Experiment): number =>
          other.created - one.created || Number(other.id) - Number(one.id);
        const { items, next } = pageOf(sortBy(found, orderOf(SUBJECT, order_by), last), limit, page_token);
        return { experiments: items.map(told), ...defined({ next_page_token: next }) };
      },
    ),
  ),
  route(
    'POST',
    'experiments/update',
    { experiment_id: id, new_name: required(text) },
    (tracking, request) => {
      const experiment = tracking.activeExperiment(request.experiment_id);
      const name = checkName(request.new_name);
      if (tracking.experiments.change(experiment.id, { name }) === 'changed') return DONE;
      throw new WireError('RESOURCE_ALREADY_EXISTS', `Experiment '${name}' already exists.`);
    },
  ),
  route('POST', 'experiments/delete', { experiment_id: id }, (tracking, { experiment_id }) =>
    changed(tracking, experiment_id, true),
  ),
  route('POST', 'experiments/restore', { experiment_id: id }, (tracking, { experiment_id }) =>
    changed(tracking, experiment_id, false),
  ),
  route(
    'POST',
    'experiments/set-experiment-tag',
    { experiment_id: id, key: id, value: text },
    (tracking, { experiment_id, key, value = '' }) => {
      const experiment = tracking.activeExperiment(experiment_id);
      tracking.experiments.change(experiment.id, { tags: { [checkKey('tag', key)]: tagValue(value) } });
      return DONE;
    },
  ),
  route(
    'POST',
    'experiments/delete-experiment-tag',
    { experiment_id: id, key: id },
    (tracking, { experiment_id, key }) => {
      const experiment = tracking.activeExperiment(experiment_id);
      if (!experiment.tags.has(key)) {
        throw missing(`No tag with name: ${key.slice(0, 80)} in experiment with id ${experiment_id}`);
      }
      tracking.experiments.change(experiment.id, { untagged: [key] });
      return DONE;
    },
  ),
];
