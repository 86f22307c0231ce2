/** Stages of DVC, and what they read, in words for hovers. Markdown. */
import { plural } from '../../base/format.js';
import { stageText } from '../../definition/dialects/dvc/stage-text.js';
import type { Task } from '../../definition/definition.js';
import { isWithin } from '../../definition/text/paths.js';
import { unrunnable, writtenTasks } from '../../rules/dvc/runnable.js';
import { lineAt } from '../../syntax/text.js';
import { lastRun, pipelineOf, placeSummary } from './describe.js';
import { code, escapeMarkdown } from './markdown.js';
import { makersOf, occurrencesOfThing } from '../navigate/navigation.js';
import type { Thing } from '../navigate/occurrences.js';
import type { IdeContext } from '../types.js';

/** Parts of a group that are shown one by one. */
const MOST_PARTS = 12;

const MOST_LINES = 30;

const WORDS = {
  fresh: 'up to date',
  stale: 'would run',
  'never-run': 'never run',
  'always-runs': 'runs each time',
  unknown: '',
} as const;

/** What a stage comes to with its templates filled, whether it would run now and why, and how it went the last time. */
export function stageSummary(context: IdeContext, name: string): string | undefined {
  const stage = writtenStage(context, name);
  const [first] = stage?.tasks ?? [];
  if (stage === undefined || first === undefined) return undefined;
  const { tasks } = stage;
  const group = first.name !== stage.name;
  const what = group ? `group of ${plural(tasks.length, 'stage')}` : 'stage';
  const filled =
    first.stage === undefined
      ? escapeMarkdown(unrunnable(context.definition, context.project).get(first.name) ?? '')
      : yaml(stageText(first.stage));
  // The text comes last: the editor shows the first lines of a long hover.
  return [
    `**${escapeMarkdown(name)}** · ${what}`,
    ...(group ? [partsOf(context, tasks)] : stateLines(context, first)),
    filled,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function stateLines(context: IdeContext, task: Task): string[] {
  const state = stateOf(context, task);
  return [...(state === undefined ? [] : [`Now: ${state}`]), lastRun(context, task) ?? ''];
}

function partsOf(context: IdeContext, tasks: readonly Task[]): string {
  const parts = tasks.slice(0, MOST_PARTS).map((task) => {
    const state = stateOf(context, task);
    return `- ${code(task.name)}${state === undefined ? '' : ` · ${state}`}`;
  });
  const more = tasks.length - parts.length;
  return [...parts, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}

/** A stage as the text names it. */
function writtenStage({ definition, project }: IdeContext, name: string) {
  const stages = definition.kind === 'dvc' ? definition.stages : [];
  const at = stages.find((one) => one.name === name)?.nameSpan.start;
  return at === undefined
    ? undefined
    : writtenTasks(definition, project).find(({ nameSpan }) => nameSpan.start === at);
}

function stateOf(context: IdeContext, task: Task): string | undefined {
  const state = context.taskState?.(task.name);
  if (state === undefined || WORDS[state.staleness] === '') return undefined;
  const why = state.staleness === 'fresh' ? [] : state.reasons.slice(0, 5);
  return `**${WORDS[state.staleness]}**${why.length === 0 ? '' : `: ${why.map(escapeMarkdown).join('; ')}`}`;
}

/** A value, or what a group goes through, as it is written where it comes from. */
export function writtenSummary(context: IdeContext, thing: Thing): string | undefined {
  const full =
    thing.owner === undefined || thing.kind === 'axis' ? thing.name : `${thing.owner}.${thing.name}`;
  const parts = occurrencesOfThing(thing, context).flatMap(({ file, found: { whole } }) => {
    if (whole === undefined) return [];
    const line = lineAt(file.tree.lineStarts, whole.start);
    const indent = whole.start - (file.tree.lineStarts[line] ?? 0);
    const text = file.tree.text
      .slice(whole.start, whole.end)
      .trimEnd()
      .replaceAll(`\n${' '.repeat(indent)}`, '\n');
    return [`${code(file.path)}, line ${line + 1}\n\n${yaml(text)}`];
  });
  return parts.length === 0
    ? undefined
    : [`**${escapeMarkdown(full)}**`, ...parts.slice(0, MOST_PARTS)].join('\n\n');
}

/** What stands at a path, and who makes it. */
export function pathSummary(context: IdeContext, thing: Thing): string {
  const lines = [placeSummary(context, thing.name)];
  const tracked = makersOf(thing, context).filter(({ file }) => file.path.endsWith('.dvc'));
  for (const { file } of tracked) lines.push(`Tracked by ${code(file.path)}`);
  for (const { name, stage } of pipelineOf(context)?.tasks ?? []) {
    const makes = stage?.outs.some(({ file }) => isWithin(file, thing.name) || isWithin(thing.name, file));
    if (makes === true) lines.push(`Made by **${escapeMarkdown(name)}**`);
  }
  return lines.slice(0, MOST_PARTS).join('\n\n');
}

function yaml(text: string): string {
  const lines = text.split('\n');
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'] : lines;
  const cut = shown.map((line) => (line.length > 200 ? `${line.slice(0, 199)}…` : line));
  return `\`\`\`yaml\n${cut.join('\n').replaceAll('```', "'''")}\n\`\`\``;
}
