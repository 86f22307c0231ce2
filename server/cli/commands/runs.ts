/** `modelyard runs list|show|log|diff|delete|cancel` */
import { defined } from '../../base/defined.js';
import { display, jsonText } from '../../base/json.js';
import { closeSync, existsSync, readSync } from 'node:fs';
import path from 'node:path';
import { formatBytes } from '../../model/units.js';
import { cancelRun } from '../../runner/cancel.js';
import { readBasis } from '../../stores/run-basis.js';
import type { RunDocument, RunStatus, TaskRun } from '../../stores/run-document.js';
import { LIVE_STATUSES } from '../../stores/run-summary.js';
import { RunStore, taskLogName } from '../../stores/runs.js';
import { expiredTasks, runToResume } from '../../stores/waiting.js';
import { answer } from '../answers.js';
import { DRY_FLAG, type Flags, JSON_FLAG, UsageError, wholeNumber } from '../args.js';
import { CommandError } from '../command.js';
import { EXIT, stderr, stdout } from '../output.js';
import { type ProjectCall, type Subcommands, family } from '../subcommands.js';
import { diffLines } from '../terminal/diff.js';
import type { Style } from '../terminal/style.js';
import { elapsed, fit, pad, tame, width } from '../terminal/text.js';
import { say } from './models-shared.js';
import { openPlain } from '../../stores/plain-file.js';

const STATUSES: readonly RunStatus[] = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted',
];

interface RunsCall extends ProjectCall {
  readonly store: RunStore;
}

const PIPELINE: Flags = { pipeline: { type: 'string', value: 'NAME', help: 'Only runs of this pipeline.' } };

/** What can't be read of the runs is told after the answer. */
function told(run: (call: RunsCall) => number | Promise<number>): (call: RunsCall) => Promise<number> {
  return async (call) => {
    const code = await run(call);
    for (const problem of call.store.problems) stderr.line(`modelyard: ${problem.message}`);
    return code;
  };
}

const SUBCOMMANDS: Subcommands<RunsCall> = {
  list: {
    usage: 'list [--pipeline NAME] [--status S[,S]] [--limit N]',
    summary: 'Runs, the newest first.',
    flags: {
      ...JSON_FLAG,
      ...PIPELINE,
      limit: { type: 'string', value: 'N', help: 'At most so many. Default: 20.' },
      status: {
        type: 'string',
        multiple: true,
        value: 'S[,S]',
        help: `Only runs that are ${STATUSES.join(', ')}.`,
      },
    },
    least: 0,
    most: 0,
    run: told(list),
  },
  show: {
    usage: 'show [RUN]',
    summary: 'All that is known of a run.',
    flags: { ...JSON_FLAG, ...PIPELINE },
    least: 0,
    most: 1,
    run: told(show),
  },
  log: {
    usage: 'log [RUN] [TASK]',
    summary: 'What its tasks, or one of them, printed.',
    flags: PIPELINE,
    least: 0,
    most: 2,
    run: told(log),
  },
  diff: {
    usage: 'diff [RUN]',
    summary: 'What its files say now and did not say when it began.',
    flags: { ...JSON_FLAG, ...PIPELINE },
    least: 0,
    most: 1,
    run: told(diff),
  },
  delete: {
    usage: 'delete RUN [--dry]',
    summary: 'Deletes a run that has ended.',
    flags: { ...JSON_FLAG, ...DRY_FLAG, ...PIPELINE },
    least: 1,
    most: 1,
    run: told(remove),
  },
  cancel: {
    usage: 'cancel [RUN] [--force] [--dry]',
    summary: 'Ends a run: the newest one that is live, where none is named.',
    flags: {
      ...JSON_FLAG,
      ...DRY_FLAG,
      ...PIPELINE,
      force: {
        type: 'boolean',
        help: 'Count a run as interrupted whose process can’t be asked, and free what it holds.',
      },
    },
    least: 0,
    most: 1,
    run: told(cancel),
  },
};

export const runs = family<RunsCall>({
  name: 'runs',
  summary: 'List, show, delete and cancel runs, and read their logs.',
  details: `
RUN is a run's id, the end of one, or left out for the newest run. \`runs cancel\` of a run that only waits for people runs
its tasks with \`if: always()\` and \`if: cancelled()\` here.`,
  examples: [
    'runs list --status failed --limit 5',
    'runs show latest',
    'runs log 0rpe train',
    'runs diff',
    'runs cancel',
  ],
  subcommands: SUBCOMMANDS,
  open: (call) => ({ ...call, store: RunStore.open(call.root) }),
});

