/** Runs as MLflow clients see and search them. */
import { defined } from '../../base/defined.js';
import type { TrackedDataset } from '../../stores/runs/document.js';
import type { TrackedMetric, TrackedRun } from '../../stores/tracking/tracked-run.js';
import { LISTS, NULLS, type Subject, TEXTS } from '../search/search.js';
import { type Tracking, artifactUri } from '../tracking.js';
import { pairs, wireNumber } from '../wire/wire.js';

export function runInfo(tracking: Tracking, run: TrackedRun): object {
  const { id, name, experiment, user, status, start, end, deleted } = run;
  return {
    run_id: id,
    run_uuid: id,
    run_name: name,
    experiment_id: experiment,
    user_id: user,
    status,
    start_time: start,
    ...defined({ end_time: end }),
    artifact_uri: artifactUri(tracking, run.experiment, `${run.id}/artifacts`),
    lifecycle_stage: deleted === undefined ? 'active' : 'deleted',
  };
}

export function metricAnswer(key: string, { value, at, step }: TrackedMetric): object {
  return { key, value: wireNumber(value), timestamp: at, step };
}

function datasetInput({ name, digest, source, sourceType, schema, profile, tags }: TrackedDataset): object {
  return {
    tags: pairs(Object.entries(tags)),
    dataset: { name, digest, source, source_type: sourceType, ...defined({ schema, profile }) },
  };
}

export function runAnswer(tracking: Tracking, run: TrackedRun): object {
  const { metrics, params, tags, datasets, modelInputs, modelOutputs } = run;
  return {
    info: runInfo(tracking, run),
    data: {
      ...(metrics.size === 0
        ? {}
        : { metrics: [...metrics].map(([key, metric]) => metricAnswer(key, metric)) }),
      ...(params.size === 0 ? {} : { params: pairs(params) }),
      ...(tags.size === 0 ? {} : { tags: pairs(tags) }),
    },
    inputs: {
      ...(datasets.length === 0 ? {} : { dataset_inputs: datasets.map(datasetInput) }),
      ...(modelInputs.size === 0 ? {} : { model_inputs: [...modelInputs].map((model_id) => ({ model_id })) }),
    },
    ...(modelOutputs.size === 0
      ? {}
      : { outputs: { model_outputs: [...modelOutputs].map(([model_id, step]) => ({ model_id, step })) } }),
  };
}

/** What runs are searched by. */
export function runSubject(tracking: Tracking): Subject<TrackedRun> {
  return {
    what: 'run',
    attributes: [
      { names: ['run_id'], read: ({ id }) => id, operators: [...TEXTS, ...LISTS] },
      { names: ['run_name', 'Run name', 'run name'], read: ({ name }) => name, operators: TEXTS },
      { names: ['status'], read: ({ status }) => status, operators: TEXTS },
      { names: ['user_id', 'User'], read: ({ user }) => user, operators: TEXTS },
      {
        names: ['artifact_uri'],
        read: (run) => artifactUri(tracking, run.experiment, `${run.id}/artifacts`),
        operators: TEXTS,
      },
      { names: ['start_time', 'created', 'Created'], read: ({ start }) => start },
      { names: ['end_time'], read: ({ end }) => end },
    ],
    metric: ({ metrics }, key) => metrics.get(key)?.value,
    param: ({ params }, key) => params.get(key),
    tag: ({ tags }, key) => tags.get(key),
    operators: [...TEXTS, ...NULLS],
    dataset: ({ datasets }, key) =>
      datasets.flatMap((dataset) =>
        key === 'context' ? (dataset.tags['mlflow.data.context'] ?? []) : dataset[key],
      ),
    sortsByTexts: true,
  };
}
