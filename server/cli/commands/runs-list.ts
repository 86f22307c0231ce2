/** `modelyard runs list`: runs with what went in and what came out, for people, for sheets and for programs. */
import { defined } from '../../base/defined.js';
import { display } from '../../base/json.js';
import { compareNumbers, isNumber } from '../../base/numeral.js';
import type { Json } from '../../model/definition.js';
import type { RunStatus, RunSummary } from '../../stores/run-document.js';
import { metricsOf } from '../../stores/run-summary.js';
import { expiredTasks } from '../../stores/waiting.js';
import { answer } from '../answers.js';
import { type Flags, JSON_FLAG, UsageError, closest, wholeNumber } from '../args.js';
import { EXIT, stdout } from '../output.js';
import type { SubcommandOf } from '../subcommands.js';
import type { Style } from '../terminal/style.js';
import { isTerminal, processScreen } from '../terminal/table.js';
import { elapsed, fit, pad, tame, width } from '../terminal/text.js';
import { PIPELINE, type RunsCall, statusWord } from './runs-shared.js';

const STATUSES: readonly RunStatus[] = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted',
];

/** Runs that are looked through for the first ones of another order. */
const MOST_SORTED = 10_000;

const FLAGS: Flags = {
  ...JSON_FLAG,
  ...PIPELINE,
  csv: { type: 'boolean', help: 'As CSV: a column for each param and metric, numbers in full.' },
  sort: {
    type: 'string',
    value: 'KEY[:desc]',
    help: 'By a metric, a param, `created` or `time`, the least first. Default: created:desc.',
  },
  source: {
    type: 'string',
    value: 'S',
    help: 'Only runs of a `pipeline`, or of MLflow clients (`tracking`).',
  },
  limit: { type: 'string', value: 'N', help: 'At most so many. Default: 20.' },
  status: {
    type: 'string',
    multiple: true,
    value: 'S[,S]',
    help: `Only runs that are ${STATUSES.join(', ')}.`,
  },
};

export const list: SubcommandOf<RunsCall> = {
  usage: 'list [--pipeline NAME] [--source S] [--status S[,S]] [--sort KEY[:desc]] [--limit N] [--csv]',
  summary: 'Runs with their params and metrics, the newest first.',
  flags: FLAGS,
  least: 0,
  most: 0,
  run: listNow,
};

function listNow({ args, store, style, json }: RunsCall): number {
  const source = args.text('source');
  if (source !== undefined && source !== 'pipeline' && source !== 'tracking')
    throw new UsageError(`--source takes pipeline or tracking, not "${source}"`);
  const statuses = args.list('status').map((word) => {
    const status = STATUSES.find((one) => one === word);
    if (status === undefined) throw new UsageError(`--status takes ${STATUSES.join(', ')}, not "${word}"`);
    return status;
  });
  const csv = args.flag('csv');
  if (csv && json) throw new UsageError('say either --csv or --json');
  const pipeline = args.text('pipeline');
  const limit = wholeNumber('limit', args.text('limit') ?? '20', 1);
  const sort = args.text('sort');
  const all = store.list({
    limit: sort === undefined ? limit : MOST_SORTED,
    ...defined({ pipeline, source }),
    ...(statuses.length === 0 ? {} : { status: statuses }),
  });
  const found = sort === undefined ? all : sorted(all, sort).slice(0, limit);
  if (json) answer('runs list', { runs: found });
  else if (csv) {
    const whole = found.map((run) => {
      const read = store.read(run.id);
      return read.ok
        ? { ...run, params: read.run.params, metrics: Object.fromEntries(metricsOf(read.run)) }
        : run;
    });
    for (const line of csvOf(whole)) stdout.write(`${line}\r\n`);
  } else if (found.length === 0) stdout.line('There are no runs yet. `modelyard run` starts one.');
  else {
    const columns = isTerminal() ? processScreen().columns() : Infinity;
    for (const line of table(found, columns, style, (run) => timeIsUp(expiredTasks(store, run), style)))
      stdout.line(line);
  }
  return EXIT.ok;
}

/** A word about questions of a run that were not answered in time; nothing where there are none. */
export function timeIsUp(tasks: readonly string[], style: Style): string {
  return tasks.length === 0
    ? ''
    : style.yellow(`  time is up for ${tasks.join(', ')}: resume to let it count`);
}

/** A line for each run, no wider than the terminal: what does not fit is cut, what came out last. */
function table(
  runs: readonly RunSummary[],
  columns: number,
  style: Style,
  note: (run: RunSummary) => string,
): string[] {
  const names = Math.max(0, ...runs.map((run) => width(nameOf(run))));
  const times = runs.map((run) => {
    const took = secondsOf(run);
    return took === undefined ? '' : elapsed(took * 1_000);
  });
  const timed = Math.max(0, ...times.map(width));
  return runs.map((run, at) => {
    const head = `${run.id}  ${pad(nameOf(run), names)}  `;
    const rest = `  ${pad(times[at] ?? '', timed)}  `;
    const tasks = Object.entries(run.counts).map(([status, number]) => `${number} ${status}`);
    const words = [...valuesOf(run), tasks.join(', ')].filter((word) => word !== '').join('  ');
    const room = columns - width(head) - 11 - width(rest);
    return (
      `${head}${statusWord(run.status, style, 11)}${rest}${style.dim(fit(tame(words, false), room))}`.trimEnd() +
      note(run)
    );
  });
}

