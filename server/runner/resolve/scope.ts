/** What expressions of a task see, and a note of everything that they looked at: it counts for the fingerprint. */
import { defined } from '../../base/defined.js';
import { memo } from '../../base/memo.js';
import type { Json, Task } from '../../definition/definition.js';
import { renderTemplate } from '../../definition/expressions/evaluate.js';
import type { Lookup, Scope } from '../../definition/expressions/evaluate.js';
import type { Features } from '../../definition/features.js';
import type { Instance } from '../../definition/graph/graph.js';
import { nestedParams } from '../../definition/params/values.js';
import { ownEnvironment } from '../../definition/expressions/types/task-environment.js';
import { lookupIn, toText } from '../../definition/expressions/values.js';
import type { PackageStore } from '../../stores/packages/store.js';
import { memberOfFlat } from './flat.js';
import type { ModelLookup, Models } from './models.js';
import { packageLookup } from './packages.js';
import { type RunSettings, findEnvironment } from './places.js';
import type { TaskPython } from '../python/task-python.js';
import { type Used, headOf } from './used.js';
import type { Versions } from '../execute/versions.js';

/** What is known of another task. */
export interface TaskFacts {
  /** Path by name; a list where the instances of a matrix differ. Mostly known before it runs. */
  readonly outputs: Readonly<Record<string, Json>>;
  /** Names of outputs have dots in them. */
  readonly flat?: boolean;
  /** How it ended; a text says what is not known yet. */
  readonly ended:
    | string
    | {
        readonly metrics: Readonly<Record<string, Json>>;
        /** `succeeded` whether it ran or was cached. */
        readonly status: string;
        readonly cached: boolean;
        readonly fingerprint: string;
      };
}

export interface Facts {
  /** Those of groups as `group.name`. */
  readonly params: Readonly<Record<string, Json>>;
  readonly run: Readonly<Record<string, Json>>;
  readonly git: Readonly<Record<string, Json>> | undefined;
  readonly secrets: Readonly<Record<string, string>>;
  /** Of whoever started the run. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `undefined`: there is no such task. */
  task(name: string): TaskFacts | undefined;
  /** What the registry says about `rain@production` and members of it. */
  models(members: readonly string[]): ModelLookup;
  /** The version behind `rain@production`. */
  version(reference: string): ReturnType<Models['find']>;
  /** Where deployments may go, and what there is to deploy. */
  readonly places: RunSettings;
  readonly packages: () => PackageStore;
  /** What names of versions stand for in the run; absent: what they stand for now. */
  readonly versions: Versions | undefined;
  /** The environment of the deployments that a task follows: its name. */
  environmentBefore(instance: Instance): Lookup;
  hashFiles(globs: readonly string[]): string;
  /** What the commands of a task find as `python`. */
  python(task: Task): TaskPython;
  /** Feature files of the project, where the pipeline needs them. */
  readonly features: readonly Features[];
}

export class TaskScope implements Scope {
  readonly #facts: Facts;
  readonly #instance: Instance;
  /** Variables that the definition sets, those of the task over those of the pipeline. Filled while they are resolved. */
  readonly env: Record<string, string> = {};
  readonly status?: 'success' | 'failure' | 'cancelled' | 'skipped';
  /** What was looked at, by name. */
  readonly #used = new Map<string, Used>();
  /** Secrets stand as stars: for what is recorded and hashed, not for what is run. */
  readonly #masked: boolean;
  /** A metric that a task did not give is empty, as in GitHub Actions: for conditions. */
  readonly #lenient: boolean;
  readonly #missing = new Set<string>();
  /** Its name is being found out: an expression there can't ask for it. */
  #naming = false;

  constructor(
    facts: Facts,
    instance: Instance,
    options: {
      readonly status?: 'success' | 'failure' | 'cancelled' | 'skipped';
      readonly masked?: boolean;
      readonly missingMetrics?: 'null';
    } = {},
  ) {
    this.#facts = facts;
    this.#instance = instance;
    this.#masked = options.masked === true;
    this.#lenient = options.missingMetrics === 'null';
    if (options.status !== undefined) this.status = options.status;
  }