function list({ args, store, style, json }: RunsCall): number {
  const statuses = args.list('status').map((word) => {
    const status = STATUSES.find((one) => one === word);
    if (status === undefined) throw new UsageError(`--status takes ${STATUSES.join(', ')}, not "${word}"`);
    return status;
  });
  const pipeline = args.text('pipeline');
  const found = store.list({
    limit: wholeNumber('limit', args.text('limit') ?? '20', 1),
    ...defined({ pipeline }),
    ...(statuses.length === 0 ? {} : { status: statuses }),
  });
  if (json) {
    answer('runs list', { runs: found });
    return EXIT.ok;
  }
  if (found.length === 0) stdout.line('There are no runs yet. `modelyard run` starts one.');
  const names = Math.max(0, ...found.map((run) => width(run.pipeline)));
  for (const run of found) {
    const tasks = Object.entries(run.counts).map(([status, number]) => `${number} ${status}`);
    const time =
      run.endedAt === undefined ? '' : elapsed(Date.parse(run.endedAt) - Date.parse(run.createdAt));
    stdout.line(
      `${run.id}  ${pad(run.pipeline, names)}  ${statusWord(run.status, style, 11)}  ${pad(time, 8)}  ${style.dim(tasks.join(', '))}${timeIsUp(expiredTasks(store, run), style)}`,
    );
  }
  return EXIT.ok;
}

/** A word about questions of a run that were not answered in time; nothing where there are none. */
export function timeIsUp(tasks: readonly string[], style: Style): string {
  return tasks.length === 0
    ? ''
    : style.yellow(`  time is up for ${tasks.join(', ')}: resume to let it count`);
}

export function statusWord(status: string, style: Style, columns = 0): string {
  const paint =
    status === 'succeeded' || status === 'cached'
      ? style.green
      : status === 'failed'
        ? style.red
        : status === 'running'
          ? style.blue
          : style.yellow;
  return paint(pad(status, columns));
}

/**
 * The run that a word means: an id, the end of one that no other has, or the newest run.
 *
 * @param live where no run is named, the newest one that goes on rather than one that has ended
 */
function idFor({ args, words, store }: RunsCall, live = false): string {
  const [word] = words;
  const pipeline = args.text('pipeline');
  const recent = store.list({ limit: 1_000, ...defined({ pipeline }) });
  if (word === undefined || word === 'latest') {
    const [newest] = recent;
    if (newest === undefined)
      throw new CommandError('there are no runs yet: `modelyard run` starts one', EXIT.usage);
    return (live ? recent.find(({ status }) => LIVE_STATUSES.has(status)) : undefined)?.id ?? newest.id;
  }
  const found = recent.filter(({ id }) => id === word || id.endsWith(word));
  if (found.length > 1)
    throw new CommandError(
      `several runs end in "${word}": give more of the id (\`modelyard runs list\`)`,
      EXIT.usage,
    );
  return found[0]?.id ?? word;
}

function readRun(call: RunsCall, live = false): RunDocument {
  const read = call.store.read(idFor(call, live));
  if (!read.ok) throw new CommandError(read.problem.message, EXIT.usage);
  return read.run;
}

function show(call: RunsCall): number {
  const run = readRun(call);
  if (call.json) {
    answer('runs show', run);
    return EXIT.ok;
  }
  stdout.write(`${describe(run, call.style).join('\n')}\n`);
  return EXIT.ok;
}

/** In columns. */
const LONGEST_VALUE = 500;

function shortened(text: string): string {
  const shown = fit(text, LONGEST_VALUE);
  return shown === text ? text : `${shown} (${text.length} characters; --json has them all)`;
}

function describe(run: RunDocument, style: Style): string[] {
  const lines = [
    `${style.bold(run.id)}  ${run.pipeline}  ${statusWord(run.status, style)}`,
    `started ${run.createdAt} by ${run.user} on ${run.host} (${run.trigger})`,
  ];
  if (run.endedAt !== undefined) {
    lines.push(`took ${elapsed(Date.parse(run.endedAt) - Date.parse(run.createdAt))}`);
  }
  if (run.git !== undefined) {
    const { commit, branch, dirty } = run.git;
    lines.push(
      `git ${commit.slice(0, 7)}${branch === undefined ? '' : ` on ${branch}`}${dirty ? ', with changes' : ''}`,
    );
  }
  for (const [name, value] of Object.entries(run.params))
    lines.push(`param ${name} = ${shortened(jsonText(value))}`);
  if (run.resumed !== undefined) lines.push(`continues run ${run.resumed}`);
  if (run.error !== undefined) lines.push(style.red(tame(run.error, false)));
  lines.push('');
  for (const task of run.tasks) lines.push(...describeTask(task, style));
  return lines;
}

