/** The contexts of expressions: what they hold, and where they are legal. */
import type { ExpressionPlace } from '../definition.js';

export const PLACES: readonly ExpressionPlace[] = [
  'command',
  'path',
  'if',
  'check',
  'message',
  'env',
  'matrix',
  'mutex',
  'cell-name',
  'working-directory',
  'action',
];

export interface ContextMember {
  readonly name: string;
  readonly doc: string;
}

export interface Context {
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  /** Where it is legal. */
  readonly places: readonly ExpressionPlace[];
  /** Legal in the `env` of the pipeline, where there is no task. */
  readonly outsideTasks: boolean;
  /** Its fixed members; empty when the definition or the outside decides. */
  readonly members: readonly ContextMember[];
}

/** Names of cells are the same in every run with the same params. */
const nearlyAll = PLACES.filter((place) => place !== 'cell-name');
const afterPlanning = nearlyAll.filter((place) => place !== 'matrix' && place !== 'mutex');
const inTasks = PLACES.filter((place) => place !== 'matrix');

export const CONTEXTS: readonly Context[] = [
  {
    name: 'params',
    doc: 'The params of the pipeline, by name.',
    example: 'params.epochs',
    places: PLACES,
    outsideTasks: true,
    members: [],
  },
  {
    name: 'env',
    doc: 'Environment variables: those of the task, then of the pipeline, then of the process that started the run.',
    example: 'env.HOME',
    places: nearlyAll.filter((place) => place !== 'matrix'),
    outsideTasks: true,
    members: [],
  },
  {
    name: 'matrix',
    doc: 'The values of this cell of the task’s matrix, by axis.',
    example: 'matrix.seed',
    places: inTasks,
    outsideTasks: false,
    members: [],
  },
  {
    name: 'tasks',
    doc: 'Other tasks, by name. Naming one makes this task wait for it.',
    example: 'tasks.train.outputs.model',
    places: afterPlanning,
    outsideTasks: false,
    members: [],
  },
  {
    name: 'run',
    doc: 'The run itself.',
    example: 'run.id',
    places: nearlyAll,
    outsideTasks: true,
    members: [
      { name: 'id', doc: 'Its id; sorts by time.' },
      { name: 'pipeline', doc: 'The name of the pipeline.' },
      { name: 'started-at', doc: 'When it started: UTC, ISO 8601.' },
      { name: 'trigger', doc: 'What started it: `editor`, `terminal` or `ci`.' },
      { name: 'user', doc: 'Who started it.' },
    ],
  },
  {
    name: 'git',
    doc: 'The state of the repository when the run started.',
    example: 'git.short-commit',
    places: nearlyAll,
    outsideTasks: true,
    members: [
      { name: 'commit', doc: 'The full hash of the commit.' },
      { name: 'short-commit', doc: 'Its first seven characters.' },
      { name: 'branch', doc: 'The branch; empty when none is checked out.' },
      { name: 'dirty', doc: 'Whether files had changed since the commit.' },
    ],
  },
  {
    name: 'models',
    doc: 'Registered models, by name and alias or version. The value is the URI of the version: `models:/rain/3`.',
    example: 'models.rain@production.version',
    places: afterPlanning,
    outsideTasks: false,
    members: [],
  },
  {
    name: 'packages',
    doc: 'App packages, by name: the newest version, or that of a number. The value is the package with its version: `rain-app@3`.',
    example: 'packages.rain-app.version',
    places: afterPlanning,
    outsideTasks: false,
    members: [],
  },
  {
    name: 'environment',
    doc: 'The environment that the task names; else that of the `deploy` it follows, or the only one of the pipeline.',
    example: 'environment.url',
    places: afterPlanning,
    outsideTasks: false,
    members: [
      { name: 'name', doc: 'Its name.' },
      { name: 'url', doc: 'The address of the app there, as `modelyard.yaml` has it.' },
      { name: 'target', doc: 'The name of its target.' },
      { name: 'variables', doc: 'Its `variables` in `modelyard.yaml`, by name.' },
    ],
  },
  {
    name: 'secrets',
    doc: 'Secrets, by name. Better handed over by `secrets: [NAME]` and read as `"$NAME"`: in a command others can see them.',
    example: 'secrets.API_KEY',
    places: ['command', 'env', 'action'],
    outsideTasks: true,
    members: [],
  },
];

/** Members of `tasks.<name>`. */
export const TASK_MEMBERS: readonly ContextMember[] = [
  {
    name: 'outputs',
    doc: 'Paths of its outputs, by name. Of a task with a matrix: a list, one for each cell, where they differ.',
  },
  {
    name: 'metrics',
    doc: 'Its metrics, by key. Of a task with a matrix: a list with the value of each cell, of which `max()`, `min()`, `mean()`, `any()`, `all()` and `best()` make one value. Where all cells have the same value it is that.',
  },
  {
    name: 'status',
    doc: '`succeeded`, `failed`, `cancelled` or `skipped`. A result from the cache is `succeeded` as well.',
  },
  { name: 'cached', doc: 'Whether its result was there already: it did not have to run.' },
  { name: 'fingerprint', doc: 'The hash of everything that its result depends on.' },
];

/** Members of `models.<name>@<alias or version>`, which itself is the version's URI, `models:/rain/3`. */
export const MODEL_MEMBERS: readonly ContextMember[] = [
  { name: 'version', doc: 'The number of the version.' },
  { name: 'path', doc: 'Where its artifact lies, relative to the project. Its content was checked.' },
  { name: 'uri', doc: 'The version as a URI: `models:/rain/3`.' },
  { name: 'metrics', doc: 'Metrics of the run that made it, by key.' },
  { name: 'params', doc: 'Params of the run that made it, by name.' },
  { name: 'hash', doc: 'The hash of its artifact.' },
  { name: 'run', doc: 'The id of the run that made it.' },
];

/** Members of `packages.<name>` and `packages.<name>@<version>`, which itself is the text `rain-app@3`. */
export const PACKAGE_MEMBERS: readonly ContextMember[] = [
  { name: 'version', doc: 'The number of the version.' },
  { name: 'reference', doc: 'The package with its version, as `deploy` takes it: `rain-app@3`.' },
  { name: 'path', doc: 'Where its archive lies, relative to the project: a tar file.' },
  { name: 'hash', doc: 'The hash of its archive.' },
  { name: 'model', doc: 'The registered model that it serves.' },
  { name: 'run', doc: 'The id of the run that made it.' },
];

const byName = new Map(CONTEXTS.map((context) => [context.name, context]));

export function contextOf(name: string): Context | undefined {
  return byName.get(name);
}

/** Contexts that are legal at a place; `inTask` is false for the `env` of the pipeline. */
export function contextsAt(place: ExpressionPlace, inTask = true): readonly Context[] {
  return CONTEXTS.filter((context) => context.places.includes(place) && (inTask || context.outsideTasks));
}
