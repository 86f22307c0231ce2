/** The executors of one run, by their names in `modelyard.yaml`. One that is not this machine is loaded when it is first needed. */
import type { ExecutorSettings, Pipeline, Task } from '../../definition/definition.js';
import { LOCAL_EXECUTOR, executorOf } from '../../definition/executors.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import { Machine, partOf } from '../machine/machine.js';
import type { RunSettings } from '../resolve/places.js';
import type { Executor, ExecutorContext } from './executor.js';

type Elsewhere = Exclude<ExecutorSettings, { readonly type: 'local' }>;

interface ExecutorKind<S> {
  /** How many jobs of a run may be there at once. */
  readonly jobs: (settings: S) => number;
  /** How many tasks of a run may be there at once; what is more than its jobs hold waits within the executor. */
  readonly tasks: (settings: S) => number;
  /** It sees to it itself that of a lane only so many jobs run at once. */
  readonly boundsLanes: boolean;
  readonly open: (settings: S, context: ExecutorContext) => Promise<Executor>;
}

/** Whoever adds a kind of executor is led here by the compiler; it has to pass `tests/support/executor-contract.ts`. */
const EXECUTORS: {
  readonly [T in Elsewhere['type']]: ExecutorKind<Extract<Elsewhere, { readonly type: T }>>;
} = {
  slurm: {
    jobs: ({ maxJobs }) => maxJobs ?? Infinity,
    tasks: ({ maxJobs, group = 1 }) => (maxJobs ?? Infinity) * group,
    boundsLanes: true,
    open: async (settings, context) => (await import('./slurm/slurm.js')).slurmExecutor(settings, context),
  },
};

/** What tasks share, by executor; one for a run and for all the pipelines that it calls. */
export type Machines = Map<string, Machine>;

export class Executors {
  readonly #settings: Pick<RunSettings, 'executors' | 'executor'>;
  readonly #context: ExecutorContext;
  readonly #local: Executor;
  readonly #machines: Machines;
  readonly #opened = new Map<string, Promise<Executor>>();

  /** @param machines has that of `local` */
  constructor(
    settings: Pick<RunSettings, 'executors' | 'executor'>,
    context: ExecutorContext,
    local: Executor,
    machines: Machines,
  ) {
    this.#settings = settings;
    this.#context = context;
    this.#local = local;
    this.#machines = machines;
  }

  /** The name of the executor that does the work of a task. */
  nameOf(task: Task, pipeline: Pipeline): string {
    return executorOf(task, pipeline, this.#settings);
  }

  /** Why there is no such executor. */
  refusal(name: string): string | undefined {
    const names = [LOCAL_EXECUTOR, ...this.#settings.executors.map((one) => one.name)];
    if (!names.includes(name)) {
      return `there is no executor "${name}" in modelyard.yaml${didYouMean(similar(name, names))}`;
    }
    return undefined;
  }

  /** Whether it is this machine, or a part of it. */
  isHere(name: string): boolean {
    return this.#elsewhere(name) === undefined;
  }

  async open(name: string): Promise<Executor> {
    const settings = this.#elsewhere(name);
    if (settings === undefined) return this.#local;
    let opened = this.#opened.get(name);
    if (opened === undefined) {
      opened = EXECUTORS[settings.type].open(settings, this.#context);
      this.#opened.set(name, opened);
    }
    return opened;
  }

  /** Whether all of so many jobs may wait there at once. */
  letsAllWait(name: string, jobs: number): boolean {
    const settings = this.#elsewhere(name);
    return settings !== undefined && jobs <= EXECUTORS[settings.type].jobs(settings);
  }

  /** Whether it sees to it itself that of a lane only so many jobs run at once. */
  boundsLanes(name: string): boolean {
    const settings = this.#elsewhere(name);
    return settings !== undefined && EXECUTORS[settings.type].boundsLanes;
  }

  /** What the tasks of an executor share. */
  machine(name: string): Machine {
    const known = this.#machines.get(name);
    if (known !== undefined) return known;
    const settings = this.#settings.executors.find((one) => one.name === name);
    const machine = this.#machineOf(settings);
    if (settings !== undefined) this.#machines.set(name, machine);
    return machine;
  }

  #machineOf(settings: ExecutorSettings | undefined): Machine {
    if (settings !== undefined && settings.type !== 'local') {
      const jobs = EXECUTORS[settings.type].tasks(settings);
      // How much there is of the rest, and who gets it, is the cluster's to say.
      return new Machine({ jobs, cpus: Infinity, memoryBytes: Infinity, gpus: [] });
    }
    const whole = this.#machines.get(LOCAL_EXECUTOR);
    if (whole === undefined) throw new Error('nobody has said what this machine has');
    return settings === undefined ? whole : partOf(whole, settings);
  }

  async close(): Promise<void> {
    await this.#local.close();
    for (const opened of this.#opened.values()) await (await opened).close();
  }

  #elsewhere(name: string): Elsewhere | undefined {
    if (name === LOCAL_EXECUTOR) return undefined;
    const found = this.#settings.executors.find((one) => one.name === name);
    return found === undefined || found.type === 'local' ? undefined : found;
  }
}
