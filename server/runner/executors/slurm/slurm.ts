/** Tasks as jobs of a Slurm cluster. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { SlurmExecutor } from '../../../definition/definition.js';
import { shellOf } from '../../../definition/shell/shells.js';
import { FarIndex } from '../../../stores/content/far-index.js';
import { hashOf } from '../../../stores/content/hash.js';
import { type Layout, layoutOf } from '../../../stores/layout.js';
import { RunStore, taskLogName } from '../../../stores/runs/runs.js';
import type { After, Executor, ExecutorContext, ExecutorJob, FarInput, FarReading } from '../executor.js';
import { clusterAt, remoteOf, siteFinder } from './clusters.js';
import type { JobEntry } from './entry.js';
import { Gatherer } from './jobs/gather.js';
import { SlurmJob } from './jobs/job.js';
import { LeftSlurmJob, leftSlurmJobs } from './left.js';
import { FarFiles, type Helper } from './ssh/far-files.js';
import { patiently } from './ssh/trouble.js';

export function slurmExecutor(settings: SlurmExecutor, { root, runId, pipeline }: ExecutorContext): Executor {
  const layout = layoutOf(root);
  const { login } = settings;
  // Behind a login node it is none of this machine's.
  const isElsewhere = settings.workDir !== undefined && login === undefined;
  const folders = isElsewhere ? path.resolve(root, settings.workDir) : layout.jobs;
  const jobs: SlurmJob[] = [];
  const names = new Set<string>();
  const newName = (wanted: string): string => freeName(names, folders, wanted);
  const find = siteFinder(layout, settings);
  const gatherer = new Gatherer(layout, settings, () => newName(`${runId}.array.1`), find);
  const { pollMs } = settings;
  const entryOf = (job: ExecutorJob): JobEntry => {
    const name = newName(`${runId}.${path.basename(taskLogName(job.id), '.log')}.${job.attempt}`);
    return {
      version: 1,
      name,
      executor: settings.name,
      run: runId,
      pipeline,
      task: job.id,
      attempt: job.attempt,
      folder: path.join(folders, name),
      memo: job.memo,
      submittedAt: new Date().toISOString(),
    };
  };
  const start = (job: ExecutorJob): SlurmJob => {
    const again = (one: SlurmJob): void => gatherer.add({ job: one, after: NOTHING });
    const one = new SlurmJob(layout, entryOf(job), job, { pollMs, again, ...defined({ login }) });
    jobs.push(one);
    again(one);
    return one;
  };
  let farFiles: FarFiles | undefined;
  const far = async (file: string, reading: FarReading): Promise<FarInput | undefined> => {
    const site = await patiently(find, (one) => (one.ok ? undefined : one.trouble), {
      waitMs: pollMs,
      isWanted: () => !reading.signal.aborted,
      told: (why) => reading.say(why),
    });
    if (!site.ok) return { ok: false, reason: 'unreadable', message: site.trouble.message };
    const { connection } = clusterAt(login);
    const { project } = site;
    if (connection === undefined || project?.place.copied !== true || project.knows(file)) return undefined;
    const helper = helperOf(start, { root, layout, runId, executor: settings.name });
    farFiles ??= new FarFiles(
      connection,
      project.place,
      new FarIndex(layout, project.place.login, settings.remoteDir ?? ''),
      helper,
    );
    return farFiles.read(file, reading);
  };
  return {
    start,
    ...(login === undefined || settings.remoteDir === undefined ? {} : { far }),
    async ahead(job: ExecutorJob, after: After, cancelled: AbortSignal) {
      const entry = entryOf(job);
      const one = new SlurmJob(
        layout,
        entry,
        { ...job, ...UNHEARD },
        {
          pollMs,
          isAhead: true,
          ...defined({ login }),
        },
      );
      const stop = (): void => one.stop();
      cancelled.addEventListener('abort', stop, { once: true });
      gatherer.add({ job: one, after });
      await one.submitted;
      cancelled.removeEventListener('abort', stop);
      const { id } = one;
      if (id !== undefined) return new LeftSlurmJob(layout, runId, one.entry);
      one.forget();
      return undefined;
    },
    async close() {
      const gone = jobs.filter((job) => job.forget()).map(({ entry }) => entry);
      const [first] = gone.filter(({ remote }) => remote !== undefined);
      if (first !== undefined) await remoteOf(layout, first)?.remove(gone);
    },
  };
}

interface HelperPlace {
  readonly root: string;
  readonly layout: Layout;
  readonly runId: string;
  readonly executor: string;
}

/** Runs programs as jobs that are of no task. What a run that was killed has left of that is of no use to anybody. */
function helperOf(start: Executor['start'], { root, layout, runId, executor }: HelperPlace): Helper {
  const store = new RunStore(layout);
  return async (program, reading) => {
    const left = leftSlurmJobs(layout, runId, (run) => run === runId || store.isRunning(run));
    for (const job of left.filter(({ task, handle }) => task === HELPER && handle.executor === executor))
      await job.reap().catch(() => undefined);
    for (let attempt = 1; ; attempt++) {
      const chunks: Buffer[] = [];
      const said: string[] = [];
      const execution = start({
        id: HELPER,
        attempt,
        script: { shell: shellOf('bash'), text: program },
        cwd: root,
        env: { inherited: {}, own: {} },
        resources: { cpus: 1, gpus: 0 },
        graceMs: 1_000,
        memo: { fingerprint: hashOf(program), outputs: [], strangers: {} },
        onOutput: (stream, chunk) => {
          if (stream === 'stdout') chunks.push(Buffer.from(chunk));
          else said.push(chunk.toString());
        },
        onState: (job) => {
          if (job.state === 'queued') reading.say(`its inputs on ${executor} are to be read: ${job.reason}`);
          else if (job.state === 'running') reading.say(`its inputs on ${executor} are read`);
        },
      });
      const stop = (): void => execution.stop();
      reading.signal.addEventListener('abort', stop, { once: true });
      if (reading.signal.aborted) stop();
      const { exitCode, error, ended } = await execution.done;
      reading.signal.removeEventListener('abort', stop);
      if (exitCode === 0 && ended === undefined && error === undefined)
        return { ok: true, out: Buffer.concat(chunks) };
      if (ended?.by === 'infrastructure' && attempt < MOST_BROKEN && !reading.signal.aborted) continue;
      const why = error ?? ended?.message ?? said.join('').trim();
      return { ok: false, message: `the job that reads it has failed: ${why}` };
    }
  };
}

/** In the place of a task; no task has such a name. */
const HELPER = '@inputs';
/** How often its node may fail. */
const MOST_BROKEN = 3;

const NOTHING: After = { jobs: {}, files: [] };

/** Nobody listens yet: whoever takes the job up reads from the beginning. */
const UNHEARD: Pick<ExecutorJob, 'onOutput' | 'onState'> = {
  onOutput: () => undefined,
  onState: () => undefined,
};

/**
 * A run that goes on as itself may do a task anew; what the marks of another job lie in is not for this one, and the queue
 * may still have one that was ended.
 */
function freeName(used: Set<string>, folder: string, name: string): string {
  for (let again = 1; ; again++) {
    const free = again === 1 ? name : `${name}.${again}`;
    if (used.has(free) || existsSync(path.join(folder, free))) continue;
    used.add(free);
    return free;
  }
}
