/** What the editor knows of the workspace's pipelines and of the runs under way; the server fills it, everyone reads it. */
import { setContext } from '../contributed.js';
import * as vscode from 'vscode';
import type {
  PipelinesResult,
  PipelineSummary,
  PipelineTaskSummary,
  ProjectSummary,
  RunListItem,
} from '../../server/protocol/index.js';
import type { Client } from '../client.js';
import { OneAtATime } from './one-at-a-time.js';

const NOTHING: PipelinesResult = { projects: [], pipelines: [] };

export class State implements vscode.Disposable {
  readonly #client: Client;
  readonly #pipelinesChanged = new vscode.EventEmitter<void>();
  readonly #runsChanged = new vscode.EventEmitter<void>();
  readonly #modelsChanged = new vscode.EventEmitter<void>();
  readonly #featuresChanged = new vscode.EventEmitter<void>();
  readonly #servicesChanged = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  #result: PipelinesResult = NOTHING;
  #active: readonly RunListItem[] = [];
  readonly #questions = new OneAtATime(() => this.#load());
  #loaded = false;

  readonly onDidChangePipelines = this.#pipelinesChanged.event;
  /** Runs were added, have moved on or are gone; `active` is new. */
  readonly onDidChangeRuns = this.#runsChanged.event;
  /** The registry changed: views ask it again. */
  readonly onDidChangeModels = this.#modelsChanged.event;
  /** Features files, the feature store or their data changed. */
  readonly onDidChangeFeatures = this.#featuresChanged.event;
  /** Services or releases changed, or were measured. */
  readonly onDidChangeServices = this.#servicesChanged.event;

  constructor(client: Client) {
    this.#client = client;
    this.#subscriptions = [
      client.onDidChange(({ what, active }) => {
        this.#active = active;
        if (what.includes('pipelines')) void this.reload();
        if (what.includes('runs')) this.#runsChanged.fire();
        if (what.includes('models')) this.#modelsChanged.fire();
        if (what.includes('features')) this.#featuresChanged.fire();
        if (what.includes('services')) this.#servicesChanged.fire();
        this.#contexts();
      }),
      client.onDidChangeState((state) => {
        if (state === 'ready') this.refresh();
      }),
    ];
  }

  get projects(): readonly ProjectSummary[] {
    return this.#result.projects;
  }

  get pipelines(): readonly PipelineSummary[] {
    return this.#result.pipelines;
  }

  /** Runs that are under way. */
  get active(): readonly RunListItem[] {
    return this.#active;
  }

  /** Asks for everything again. */
  refresh(): void {
    void this.reload();
    this.#runsChanged.fire();
    this.#modelsChanged.fire();
    this.#featuresChanged.fire();
    this.#servicesChanged.fire();
  }

  /** Pipelines as they are, asked for now when they never were. */
  async ready(): Promise<readonly PipelineSummary[]> {
    if (!this.#loaded) await this.reload();
    return this.#result.pipelines;
  }

  /** Asks for the pipelines. */
  reload(): Promise<void> {
    return this.#questions.run();
  }

  async #load(): Promise<void> {
    const result = await this.#client.ask('modelyard/pipelines', {});
    if (result === undefined) return;
    this.#result = result;
    this.#loaded = true;
    this.#contexts();
    this.#pipelinesChanged.fire();
  }

  #contexts(): void {
    setContext('ready', this.#loaded);
    setContext('hasPipelines', this.#result.pipelines.length > 0);
    // Which files are pipelines only the server knows: other tools use the same names.
    setContext(
      'pipelinePaths',
      this.#result.pipelines.map(({ uri }) => vscode.Uri.parse(uri).fsPath),
    );
    setContext('running', this.#active.length > 0);
  }

  pipeline(uri: string): PipelineSummary | undefined {
    const wanted = vscode.Uri.parse(uri).toString();
    return this.#result.pipelines.find((one) => vscode.Uri.parse(one.uri).toString() === wanted);
  }

  task(pipeline: PipelineSummary, name: string): PipelineTaskSummary | undefined {
    return pipeline.tasks.find((task) => task.name === name);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#pipelinesChanged.dispose();
    this.#runsChanged.dispose();
    this.#modelsChanged.dispose();
    this.#featuresChanged.dispose();
    this.#servicesChanged.dispose();
  }
}