  /** What expressions took from elsewhere. */
  get used(): readonly Used[] {
    return [...this.#used.values()];
  }

  /** Sentences about metrics that were taken as empty though their task has ended well. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  lookup(context: string, path: readonly string[]): Lookup {
    const found = this.#lookup(context, path);
    if (found.kind === 'value') this.#note(context, path, found.value);
    return found;
  }

  hashFiles(globs: readonly string[]): string {
    const hash = this.#facts.hashFiles(globs);
    this.#used.set(`hashFiles ${globs.join(' ')}`, { kind: 'files', globs, hash });
    return hash;
  }

  #take(used: Used): void {
    const { kind, name } = headOf(used);
    this.#used.set(`${kind} ${name}`, used);
  }

  #lookup(context: string, path: readonly string[]): Lookup {
    const [first, ...rest] = path;
    switch (context) {
      case 'params':
        return member(nestedOf(this.#facts.params), path, 'param');
      case 'matrix':
        return member(this.#instance.matrix, path, 'axis of the matrix');
      case 'run':
        return member(this.#facts.run, path, 'fact of the run');
      case 'git':
        if (this.#facts.git === undefined) {
          return { kind: 'error', message: 'git: the project lies in no git repository with a commit.' };
        }
        return member(this.#facts.git, path, 'fact of git');
      case 'env': {
        if (first === undefined) return { kind: 'value', value: this.env };
        return { kind: 'value', value: this.env[first] ?? this.#facts.environment[first] ?? null };
      }
      case 'secrets': {
        const secret = first === undefined ? undefined : this.#facts.secrets[first];
        if (
          secret === undefined &&
          this.#facts.places.secrets.some(({ name, optional }) => name === first && optional)
        )
          return { kind: 'value', value: '' };
        if (secret === undefined) {
          return { kind: 'error', message: `secrets.${first ?? ''}: the pipeline does not declare it.` };
        }
        return { kind: 'value', value: this.#masked ? '***' : secret };
      }
      case 'tasks':
        return first === undefined
          ? { kind: 'error', message: 'tasks: say which task and what of it, as tasks.train.outputs.model.' }
          : this.#task(first, rest);
      case 'models': {
        const { found, used } = this.#facts.models(path);
        if (used !== undefined) this.#take(used);
        return found;
      }
      case 'packages': {
        const { found, used } = packageLookup(this.#facts.packages(), path, this.#facts.versions);
        if (used !== undefined) this.#take(used);
        return found;
      }
      case 'environment':
        return this.#environment(path);
      default:
        return { kind: 'error', message: `unknown context "${context}".` };
    }
  }

  #environment(path: readonly string[]): Lookup {
    const named = this.#environmentName();
    if (named.kind !== 'value') return named;
    const found = findEnvironment(toText(named.value), this.#facts.places);
    if (!found.ok) return { kind: 'error', message: `environment: ${found.message}` };
    const { name, target, url, variables } = found.environment;
    if (path[0] === 'url' && url === undefined) {
      return { kind: 'error', message: `environment.url: ${name} has no \`url\` in modelyard.yaml.` };
    }
    if (path[0] === 'variables') return member(variables, path.slice(1), `variable of ${name}`);
    const members = { name, target, ...defined({ url }), variables };
    return member(members, path, 'member of `environment`');
  }

  #environmentName(): Lookup {
    const own = ownEnvironment(this.#instance.task);
    if (own === undefined) return this.#facts.environmentBefore(this.#instance);
    if (this.#naming)
      return { kind: 'error', message: 'environment: the name of the environment asks for itself.' };
    this.#naming = true;
    const rendered = renderTemplate(own, this, 'plain');
    this.#naming = false;
    return rendered.kind === 'value' ? { kind: 'value', value: rendered.value.trim() } : rendered;
  }

  #task(name: string, path: readonly string[]): Lookup {
    const facts = this.#facts.task(name);
    if (facts === undefined) return { kind: 'error', message: `there is no task "${name}".` };
    const [what, ...rest] = path;
    const { ended } = facts;
    switch (what) {
      case 'outputs': {
        // Its own are those of this cell of its matrix.
        const own = name === this.#instance.task.name ? outputPaths(this.#instance) : undefined;
        const outputs = own ?? facts.outputs;
        // Those of a pipeline have the name of its task before their own.
        const flat = facts.flat === true && rest.length > 0;
        const found = flat
          ? memberOfFlat(outputs, rest, `tasks.${name} has no output`)
          : member(outputs, rest, `output of ${name}`);
        return found.kind === 'error' && typeof ended === 'string' ? { kind: 'unknown', why: ended } : found;
      }
      case 'status':
      case 'cached':
      case 'fingerprint':
        return typeof ended === 'string'
          ? { kind: 'unknown', why: ended }
          : { kind: 'value', value: ended[what] };
      case 'metrics':
        return typeof ended === 'string' ? { kind: 'unknown', why: ended } : this.#metric(name, ended, rest);
      default:
        return {
          kind: 'error',
          message: `tasks.${name} has outputs, metrics, status, cached and fingerprint, but no "${what ?? ''}".`,
        };
    }
  }

  #metric(
    task: string,
    { metrics, status }: Exclude<TaskFacts['ended'], string>,
    path: readonly string[],
  ): Lookup {
    const found = memberOfFlat(metrics, path, `tasks.${task} has no metric`);
    if (found.kind !== 'error' || !this.#lenient) return found;
    // Of a task that was skipped or failed nobody expects any.
    if (status === 'succeeded') this.#missing.add(found.message);
    return { kind: 'value', value: null };
  }

  #note(context: string, path: readonly string[], value: Json): void {
    // A secret must not be told, and of a model and a package its version counts.
    if (context === 'secrets' || context === 'models' || context === 'packages') return;
    const [task = '', ...rest] = path;
    this.#take(
      context === 'tasks'
        ? { kind: 'task', task, path: rest, value }
        : { kind: 'value', context, path, value },
    );
  }
}

/** Paths of outputs by name, as far as they are known before anything runs. */
export function outputPaths(instance: Instance): Record<string, string> {
  const paths: Record<string, string> = {};
  for (const { output, path, glob } of instance.outputs) {
    if (output !== undefined && path !== undefined && !glob) paths[output.name] = path;
  }
  return paths;
}

/** What the globs of its outputs matched, by name; nothing where it has none. */
export function listsOf(
  instance: Instance,
  artifacts: readonly { readonly name: string; readonly path: string }[],
): Record<string, readonly string[]> {
  const lists: Record<string, readonly string[]> = {};
  for (const { output, glob } of instance.outputs) {
    if (output === undefined || !glob) continue;
    lists[output.name] = artifacts.flatMap(({ name, path }) => (name === output.name ? [path] : []));
  }
  return lists;
}

const nestedOf = memo((params: Facts['params']) => nestedParams(Object.entries(params)));

function member(record: Readonly<Record<string, Json>>, path: readonly string[], what: string): Lookup {
  const [first, ...rest] = path;
  if (first === undefined) return { kind: 'value', value: record };
  const value = Object.hasOwn(record, first) ? record[first] : undefined;
  if (value === undefined) {
    const known = Object.keys(record);
    const there = known.length === 0 ? 'there is none' : `there are: ${known.join(', ')}`;
    return { kind: 'error', message: `there is no ${what} "${first}" (${there}).` };
  }
  return lookupIn(value, rest);
}
