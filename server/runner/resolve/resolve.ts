/** An instance of a task with every expression replaced by its value: what is run, and the parts of its fingerprint. */
import { existsSync } from 'node:fs';
import { defined } from '../../base/defined.js';
import { factsOf, isScript } from '../../definition/actions.js';
import type {
  ArtifactKind,
  Check,
  EnvEntry,
  EnvFile,
  Json,
  Output,
  Pipeline,
  TemplateText,
} from '../../definition/definition.js';
import { type Result, evaluateText, renderTemplate } from '../../definition/expressions/evaluate.js';
import { compileGlob, globOf } from '../../definition/text/glob.js';
import type { Instance, ResolvedOutput, ResolvedPath } from '../../definition/graph/graph.js';
import { isGlob, isWithin } from '../../definition/text/paths.js';
import { pythonWish } from '../../definition/python/python.js';
import type { PythonCode } from '../../definition/python/counts.js';
import { isComplete, scriptOf } from '../../definition/shell/shell.js';
import { type ScriptLanguage, shellOf, shellOfTask, stageShell } from '../../definition/shell/shells.js';
import { formatBytes } from '../../definition/text/units.js';
import { toText, truthy } from '../../definition/expressions/values.js';
import type { Choice } from '../../python/choose.js';
import type { CheckOutcome, FingerprintPart } from '../../stores/runs/document.js';
import {
  type ResolvedCheck,
  type Resolving,
  type Script,
  type Work,
  planOf,
  resolveAction,
} from '../actions/plans.js';
import { envFileVariables } from './env-files.js';
import { FINGERPRINT_FORMAT, TEMPLATE } from '../plan/fingerprint.js';
import { hashOf } from '../../stores/content/hash.js';
import { ownPathProblem } from '../plan/own-paths.js';
import { type ParamsFile, paramsText } from '../execute/params-file.js';
import type { Texts } from './texts.js';
import { plainTableOptions } from '../../definition/table-options.js';
import { type Facts, TaskScope } from './scope.js';
import { LONGEST_VARIABLE, systemShell } from '../execute/shells.js';
import { headOf, outputOf, partOf, wordsOf } from './used.js';
import { type ExcludedPath, type TaskInputPath, type Workspace, outputPlaces } from './workspace.js';

type Span = TemplateText['span'];

export interface TaskOutputPath {
  /** In the definition; for metrics and plots the path. */
  readonly name: string;
  readonly path: string;
  /** All files that match it afterwards. */
  readonly glob: boolean;
  /** The task may end well without it. */
  readonly optional: boolean;
  readonly kind: ArtifactKind;
  readonly role: ResolvedOutput['role'];
  /** `false`: known by its hash, not kept in the cache. */
  readonly cache: boolean;
  /** `true`: stays when the task runs again. */
  readonly persist: boolean;
  /** What an MLflow client of the task logs under this name is put there. */
  readonly mlflow?: string;
}

export interface ResolvedTask {
  readonly id: string;
  readonly instance: Instance;
  /** Absent: the task has no action. */
  readonly work?: Work;
  /** Relative to the project. */
  readonly workingDirectory: string;
  /** What its commands find as `python`. */
  readonly python?: Choice;
  /** How Python files among its inputs count. */
  readonly code: PythonCode;
  /** Written before the task begins. */
  readonly paramsFile?: ParamsFile;
  /** What the definition sets. */
  readonly env: Readonly<Record<string, string>>;
  readonly inputs: readonly TaskInputPath[];
  readonly outputs: readonly TaskOutputPath[];
  /** Every part of the fingerprint but the content of the inputs. */
  readonly parts: readonly FingerprintPart[];
}

export type Resolution =
  | { readonly ok: true; readonly task: ResolvedTask }
  /** `unknown`: it depends on something that has not happened yet. */
  | { readonly ok: false; readonly unknown: boolean; readonly message: string; readonly span?: Span };

/** Ends the work on a task whose text can't be resolved; caught in `resolveTask`. */
class Unresolved extends Error {
  readonly unknown: boolean;
  readonly span: Span | undefined;

  constructor(message: string, unknown: boolean, span?: Span) {
    super(message);
    this.unknown = unknown;
    this.span = span;
  }
}

export function resolveTask(
  pipeline: Pipeline,
  instance: Instance,
  facts: Facts,
  workspace: Workspace,
): Resolution {
  try {
    return { ok: true, task: new Resolver(pipeline, instance, facts, workspace).resolve() };
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    const { message, unknown, span } = error;
    return { ok: false, unknown, message, ...defined({ span }) };
  }
}