/** The pipeline; of an MLflow client's run its experiment and what it is called there. */
function nameOf({ pipeline, name }: RunSummary): string {
  return fit(tame(name === undefined ? pipeline : `${pipeline}/${name}`, false), 40);
}

/** `accuracy=0.72  epochs=20`: metrics, the cells of a matrix as one span; then params. */
function valuesOf(run: RunSummary): string[] {
  const groups = new Map<string, Json[]>();
  const keys = new Map<string, Set<string>>();
  for (const [name, value] of Object.entries(run.metrics)) {
    const [task = ''] = name.split(/[@.]/, 1);
    // Names of tasks have no dots, those of cells and keys may have some.
    const isCell = name.charAt(task.length) === '@';
    const key = name.slice((isCell ? name.lastIndexOf('.') : name.indexOf('.')) + 1);
    groups.set(`${task}.${key}`, [...(groups.get(`${task}.${key}`) ?? []), value]);
    keys.set(key, (keys.get(key) ?? new Set()).add(task));
  }
  const metrics = [...groups].map(([name, values]) => {
    const key = name.slice(name.indexOf('.') + 1);
    // Without its task where no other task has such a metric.
    return `${keys.get(key)?.size === 1 ? key : name}=${fit(spanOf(values), 24)}`;
  });
  const params = Object.entries(run.params ?? {}).map(
    ([name, value]) => `${name}=${fit(display(value), 24)}`,
  );
  return [...metrics, ...params];
}

function spanOf(values: readonly Json[]): string {
  const numbers = values.filter(isNumber).sort(compareNumbers);
  const [least = null] = numbers.length === values.length ? numbers : values;
  const most = numbers.at(-1);
  return most === undefined || !isNumber(least) || compareNumbers(least, most) === 0
    ? short(least)
    : `${short(least)}…${short(most)}`;
}

/** Four digits that count. */
export function short(value: Json): string {
  return typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(4)))
    : display(value);
}

function secondsOf({ createdAt, endedAt }: RunSummary): number | undefined {
  return endedAt === undefined ? undefined : (Date.parse(endedAt) - Date.parse(createdAt)) / 1_000;
}

/** @throws UsageError where no run has such a value */
function sorted(runs: readonly RunSummary[], word: string): readonly RunSummary[] {
  const [, key = '', order = 'asc'] = /^(.*?)(?::(asc|desc))?$/.exec(word) ?? [];
  const value = readerOf(runs, key);
  const known = runs.flatMap((run) => {
    const of = value(run);
    return of === undefined || of === null ? [] : [{ run, of }];
  });
  const sign = order === 'desc' ? -1 : 1;
  known.sort((a, b) => sign * compare(a.of, b.of));
  const placed = new Set(known.map(({ run }) => run));
  return [...known.map(({ run }) => run), ...runs.filter((run) => !placed.has(run))];
}

function compare(a: Json, b: Json): number {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  // Numbers come before texts.
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
  const [left, right] = [display(a), display(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function readerOf(runs: readonly RunSummary[], key: string): (run: RunSummary) => Json | undefined {
  if (key === 'created') return (run) => run.createdAt;
  if (key === 'time') return secondsOf;
  if (key === 'status' || key === 'pipeline') return (run) => run[key];
  const metrics = new Set(runs.flatMap((run) => Object.keys(run.metrics)));
  const params = new Set(runs.flatMap((run) => Object.keys(run.params ?? {})));
  const metric = key.replace(/^metrics\./, '');
  // A metric may be named without its task.
  const full = metrics.has(metric) ? metric : [...metrics].find((one) => one.endsWith(`.${metric}`));
  if (full !== undefined) return (run) => run.metrics[full];
  const param = key.replace(/^params\./, '');
  if (params.has(param)) return (run) => run.params?.[param];
  const all = ['created', 'time', 'status', 'pipeline', ...metrics, ...params];
  const near = closest(key, all);
  throw new UsageError(
    `no run has "${key}" to sort by${near === undefined ? '' : `; did you mean "${near}"?`} (there are: ${all.slice(0, 30).join(', ')})`,
  );
}

/** RFC 4180, with a line of names. */
function csvOf(runs: readonly RunSummary[]): string[] {
  const keys = (of: (run: RunSummary) => Readonly<Record<string, Json>>): string[] => [
    ...new Set(runs.flatMap((run) => Object.keys(of(run)))),
  ];
  const params = keys((run) => run.params ?? {});
  const metrics = keys((run) => run.metrics);
  const head = ['id', 'pipeline', 'status', 'created', 'ended', 'seconds', 'trigger', 'source', 'name'];
  const rows = runs.map((run): (Json | undefined)[] => [
    ...[run.id, run.pipeline, run.status, run.createdAt, run.endedAt, secondsOf(run), run.trigger],
    ...[run.source ?? 'pipeline', run.name],
    ...params.map((name) => run.params?.[name]),
    ...metrics.map((name) => run.metrics[name]),
  ]);
  return [
    [...head, ...params.map((name) => `params.${name}`), ...metrics.map((name) => `metrics.${name}`)],
    ...rows,
  ].map((row) => row.map(csvCell).join(','));
}

function csvCell(value: Json | undefined): string {
  const text = value === undefined || value === null ? '' : display(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
