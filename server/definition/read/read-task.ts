/** One task of a pipeline. */
import type { MapEntry, MapNode, SyntaxNode } from '../../syntax/tree.js';
import type { ActionOf } from '../actions.js';
import type {
  ActionKind,
  Input,
  Matrix,
  MatrixAxis,
  Output,
  ParamsFileEntry,
  Resources,
  Retries,
  Task,
} from '../definition.js';
import { conditionOf, conditionsOf } from './conditions.js';
import type { Conditions } from './conditions.js';
import { written } from '../keys.js';
import { readChecks } from './read-checks.js';
import { readMaterialize } from './read-materialize.js';
import { readMetadata, readRegister } from './read-register.js';
import {
  readApproval,
  readDeploy,
  readMonitor,
  readPackage,
  readPipelineCall,
  readService,
} from './read-serving.js';
import { readTrainingSet } from './read-training-set.js';
import {
  booleanOf,
  bytesOf,
  durationOf,
  entriesOf,
  envFilesOf,
  envOf,
  field,
  given,
  itemsOf,
  jsonOf,
  locatedText,
  mapOf,
  numberOf,
  START,
  pythonOf,
  templateOf,
  templatesOf,
  textOf,
  textsOf,
  wordOf,
} from './read.js';
import type { Maybe } from './read.js';
import { ACTION_KINDS, ARTIFACT_KINDS } from '../schema/pipeline.js';
import type { Structure } from '../structure/structure.js';
import { unnamedPaths } from '../structure/unnamed.js';

export const DEFAULT_RETRIES: Retries = { max: 0, delayMs: 1000, maxDelayMs: 60_000 };
export const DEFAULT_RESOURCES: Resources = { cpus: 1, gpus: 0 };

const NONE: Structure = { problems: [], sites: [], syntax: [] };
const knownTasks = new WeakMap<MapEntry, Task>();
const actionNames: ReadonlySet<string> = new Set(ACTION_KINDS);

export function readTask(entry: MapEntry, structure: Structure = NONE): Task {
  let task = knownTasks.get(entry);
  if (task === undefined) {
    task = written(build(entry, structure), entry.value);
    knownTasks.set(entry, task);
  }
  return task;
}

function build(entry: MapEntry, structure: Structure): Task {
  const map = mapOf(entry.value);
  const get = fieldsOf(map);
  const conditions = conditionsOf(structure.sites);
  const actions = map?.entries.filter((one) => actionNames.has(one.key.text)) ?? [];
  const [only] = actions.length === 1 ? actions : [];
  const action =
    only === undefined ? undefined : READERS[only.key.text as ActionKind](only.value, conditions);
  return {
    name: entry.key.text,
    nameSpan: entry.key.span,
    span: entry.span,
    ...given('description', textOf(get('description'))),
    ...given('actionSpan', only?.key.span),
    ...given('action', action),
    needs: textsOf(get('needs')),
    ...given('if', conditionOf(get('if'), conditions)),
    env: envOf(get('env')),
    ...given('envFiles', envFilesOf(get('env-file'))),
    ...given('paramsFile', readParamsFile(get('params-file'))),
    secrets: textsOf(get('secrets')),
    ...readInputs(get('inputs')),
    outputs: readOutputs(get('outputs')),
    metrics: templatesOf(get('metrics')),
    plots: templatesOf(get('plots')),
    ...given('matrix', readMatrix(mapOf(get('matrix')))),
    ...given('cellName', templateOf(get('cell-name'))),
    ...given('workingDirectory', templateOf(get('working-directory'))),
    ...given('shell', locatedText(get('shell'))),
    ...given('python', pythonOf(get('python'))),
    ...given('tracking', booleanOf(get('tracking'))),
    resources: readResources(get('resources')),
    ...given('executor', locatedText(get('executor'))),
    ...given('timeoutMs', durationOf(get('timeout'))),
    retries: readRetries(get('retries')),
    continueOnError: booleanOf(get('continue-on-error')) ?? false,
    cache: booleanOf(get('cache')) ?? true,
    ...given('mutex', templateOf(get('mutex'))),
    expressions: structure.sites,
  };
}

