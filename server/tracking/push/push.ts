/**
 * Sending runs of MLflow clients, and versions of models, to a team's server: each once, by a tag that says which one it is
 * here. What was cut off goes on: params that are there stay the same, a point is one point, a file is written again.
 */
import { chunked } from '../../base/chunked.js';
import type { VersionDocument } from '../../stores/registry/types.js';
import { LIVE_STATUSES } from '../../stores/runs/index/summary.js';
import { describeError } from '../../stores/disk/problem.js';
import type { TrackedRun } from '../../stores/tracking/tracked-run.js';
import { filesAt } from '../artifacts.js';
import { EXPORTED, IMPORTED } from '../import/foreign.js';
import { STAGE_TAG, downloadUri, isElsewhere, runOf, valueOf } from '../registry/registered.js';
import type { Tracking } from '../tracking.js';
import { pairs, wireNumber } from '../wire/wire.js';
import { type Remote, RemoteError, textOf } from './remote.js';

/** Which run, or version, it is here. */
const HERE = 'modelyard.id';
/** It is there as a whole. */
const WHOLE = 'modelyard.pushed';
const MOST_METRICS = 1_000;
const MOST_TEXTS = 100;
const PARENT = 'mlflow.parentRunId';
const ARTIFACTS = 'mlflow-artifacts:';

export interface Pushed {
  /** Runs that were sent now, that were there already, and that have not ended. */
  readonly sent: number;
  readonly known: number;
  readonly live: number;
  /** Versions that were sent now. */
  readonly versions: number;
  /** What could not be sent, and why. */
  readonly problems: readonly string[];
}

/** Rejects with a `RemoteError` where the server does not answer at all. @param onRun is called after each run */
export async function pushAll(
  tracking: Tracking,
  remote: Remote,
  onRun: (done: number, of: number) => void,
): Promise<Pushed> {
  const push = new Push(tracking, remote);
  const counts = { sent: 0, known: 0, live: 0 };
  // Parents before children, which name them.
  const runs = tracking.runs
    .all()
    .filter(({ deleted }) => deleted === undefined)
    .sort((one, other) => one.start - other.start || (one.id < other.id ? -1 : 1));
  for (const [at, run] of runs.entries()) {
    const became = await push.guarded(`the run ${run.id}`, () => push.run(run));
    if (became !== undefined) counts[became] += 1;
    onRun(at + 1, runs.length);
  }
  let versions = 0;
  for (const { name } of tracking.registry.models().models) {
    const listed = valueOf(tracking.registry.versions(name, { limit: Infinity })).versions;
    for (const { version } of listed.toReversed()) {
      const document = valueOf(tracking.registry.version(name, version)).version;
      if ((await push.guarded(`version ${version} of ${name}`, () => push.version(document))) === true)
        versions++;
    }
  }
  return { ...counts, versions, problems: push.problems };
}

class Push {
  readonly problems: string[] = [];
  readonly #tracking: Tracking;
  readonly #remote: Remote;
  /** Ids there, by names of experiments and by ids of runs here. */
  readonly #experiments = new Map<string, string>();
  readonly #runs = new Map<string, RemoteRun>();

  constructor(tracking: Tracking, remote: Remote) {
    this.#tracking = tracking;
    this.#remote = remote;
  }