class Resolver {
  readonly #pipeline: Pipeline;
  readonly #instance: Instance;
  readonly #workspace: Workspace;
  readonly #facts: Facts;
  readonly #real: TaskScope;
  /** The same with stars for secrets. What is recorded is made with it. */
  readonly #shown: TaskScope;
  readonly #secretsInText: boolean;
  #python: Choice | undefined;

  constructor(pipeline: Pipeline, instance: Instance, facts: Facts, workspace: Workspace) {
    this.#pipeline = pipeline;
    this.#instance = instance;
    this.#workspace = workspace;
    this.#facts = facts;
    this.#real = new TaskScope(facts, instance);
    this.#shown = new TaskScope(facts, instance, { masked: true });
    this.#secretsInText = Object.keys(facts.secrets).length > 0;
  }

  resolve(): ResolvedTask {
    const { task } = this.#instance;
    const parts: FingerprintPart[] = [{ kind: 'format', name: 'format', value: FINGERPRINT_FORMAT }];
    const env = this.#environment(parts);
    const paramsFile = this.#paramsFile(parts);
    parts.push(...this.#secrets());
    const workingDirectory = this.#directory(parts);
    const work = task.action === undefined ? undefined : resolveAction(task.action, this.#resolving(parts));
    const inputs = this.#inputs(work);
    const outputs = this.#outputs(parts);
    this.#guard(inputs, outputs);
    const used = this.#shown.used.map(partOf);
    parts.push(...used.filter((part) => !(part.kind === 'env' && part.name in env)));
    return {
      id: this.#instance.id,
      instance: this.#instance,
      ...defined({ work }),
      workingDirectory,
      code: this.#code(work),
      env,
      inputs,
      outputs,
      parts,
      ...defined({ python: this.#python, paramsFile }),
    };
  }

  /** Other actions than commands read files as they are; so does DVC. */
  #code(work: Work | undefined): PythonCode {
    const { task } = this.#instance;
    if (work === undefined || !isScript(work.kind) || task.stage !== undefined) return 'bytes';
    return pythonWish(task, this.#pipeline, this.#facts.places.python).code;
  }

  #resolving(parts: FingerprintPart[]): Resolving {
    return {
      texts: this.#texts(parts),
      parts,
      facts: this.#facts,
      workspace: this.#workspace,
      script: (commands) => this.#script(commands, parts),
      python: (program) => {
        parts.push(...this.#choosePython());
        return { shell: shellOf('python'), text: program };
      },
      checks: (checks) => this.#checks(checks, parts),
    };
  }

  #render(text: TemplateText, mode: 'plain' | 'glob' | ScriptLanguage): { real: string; shown: string } {
    if (text.template === undefined) return { real: text.text, shown: text.text };
    const shown = this.#value(renderTemplate(text, this.#shown, mode), text.span);
    if (!this.#secretsInText) return { real: shown, shown };
    return { real: this.#value(renderTemplate(text, this.#real, mode), text.span), shown };
  }

  #value<T extends Json>(result: Result<T>, span: Span): T {
    switch (result.kind) {
      case 'value':
        return result.value;
      case 'unknown':
        throw new Unresolved(`${result.why} is not known yet`, true, span);
      case 'error':
        throw new Unresolved(result.message, false, result.span);
    }
  }

  /** Those of the pipeline under those of the task; files under what stands beside them. */
  #environment(parts: FingerprintPart[]): Record<string, string> {
    const env: Record<string, string> = {};
    const fromFiles = new Set<string>();
    const set = (name: string, real: string, shown: string, span: Span): void => {
      const bytes = Buffer.byteLength(real) + name.length + 1;
      if (bytes > LONGEST_VARIABLE) {
        const message = `env ${name} is ${formatBytes(bytes)} long, and the system takes ${formatBytes(LONGEST_VARIABLE)} for one variable: write the value into a file`;
        throw new Unresolved(message, false, span);
      }
      env[name] = real;
      this.#real.env[name] = real;
      this.#shown.env[name] = shown;
    };
    for (const { env: entries, envFiles = [] } of [this.#pipeline, this.#instance.task]) {
      for (const file of envFiles) {
        for (const [name, value] of this.#fileVariables(file)) {
          set(name, value, value, file.path.span);
          fromFiles.add(name);
        }
      }
      for (const entry of entries) {
        const { real, shown } = this.#variable(entry);
        if (real === undefined) continue;
        set(entry.name, real, shown, entry.value.span);
        fromFiles.delete(entry.name);
      }
    }
    for (const name of Object.keys(env)) {
      const shown = this.#shown.env[name] ?? '';
      // Such files hold passwords that nobody has called secrets: they are not written down.
      parts.push({ kind: 'env', name, value: fromFiles.has(name) ? hashOf(shown) : shown });
    }
    return env;
  }

  /** Secrets have a way of their own, which keeps them out of logs and records. */
  #fileVariables(file: EnvFile): readonly (readonly [string, string])[] {
    const read = envFileVariables(file, this.#workspace);
    if (!read.ok) throw new Unresolved(read.message, false, file.path.span);
    const secrets = [...this.#pipeline.secrets, ...this.#instance.task.secrets];
    return [...read.variables].filter(([name]) => !secrets.some(({ value }) => value === name));
  }

  #paramsFile(parts: FingerprintPart[]): ParamsFile | undefined {
    const { paramsFile } = this.#instance.task;
    if (paramsFile === undefined) return undefined;
    const path = this.#checked(
      this.#render(paramsFile.path, 'plain').real,
      'params-file',
      paramsFile.path.span,
    );
    const own = ownPathProblem(path, false, this.#pipeline.path, this.#workspace);
    if (own !== undefined) throw new Unresolved(own, false, paramsFile.path.span);
    const flat = Object.entries(this.#facts.params);
    const isIn = (name: string, one: string): boolean => name === one || name.startsWith(`${one}.`);
    for (const { value, span } of paramsFile.only ?? []) {
      if (flat.some(([name]) => isIn(name, value))) continue;
      throw new Unresolved(`params-file: there is no param "${value}"`, false, span);
    }
    const wanted = flat.filter(([name]) => paramsFile.only?.some(({ value }) => isIn(name, value)) ?? true);
    // What is looked at counts, as it does where it stands in a command.
    for (const [name] of wanted) this.#shown.lookup('params', name.split('.'));
    parts.push({ kind: 'command', name: 'params-file', value: path });
    return { path, text: paramsText(wanted) };
  }

  /** The value of a variable; nothing where it is one of the outside that is not set. */
  #variable({ name, value, external }: EnvEntry): { real: string | undefined; shown: string } {
    const found = external === undefined ? undefined : this.#facts.environment[name];
    if (found !== undefined) return { real: found, shown: found };
    if (external?.default === false) return { real: undefined, shown: '' };
    return this.#render(value, 'plain');
  }

  #directory(parts: FingerprintPart[]): string {
    const text = this.#instance.task.workingDirectory;
    if (text === undefined) return '.';
    const checked = this.#checked(this.#render(text, 'plain').real, 'working directory', text.span);
    parts.push({ kind: 'working-directory', name: 'working-directory', value: checked });
    return checked;
  }

  #script(commands: readonly TemplateText[], parts: FingerprintPart[]): Script {
    const { task } = this.#instance;
    const shell =
      task.stage === undefined
        ? shellOfTask(task, this.#pipeline, this.#facts.places.shell ?? systemShell())
        : stageShell(this.#facts.environment['SHELL']);
    const text = scriptOf(commands);
    if (commands.length > 1 && shell.language === 'shell') {
      const open = commands.find((command) => !isComplete(command));
      if (open !== undefined) {
        const message =
          'a command of the list ends inside of quotes, a bracket or a here-document: end it, or write `run: |`';
        throw new Unresolved(message, false, open.span);
      }
    }
    parts.push({ kind: 'shell', name: 'shell', value: shell.written }, ...this.#choosePython());
    if (text.template !== undefined) parts.push({ kind: 'command', name: TEMPLATE, value: text.text });
    const { real, shown } = this.#render(text, shell.language);
    parts.push({ kind: 'command', name: 'run', value: shown });
    return { shell, text: real };
  }

  #choosePython(): readonly FingerprintPart[] {
    const { problem, choice, parts } = this.#facts.python(this.#instance.task);
    if (problem !== undefined) throw new Unresolved(problem.message, false, problem.span);
    this.#python = choice;
    return parts;
  }

  /** Names of secrets that the commands see; the values are nobody's business. */
  #secrets(): FingerprintPart[] {
    const names = [...this.#pipeline.secrets, ...this.#instance.task.secrets].map(({ value }) => value);
    return [...new Set(names)].sort().map((name) => ({ kind: 'secret', name, value: 'set' }));
  }

  #checks(checks: readonly Check[], parts: FingerprintPart[]): ResolvedCheck[] {
    return checks.map((check, index) => {
      if (check.kind === 'data') {
        const path = this.#checked(this.#render(check.path, 'plain').real, 'data file', check.path.span);
        const { rowCount, exactColumns, columns } = check;
        const options = plainTableOptions(check.options);
        const expectations = {
          ...defined({ options }),
          rowCount,
          exactColumns,
          columns: columns.map(({ name, expect }) => ({ name, expect })),
        };
        parts.push({ kind: 'check', name: `check ${index + 1}`, value: JSON.stringify(expectations) });
        return { kind: 'data', path, check };
      }
      const text = check.condition.text.trim();
      parts.push({ kind: 'check', name: `check ${index + 1}`, value: text });
      return { kind: 'outcome', outcome: this.#condition(check, text) };
    });
  }

  #condition(check: Extract<Check, { kind: 'expression' }>, text: string): CheckOutcome {
    const { passed, detail: values } = this.#holds(check.condition);
    if (passed) return { text, passed };
    const message = check.message === undefined ? undefined : this.#render(check.message, 'plain').shown;
    const detail = [message, values].filter((one) => one !== undefined && one !== '').join('; ');
    return { text, passed, ...(detail === '' ? {} : { detail }) };
  }

  /** Whether a condition holds; if not, the values that it looked at. */
  #holds(condition: TemplateText): { passed: boolean; detail?: string } {
    const passed = truthy(this.#value(evaluateText(condition, this.#shown), condition.span));
    if (passed) return { passed };
    const values = this.#shown.used.flatMap((used) => {
      const { name } = headOf(used);
      return condition.text.includes(name) ? [`${name} is ${wordsOf(used)}`] : [];
    });
    return { passed, ...(values.length === 0 ? {} : { detail: values.join(', ') }) };
  }

  #texts(parts: FingerprintPart[]): Texts {
    return {
      text: (text) => this.#render(text, 'plain').shown,
      kept: (text) => this.#kept(text, 'plain'),
      command: (text) => this.#kept(text, 'shell'),
      metrics: (task, span) => this.#metrics(task, span),
      model: (reference) => {
        const found = this.#facts.version(reference);
        if (found.ok) parts.push(partOf({ kind: 'model', reference, ...found.version }));
        return found;
      },
      value: (text) => this.#value(evaluateText(text, this.#shown), text.span),
      condition: (text) => this.#holds(text),
      path: (given, what, span) => this.#checked(given, what, span),
      fail: (message, span) => {
        throw new Unresolved(message, false, span);
      },
    };
  }

