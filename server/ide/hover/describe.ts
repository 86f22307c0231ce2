/** Tasks, params and values in words, for hovers and completions. Markdown. */
import type { Output, Param, Pipeline, Task } from '../../definition/definition.js';
import { runnableOf } from '../../rules/dvc/runnable.js';
import { entryOf } from '../../syntax/text.js';
import { valueAt } from '../../definition/keys.js';
import { ago, code, escapeMarkdown, metricValue, shortValue } from './markdown.js';
import type { IdeContext } from '../types.js';

/** What a run of the definition runs. */
export function pipelineOf({ definition, project }: IdeContext): Pipeline | undefined {
  return runnableOf(definition, project)?.pipeline;
}

export function taskOf(context: IdeContext, name: string | number | undefined): Task | undefined {
  return typeof name === 'string' ? pipelineOf(context)?.tasks.find((task) => task.name === name) : undefined;
}

/** The clock, or the time that the caller gave. */
export function nowOf(context: IdeContext): number {
  return context.now ?? Date.now();
}

/** What a task does, and how it went the last time. */
export function taskSummary(context: IdeContext, task: Task): string {
  const lines: string[] = [];
  const matrix =
    task.matrix === undefined
      ? ''
      : `, matrix over ${task.matrix.axes.map(({ name }) => code(name)).join(', ')}`;
  lines.push(`**${escapeMarkdown(task.name)}** · ${task.action?.kind ?? 'no action yet'}${matrix}`);
  if (task.description !== undefined) lines.push(escapeMarkdown(task.description));
  const command = task.action?.kind === 'run' ? task.action.commands[0]?.text : undefined;
  if (command !== undefined) lines.push(code(shortValue(command.trim(), 120)));
  const facts: string[] = [];
  if (task.inputs.length > 0) facts.push(`reads ${listed(task.inputs.map(({ text }) => text))}`);
  const made = [...task.outputs.map(({ path }) => path.text), ...task.metrics.map(({ text }) => text)];
  if (made.length > 0) facts.push(`makes ${listed(made)}`);
  if (task.needs.length > 0) facts.push(`needs ${listed(task.needs.map(({ value }) => value))}`);
  if (facts.length > 0) lines.push(facts.map((fact) => `- ${fact}`).join('\n'));
  const last = lastRun(context, task);
  if (last !== undefined) lines.push(last);
  return lines.join('\n\n');
}

function listed(words: readonly string[]): string {
  const shown = words.slice(0, 5).map(code).join(', ');
  return words.length > 5 ? `${shown} and ${words.length - 5} more` : shown;
}

/** Status, age and metrics of the last run; undefined when there was none. */
export function lastRun(context: IdeContext, task: Task): string | undefined {
  const pipeline = pipelineOf(context);
  const history = pipeline === undefined ? undefined : context.history?.task(pipeline.name, task.name);
  if (history === undefined) return undefined;
  const took = history.durationMs === undefined ? '' : `, ${(history.durationMs / 1000).toFixed(1)} s`;
  const lines = [`Last run: **${history.status}** ${ago(history.at, nowOf(context))}${took}`];
  const metrics = Object.entries(history.metrics);
  if (metrics.length > 0) {
    const rows = metrics
      .slice(0, 12)
      .map(([key, value]) => `| ${code(key)} | ${escapeMarkdown(metricValue(value))} |`);
    lines.push(`| metric | value |\n|---|---|\n${rows.join('\n')}`);
  }
  return lines.join('\n\n');
}

/** A param's type, bounds and default. */
export function paramSummary(param: Param): string {
  const lines = [
    `**params.${escapeMarkdown(param.name)}** · ${param.type}${param.default === undefined ? ' · required' : ''}`,
  ];
  if (param.description !== undefined) lines.push(escapeMarkdown(param.description));
  const facts: string[] = [];
  if (param.default !== undefined) facts.push(`default ${code(shortValue(param.default.value))}`);
  if (param.minimum !== undefined) facts.push(`at least ${String(param.minimum)}`);
  if (param.maximum !== undefined) facts.push(`at most ${String(param.maximum)}`);
  if (param.choices !== undefined)
    facts.push(`one of ${param.choices.map((choice) => code(shortValue(choice))).join(', ')}`);
  if (param.pattern !== undefined) facts.push(`matches ${code(param.pattern)}`);
  if (param.file !== undefined) facts.push(`from ${code(`${param.file.path}:${String(param.file.line)}`)}`);
  if (facts.length > 0) lines.push(facts.map((fact) => `- ${fact}`).join('\n'));
  return lines.join('\n\n');
}

/** A group of params and what lies in it. */
export function groupSummary(name: string, params: readonly Param[]): string | undefined {
  const members = params.filter((param) => param.name.startsWith(`${name}.`));
  if (members.length === 0) return undefined;
  const lines = members.map(
    (param) =>
      `- ${code(param.name)} · ${param.type}${param.default === undefined ? ' · required' : `, default ${code(shortValue(param.default.value))}`}`,
  );
  return `**params.${escapeMarkdown(name)}** · group\n\n${lines.join('\n')}`;
}

export function outputSummary(task: Task, output: Output): string {
  const lines = [
    `**tasks.${escapeMarkdown(task.name)}.outputs.${escapeMarkdown(output.name)}** · ${output.kind}`,
    code(output.path.text),
  ];
  if (output.description !== undefined) lines.push(escapeMarkdown(output.description));
  return lines.join('\n\n');
}

/** An axis and the values it goes through. */
export function axisSummary(task: Task, name: string): string {
  const axis = task.matrix?.axes.find((candidate) => candidate.name === name);
  const values = new Set<string>();
  let computed: string | undefined;
  if (axis !== undefined) {
    if ('text' in axis.values) computed = axis.values.text;
    else for (const { value } of axis.values) values.add(shortValue(value));
  }
  for (const { value } of task.matrix?.include ?? []) {
    const added = value[name];
    if (added !== undefined) values.add(shortValue(added));
  }
  const shown = computed === undefined ? [...values].map(code).join(', ') : code(computed);
  return `**matrix.${escapeMarkdown(name)}** of ${escapeMarkdown(task.name)}\n\nGoes through ${shown}`;
}

/** The params of the pipeline that a `pipeline:` task calls; none when it can't be told which one. */
export function parametersOfCall(context: IdeContext, task: Task | undefined): readonly Param[] {
  const call = task === undefined ? undefined : valueAt(task, 'pipeline');
  const name = call?.kind === 'map' ? entryOf(call, 'name')?.value : call;
  if (name?.kind !== 'scalar') return [];
  const called = context.project.pipelinesByName.get(name.text)?.[0];
  return called?.kind === 'pipeline' ? called.pipeline.params : [];
}

const PLACES = {
  file: 'a file',
  folder: 'a folder',
  missing: 'not there yet',
  outside: 'outside of the project',
  unknown: '',
} as const;

/** A path, and what stands there: `` `data/a.csv` · a file ``. */
export function placeSummary({ project }: IdeContext, path: string): string {
  const there = PLACES[project.probe(path)];
  return `${code(path)}${there === '' ? '' : ` · ${there}`}`;
}
