/** `modelyard runs list|show|compare|log|diff|delete|cancel|job`, and those of marks.ts. */
import { display, jsonText } from '../../../base/json.js';
import { closeSync, existsSync, readSync } from 'node:fs';
import path from 'node:path';
import { plural } from '../../../base/format.js';
import { formatBytes } from '../../../definition/text/units.js';
import { cancelRun } from '../../../runner/record/cancel.js';
import { JOB_ORDERS } from '../../../runner/executors/executor.js';
import { endJobsOf, steerJob } from '../../../runner/executors/left-jobs.js';
import { readBasis } from '../../../stores/runs/basis.js';
import type { LoggedSeries } from '../../../stores/runs/metric-log.js';
import type { RunDocument, TaskRun } from '../../../stores/runs/document.js';
import type { RunMarks } from '../../../stores/runs/marks.js';
import { marksOfRun } from '../../../stores/runs/index/summary.js';
import { TRACKED_TASK } from '../../../stores/tracking/tracked-run.js';
import { RunStore, taskLogName } from '../../../stores/runs/runs.js';
import { waitingAbove } from '../../../stores/approvals/waiting.js';
import { answer } from '../../answers.js';
import { DRY_FLAG, JSON_FLAG } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stderr, stdout } from '../../output.js';
import { type Subcommands, family } from '../../subcommands.js';
import { diffLines } from '../../terminal/diff.js';
import type { Style } from '../../terminal/style.js';
import { sparkline } from '../../terminal/sparkline.js';
import { elapsed, fit, oneLine, tame } from '../../terminal/text.js';
import { pythonWords } from '../../terminal/words.js';
import { say } from '../models/shared.js';
import { compare } from './compare.js';
import { list, short } from './list.js';
import { marks } from './marks.js';
import { PIPELINE, type RunsCall, idFor, readRun, statusWord } from './shared.js';
import { openPlain } from '../../../stores/disk/plain-file.js';

/** What can't be read of the runs is told after the answer. */
function told(run: (call: RunsCall) => number | Promise<number>): (call: RunsCall) => Promise<number> {
  return async (call) => {
    const code = await run(call);
    for (const problem of call.store.problems) stderr.line(`modelyard: ${problem.message}`);
    return code;
  };
}

const SUBCOMMANDS: Subcommands<RunsCall> = {
  list: { ...list, run: told((call) => list.run(call)) },
  show: {
    usage: 'show [RUN]',
    summary: 'All that is known of a run.',
    flags: { ...JSON_FLAG, ...PIPELINE },
    least: 0,
    most: 1,
    run: told(show),
  },
  compare: { ...compare, run: told((call) => compare.run(call)) },
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
  ...Object.fromEntries(
    Object.entries(marks).map(([name, one]) => [name, { ...one, run: told((call) => one.run(call)) }]),
  ),
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
  job: {
    usage: 'job RUN TASK cancel|hold|release [--dry]',
    summary: 'Ends the job of a task on a cluster, holds it back in the queue, or lets it go on.',
    flags: { ...JSON_FLAG, ...DRY_FLAG, ...PIPELINE },
    least: 3,
    most: 3,
    run: told(job),
  },
};

export const runs = family<RunsCall>({
  name: 'runs',
  summary: 'List, show, compare, mark, delete and cancel runs, and read their logs.',
  details: `
RUN is a run's id, the end of one, or left out for the newest run. \`runs cancel\` of a run that only waits for people runs
its tasks with \`if: always()\` and \`if: cancelled()\` here.`,
  examples: [
    'runs list --status failed --limit 5',
    'runs list --sort accuracy:desc --limit 5',
    'runs list --filter "metrics.accuracy > 0.8 and params.epochs < 300" --columns id,metrics.accuracy,params.epochs',
    'runs show latest',
    'runs compare 0rpe k3f9',
    'runs tag 0rpe keep owner=ada',
    'runs archive 0rpe k3f9',
    'runs log 0rpe train',
    'runs diff',
    'runs cancel',
    'runs job 0rpe train hold',
  ],
  subcommands: SUBCOMMANDS,
  open: (call) => ({ ...call, store: RunStore.open(call.root) }),
});