  #kept(text: TemplateText, mode: 'plain' | 'shell'): string {
    const { real, shown } = this.#render(text, mode);
    if (real === shown) return real;
    throw new Unresolved(
      'a secret would be written down there: name it under `secrets`, and the app finds it in its environment',
      false,
      text.span,
    );
  }

  #metrics(task: string, span: Span): Readonly<Record<string, Json>> {
    const facts = this.#facts.task(task);
    if (facts === undefined) throw new Unresolved(`metrics: there is no task "${task}"`, false, span);
    if (typeof facts.ended === 'string') {
      throw new Unresolved(`metrics: ${facts.ended} is not known yet`, true, span);
    }
    return facts.ended.metrics;
  }

  /** What an action gives by itself is no path; what a called pipeline gives is one where a file lies there. */
  #isValue(task: string, output: string, value: string): boolean {
    const owner = this.#pipeline.tasks.find((one) => one.name === task);
    if (owner === undefined || owner.outputs.some(({ name }) => name === output)) return false;
    const values = owner.action === undefined ? [] : factsOf(owner.action).values;
    if (values === 'any') {
      const checked = this.#workspace.check(value, 'input');
      return !checked.ok || !existsSync(this.#workspace.absolute(checked.path));
    }
    return values.includes(output);
  }

  #inputs(work: Work | undefined): TaskInputPath[] {
    const { autoInputs } = this.#instance.task;
    const inputs = new Map<string, TaskInputPath>();
    const has = (path: string): boolean => inputs.has(path) && inputs.get(path)?.seen !== true;
    const plain = (path: string, optional = false): void => {
      if (!has(path)) inputs.set(path, { path, glob: false, exclude: [], optional });
    };
    const { files, sources = [] } = work === undefined ? {} : (planOf(work).reads?.(work.settings) ?? {});
    const written = new Set<TemplateText>(this.#instance.task.inputs);
    for (const path of files ?? []) plain(path);
    const outputs = outputPlaces(this.#instance);
    for (const input of this.#instance.inputs) {
      if (files !== undefined && !written.has(input.text)) continue;
      const exclude = input.exclude.map((one) => this.#path(one, 'input'));
      for (const found of this.#pathsOf(input)) {
        const seen = input.text.span === autoInputs;
        if (seen && has(found.path)) continue;
        inputs.set(found.path, {
          ...found,
          exclude,
          optional: input.optional,
          ...(seen ? { seen } : {}),
          ...(found.glob ? { own: outputs } : {}),
        });
      }
    }
    for (const source of sources) {
      const glob = isGlob(source);
      inputs.set(source, {
        path: this.#checked(source, 'input', this.#instance.task.nameSpan),
        glob,
        exclude: [],
        optional: false,
      });
    }
    // A path that an expression took from another task's outputs is read, too.
    for (const { task, output, value } of this.#shown.used.flatMap((used) => outputOf(used) ?? [])) {
      if (task === this.#instance.task.name) continue;
      const optional = this.#outputOf(task, output)?.optional === true;
      for (const one of Array.isArray(value) ? value.flat() : [value]) {
        if (typeof one === 'string' && !this.#isValue(task, output, one))
          plain(this.#checked(one, 'input', this.#instance.task.nameSpan), optional);
      }
    }
    return [...inputs.values()];
  }

  /** Of an expression whose list is known only now, each of its paths. */
  #pathsOf(input: ResolvedPath): ExcludedPath[] {
    const { path, text } = input;
    const found = path === undefined ? evaluateText(text, this.#shown) : undefined;
    if (found?.kind !== 'value' || !Array.isArray(found.value)) return [this.#path(input, 'input')];
    const paths: readonly Json[] = found.value.flat();
    return paths.map((one) => this.#path({ path: toText(one), glob: false, text }, 'input'));
  }

  /** A path of the graph with every expression replaced, checked. */
  #path(resolved: ResolvedPath, what: string): ExcludedPath {
    const { glob, text } = resolved;
    const { real, shown } =
      resolved.path === undefined
        ? this.#render(text, glob ? 'glob' : 'plain')
        : { real: resolved.path, shown: resolved.path };
    if (real !== shown) {
      const message = `the path of an ${what} would hold a secret, and paths are shown and kept: leave the secret out of it`;
      throw new Unresolved(message, false, text.span);
    }
    const path = this.#checked(real, what, text.span);
    const compiled = glob ? compileGlob(path) : undefined;
    if (compiled?.ok === false) throw new Unresolved(compiled.message, false, text.span);
    return { path, glob };
  }

  #outputOf(task: string, output: string): Output | undefined {
    const owner = this.#pipeline.tasks.find((one) => one.name === task);
    return owner?.outputs.find(({ name }) => name === output);
  }

  #outputs(parts: FingerprintPart[]): TaskOutputPath[] {
    return this.#instance.outputs.map((output) => {
      const { path, glob } = this.#path(output, 'output');
      const declared = output.output;
      const resolved: TaskOutputPath = {
        name: declared?.name ?? path,
        path,
        glob,
        optional: declared?.optional ?? false,
        kind: declared?.kind ?? 'file',
        role: output.role,
        cache: declared?.cache ?? true,
        persist: declared?.persist ?? false,
        ...defined({ mlflow: declared?.mlflow }),
      };
      const { name, kind, role, mlflow, persist } = resolved;
      if (mlflow !== undefined && (glob || persist)) {
        const why = glob ? 'no glob' : 'not with `persist: true`';
        throw new Unresolved(`output "${path}": what is logged as ${mlflow} is put at a path, ${why}`, false);
      }
      const logged = mlflow === undefined ? '' : ` mlflow ${mlflow}`;
      parts.push({ kind: 'output', name: path, value: `${name} ${kind} ${role}${logged}` });
      return resolved;
    });
  }

  #checked(given: string, what: string, span: Span): string {
    const checked = this.#workspace.check(toText(given), what);
    if (!checked.ok) throw new Unresolved(checked.message, false, span);
    return checked.path;
  }

  /** Outputs are deleted before a task runs: nothing that it needs may be in them. */
  #guard(inputs: readonly TaskInputPath[], outputs: readonly TaskOutputPath[]): void {
    for (const output of outputs) {
      const own = ownPathProblem(output.path, output.glob, this.#pipeline.path, this.#workspace);
      if (own !== undefined) throw new Unresolved(own, false);
      const inside = output.glob ? globOf(output.path).matches : (one: string) => isWithin(one, output.path);
      const input = output.persist ? undefined : inputs.find(({ path }) => inside(path));
      if (input !== undefined) {
        throw new Unresolved(
          `output "${output.path}" is deleted before the task runs and holds its input "${input.path}": ` +
            'put them in different places, or keep the output with `persist: true`',
          false,
        );
      }
    }
  }
}