/** `auto` alone is a word; in a list it is a file of that name. */
function readInputs(node: Maybe): Pick<Task, 'inputs' | 'autoInputs'> {
  const word = locatedText(node);
  return word?.value === 'auto'
    ? { inputs: [], autoInputs: word.span }
    : { inputs: itemsOf(node).flatMap(readInput) };
}

/** Keys of a map looked up once; of a key that stands twice the first. */
function fieldsOf(map: MapNode | undefined): (key: string) => Maybe {
  const values = new Map<string, Maybe>();
  for (const entry of map?.entries ?? []) {
    if (!values.has(entry.key.text)) values.set(entry.key.text, entry.value);
  }
  return (key) => values.get(key);
}

type Readers = {
  readonly [K in ActionKind]: (node: Maybe, conditions: Conditions) => ActionOf<K> | undefined;
};

const READERS: Readers = {
  run: (node) => {
    const commands = templatesOf(node);
    return commands.length > 0 ? { kind: 'run', commands } : undefined;
  },
  notebook: readNotebook,
  check: (node, conditions) => ({ kind: 'check', checks: readChecks(node, conditions) }),
  materialize: readMaterialize,
  'training-set': readTrainingSet,
  register: readRegister,
  package: readPackage,
  approval: readApproval,
  deploy: readDeploy,
  service: readService,
  monitor: readMonitor,
  pipeline: readPipelineCall,
};

/** In `reports` under its own name, unless something else is said. */
function readNotebook(node: Maybe): ActionOf<'notebook'> {
  const long = mapOf(node);
  const path = templateOf(long === undefined ? node : field(long, 'path')) ?? {
    text: '',
    span: node?.span ?? START,
  };
  const name = path.template === undefined ? path.text.slice(path.text.lastIndexOf('/') + 1) : '';
  return {
    kind: 'notebook',
    path,
    output: templateOf(field(long, 'output')) ?? {
      text: name === '' ? '' : `reports/${name}`,
      span: path.span,
    },
    params: readMetadata(field(long, 'params')),
    ...given('kernel', templateOf(field(long, 'kernel'))),
  };
}

function readInput(node: SyntaxNode): Input[] {
  const long = mapOf(node);
  const text = templateOf(long === undefined ? node : field(long, 'path'));
  if (text === undefined) return [];
  const rest = {
    exclude: templatesOf(field(long, 'exclude')),
    optional: booleanOf(field(long, 'optional')) ?? false,
  };
  if (!text.text.startsWith('!')) return [{ ...text, negated: false, ...rest }];
  const [first, ...parts] = text.template?.parts ?? [];
  const template =
    first?.kind === 'text'
      ? { template: { parts: [{ ...first, text: first.text.slice(1) }, ...parts] } }
      : {};
  return [{ ...text, text: text.text.slice(1), ...template, negated: true, ...rest }];
}

function readParamsFile(node: Maybe): ParamsFileEntry | undefined {
  const long = mapOf(node);
  const path = templateOf(long === undefined ? node : field(long, 'path'));
  if (path === undefined) return undefined;
  const only = textsOf(field(long, 'only'));
  return { path, ...(only.length === 0 ? {} : { only }) };
}