function describeTask(task: TaskRun, style: Style): string[] {
  const time =
    task.startedAt === undefined || task.endedAt === undefined
      ? ''
      : `  ${elapsed(Date.parse(task.endedAt) - Date.parse(task.startedAt))}`;
  const memory = task.peakMemoryBytes === undefined ? '' : `  ${formatBytes(task.peakMemoryBytes)}`;
  const lines = [
    `${style.bold(task.id)}  ${statusWord(task.status, style)}${time}${memory}  ${style.dim(task.reasons.join('; '))}`.trimEnd(),
  ];
  if (task.error !== undefined) lines.push(`  ${style.red(tame(task.error, false))}`);
  if (task.note !== undefined) lines.push(`  ${tame(task.note, false)}`);
  for (const { verdict, by, at, comment } of task.approval?.answers ?? []) {
    const said = comment === undefined ? '' : `: ${comment}`;
    const who = by === '' ? verdict : `${verdict} by ${by}`;
    lines.push(tame(`  ${who} at ${at}${said}`, false));
  }
  for (const check of task.checks ?? []) {
    const detail = check.detail === undefined ? '' : ` — ${check.detail}`;
    lines.push(`  ${check.passed ? style.green('✓') : style.red('✗')} ${check.text}${detail}`);
  }
  for (const [key, value] of Object.entries(task.metrics)) {
    lines.push(`  ${key} = ${shortened(display(value))}`);
  }
  for (const output of task.outputs) {
    lines.push(`  ${output.path}  ${style.dim(`${output.kind}, ${formatBytes(output.bytes)}`)}`);
  }
  return lines;
}

function log(call: RunsCall): number {
  const run = readRun(call);
  const folder = call.store.folder(run.id);
  const [, name] = call.words;
  const withLogs = run.tasks.filter((task) => existsSync(path.join(folder, taskLogName(task.id))));
  const chosen =
    name === undefined ? withLogs : run.tasks.filter((task) => task.id === name || task.task === name);
  if (name !== undefined && chosen.length === 0) {
    const tasks = run.tasks.map((task) => task.id).join(', ');
    throw new CommandError(`run ${run.id} has no task "${name}"; it has: ${tasks}`, EXIT.usage);
  }
  for (const task of chosen) {
    const file = path.join(folder, taskLogName(task.id));
    if (!existsSync(file)) {
      stderr.line(`${task.id} printed nothing`);
      continue;
    }
    if (chosen.length > 1) stdout.line(`==> ${task.id} <==`);
    print(file);
  }
  if (chosen.length === 0) stderr.line(`no task of run ${run.id} printed anything`);
  return EXIT.ok;
}

/** Piece by piece: a log may be larger than what fits into memory. */
function print(file: string): void {
  const piece = Buffer.allocUnsafe(256 * 1024);
  const descriptor = openPlain(file);
  try {
    for (let read = readSync(descriptor, piece); read > 0; read = readSync(descriptor, piece)) {
      stdout.write(piece.subarray(0, read));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** What its files say now and did not say when it began. */
async function diff(call: RunsCall): Promise<number> {
  const { store, style } = call;
  const run = readRun(call);
  const basis = readBasis(store.folder(run.id));
  if (basis === undefined) {
    throw new CommandError(`run ${run.id} kept no definition: it was begun by an older version`, EXIT.usage);
  }
  const { changesSince } = await import('../../project/texts.js');
  const changes = changesSince(store.layout.root, basis.files);
  if (call.json) {
    answer('runs diff', { changes });
    return EXIT.ok;
  }
  if (changes.length === 0) stdout.line(`Nothing has changed since run ${run.id} began.`);
  for (const change of changes) for (const one of diffLines(change, style)) stdout.line(one);
  return EXIT.ok;
}

/** The tasks of a waiting run that clean up behind it. Where they can't run, it is said, and the run ends without them. */
async function cleanUp({ args }: RunsCall, run: RunDocument): Promise<void> {
  try {
    const { cancelWaiting } = await import('./run.js');
    await cancelWaiting(args, run.id);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    stderr.line(`modelyard: tasks that clean up behind ${run.id} did not run: ${error.message}`);
  }
}

function remove(call: RunsCall): number {
  const run = idFor(call);
  const removed = call.store.remove(run, { dry: call.dry });
  if (!removed.ok)
    throw new CommandError(removed.problem.message, removed.unknown === true ? EXIT.usage : EXIT.failed);
  return say(call, 'runs delete', { run, deleted: true }, `deleted ${run}`, `would delete ${run}`);
}

async function cancel(call: RunsCall): Promise<number> {
  const { store, dry } = call;
  const run = readRun(call, true);
  const parked = run.status === 'waiting' && !store.isAttended(run);
  const top = parked ? runToResume(store, run) : run;
  if (parked && !dry) {
    await cleanUp(call, top);
    const now = store.read(top.id);
    if (now.ok && now.run.status !== 'waiting') {
      const part = top.id === run.id ? '' : `, and ${run.id} with it`;
      const what = `cancelled ${top.id}, which waited for people${part}`;
      return say(call, 'runs cancel', { run: top.id, cancelled: true }, what, what);
    }
  }
  const done = cancelRun(store, top.id, { force: call.args.flag('force'), dry });
  if (!done.ok) throw new CommandError(done.message, EXIT.failed);
  return say(call, 'runs cancel', { run: top.id, [done.how]: true }, done.message, done.would);
}
