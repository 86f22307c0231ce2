/** The types of the contexts at one place of a pipeline. */
import { memo } from '../../../base/memo.js';
import { defined } from '../../../base/defined.js';
import { isNumber } from '../../../base/numeral.js';
import { type ActionFacts, factsOf } from '../../actions.js';
import { contextOf, contextsAt, MODEL_MEMBERS, PACKAGE_MEMBERS, TASK_MEMBERS } from '../contexts.js';
import type { Environment, ExpressionPlace, Json, Matrix, Param, Pipeline, Task } from '../../definition.js';
import { isWrittenGlob } from '../../text/paths.js';
import { fieldsOf, literalType, merge, NUMBER, OPEN_OBJECT, STRING, BOOLEAN, UNKNOWN } from './lattice.js';
import type { Type } from './lattice.js';
import { isOptional } from '../../params/values.js';
import { environmentsOf, ownEnvironment, statedEnvironment } from './task-environment.js';

export interface TypeEnvironment {
  readonly pipeline: Pipeline;
  readonly task?: Task;
  readonly place: ExpressionPlace;
  /** The type of a context; `undefined` where there is none of this name here. */
  context(name: string): Type | undefined;
  /** Names of the contexts that are legal here. */
  readonly legal: readonly string[];
}

const ENV: Type = OPEN_OBJECT;
/** Of a glob: the files that it matched. */
const STRINGS: Type = { kind: 'list', element: STRING };

/** `cached` was one once: what compares with it is told by a rule of its own, with a way out. */
const STATUS: Type = { kind: 'string', values: ['succeeded', 'failed', 'cancelled', 'skipped', 'cached'] };

const FIXED: Readonly<Record<string, Readonly<Record<string, Type>>>> = {
  run: {
    id: STRING,
    pipeline: STRING,
    'started-at': STRING,
    trigger: { kind: 'string', values: ['editor', 'terminal', 'ci'] },
    user: STRING,
  },
  git: { commit: STRING, 'short-commit': STRING, branch: STRING, dirty: BOOLEAN },
};

const fixed = new Map<string, Type>(
  Object.entries(FIXED).map(([name, members]) => [name, closed(name, new Map(Object.entries(members)))]),
);

interface PipelineTypes {
  readonly params: Type;
  readonly tasks: Type;
}

/**
 * @param task absent for the `env` of the pipeline.
 * @param environments those of `modelyard.yaml`; absent: nothing is known of them.
 */
export function typeEnvironment(
  pipeline: Pipeline,
  task: Task | undefined,
  place: ExpressionPlace,
  environments?: readonly Environment[],
): TypeEnvironment {
  const legal = legalNames(place, task !== undefined);
  return {
    pipeline,
    ...defined({ task }),
    place,
    legal,
    context: (name) => (legal.includes(name) ? contextType(name, pipeline, task, environments) : undefined),
  };
}

const legalCache = new Map<string, readonly string[]>();

function legalNames(place: ExpressionPlace, inTask: boolean): readonly string[] {
  const key = `${place} ${inTask}`;
  let names = legalCache.get(key);
  if (names === undefined) {
    names = contextsAt(place, inTask).map((context) => context.name);
    legalCache.set(key, names);
  }
  return names;
}

/** Why a word is not a context here, and words that are. */
export function contextProblem(name: string, environment: TypeEnvironment): string {
  const known = contextOf(name);
  if (known === undefined) return `Unknown context "${name}".`;
  if (environment.task === undefined && !known.outsideTasks) {
    return `\`${name}\` is not known outside of tasks.`;
  }
  return `\`${name}\` is not known ${placeWords(environment.place)}.`;
}

function placeWords(place: ExpressionPlace): string {
  switch (place) {
    case 'matrix':
      return 'in a matrix, which is laid out before anything runs';
    case 'cell-name':
      return 'in `cell-name`, which takes values of `matrix` and `params` only';
    case 'mutex':
      return 'in `mutex`, which is needed before the task can wait for others';
    default:
      return `in a ${place}`;
  }
}

