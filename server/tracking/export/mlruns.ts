/**
 * Writing tracked runs and the registry as an `mlruns` folder that MLflow's file store reads. Each run, logged model and version
 * is made beside the folder and moved in as a whole; what is there already stays as it is, whoever has made it.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeError } from '../../stores/disk/problem.js';
import type { TrackedStatus } from '../../stores/runs/document.js';
import { LIVE_STATUSES } from '../../stores/runs/index/summary.js';
import type { Experiment } from '../../stores/tracking/experiments.js';
import type { LoggedModel, LoggedModelStatus } from '../../stores/tracking/logged-models.js';
import type { TrackedMetric, TrackedRun } from '../../stores/tracking/tracked-run.js';
import { writeOut } from '../artifacts.js';
import type { Tracking } from '../tracking.js';
import { IMPORTED } from '../import/foreign.js';
import { type ReadMeta, experimentFolders } from '../import/file-store.js';
import { exportRegistered } from './registered-models.js';
import { datasetId, md5, pythonNumber, writeMeta, writeTexts } from './store-files.js';

/** MLflow takes no other ids. */
const RUN_ID = /^[0-9a-zA-Z][\w-]{0,255}$/;
const PARENT = 'mlflow.parentRunId';

const STATUS: Readonly<Record<TrackedStatus, number>> = {
  RUNNING: 1,
  SCHEDULED: 2,
  FINISHED: 3,
  FAILED: 4,
  KILLED: 5,
};

const MODEL_STATUS: Readonly<Record<LoggedModelStatus, number>> = { PENDING: 1, READY: 2, UPLOAD_FAILED: 3 };

export interface Exported {
  /** Runs that were written now, those that were there already, and those that have not ended. */
  readonly written: number;
  readonly known: number;
  readonly live: number;
  /** Versions of registered models that were written now. */
  readonly versions: number;
  /** What could not be written, and why. */
  readonly problems: readonly string[];
}

export interface ExportOptions {
  /** Absolute; it need not be there. */
  readonly folder: string;
  readonly read: ReadMeta;
  /** Is called after each run: how many are done, and of how many. */
  readonly onRun: (done: number, of: number) => void;
}

