/** Stages of DVC as the tasks of a pipeline, so that whoever runs tasks runs them. */
import type { Span } from '../../../syntax/tree.js';
import type { EnvEntry, Input, Output, Pipeline, Task, TemplateText } from '../../definition.js';
import { isGlob } from '../../text/paths.js';
import { type StageSpec, commandsOf } from '../../stage.js';
import type { StageOf } from './graph.js';
import { isList } from './resolve/values.js';

export interface Unrunnable {
  readonly file: string;
  /** Of its task. */
  readonly name: string;
  readonly span: Span;
  /** What of the stage Modelyard can't run, as a sentence. */
  readonly message: string;
}

export interface StagePipeline {
  /** A stage that can't be run here is a task without an action. */
  readonly pipeline: Pipeline;
  readonly problems: readonly Unrunnable[];
}

/** @param path of the `dvc.yaml` that is run @param root absolute; DVC tells commands where it is */
export function pipelineOf(path: string, stages: readonly StageOf[], root: string): StagePipeline {
  const problems: Unrunnable[] = [];
  const tasks = stages.map((one) => {
    const spec = specOf(one);
    if (typeof spec !== 'string') return taskOf(one, spec, root);
    const name = addressOf(one.file, one.stage.name);
    const message = `Modelyard can’t run the stage "${one.stage.name}": ${spec}. \`dvc repro\` can.`;
    problems.push({ file: one.file, name, span: one.stage.nameSpan, message });
    return bareTask(name, one.stage.nameSpan);
  });
  const start = { start: 0, end: 0 };
  const pipeline: Pipeline = {
    path,
    name: path,
    nameSpan: start,
    kind: 'model-build',
    params: [],
    env: [],
    secrets: [],
    tasks,
    expressions: [],
  };
  return { pipeline, problems };
}

/** What a stage is called from the root of its project. */
export function addressOf(file: string, name: string): string {
  return file === 'dvc.yaml' ? name : `${file}:${name}`;
}

/** A text: why it can't be run here. */
function specOf({ stage, file }: StageOf): StageSpec | string {
  const { work } = stage;
  if (work.open || work.folder === undefined) return 'a value of it is not known here';
  const { cmd } = work;
  const commands = isList(cmd) ? cmd.filter((one) => typeof one === 'string') : [];
  if (isList(cmd) ? commands.length !== cmd.length || cmd.length === 0 : typeof cmd !== 'string')
    return '`cmd` is neither a text nor a list of texts';
  if (cmd === '') return '`cmd` is empty';
  const paths = [...work.deps.map(({ text, path: where }) => ({ path: text, file: where })), ...work.outs];
  const away = paths.find((one) => one.file === undefined || one.file === '.');
  if (away !== undefined) return `its path ${away.path} is not in the project`;
  const odd = [...paths, ...work.params].find((one) => isGlob(one.file ?? ''));
  if (odd !== undefined) return `its path ${odd.path} holds characters of patterns`;
  const pattern = work.params.flatMap(({ keys }) => keys).find((key) => /[*?[]/.test(key) || key === '');
  if (pattern !== undefined) return `the name of its param \`${pattern}\` is a pattern`;
  const located = <T extends { readonly file: string | undefined }>(list: readonly T[]) =>
    list.flatMap((one) => (one.file === undefined ? [] : [{ ...one, file: one.file }]));
  return {
    name: stage.name,
    definition: file,
    cmd: typeof cmd === 'string' ? cmd : commands,
    deps: located(work.deps.map(({ text, path: where }) => ({ path: text, file: where }))),
    params: work.params,
    outs: located(work.outs),
    frozen: work.frozen,
    alwaysChanged: work.alwaysChanged,
  };
}

function taskOf({ stage, file, folder }: StageOf, spec: StageSpec, root: string): Task {
  const { nameSpan } = stage;
  const text = (words: string): TemplateText => ({ text: words, span: nameSpan });
  const kept = spec.outs.filter(({ role, persist }) => role === 'out' || persist);
  const listed = (role: 'metric' | 'plot'): TemplateText[] =>
    spec.outs.flatMap((one) => (one.role === role && !one.persist ? [text(one.file)] : []));
  // A frozen stage looks at nothing that it depends on.
  const read = spec.frozen ? [] : [...spec.deps, ...spec.params].map((one) => one.file);
  return {
    ...bareTask(addressOf(file, spec.name), nameSpan),
    actionSpan: nameSpan,
    action: { kind: 'run', commands: commandsOf(spec).map(text), apart: true },
    env: [
      variable('DVC_ROOT', root, nameSpan, true),
      variable('DVC_STAGE', addressOf(file, spec.name), nameSpan),
    ],
    inputs: [...new Set(read)].map((one): Input => ({
      ...text(one),
      negated: false,
      exclude: [],
      optional: false,
    })),
    outputs: kept.map((one): Output => ({
      name: one.file,
      nameSpan,
      span: nameSpan,
      path: text(one.file),
      kind: 'file',
      cache: one.cache,
      persist: one.persist,
      optional: false,
    })),
    metrics: listed('metric'),
    plots: listed('plot'),
    ...(stage.work.folder === undefined
      ? {}
      : { workingDirectory: text(stage.work.folder || folder || '.') }),
    stage: spec,
  };
}

function bareTask(name: string, nameSpan: Span): Task {
  return {
    name,
    nameSpan,
    span: nameSpan,
    needs: [],
    env: [],
    secrets: [],
    inputs: [],
    outputs: [],
    metrics: [],
    plots: [],
    resources: { cpus: 1, gpus: 0 },
    retries: { max: 0, delayMs: 0, maxDelayMs: 0 },
    continueOnError: false,
    cache: true,
    expressions: [],
  };
}

function variable(name: string, value: string, span: Span, external = false): EnvEntry {
  return {
    name,
    nameSpan: span,
    value: { text: value, span },
    ...(external ? { external: { default: true } } : {}),
  };
}