function show(call: RunsCall): number {
  const run = readRun(call, call.words[0]);
  if (call.json) {
    answer('runs show', run);
    return EXIT.ok;
  }
  const series = call.store.series(run, { maxPoints: CURVE_POINTS }) ?? [];
  const clients = new Map(
    run.tasks.flatMap(({ clientRuns = [] }) =>
      clientRuns.flatMap((id) => {
        const read = call.store.read(id);
        if (!read.ok) return [];
        const marked = markLines(marksOfRun(read.run, call.store.marks(id)));
        return [[id, { run: read.run, marked }] as const];
      }),
    ),
  );
  const words = markLines(marksOfRun(run, call.store.marks(run.id)));
  stdout.line(describe(run, series, { clients, marked: words }, call.style).join('\n'));
  return EXIT.ok;
}

/** In columns. */
const LONGEST_VALUE = 500;

function shortened(text: string): string {
  const shown = fit(text, LONGEST_VALUE);
  return shown === text ? text : `${shown} (${text.length} characters; --json has them all)`;
}

/** Of a curve as many points are read as show in a line. */
const CURVE_POINTS = 256;
const CURVE_COLUMNS = 32;

/** A run of an MLflow client, and what people say of it. */
interface ClientRun {
  readonly run: RunDocument;
  readonly marked: readonly string[];
}

/** By their ids. */
type Clients = ReadonlyMap<string, ClientRun>;

/** What people say of it. */
function markLines({ star, archived, tags = {}, note }: RunMarks): string[] {
  const lines = [
    ...(star === true ? ['★ starred'] : []),
    ...(archived === true ? ['archived'] : []),
    ...(note === undefined ? [] : [`note ${shortened(note)}`]),
    ...Object.entries(tags).map(
      ([key, value]) => `tag ${key}${value === '' ? '' : ` = ${shortened(value)}`}`,
    ),
  ];
  return lines.map(oneLine);
}

