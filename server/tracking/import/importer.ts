/**
 * Taking in the runs of another MLflow store. Each is taken in as a whole or not at all, and once: a run says which one it
 * was there, and one that a kill has cut off is taken in anew. Nothing is changed there.
 */
import { chunked } from '../../base/chunked.js';
import { defined } from '../../base/defined.js';
import { newRunId } from '../../stores/runs/id.js';
import type { Tracking } from '../tracking.js';
import { type ForeignModel, type ForeignRun, type ForeignStore, IMPORTED } from './foreign.js';
import { putFiles } from './put-files.js';
import { importRegistered } from './registered-models.js';

/** While a run is being taken in, in the place of `IMPORTED`. */
const IMPORTING = 'modelyard.importing';
const PARENT = 'mlflow.parentRunId';
const BATCH = 1_000;

export interface Imported {
  /** Runs that were taken in now, and those that were here already. */
  readonly taken: number;
  readonly known: number;
  /** Versions of registered models that were taken in now. */
  readonly versions: number;
  /** What could not be taken in, and why. */
  readonly problems: readonly string[];
}

/** @param onRun is called after each run: how many are done, and of how many */
export async function importExperiments(
  tracking: Tracking,
  { experiments, registered }: ForeignStore,
  onRun: (done: number, of: number) => void,
): Promise<Imported> {
  const of = experiments.reduce((sum, { runs }) => sum + runs.length, 0);
  const known = takenIn(tracking);
  const problems: string[] = [];
  let [taken, there] = [0, 0];
  for (const foreign of experiments) {
    const { experiment, made } = tracking.experiments.create(foreign.name, { tags: foreign.tags });
    for (const run of foreign.runs) {
      if (known.has(run.id)) there += 1;
      else {
        known.set(run.id, await takeIn(tracking, experiment, run, known, problems));
        taken += 1;
      }
      onRun(taken + there, of);
    }
    for (const model of foreign.models) await takeModel(tracking, experiment.id, model, known, problems);
    if (made && foreign.deleted) tracking.experiments.change(experiment.id, { deleted: true });
  }
  const versions = await importRegistered(tracking, registered, known, problems);
  return { taken, known: there, versions, problems };
}

/** Ids of runs here by those that they had there. What was cut off goes. */
function takenIn(tracking: Tracking): Map<string, string> {
  const known = new Map<string, string>();
  for (const run of tracking.runs.all()) {
    const id = run.tags.get(IMPORTED);
    // One that was exported from here and comes back is the same.
    known.set(id ?? run.id, run.id);
    if (id !== undefined) continue;
    // A run that has ended is whole, whoever has given it that tag.
    if (run.tags.has(IMPORTING) && run.end === undefined) {
      known.delete(run.id);
      tracking.runs.store.remove(run.id);
    }
  }
  return known;
}

async function takeIn(
  tracking: Tracking,
  experiment: { readonly id: string; readonly name: string },
  foreign: ForeignRun,
  known: ReadonlyMap<string, string>,
  problems: string[],
): Promise<string> {
  const { id, name, user, start, status, end, deleted } = foreign;
  const told = foreign.tags();
  const above = Object.hasOwn(told, PARENT) ? known.get(told[PARENT] ?? '') : undefined;
  const tags = { ...told, ...(above === undefined ? {} : { [PARENT]: above }), 'mlflow.runName': name };
  const run = tracking.runs.create({
    ...{ id: newRunId(start), experiment, name, user, start, createdAt: start },
    tags: { ...tags, [IMPORTING]: id },
    ...(above === undefined ? {} : { parent: { run: above, task: 'mlflow' } }),
  });
  tracking.runs.change(run, { params: foreign.params() });
  for (const points of foreign.points()) {
    for (const some of chunked(points, BATCH)) tracking.runs.addPoints(run, some);
  }
  tracking.runs.change(run, {
    ...foreign.inputs(),
    artifacts: await putFiles(tracking, foreign.id, () => foreign.artifacts(), problems),
  });
  tracking.runs.change(run, {
    status: status === 'RUNNING' || status === 'SCHEDULED' ? 'KILLED' : status,
    end: end ?? start,
    tags: { [IMPORTED]: id },
    untagged: [IMPORTING],
    ...defined({ deleted: deleted ? Date.now() : undefined }),
  });
  return run.id;
}

/** Under the id that it has there: another one of that id is the same. */
async function takeModel(
  tracking: Tracking,
  experiment: string,
  foreign: ForeignModel,
  known: ReadonlyMap<string, string>,
  problems: string[],
): Promise<void> {
  const { id, name, type, status } = foreign;
  const there = tracking.models.get(id);
  if (there?.tags.has(IMPORTED) === true || !/^m-[\w-]{1,60}$/.test(id)) return;
  const run = foreign.run === undefined ? undefined : known.get(foreign.run);
  if (there === undefined) {
    const told = { experiment, name, params: foreign.params(), tags: foreign.tags() };
    tracking.models.create({ ...told, ...defined({ type, run }) }, id);
  }
  const artifacts = await putFiles(tracking, foreign.id, () => foreign.artifacts(), problems);
  const metrics = foreign
    .metrics()
    .map((one) => ({ ...one, ...defined({ run: known.get(one.run ?? '') ?? one.run }) }));
  tracking.models.change(id, { status, artifacts, metrics, tags: { [IMPORTED]: id } });
}