  /** What is refused is told, and the others go on; a server that does not answer ends all of it. */
  async guarded<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RemoteError && (error.code === '' || error.code === 'UNAUTHENTICATED'))
        throw error;
      this.problems.push(`${what}: ${describeError(error)}`);
      return undefined;
    }
  }

  /** The id of one with that name, which is made where there is none. */
  async #experiment(name: string): Promise<string> {
    const known = this.#experiments.get(name);
    if (known !== undefined) return known;
    const id = await this.#findExperiment(name);
    this.#experiments.set(name, id);
    return id;
  }

  async #findExperiment(name: string): Promise<string> {
    try {
      const { experiment } = (await this.#remote.get('experiments/get-by-name', {
        experiment_name: name,
      })) as {
        experiment?: { experiment_id?: string; lifecycle_stage?: string };
      };
      if (experiment?.lifecycle_stage === 'deleted')
        throw new RemoteError(
          'INVALID_STATE',
          `the experiment ${name} is deleted there: restore it, or rename one of the two`,
        );
      if (experiment?.experiment_id !== undefined) return experiment.experiment_id;
    } catch (error) {
      if (!(error instanceof RemoteError) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error;
    }
    const made = await this.#remote.post('experiments/create', { name });
    return textOf(made['experiment_id']);
  }

  /** The run that was made there for one of here, if it was. */
  async #find(experiment: string, id: string): Promise<RemoteRun | undefined> {
    const { runs } = (await this.#remote.post('runs/search', {
      ...{ experiment_ids: [experiment], max_results: 1, run_view_type: 'ALL' },
      filter: `tags.\`${HERE}\` = '${id}'`,
    })) as { runs?: readonly AnsweredRun[] };
    return runs?.[0] === undefined ? undefined : remoteOf(runs[0]);
  }

  async #begin(
    experiment: string,
    id: string,
    made: object,
    tags: Iterable<readonly [string, string]>,
  ): Promise<RemoteRun> {
    const found = await this.#find(experiment, id);
    if (found !== undefined) return found;
    const { run } = (await this.#remote.post('runs/create', {
      ...{ experiment_id: experiment, ...made },
      tags: pairs([...tags, [HERE, id]]),
    })) as { run: AnsweredRun };
    return remoteOf(run);
  }

  async run(run: TrackedRun): Promise<'sent' | 'known' | 'live'> {
    if (LIVE_STATUSES.has(run.runStatus)) return 'live';
    const { experiments, runs } = this.#tracking;
    const experiment = await this.#experiment(experiments.get(run.experiment)?.name ?? 'Default');
    const tags = [...run.tags].flatMap(([key, value]): (readonly [string, string])[] => {
      if (key === IMPORTED || key === HERE || key === WHOLE) return [];
      return [[key, key === PARENT ? (this.#runs.get(value)?.id ?? value) : value]];
    });
    const there = await this.#begin(
      experiment,
      run.id,
      { user_id: run.user, run_name: run.name, start_time: run.start },
      tags.slice(0, MOST_TEXTS),
    );
    this.#runs.set(run.id, there);
    if (there.whole) return 'known';
    const batch = (more: object): Promise<unknown> =>
      this.#remote.post('runs/log-batch', { run_id: there.id, ...more });
    for (const params of chunked(pairs(run.params), MOST_TEXTS)) await batch({ params });
    for (const more of chunked(pairs(tags.slice(MOST_TEXTS)), MOST_TEXTS)) await batch({ tags: more });
    for (const [key, points] of runs.histories(run)) {
      for (const some of chunked(points, MOST_METRICS))
        await batch({
          metrics: some.map(({ value, at, step }) => ({
            key,
            value: wireNumber(value),
            timestamp: at,
            step,
          })),
        });
    }
    if (run.datasets.length > 0)
      await this.#remote.post('runs/log-inputs', {
        run_id: there.id,
        datasets: run.datasets.map(({ name, digest, source, sourceType, schema, profile, tags: own }) => ({
          tags: pairs(Object.entries(own)),
          dataset: { name, digest, source, source_type: sourceType, schema, profile },
        })),
      });
    await this.#files(there, run.artifacts, '');
    await this.#remote.post('runs/update', {
      run_id: there.id,
      status: run.status,
      end_time: run.end ?? run.start,
    });
    await this.#remote.post('runs/set-tag', { run_id: there.id, key: WHOLE, value: 'true' });
    return 'sent';
  }

  async #files(there: RemoteRun, files: ReturnType<typeof filesAt>['files'], below: string): Promise<void> {
    if (files.size === 0) return;
    if (!there.artifacts.startsWith(ARTIFACTS))
      throw new Error(
        `its files stay here: the server wants them at ${there.artifacts}, and takes none itself`,
      );
    const place = new URL(there.artifacts).pathname.replace(/^\/+/, '');
    for (const [name, { hash, bytes }] of files)
      await this.#remote.put(`${place}/${below}${name}`, this.#tracking.registry.objects.pathOf(hash), bytes);
  }

  /** `true`: it was sent now. */
  async version(version: VersionDocument): Promise<boolean> {
    const { name, version: number, artifact, description, tags } = version;
    const same = `${name} ${number} ${artifact.hash}`;
    await this.#registered(name);
    const { model_versions: found = [] } = (await this.#remote.get('model-versions/search', {
      filter: `name = '${name}' AND tags.\`${HERE}\` = '${same}'`,
      max_results: '1',
    })) as { model_versions?: readonly unknown[] };
    if (found.length > 0) return false;
    const told = Object.entries(tags).filter(([key]) => ![STAGE_TAG, EXPORTED, HERE].includes(key));
    const address = downloadUri(version);
    const made = { name, description, tags: pairs([...told, [HERE, same]]) };
    if (isElsewhere(address)) {
      await this.#remote.post('model-versions/create', { ...made, source: address });
      return true;
    }
    // A server takes only versions of files of a run that it has.
    const own = runOf(version);
    const there = (own === undefined ? undefined : this.#runs.get(own)) ?? (await this.#holder(version));
    const below = `modelyard-versions/${name}/${number}`;
    await this.#files(there, filesAt(this.#tracking, `registered/${name}/${number}`).files, `${below}/`);
    await this.#remote.post('model-versions/create', {
      ...{ ...made, source: `${there.artifacts}/${below}`, run_id: there.id },
    });
    return true;
  }

  /** A run for the files of a version whose own is not of an MLflow client. */
  async #holder({ name, version, createdAt }: VersionDocument): Promise<RemoteRun> {
    const at = Date.parse(createdAt);
    const there = await this.#begin(
      await this.#experiment(name),
      `${name}-${version}`,
      { run_name: `${name} ${version}`, start_time: at },
      [],
    );
    await this.#remote.post('runs/update', { run_id: there.id, status: 'FINISHED', end_time: at });
    return there;
  }

  async #registered(name: string): Promise<void> {
    const { model } = valueOf(this.#tracking.registry.model(name));
    try {
      await this.#remote.post('registered-models/create', {
        name,
        description: model.description,
        tags: pairs(Object.entries(model.tags)),
      });
    } catch (error) {
      if (!(error instanceof RemoteError) || error.code !== 'RESOURCE_ALREADY_EXISTS') throw error;
    }
  }
}

interface AnsweredRun {
  readonly info: { readonly run_id: string; readonly artifact_uri?: string };
  readonly data?: { readonly tags?: readonly { readonly key: string; readonly value?: string }[] };
}

interface RemoteRun {
  readonly id: string;
  readonly artifacts: string;
  /** Nothing is missing. */
  readonly whole: boolean;
}

function remoteOf({ info, data }: AnsweredRun): RemoteRun {
  const whole = data?.tags?.some(({ key }) => key === WHOLE) ?? false;
  return { id: info.run_id, artifacts: info.artifact_uri ?? '', whole };
}