function describe(
  run: RunDocument,
  series: readonly LoggedSeries[],
  { clients, marked }: { readonly clients: Clients; readonly marked: readonly string[] },
  style: Style,
): string[] {
  const lines = [
    `${style.bold(run.id)}  ${titleOf(run)}  ${statusWord(run.status, style)}`,
    `started ${run.createdAt} by ${run.user} on ${run.host} (${run.source ?? run.trigger})${run.debug === true ? ', under a debugger: it counts for nothing' : ''}`,
    ...marked,
    ...toldByClient(run),
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
  for (const { packages, tasks, ...python } of run.python ?? []) {
    const names = (run.python?.length ?? 0) > 1 ? `: ${tasks.join(', ')}` : '';
    lines.push(`${pythonWords(python)}, ${plural(Object.keys(packages).length, 'package')}${names}`);
  }
  for (const [name, value] of Object.entries(run.params))
    lines.push(`param ${name} = ${shortened(jsonText(value))}`);
  if (run.resumed !== undefined) lines.push(`continues run ${run.resumed}`);
  if (run.parent !== undefined) lines.push(`part of run ${run.parent.run}, task ${run.parent.task}`);
  if (run.error !== undefined) lines.push(style.red(tame(run.error, false)));
  lines.push('');
  for (const task of run.tasks)
    lines.push(
      ...describeTask(
        task,
        series.filter((one) => one.task === task.id),
        clients,
        style,
      ),
    );
  return lines;
}

/** The pipeline; of a client's run its experiment, and what it is called there. */
function titleOf({ pipeline, tracking }: RunDocument): string {
  return oneLine(tracking === undefined ? pipeline : `${pipeline} / ${tracking.name}`);
}

/** Datasets and models of a run that an MLflow client has told of. */
function toldByClient({ tracking }: RunDocument): string[] {
  if (tracking === undefined) return [];
  const { datasets = [], modelOutputs = [] } = tracking;
  const lines = [`experiment ${tracking.experiment}`];
  if (tracking.deleted !== undefined) lines.push(`deleted ${new Date(tracking.deleted).toISOString()}`);
  for (const { name, digest } of datasets) lines.push(`dataset ${name} (${digest})`);
  for (const { id } of modelOutputs) lines.push(`model models:/${id}`);
  return lines.map(oneLine);
}

/** What an MLflow client of a task has told of a run, but its metrics: those are the task's. */
function describeClient({ run, marked }: ClientRun, style: Style): string[] {
  const lines = [`MLflow run ${run.id}  ${titleOf(run)}  ${statusWord(run.status, style)}`];
  for (const [name, value] of Object.entries(run.params))
    lines.push(`  param ${tame(name, false)} = ${shortened(jsonText(value))}`);
  lines.push(...[...marked, ...toldByClient(run)].map((line) => `  ${line}`));
  for (const { name, kind, bytes } of run.tasks.flatMap(({ outputs }) => outputs))
    lines.push(`  ${tame(name, false)}  ${style.dim(`${kind}, ${formatBytes(bytes)}`)}`);
  return lines.map((line) => `  ${line}`);
}

function describeTask(
  task: TaskRun,
  series: readonly LoggedSeries[],
  clients: Clients,
  style: Style,
): string[] {
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
  for (const { key, points, total } of series) {
    const values = points.map(({ value }) => value);
    const [first] = values;
    const last = values.at(-1);
    if (first === undefined || last === undefined || total < 2) continue;
    const span = style.dim(`${short(first)} → ${short(last)}, ${plural(total, 'point')}`);
    lines.push(`  ${tame(key, false)} ${sparkline(values, CURVE_COLUMNS)} ${span}`);
  }
  for (const output of uniqueOutputs(task)) {
    const place = task.id === TRACKED_TASK ? output.name : output.path;
    lines.push(`  ${tame(place, false)}  ${style.dim(`${output.kind}, ${formatBytes(output.bytes)}`)}`);
  }
  for (const id of task.clientRuns ?? []) {
    const client = clients.get(id);
    if (client !== undefined) lines.push(...describeClient(client, style));
  }
  return lines;
}

/** A metrics file that is an output as well is one file. */
function uniqueOutputs({ outputs }: TaskRun): TaskRun['outputs'] {
  return [...new Map(outputs.map((output) => [output.path, output])).values()];
}

function log(call: RunsCall): number {
  const run = readRun(call, call.words[0]);
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
  const run = readRun(call, call.words[0]);
  const basis = readBasis(store.folder(run.id));
  if (basis === undefined) {
    throw new CommandError(`run ${run.id} kept no definition: it was begun by an older version`, EXIT.usage);
  }
  const { changesSince } = await import('../../../project/texts.js');
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
    const { cancelWaiting } = await import('../pipelines/run.js');
    await cancelWaiting(args, run.id);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    stderr.line(`modelyard: tasks that clean up behind ${run.id} did not run: ${error.message}`);
  }
}

function remove(call: RunsCall): number {
  const run = idFor(call, call.words[0]);
  const removed = call.store.remove(run, { dry: call.dry });
  if (!removed.ok)
    throw new CommandError(removed.problem.message, removed.unknown === true ? EXIT.usage : EXIT.failed);
  return say(call, 'runs delete', { run, deleted: true }, `deleted ${run}`, `would delete ${run}`);
}

async function cancel(call: RunsCall): Promise<number> {
  const { store, dry } = call;
  const run = readRun(call, call.words[0], true);
  const parked = run.status === 'waiting' && !store.isAttended(run);
  const top = parked ? waitingAbove(store, run) : run;
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
  const jobs = done.how === 'interrupted' && !dry ? await endJobsOf(store, top.id) : 0;
  const message = jobs === 0 ? done.message : `${done.message}; ${plural(jobs, 'job')} of it ended`;
  return say(call, 'runs cancel', { run: top.id, [done.how]: true }, message, done.would);
}

const DONE = { cancel: 'cancelled', hold: 'held', release: 'released' } as const;

async function job(call: RunsCall): Promise<number> {
  const [which, task = '', word = ''] = call.words;
  const order = JOB_ORDERS.find((one) => one === word);
  if (order === undefined)
    throw new CommandError(`"${word}" is none of ${JOB_ORDERS.join(', ')}`, EXIT.usage);
  const { id } = readRun(call, which, true);
  const done = await steerJob(call.store, id, task, order, call.dry);
  if (!done.ok) throw new CommandError(done.message, EXIT.failed);
  const { message } = done;
  return say(
    call,
    'runs job',
    { run: id, task, order },
    `${DONE[order]} ${message}`,
    `would ${order} ${message}`,
  );
}
