/** What expressions can know before a run: params, matrix values, paths of outputs; the rest is unknown. */
import type { Json, Pipeline, Task } from '../definition.js';
import { renderTemplate } from './evaluate.js';
import { isWrittenGlob, outputPath } from '../text/paths.js';
import type { Lookup, Scope } from './evaluate.js';
import type { Cell } from '../graph/matrix.js';
import { nestedParams } from '../params/values.js';
import { lookupIn } from './values.js';

/** What is given instead of being unknown. */
export interface StaticValues {
  /** Over the defaults of the params. */
  readonly params?: Readonly<Record<string, Json>>;
  /** Of the process, under those of the definition. All that there are, so that what is missing is known to be. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly run?: Readonly<Record<string, Json>>;
  readonly git?: Readonly<Record<string, Json>>;
}

export class StaticScopes {
  private readonly pipeline: Pipeline;
  private readonly values: StaticValues;
  private readonly params: Readonly<Record<string, Json>>;
  private readonly tasks: ReadonlyMap<string, Task>;
  /** Output paths under way, so that two that name each other end. */
  private readonly open = new Set<string>();
  private readonly paths = new Map<string, Lookup>();

  constructor(pipeline: Pipeline, values: StaticValues = {}) {
    this.pipeline = pipeline;
    this.values = values;
    const params = new Map<string, Json>();
    for (const param of pipeline.params)
      if (param.default !== undefined) params.set(param.name, param.default.value);
    for (const [name, value] of Object.entries(values.params ?? {})) params.set(name, value);
    this.params = nestedParams(params);
    this.tasks = new Map(pipeline.tasks.map((task) => [task.name, task]));
  }

  of(task: Task | undefined, cell?: Cell): Scope {
    return { lookup: (context, path) => this.lookup(task, cell, context, path) };
  }

  private lookup(
    task: Task | undefined,
    cell: Cell | undefined,
    context: string,
    path: readonly string[],
  ): Lookup {
    const [first, ...rest] = path;
    switch (context) {
      case 'params':
        if (first !== undefined && !Object.hasOwn(this.params, first)) return unknown(`params.${first}`);
        return lookupIn(this.params, path);
      case 'matrix':
        if (cell === undefined || first === undefined) return unknown('matrix');
        return Object.hasOwn(cell, first) ? lookupIn(cell[first] ?? null, rest) : unknown(`matrix.${first}`);
      case 'env':
        return first === undefined ? unknown('env') : this.variable(task, cell, first);
      case 'tasks':
        return this.output(path);
      case 'run':
        if (first === 'pipeline') return { kind: 'value', value: this.pipeline.name };
        return given(this.values.run, context, path);
      case 'git':
        return given(this.values.git, context, path);
      default:
        return unknown(context);
    }
  }

  private variable(task: Task | undefined, cell: Cell | undefined, name: string): Lookup {
    const key = `env\0${name}`;
    const outside = this.values.env;
    if (this.open.has(key)) return unknown(`env.${name}`);
    for (const { name: own, value, external } of [...(task?.env ?? []), ...this.pipeline.env]) {
      if (own !== name) continue;
      if (external !== undefined) {
        if (outside === undefined) return unknown(`env.${name}`);
        const found = outside[name];
        if (found !== undefined) return { kind: 'value', value: found };
        if (!external.default) continue;
      }
      this.open.add(key);
      const result = renderTemplate(value, this.of(task, cell), 'plain');
      this.open.delete(key);
      return result.kind === 'value' ? result : unknown(`env.${name}`);
    }
    return outside === undefined ? unknown(`env.${name}`) : { kind: 'value', value: outside[name] ?? null };
  }

  /** `tasks.<task>.outputs.<name>`, where the path is the same for every cell. */
  private output(path: readonly string[]): Lookup {
    const [name = '', member, output = '', ...rest] = path;
    const key = path.join('\0');
    const known = this.paths.get(key);
    if (known !== undefined) return known;
    const task = this.tasks.get(name);
    const found = task?.outputs.find((one) => one.name === output);
    if (
      task === undefined ||
      member !== 'outputs' ||
      found === undefined ||
      // The list of what a glob matches is known afterwards.
      isWrittenGlob(found.path, 'output') ||
      rest.length > 0 ||
      this.open.has(key)
    ) {
      return unknown(`tasks.${path.join('.')}`);
    }
    this.open.add(key);
    const result = renderTemplate(found.path, this.of(task), 'plain');
    this.open.delete(key);
    const lookup: Lookup =
      result.kind === 'value'
        ? { kind: 'value', value: outputPath(result.value) }
        : unknown(`tasks.${path.join('.')}`);
    this.paths.set(key, lookup);
    return lookup;
  }
}

function unknown(why: string): Lookup {
  return { kind: 'unknown', why };
}

function given(
  values: Readonly<Record<string, Json>> | undefined,
  context: string,
  path: readonly string[],
): Lookup {
  const [first] = path;
  if (values === undefined || (first !== undefined && !Object.hasOwn(values, first))) {
    return unknown([context, ...path].join('.'));
  }
  return lookupIn(values, path);
}