export async function exportRuns(
  tracking: Tracking,
  { folder, read, onRun }: ExportOptions,
): Promise<Exported> {
  const parts = `${folder}.part`;
  rmSync(parts, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const writer = new Writer(tracking, folder, parts, read);
  try {
    const runs = [...tracking.runs.all()].sort((one, other) => one.start - other.start);
    for (const experiment of tracking.experiments.all()) await writer.experiment(experiment);
    const counts = { written: 0, known: 0, live: 0 };
    for (const [at, run] of runs.entries()) {
      counts[await writer.run(run)] += 1;
      onRun(at + 1, runs.length);
    }
    for (const model of tracking.models.all()) await writer.model(model);
    const versions = await writer.registered();
    return { ...counts, versions, problems: writer.problems };
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

/** The id that a run has in MLflow: that of the store that it came from, or its own. */
function idOf({ id, tags }: TrackedRun): string {
  const there = tags.get(IMPORTED);
  return there !== undefined && RUN_ID.test(there) ? there : id;
}

class Writer {
  readonly problems: string[] = [];
  readonly #tracking: Tracking;
  readonly #folder: string;
  readonly #parts: string;
  /** Folders of experiments, by the names of those. */
  readonly #there: Map<string, string>;

  constructor(tracking: Tracking, folder: string, parts: string, read: ReadMeta) {
    this.#tracking = tracking;
    this.#folder = folder;
    this.#parts = parts;
    this.#there = new Map([...experimentFolders(folder, read)].map(([name, there]) => [name, there]));
  }

  /** Makes something as a whole. `false`: it was there, or could not be made. */
  async #make(target: string, what: string, fill: (folder: string) => Promise<void>): Promise<boolean> {
    if (existsSync(target)) return false;
    const part = path.join(this.#parts, path.basename(target));
    try {
      rmSync(part, { recursive: true, force: true });
      mkdirSync(part, { recursive: true });
      await fill(part);
      mkdirSync(path.dirname(target), { recursive: true });
      renameSync(part, target);
      return true;
    } catch (error) {
      this.problems.push(`${what}: ${describeError(error)}`);
      return false;
    }
  }

  /** The folder of one, which is made where there is none of that name. */
  async experiment({ id, name, created, updated, deleted, tags }: Experiment): Promise<string> {
    const there = this.#there.get(name);
    if (there !== undefined) return there;
    const taken = new Set([...this.#there.values()].map((folder) => path.basename(folder)));
    let free = id;
    for (let more = 0; taken.has(free); more++) free = `${created}${more}`;
    const folder = path.join(this.#folder, ...(deleted ? ['.trash'] : []), free);
    this.#there.set(name, folder);
    await this.#make(folder, `the experiment ${name}`, async (part) => {
      await writeMeta(part, {
        artifact_location: pathToFileURL(folder).href,
        creation_time: created,
        experiment_id: free,
        last_update_time: updated,
        lifecycle_stage: deleted ? 'deleted' : 'active',
        name,
      });
      await writeTexts(path.join(part, 'tags'), tags);
    });
    return folder;
  }

  async #experimentOf(id: string): Promise<string> {
    const { experiments } = this.#tracking;
    const known = experiments.get(id) ?? experiments.get('0');
    if (known === undefined) throw new Error(`there is no experiment ${id}`);
    return this.experiment(known);
  }

  async run(run: TrackedRun): Promise<'written' | 'known' | 'live'> {
    if (LIVE_STATUSES.has(run.runStatus)) return 'live';
    const experiment = await this.#experimentOf(run.experiment);
    const id = idOf(run);
    const target = path.join(experiment, id);
    if (existsSync(target)) return 'known';
    const made = await this.#make(target, `the run ${run.id}`, async (folder) => {
      const { runs } = this.#tracking;
      await writeMeta(folder, {
        artifact_uri: pathToFileURL(path.join(target, 'artifacts')).href,
        ...(run.deleted === undefined ? {} : { deleted_time: run.deleted }),
        end_time: run.end ?? null,
        entry_point_name: '',
        experiment_id: path.basename(experiment),
        lifecycle_stage: run.deleted === undefined ? 'active' : 'deleted',
        run_id: id,
        run_name: run.name,
        source_name: '',
        source_type: 4,
        source_version: '',
        start_time: run.start,
        status: STATUS[run.status],
        tags: [],
        user_id: run.user,
      });
      await writeTexts(path.join(folder, 'params'), run.params);
      await writeTexts(path.join(folder, 'tags'), this.#tagsOf(run));
      const histories = [...runs.histories(run)].map(([key, points]) => [key, linesOf(points)] as const);
      await writeTexts(path.join(folder, 'metrics'), histories);
      await this.#inputs(run, id, folder, experiment);
      mkdirSync(path.join(folder, 'artifacts'));
      await writeOut(this.#tracking, { files: run.artifacts, single: false }, path.join(folder, 'artifacts'));
    });
    return made ? 'written' : 'known';
  }

  #tagsOf(run: TrackedRun): Iterable<readonly [string, string]> {
    return [...run.tags].flatMap(([key, value]) => {
      if (key === IMPORTED) return [];
      const above = key === PARENT ? this.#tracking.runs.find(value) : undefined;
      return [[key, above === undefined ? value : idOf(above)] as const];
    });
  }

  async #inputs(
    { datasets, modelInputs, modelOutputs }: TrackedRun,
    id: string,
    folder: string,
    experiment: string,
  ): Promise<void> {
    for (const { name, digest, source, sourceType, schema = null, profile = null, tags } of datasets) {
      const dataset = datasetId(name, digest);
      await this.#make(path.join(experiment, 'datasets', dataset), `the dataset ${name}`, (part) =>
        writeMeta(part, { digest, name, profile, schema, source, source_type: sourceType }),
      );
      await writeMeta(
        path.join(folder, 'inputs', md5(dataset, id)),
        link('DATASET', 'RUN', dataset, { tags }),
      );
    }
    for (const model of modelInputs)
      await writeMeta(path.join(folder, 'inputs', md5(model, id)), link('MODEL', 'RUN', model, { tags: {} }));
    for (const [model, step] of modelOutputs) {
      const made = link('RUN_OUTPUT', 'MODEL_OUTPUT', model, { tags: {}, step });
      await writeMeta(path.join(folder, 'outputs', path.basename(model)), made);
    }
  }

  async model(model: LoggedModel): Promise<void> {
    const { id, name, created, updated, status, type } = model;
    if (!RUN_ID.test(id)) return;
    const experiment = await this.#experimentOf(model.experiment);
    const target = path.join(experiment, 'models', id);
    const run = model.run === undefined ? undefined : this.#tracking.runs.find(model.run);
    await this.#make(target, `the logged model ${id}`, async (folder) => {
      await writeMeta(folder, {
        artifact_location: pathToFileURL(path.join(target, 'artifacts')).href,
        creation_timestamp: created,
        experiment_id: path.basename(experiment),
        last_updated_timestamp: updated,
        model_id: id,
        model_type: type ?? null,
        name,
        source_run_id: run === undefined ? (model.run ?? null) : idOf(run),
        status: MODEL_STATUS[status],
        status_message: null,
      });
      await writeTexts(path.join(folder, 'params'), model.params);
      const tags = [...model.tags].filter(([key]) => key !== IMPORTED);
      await writeTexts(path.join(folder, 'tags'), tags);
      const metrics = new Map<string, string>();
      for (const { key, at, step, value, run: owner, dataset } of model.metrics) {
        const found = owner === undefined ? undefined : this.#tracking.runs.find(owner);
        const place = found === undefined ? (owner ?? '') : idOf(found);
        const data = dataset === undefined ? '' : ` ${dataset.name} ${dataset.digest}`;
        const line = `${at} ${pythonNumber(Number(value))} ${step} ${place}${data}\n`;
        metrics.set(key, `${metrics.get(key) ?? ''}${line}`);
      }
      await writeTexts(path.join(folder, 'metrics'), metrics);
      await writeOut(
        this.#tracking,
        { files: model.artifacts, single: false },
        path.join(folder, 'artifacts'),
      );
    });
  }

  registered(): Promise<number> {
    return exportRegistered(this.#tracking, {
      folder: path.join(this.#folder, 'models'),
      make: (target, what, fill) => this.#make(target, what, fill),
      idOfRun: (id) => {
        const run = this.#tracking.runs.find(id);
        return run === undefined ? undefined : idOf(run);
      },
    });
  }
}

/** An edge of MLflow's graph of inputs and outputs, as its file store writes it. */
function link(from: string, to: string, id: string, more: object): Readonly<Record<string, unknown>> {
  return { destination_id: id, destination_type: to, source_id: id, source_type: from, ...more };
}

function linesOf(points: readonly TrackedMetric[]): string {
  return points.map(({ at, value, step }) => `${at} ${pythonNumber(value)} ${step}\n`).join('');
}