function contextType(
  name: string,
  pipeline: Pipeline,
  task: Task | undefined,
  environments: readonly Environment[] | undefined,
): Type {
  switch (name) {
    case 'params':
      return typesOf(pipeline).params;
    case 'tasks':
      return typesOf(pipeline).tasks;
    case 'matrix':
      return task === undefined ? UNKNOWN : matrixType(task);
    case 'environment':
      return task === undefined ? UNKNOWN : environmentType(pipeline, task, environments);
    case 'env':
    case 'secrets':
      return ENV;
    default:
      return fixed.get(name) ?? UNKNOWN;
  }
}

function environmentType(
  pipeline: Pipeline,
  task: Task,
  environments: readonly Environment[] | undefined,
): Type {
  const { names, computed } = environmentsOf(pipeline);
  if (names.length === 0 && !computed && ownEnvironment(task) === undefined) {
    const say = (): string => 'There is no environment here: no task of this pipeline names one.';
    return {
      kind: 'object',
      open: false,
      fields: fieldsOf(new Map()),
      missing: { code: 'unknown-context', say },
    };
  }
  const stated = statedEnvironment(pipeline, task);
  const defined = environments?.find((one) => one.name === stated);
  const members = (contextOf('environment')?.members ?? []).map(({ name }): [string, Type] => [
    name,
    name !== 'variables' ? STRING : defined === undefined ? OPEN_OBJECT : variablesType(defined),
  ]);
  return closed('environment', new Map(members));
}

function variablesType({ name, variables }: Environment): Type {
  return {
    kind: 'object',
    open: false,
    fields: fieldsOf(new Map(Object.keys(variables).map((key) => [key, UNKNOWN]))),
    missing: {
      code: 'unknown-context',
      say: (key) => `The environment ${name} has no variable "${key}" in modelyard.yaml.`,
    },
  };
}

const typesOf = memo((pipeline: Pipeline): PipelineTypes => ({
  params: paramsType(pipeline.params, pipeline.openParams === true),
  tasks: tasksType(pipeline),
}));

/** @param open there may be more than are known */
function paramsType(params: readonly Param[], open: boolean, prefix = ''): Type {
  const fields = new Map<string, Type>();
  for (const param of params) {
    if (!param.name.startsWith(prefix)) continue;
    const [name = '', ...below] = param.name.slice(prefix.length).split('.');
    if (below.length === 0) fields.set(name, paramType(param));
    else if (!fields.has(name)) fields.set(name, paramsType(params, open, `${prefix}${name}.`));
  }
  return {
    kind: 'object',
    open,
    fields: fieldsOf(fields),
    missing: { code: 'unknown-param', say: (name) => `There is no param "${prefix}${name}".` },
  };
}

export function paramType(param: Param): Type {
  if (isOptional(param)) return UNKNOWN;
  const { choices } = param;
  switch (param.type) {
    case 'string':
      return choices?.every((choice) => typeof choice === 'string') === true ? valuesType(choices) : STRING;
    case 'integer':
    case 'number':
      return choices?.every(isNumber) === true ? valuesType(choices) : NUMBER;
    case 'boolean':
      return BOOLEAN;
    case 'list':
      return { kind: 'list', element: UNKNOWN };
    case 'object':
      return OPEN_OBJECT;
  }
}

function valuesType(values: readonly Json[]): Type {
  const [first, ...others] = values.map(literalType);
  return others.reduce(merge, first ?? UNKNOWN);
}

function tasksType(pipeline: Pipeline): Type {
  const tasks = new Map(pipeline.tasks.map((task) => [task.name, task]));
  const types = new Map<string, Type>();
  let names: readonly string[] | undefined;
  return {
    kind: 'object',
    open: false,
    fields: {
      names: () => (names ??= [...tasks.keys()]),
      get: (name) => {
        const task = tasks.get(name);
        if (task === undefined) return undefined;
        let type = types.get(name);
        if (type === undefined) {
          type = taskType(task);
          types.set(name, type);
        }
        return type;
      },
    },
    missing: { code: 'unknown-task', say: (name) => `There is no task "${name}".` },
  };
}

