/** Runs that are part of another one: started, or gone on with, by a task, whose log tells how they go. */
import { defined } from '../../base/defined.js';
import { similar } from '../../definition/names/names.js';
import { missingSecrets, secretsFrom } from '../../definition/secrets.js';
import { type RunBasis, readBasis } from '../../stores/runs/basis.js';
import type { RunDocument } from '../../stores/runs/document.js';
import type { RunStore } from '../../stores/runs/runs.js';
import type { ChildOutcome } from '../actions/action.js';
import { calledBy } from './called.js';
import { RunControl } from '../execute/control.js';
import type { EventBody, EventSink } from '../../stores/runs/events.js';
import { resolveParams } from '../resolve/params.js';
import type { PipelineCall } from '../actions/pipeline/resolve.js';
import { findResumable } from '../record/resume.js';
import type { RunOptions, RunOutcome } from '../run-options.js';
import { environmentWithFiles } from '../resolve/env-files.js';
import { secretNames } from '../resolve/secrets.js';

/** The run whose task it is. */
interface Caller {
  readonly options: RunOptions;
  readonly runId: string;
  readonly store: RunStore;
  /** The runs that it resumes, over any number of steps. */
  readonly before: readonly string[];
  /** That the task holds, and those above it. */
  readonly mutexes: ReadonlySet<string>;
  readonly emit: (event: EventBody) => void;
}

interface Call {
  readonly task: string;
  readonly call: PipelineCall;
  readonly signal: AbortSignal;
  /** Writes a line to the task's log. */
  readonly say: (line: string) => void;
}

/** @param run runs a pipeline; given, because that needs this in turn */
export async function runChild(
  { options: own, runId, store, before: runsBefore, mutexes, emit }: Caller,
  { task, call, signal, say }: Call,
  run: (options: RunOptions, sinks: readonly EventSink[]) => Promise<RunOutcome>,
): Promise<ChildOutcome> {
  const { parent } = own;
  const options = inherited(own);
  const above = [...(parent?.pipelines ?? []), own.pipeline.name];
  if (above.includes(call.name)) {
    const chain = [...above.slice(above.indexOf(call.name)), call.name].join(' → ');
    return { kind: 'refused', message: `pipelines run each other without an end: ${chain}` };
  }
  let before = earlierChild(store, call.name, task, [runId, ...runsBefore]);
  let basis = before?.status === 'waiting' ? readBasis(store.folder(before.id)) : undefined;
  const loaded = await (basis === undefined ? options.load(call.name) : options.loadBegun(basis));
  if (!loaded.ok) return { kind: 'refused', message: loaded.message };
  const params = resolveParams(loaded.pipeline, call.params, similar);
  if (!params.ok) return { kind: 'refused', message: params.problems.join('; ') };
  const names = secretNames(loaded.pipeline);
  const secrets = secretsFrom(
    names,
    options.places.secrets,
    environmentWithFiles(options.root, loaded.pipeline, options.environment),
  );
  if (secrets.missing.length > 0) return { kind: 'refused', message: missingSecrets(secrets.missing) };
  if (before?.status === 'waiting' && JSON.stringify(before.params) !== JSON.stringify(params.values)) {
    // Called with other params it is another run: nobody needs the answer to this one any more.
    store.abandon(before.id);
    const read = store.read(before.id);
    before = read.ok ? read.run : undefined;
    basis = undefined;
  }
  const waits = before?.status === 'waiting';
  const child: RunOptions = {
    ...options,
    ...loaded,
    params: params.values,
    secrets: secrets.values,
    control: new RunControl(),
    // It leaves, and this run looks for the answers: there is one who asks, and one table on the terminal.
    approvals: { stay: false },
    parent: {
      run: runId,
      task,
      pipelines: above,
      runs: [runId, ...(parent?.runs ?? [])],
      mutexes,
    },
    ...defined({ resume: before }),
    ...(basis === undefined ? {} : { basis, load: loadKept(basis, options) }),
    settled: before?.parent?.run === runId,
  };
  if (before?.status === 'succeeded' && (await isDone(child, before))) return { kind: 'ended', run: before };
  const { control } = child;
  const cancel = (): void => control.cancel();
  const { killed } = options.control;
  // One that waits for people ends with the run above; one that only starts now is there to clean up.
  if (signal.aborted || (waits && options.control.cancelled.aborted)) cancel();
  signal.addEventListener('abort', cancel);
  killed.addEventListener('abort', cancel);
  try {
    const outcome = await run(child, [childSink(say)]);
    if (outcome.kind === 'refused') return { kind: 'refused', message: outcome.message };
    if (outcome.kind === 'waiting') {
      const reason = `run ${outcome.runId} of ${call.name} waits for people`;
      emit({ type: 'task-waiting', id: task, reason });
      return { kind: 'waiting', runId: outcome.runId };
    }
    const read = store.read(outcome.runId);
    return read.ok ? { kind: 'ended', run: read.run } : { kind: 'refused', message: read.problem.message };
  } finally {
    signal.removeEventListener('abort', cancel);
    killed.removeEventListener('abort', cancel);
  }
}

