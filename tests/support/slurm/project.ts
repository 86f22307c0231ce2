/** A project whose tasks run on a cluster. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { type Invocation, type Running, TestProject } from '../cli.js';
import type { Cluster, ListedJob } from './slurm.js';

export const SETTINGS = 'executors:\n  cluster: { type: slurm, poll: 1s }\n';
/** A task that says each time that it runs. */
export const COUNTED = (command: string, more = ''): string =>
  `executor: cluster\ntasks:\n  train:\n    run: |\n      echo run >> count\n      ${command}\n      echo made > model.bin\n    outputs: { model: model.bin }\n${more}`;

export class ClusterProject {
  readonly project: TestProject;
  /** For whoever is to reach the cluster. */
  readonly env: NonNullable<Invocation['env']>;
  readonly #cluster: Cluster;

  private constructor(project: TestProject, cluster: Cluster, env: NonNullable<Invocation['env']>) {
    this.project = project;
    this.#cluster = cluster;
    this.env = env;
  }

  static async make(
    cluster: Cluster,
    pipeline: string,
    settings = SETTINGS,
    env: NonNullable<Invocation['env']> = cluster.env,
  ): Promise<ClusterProject> {
    const project = await TestProject.make({ 'modelyard.yaml': settings, 'main.pipeline.yaml': pipeline });
    return new ClusterProject(project, cluster, env);
  }

  start(args: readonly string[], env: NonNullable<Invocation['env']> = {}): Running {
    return this.project.start(args, { env: { ...this.env, ...env } });
  }

  async expect(
    code: number,
    args: readonly string[],
    env: NonNullable<Invocation['env']> = {},
  ): Promise<string> {
    const { stdout } = await this.project.expect(code, args, { env: { ...this.env, ...env } });
    return stdout;
  }

  /** The job of the run's only task, once it runs. */
  async running(): Promise<ListedJob> {
    let found: ListedJob | undefined;
    await this.#cluster.waitFor(async () => {
      const names = readdirSync(this.project.path('.modelyard/jobs'));
      const jobs = await this.#cluster.jobs();
      found = jobs.find(({ name, state }) => names.includes(name) && state === 'RUNNING');
      return found !== undefined && this.times() > 0;
    });
    assert.ok(found);
    return found;
  }

  /** The numbers of the arrays in which the tasks of the last run were done. */
  arrays(): readonly (string | undefined)[] {
    return this.project.lastRun().tasks.map(({ job }) => /^(\d+)_\d+$/.exec(job?.id ?? '')?.[1]);
  }

  /** How often the task has run. */
  times(): number {
    return this.project.exists('count') ? this.project.read('count').trim().split('\n').length : 0;
  }

  /** Nothing is left of any job. */
  assertClean(): void {
    const folder = this.project.path('.modelyard/jobs');
    assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], []);
  }

  log(task = 'train'): string {
    const run = this.project.lastRun();
    return readFileSync(
      this.project.path('.modelyard/runs', run.id.slice(0, 6), run.id, `logs/${task}.log`),
      'utf8',
    );
  }
}
