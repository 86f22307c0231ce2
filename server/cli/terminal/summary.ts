/** What came of a run, and what a run would do, as Markdown: for the page of a CI job and for comments. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { code, codeBlock, escapeMarkdown } from '../../base/markdown.js';
import { plural } from '../../base/format.js';
import { display } from '../../base/json.js';
import type { PlannedTask } from '../../runner/plan/plan.js';
import type { RunHeader } from '../../stores/runs/document.js';
import { describeError } from '../../stores/disk/problem.js';
import type { EventSink } from '../../stores/runs/events.js';
import type { Arguments, Flags } from '../args.js';
import { CommandError } from '../command.js';
import { EXIT, stderr } from '../output.js';
import { Progress, type TaskProgress, isRepeated } from './progress.js';
import { styleFor } from './style.js';
import { elapsed, fit } from './text.js';
import { failedChecks, outcome, planWords, runCounts, waitingLines } from './words.js';

/** GitHub takes 65,536 characters as a comment: these bounds stay below that. */
const MOST_ROWS = 150;
const MOST_FAILURES = 5;
const MOST_METRICS = 6;
const WIDEST_LINE = 300;
const WIDEST_CELL = 160;

export const SUMMARY_FLAG: Flags = {
  summary: {
    type: 'string',
    value: 'FILE',
    help: 'Add what came of it to FILE, as Markdown: a comment, or $GITHUB_STEP_SUMMARY.',
  },
};

const plain = styleFor(false);

/** As it is, and nobody is called by it. */
const text = (words: string): string => escapeMarkdown(words).replaceAll('@', '&#64;');

/**
 * Where `--summary` leads; `undefined`: nowhere. It is opened before anything runs; what goes wrong later is told and changes
 * nothing of how the run ended.
 *
 * @throws CommandError
 */
export function summaryFile(args: Arguments): ((lines: readonly string[]) => void) | undefined {
  const file = args.text('summary');
  if (file === undefined) return undefined;
  const words = (error: unknown): string => `can't write the summary to ${file}: ${describeError(error)}`;
  let descriptor: number;
  try {
    descriptor = openSync(file, 'a');
  } catch (error) {
    throw new CommandError(words(error), EXIT.usage);
  }
  return (lines) => {
    try {
      if (lines.length > 0) writeSync(descriptor, `${lines.join('\n')}\n\n`);
    } catch (error) {
      stderr.line(`modelyard: ${words(error)}`);
    } finally {
      closeSync(descriptor);
    }
  };
}

/** Hears a run, and tells it as Markdown once it has ended or is left to wait for people. */
export class RunSummary {
  readonly #progress = new Progress();
  #header: RunHeader | undefined;

  readonly sink: EventSink = (event) => {
    if (event.type === 'run-created') this.#header = event.run;
    if (isRepeated(this.#progress, event)) return;
    if (event.type === 'task-ended') this.#progress.rest(event.id);
    this.#progress.apply(event);
  };

  /** Empty: there was no run. */
  lines(): string[] {
    const progress = this.#progress;
    const header = this.#header;
    if (header === undefined) return [];
    const tasks = [...progress.tasks.values()];
    const waits = progress.ended === undefined && progress.waiting !== undefined;
    const status = progress.ended?.status ?? (waits ? 'waits for people' : 'did not end');
    const failed = tasks.filter(({ state }) => state === 'failed');
    return [
      `## ${status === 'succeeded' ? '✓' : waits ? '…' : '✗'} ${text(header.pipeline)} ${status}`,
      '',
      [
        `${plural(tasks.length, 'task')}${runCounts(progress)}`,
        elapsed(Date.now() - progress.startedMs),
        `run ${code(header.id)}`,
        ...(header.git === undefined
          ? []
          : [`commit ${code(header.git.commit.slice(0, 12))}${header.git.dirty ? ', with changes' : ''}`]),
      ].join(' · '),
      ...paramLines(header.params),
      '',
      ...table(
        ['', 'task', 'ended', 'with'],
        tasks.map((task) => {
          const { mark, word } = outcome(task, plain);
          return [mark, code(task.id), escapeMarkdown(word), came(task)];
        }),
      ),
      ...(waits ? ['', ...codeBlock(waitingLines(progress, plain))] : []),
      ...failed.slice(0, MOST_FAILURES).flatMap((task) => ['', ...failure(task)]),
      ...(failed.length > MOST_FAILURES
        ? ['', `${failed.length - MOST_FAILURES} more failed: ${code(`modelyard runs show ${header.id}`)}`]
        : []),
      ...(progress.ended?.error === undefined || failed.length > 0 ? [] : ['', text(progress.ended.error)]),
    ];
  }
}

/** What a run would do, and why. */
export function planMarkdown(pipeline: string, tasks: readonly PlannedTask[]): string[] {
  return [
    `## Plan of ${text(pipeline)}`,
    '',
    planWords(tasks),
    '',
    ...table(
      ['task', 'would', 'because'],
      tasks.map(({ id, decision, reasons, setsAside = [] }) => [
        code(id),
        decision === 'up-to-date' ? 'up to date' : decision,
        [
          ...reasons.map((reason) => text(fit(reason, WIDEST_CELL))),
          ...(setsAside.length === 0 ? [] : [`sets aside ${setsAside.map(code).join(', ')}`]),
        ].join('; '),
      ]),
    ),
  ];
}

function paramLines(params: RunHeader['params']): string[] {
  const shown = Object.entries(params).map(([name, value]) =>
    code(fit(`${name}=${display(value)}`, WIDEST_CELL)),
  );
  return shown.length === 0
    ? []
    : ['', `With ${shown.slice(0, 20).join(' ')}${shown.length > 20 ? ' …' : ''}`];
}

/** Metrics, checks and the note of a task, in a cell. */
function came({ ended, reasons, state }: TaskProgress): string {
  const metrics = Object.entries(ended?.metrics ?? {}).map(([name, value]) =>
    code(fit(`${name} = ${display(value)}`, WIDEST_CELL)),
  );
  const checks = ended?.checks ?? [];
  const held = checks.filter(({ passed }) => passed).length;
  const why = ended?.note ?? (state === 'skipped' ? reasons.join('; ') : '');
  return [
    ...metrics.slice(0, MOST_METRICS),
    ...(metrics.length > MOST_METRICS ? ['…'] : []),
    ...(checks.length === 0 ? [] : [`${held} of ${plural(checks.length, 'check')} held`]),
    ...(why === '' ? [] : [text(fit(why, WIDEST_CELL))]),
  ].join(' ');
}

function failure(task: TaskProgress): string[] {
  const tail = task.tail.map((line) => fit(line, WIDEST_LINE));
  return [
    `### ${text(task.id)} failed`,
    '',
    text(fit(task.ended?.error ?? 'for a reason unknown', 1_000)),
    ...failedChecks(task).map((line) => `- ${code(fit(line, WIDEST_LINE))}`),
    ...(tail.length === 0 ? [] : ['', ...codeBlock(tail)]),
  ];
}

/** A pipe ends a cell also in a code span, unless it is escaped. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll(/(?<!\\)\|/g, '\\|')).join(' | ')} |`;
  return [
    line(head),
    line(head.map(() => '---')),
    ...rows.slice(0, MOST_ROWS).map(line),
    ...(rows.length > MOST_ROWS ? ['', `${rows.length - MOST_ROWS} more tasks are not listed.`] : []),
  ];
}