const NO_ACTION: Pick<ActionFacts, 'values' | 'makes'> = { values: [] };

function taskType(task: Task): Type {
  const { values, makes } = task.action === undefined ? NO_ACTION : factsOf(task.action);
  const other = values === 'any';
  const own = other ? [] : values;
  const outputs: Type = {
    kind: 'object',
    open: false,
    fields: fieldsOf(
      new Map([
        ...[...own, ...(makes === undefined ? [] : [makes.name])].map((name) => [name, STRING] as const),
        ...task.outputs.map(
          ({ name, path }) => [name, isWrittenGlob(path, 'output') ? STRINGS : STRING] as const,
        ),
      ]),
    ),
    missing: { code: 'unknown-output', say: (name) => `Task "${task.name}" has no output "${name}".` },
  };
  const members: Readonly<Record<string, Type>> = {
    outputs: other ? OPEN_OBJECT : outputs,
    metrics: OPEN_OBJECT,
    status: STATUS,
    cached: BOOLEAN,
    fingerprint: STRING,
  };
  return {
    kind: 'object',
    open: other,
    fields: fieldsOf(new Map(TASK_MEMBERS.map((member) => [member.name, members[member.name] ?? UNKNOWN]))),
    missing: { code: 'unknown-context', say: (name) => `\`tasks.${task.name}\` has no "${name}".` },
  };
}

const matrixType = memo((task: Task): Type => ({
  kind: 'object',
  open: false,
  fields: fieldsOf(task.matrix === undefined ? new Map() : axisTypes(task.matrix)),
  missing: {
    code: 'unknown-matrix-key',
    say: (name) =>
      task.matrix === undefined
        ? `Task "${task.name}" has no matrix, so there is no \`matrix.${name}\`.`
        : `The matrix of "${task.name}" has no axis "${name}".`,
  },
}));

function axisTypes(matrix: Matrix): Map<string, Type> {
  const types = new Map<string, Type>();
  for (const axis of matrix.axes) {
    if ('text' in axis.values || axis.values.some((value) => value.template !== undefined))
      types.set(axis.name, UNKNOWN);
    else types.set(axis.name, valuesType(axis.values.map((value) => value.value)));
  }
  // A cell that `include` adds may have other values, or none.
  for (const cell of matrix.include) for (const name of Object.keys(cell.value)) types.set(name, UNKNOWN);
  if (matrix.include.length > 0) for (const name of types.keys()) types.set(name, UNKNOWN);
  return types;
}

function closed(name: string, members: ReadonlyMap<string, Type>): Type {
  return {
    kind: 'object',
    open: false,
    fields: fieldsOf(members),
    missing: { code: 'unknown-context', say: (member) => `\`${name}\` has no "${member}".` },
  };
}

const MODEL_TYPES: Readonly<Partial<Record<string, Type>>> = { metrics: OPEN_OBJECT, params: OPEN_OBJECT };

/** What can be asked of a version of a model. The version by itself is a text: its URI. */
export const MODEL_VERSION: Type = {
  kind: 'object',
  open: false,
  fields: fieldsOf(new Map(MODEL_MEMBERS.map(({ name }) => [name, MODEL_TYPES[name] ?? UNKNOWN]))),
  missing: {
    code: 'unknown-context',
    say: (name) => `A version of a model has no "${name}".`,
  },
};

/** What can be asked of a version of a package. The version by itself is a text: `rain-app@3`. */
export const PACKAGE_VERSION: Type = {
  kind: 'object',
  open: false,
  fields: fieldsOf(new Map(PACKAGE_MEMBERS.map(({ name }) => [name, UNKNOWN]))),
  missing: {
    code: 'unknown-context',
    say: (name) => `A version of a package has no "${name}".`,
  },
};