function readOutputs(node: Maybe): Output[] {
  const outputs: Output[] = unnamedPaths(node).map(({ name, node: path }) => ({
    name,
    nameSpan: path.span,
    span: path.span,
    path: templateOf(path) ?? { text: path.text, span: path.span },
    kind: 'file',
    cache: true,
    persist: false,
    optional: false,
  }));
  for (const entry of entriesOf(node)) {
    const long = mapOf(entry.value);
    const written = templateOf(long === undefined ? entry.value : field(long, 'path'));
    // Half-written: the name is known, so that nobody is told that there is no such output.
    const path = written ?? { text: '', span: entry.key.span };
    const name = entry.key.text;
    outputs.push({
      name,
      nameSpan: entry.key.span,
      span: entry.span,
      path,
      kind:
        wordOf(field(long, 'kind'), ARTIFACT_KINDS) ?? ARTIFACT_KINDS.find((kind) => kind === name) ?? 'file',
      cache: booleanOf(field(long, 'cache')) ?? true,
      persist: booleanOf(field(long, 'persist')) ?? false,
      optional: booleanOf(field(long, 'optional')) ?? false,
      ...given('mlflow', textOf(field(long, 'mlflow'))),
      ...given('description', textOf(field(long, 'description'))),
    });
  }
  return outputs;
}

/** Keys of a matrix that are no axes. */
export const MATRIX_KEYS: ReadonlySet<string> = new Set(['include', 'exclude', 'max-parallel', 'fail-fast']);

function readMatrix(map: MapNode | undefined): Matrix | undefined {
  if (map === undefined) return undefined;
  const axes: MatrixAxis[] = [];
  for (const entry of entriesOf(map)) {
    if (MATRIX_KEYS.has(entry.key.text)) continue;
    const node = entry.value;
    const values =
      node?.kind === 'sequence'
        ? itemsOf(node).map((item) => ({
            value: jsonOf(item),
            span: item.span,
            ...given('template', item.kind === 'scalar' ? item.template : undefined),
          }))
        : templateOf(node);
    if (values !== undefined) axes.push({ name: entry.key.text, nameSpan: entry.key.span, values });
  }
  const maxParallel = numberOf(field(map, 'max-parallel'));
  return {
    span: map.span,
    axes,
    include: readCells(field(map, 'include')),
    exclude: readCells(field(map, 'exclude')),
    ...given(
      'maxParallel',
      maxParallel !== undefined && maxParallel >= 1 ? Math.floor(maxParallel) : undefined,
    ),
    failFast: booleanOf(field(map, 'fail-fast')) ?? true,
  };
}

function readCells(node: Maybe): Matrix['include'] {
  return itemsOf(node)
    .filter((item) => item.kind === 'map')
    .map((item) => ({ value: jsonOf(item) as Matrix['include'][number]['value'], span: item.span }));
}

function countOf(node: Maybe): number | undefined {
  const count = numberOf(node);
  return count !== undefined && Number.isInteger(count) && count > 0 ? count : undefined;
}

function readResources(node: Maybe): Resources {
  if (mapOf(node) === undefined) return DEFAULT_RESOURCES;
  const cpus = numberOf(field(node, 'cpus'));
  const gpus = numberOf(field(node, 'gpus'));
  return {
    cpus: cpus !== undefined && cpus > 0 ? cpus : DEFAULT_RESOURCES.cpus,
    ...given('memoryBytes', bytesOf(field(node, 'memory'))),
    gpus: gpus !== undefined && gpus >= 0 ? gpus : DEFAULT_RESOURCES.gpus,
    ...given('nodes', countOf(field(node, 'nodes'))),
    ...given('tasks', countOf(field(node, 'tasks'))),
  };
}

function readRetries(node: Maybe): Retries {
  const count = (value: number | undefined) =>
    value === undefined || value < 0 ? DEFAULT_RETRIES.max : Math.min(100, Math.floor(value));
  if (mapOf(node) === undefined) {
    const max = numberOf(node);
    return max === undefined ? DEFAULT_RETRIES : { ...DEFAULT_RETRIES, max: count(max) };
  }
  const delayMs = durationOf(field(node, 'delay')) ?? DEFAULT_RETRIES.delayMs;
  return {
    max: count(numberOf(field(node, 'max'))),
    delayMs,
    maxDelayMs: Math.max(delayMs, durationOf(field(node, 'max-delay')) ?? DEFAULT_RETRIES.maxDelayMs),
  };
}
