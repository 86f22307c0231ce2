/** An `mlruns` folder as MLflow's file store writes it: a folder for each experiment, in it one for each run. Only read. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { isFolder, namesIn } from '../../stores/disk/folder.js';
import type { TrackedDataset, TrackedStatus } from '../../stores/runs/document.js';
import type { TrackedPoint } from '../../stores/tracking/tracked-task.js';
import type { LoggedModelStatus, ModelMetric } from '../../stores/tracking/logged-models.js';
import { filesIn, textAt, textsIn } from './files.js';
import type {
  ForeignExperiment,
  ForeignInputs,
  ForeignModel,
  ForeignRegistered,
  ForeignRun,
  ForeignStore,
  ForeignVersion,
} from './foreign.js';

const META = 'meta.yaml';
const TRASH = '.trash';
/** By the number that the file has. */
const STATUS: readonly (TrackedStatus | undefined)[] = [undefined, 'RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']; // prettier-ignore

const MODEL_STATUS: readonly (LoggedModelStatus | undefined)[] = [undefined, 'PENDING', 'READY', 'UPLOAD_FAILED']; // prettier-ignore

/** Scalars of a file by their keys; those of a map have both keys, with a blank between. What is null is left out. */
export type Meta = Readonly<Record<string, string>>;

/** Reads the text of a `meta.yaml`. Never throws. */
export type ReadMeta = (text: string) => Meta;

/** The folder of registered models, beside those of experiments; and of logged models in one of those. */
const MODELS = 'models';

/**
 * @param root absolute
 * @param read reads files of YAML. What it finds nothing in is left out
 * @returns nothing where there is no experiment
 */
export function fileStore(root: string, read: ReadMeta): ForeignStore | undefined {
  const reader = new Reader(root, read);
  const experiments = [...reader.experiments()];
  return experiments.length === 0 ? undefined : { experiments, registered: reader.registered() };
}

/** Names of experiments with their folders, deleted ones too. */
export function* experimentFolders(
  root: string,
  read: ReadMeta,
): Generator<readonly [name: string, folder: string, meta: Meta]> {
  for (const above of [root, path.join(root, TRASH)]) {
    for (const name of namesIn(above).sort()) {
      const folder = path.join(above, name);
      const text = name.startsWith('.') || !isFolder(folder) ? undefined : textAt(path.join(folder, META));
      const meta = text === undefined ? undefined : read(text);
      if (meta?.['experiment_id'] !== undefined) yield [meta['name'] ?? name, folder, meta];
    }
  }
}

class Reader {
  readonly #root: string;
  readonly #read: ReadMeta;

  constructor(root: string, read: ReadMeta) {
    this.#root = root;
    this.#read = read;
  }

  #meta(folder: string): Meta | undefined {
    const text = textAt(path.join(folder, META));
    return text === undefined ? undefined : this.#read(text);
  }

  registered(): readonly ForeignRegistered[] {
    const folder = path.join(this.#root, MODELS);
    return namesIn(folder)
      .sort()
      .flatMap((name) => this.#registeredIn(path.join(folder, name)) ?? []);
  }

  *experiments(): Generator<ForeignExperiment> {
    for (const [name, experiment, meta] of experimentFolders(this.#root, this.#read)) {
      yield {
        name,
        deleted: meta['lifecycle_stage'] === 'deleted',
        tags: textsIn(path.join(experiment, 'tags')),
        runs: namesIn(experiment)
          .flatMap((id) => this.#run(experiment, id) ?? [])
          .sort((one, other) => one.start - other.start || (one.id < other.id ? -1 : 1)),
        models: namesIn(path.join(experiment, MODELS))
          .sort()
          .flatMap((id) => this.#model(path.join(experiment, MODELS, id)) ?? []),
      };
    }
  }

  #run(experiment: string, name: string): ForeignRun | undefined {
    const folder = path.join(experiment, name);
    if (!isFolder(folder)) return undefined;
    const meta = this.#meta(folder);
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
      inputs: () => this.#inputs(folder, path.join(experiment, 'datasets')),
      artifacts: () => filesIn(path.join(folder, 'artifacts')),
    };
  }

  /** @param datasets the folder of those of the experiment */
  #inputs(folder: string, datasets: string): ForeignInputs {
    const links = (kind: string): readonly Meta[] =>
      namesIn(path.join(folder, kind))
        .sort()
        .map((name) => this.#meta(path.join(folder, kind, name)))
        .filter((meta) => meta !== undefined);
    const used = links('inputs');
    return {
      datasets: used
        .filter((link) => link['source_type'] === 'DATASET')
        .flatMap(
          (link) => this.#dataset(path.join(datasets, path.basename(link['source_id'] ?? '')), link) ?? [],
        ),
      modelInputs: used
        .filter((link) => link['source_type'] === 'MODEL')
        .flatMap(({ source_id: id }) => (id === undefined ? [] : [id])),
      modelOutputs: links('outputs').flatMap(({ source_id: id, step }) =>
        id === undefined ? [] : [{ id, step: numberOf(step) ?? 0 }],
      ),
    };
  }

  #dataset(folder: string, link: Meta): TrackedDataset | undefined {
    const meta = this.#meta(folder);
    if (meta?.['name'] === undefined || meta['digest'] === undefined) return undefined;
    return {
      ...{ name: meta['name'], digest: meta['digest'] },
      ...{ sourceType: meta['source_type'] ?? '', source: meta['source'] ?? '' },
      ...defined({ schema: meta['schema'], profile: meta['profile'] }),
      tags: below(link, 'tags'),
    };
  }

  #registeredIn(folder: string): ForeignRegistered | undefined {
    const meta = isFolder(folder) ? this.#meta(folder) : undefined;
    if (meta?.['name'] === undefined) return undefined;
    return {
      name: meta['name'],
      description: meta['description'] ?? '',
      tags: textsIn(path.join(folder, 'tags')),
      aliases: textsIn(path.join(folder, 'aliases')),
      versions: namesIn(folder)
        .flatMap((name) => this.#version(path.join(folder, name)) ?? [])
        .sort((one, other) => Number(one.version) - Number(other.version)),
    };
  }

  #version(folder: string): ForeignVersion | undefined {
    const number = /^version-(\d{1,15})$/.exec(path.basename(folder))?.[1];
    const meta = number !== undefined && isFolder(folder) ? this.#meta(folder) : undefined;
    if (number === undefined || meta === undefined || meta['current_stage'] === 'Deleted_Internal')
      return undefined;
    const artifacts = path.join(folder, 'artifacts');
    return {
      version: number,
      created: numberOf(meta['creation_timestamp']) ?? 0,
      description: meta['description'] ?? '',
      source: meta['source'] ?? '',
      ...defined({ run: meta['run_id'], stage: meta['current_stage'] }),
      ...(isFolder(artifacts) ? { files: () => filesIn(artifacts) } : {}),
      tags: textsIn(path.join(folder, 'tags')),
    };
  }

  #model(folder: string): ForeignModel | undefined {
    const meta = isFolder(folder) ? this.#meta(folder) : undefined;
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

function below(meta: Meta, key: string): Readonly<Record<string, string>> {
  const prefix = `${key} `;
  return Object.fromEntries(
    Object.entries(meta).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );
}
