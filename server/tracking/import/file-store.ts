/** An `mlruns` folder as MLflow's file store writes it: a folder for each experiment, in it one for each run. Only read. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { isFolder, namesIn, statOf } from '../../stores/disk/folder.js';
import { readPlainText } from '../../stores/disk/plain-file.js';
import type { TrackedStatus } from '../../stores/runs/document.js';
import type { TrackedPoint } from '../../stores/tracking/tracked-task.js';
import type { LoggedModelStatus, ModelMetric } from '../../stores/tracking/logged-models.js';
import type { ForeignExperiment, ForeignModel, ForeignRun } from './foreign.js';

const META = 'meta.yaml';
const TRASH = '.trash';
/** A link to a folder above would be walked without an end: links are not followed, and so deep nobody nests folders. */
const DEEPEST = 50;
/** By the number that the file has. */
const STATUS: readonly (TrackedStatus | undefined)[] = [undefined, 'RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']; // prettier-ignore

const MODEL_STATUS: readonly (LoggedModelStatus | undefined)[] = [undefined, 'PENDING', 'READY', 'UPLOAD_FAILED']; // prettier-ignore

/** @param root absolute. Experiments without a readable `meta.yaml` are left out. */
export function* fileStore(root: string): Generator<ForeignExperiment> {
  for (const folder of [root, path.join(root, TRASH)]) {
    for (const name of namesIn(folder).sort()) {
      const experiment = path.join(folder, name);
      const meta = name.startsWith('.') || !isFolder(experiment) ? undefined : metaOf(experiment);
      if (meta?.['experiment_id'] === undefined) continue;
      yield {
        name: meta['name'] ?? name,
        deleted: meta['lifecycle_stage'] === 'deleted',
        tags: textsIn(path.join(experiment, 'tags')),
        runs: namesIn(experiment)
          .flatMap((id) => runIn(path.join(experiment, id)) ?? [])
          .sort((one, other) => one.start - other.start || (one.id < other.id ? -1 : 1)),
        models: namesIn(path.join(experiment, 'models'))
          .sort()
          .flatMap((id) => modelIn(path.join(experiment, 'models', id)) ?? []),
      };
    }
  }
}

function runIn(folder: string): ForeignRun | undefined {
  if (!isFolder(folder)) return undefined;
  const meta = metaOf(folder);
  const id = meta?.['run_id'] ?? meta?.['run_uuid'];
  if (meta === undefined || id === undefined) return undefined;
  const tags = path.join(folder, 'tags');
  const start = numberOf(meta['start_time']) ?? 0;
  return {
    id,
    name: meta['run_name'] ?? textAt(path.join(tags, 'mlflow.runName')) ?? id,
    user: meta['user_id'] ?? '',
    status: STATUS[numberOf(meta['status']) ?? 1] ?? 'RUNNING',
    start,
    ...defined({ end: numberOf(meta['end_time']) }),
    deleted: meta['lifecycle_stage'] === 'deleted',
    params: () => textsIn(path.join(folder, 'params')),
    tags: () => textsIn(tags),
    *points() {
      for (const [key, file] of filesIn(path.join(folder, 'metrics')))
        yield pointsOf(key, textAt(file) ?? '');
    },
    artifacts: () => filesIn(path.join(folder, 'artifacts')),
  };
}

function modelIn(folder: string): ForeignModel | undefined {
  const meta = isFolder(folder) ? metaOf(folder) : undefined;
  const id = meta?.['model_id'];
  if (meta === undefined || id === undefined || meta['lifecycle_stage'] === 'deleted') return undefined;
  return {
    id,
    name: meta['name'] ?? 'model',
    ...defined({ type: meta['model_type'], run: meta['source_run_id'] }),
    status: MODEL_STATUS[numberOf(meta['status']) ?? 0] ?? 'PENDING',
    params: () => textsIn(path.join(folder, 'params')),
    tags: () => textsIn(path.join(folder, 'tags')),
    metrics: () =>
      [...filesIn(path.join(folder, 'metrics'))].flatMap(([key, file]) =>
        modelMetrics(key, textAt(file) ?? ''),
      ),
    artifacts: () => filesIn(path.join(folder, 'artifacts')),
  };
}

/** `<ms since 1970> <value> <step> <run>` a line, and where one is named the dataset and its digest. */
function modelMetrics(key: string, text: string): readonly ModelMetric[] {
  return text.split('\n').flatMap((line) => {
    const [at = '', value = '', step = '0', run, name, digest] = line.trim().split(' ');
    const time = numberOf(at);
    if (time === undefined || value === '') return [];
    const number = doubleOf(value);
    return {
      ...{
        key,
        at: time,
        step: numberOf(step) ?? 0,
        value: Number.isFinite(number) ? number : String(number),
      },
      ...defined({ run }),
      ...(name === undefined || digest === undefined ? {} : { dataset: { name, digest } }),
    };
  });
}

/** `<ms since 1970> <value> <step>` a line, and in newer ones the dataset. */
function pointsOf(key: string, text: string): readonly TrackedPoint[] {
  return text.split('\n').flatMap((line) => {
    const [at = '', value = '', step = '0'] = line.trim().split(' ');
    const time = numberOf(at);
    return time === undefined || value === ''
      ? []
      : [{ key, at: time, value: doubleOf(value), step: numberOf(step) ?? 0 }];
  });
}

/** As Python writes it. */
function doubleOf(text: string): number {
  const named = /^([+-]?)inf(?:inity)?$/i.exec(text);
  return named === null ? Number(text) : named[1] === '-' ? -Infinity : Infinity;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Files of a folder and of those in it, by their paths below it. */
function* filesIn(folder: string, prefix = '', depth = 0): Generator<readonly [name: string, file: string]> {
  if (depth > DEEPEST || !isFolder(folder)) return;
  for (const name of namesIn(folder).sort()) {
    const file = path.join(folder, name);
    if (isFolder(file)) yield* filesIn(file, `${prefix}${name}/`, depth + 1);
    else if (statOf(file)?.isFile() === true) yield [`${prefix}${name}`, file];
  }
}

/** A text a file, by the names of the files. */
function textsIn(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...filesIn(folder)].flatMap(([name, file]) => {
      const text = textAt(file);
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

function textAt(file: string): string | undefined {
  try {
    return readPlainText(file);
  } catch {
    return undefined;
  }
}

/** A `meta.yaml` as it is dumped: scalars under keys; `null` is left out. */
function metaOf(folder: string): Readonly<Record<string, string>> | undefined {
  const text = textAt(path.join(folder, META));
  if (text === undefined) return undefined;
  // A long text goes on in lines that are indented.
  const lines = text.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, key = '', value = ''] = /^([A-Za-z_]\w*): ?(.*)$/.exec(line) ?? [];
      return key === '' || value === '' || value === 'null' ? [] : [[key, unquoted(value.trim())] as const];
    }),
  );
}

function unquoted(text: string): string {
  if (/^'.*'$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (!/^".*"$/.test(text)) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