/** What says which tasks of a run are run, and where it comes from. */
const OWN = ['only', 'from', 'to', 'resume', 'basis', 'settled', 'notices', 'parent'] as const;

/** What a run below this one has from it. */
function inherited(options: RunOptions): Omit<RunOptions, (typeof OWN)[number]> {
  const own: ReadonlySet<string> = new Set(OWN);
  const rest = Object.entries(options).filter(([key]) => !own.has(key));
  return Object.fromEntries(rest) as Omit<RunOptions, (typeof OWN)[number]>;
}

/** Pipelines that a run has kept when it began count for it. */
function loadKept(basis: RunBasis, options: Pick<RunOptions, 'load' | 'loadBegun'>): RunOptions['load'] {
  return (name) => {
    const path = basis.pipelines[name];
    return path === undefined ? options.load(name) : options.loadBegun(basis, path);
  };
}

/** Whether nothing is left to do in a run that has succeeded: each of its tasks is looked at, as in any other run. */
async function isDone(options: RunOptions, before: RunDocument): Promise<boolean> {
  if (!before.tasks.every(({ status }) => status === 'succeeded' || status === 'cached')) return false;
  const { planRun } = await import('../plan/plan.js');
  const { tasks, problem } = await planRun(options.root, options.pipeline, {
    params: options.params,
    environment: options.environment,
    places: options.places,
    ...defined({
      features: options.features,
      above: options.above,
      notMadeAbove: options.notMadeAbove,
    }),
    called: await calledBy(options.pipeline, options.load),
    ...defined({ versions: options.versions }),
    resume: before,
  });
  const ids = new Set(before.tasks.map(({ id }) => id));
  return (
    problem === undefined &&
    tasks.length === ids.size &&
    tasks.every(({ id, decision }) => decision === 'up-to-date' && ids.has(id))
  );
}

/** As many as one task can call, cell by cell. */
const MOST_CHILDREN = 10_000;

/** The run that a task of this run, or of one that it resumes, has started and that is not done with. */
function earlierChild(
  store: RunStore,
  pipeline: string,
  task: string,
  parents: readonly string[],
): RunDocument | undefined {
  const oldest = parents.toSorted()[0] ?? '';
  for (const { id } of store.list({ limit: MOST_CHILDREN, pipeline, source: 'pipeline' })) {
    // Whoever calls a run is there before it.
    if (id < oldest) break;
    const read = store.read(id);
    if (!read.ok || read.run.parent?.task !== task || !parents.includes(read.run.parent.run)) continue;
    if (read.run.status === 'succeeded') return read.run;
    const found = findResumable(store, pipeline, id);
    return found.ok ? found.run : undefined;
  }
  return undefined;
}

/** The main steps of a run in the log of the task that started it; its own logs have the rest. */
function childSink(say: (line: string) => void): EventSink {
  return (event) => {
    if (event.type === 'run-created') say(`run ${event.run.id} of ${event.run.pipeline}`);
    else if (event.type === 'notice') say(event.message);
    else if (event.type === 'approval-requested') say(`[${event.id}] waits for an approval`);
    else if (event.type === 'task-ended') {
      const why = event.error ?? event.note;
      say(`[${event.id}] ${event.status}${why === undefined ? '' : `: ${why}`}`);
    }
  };
}
