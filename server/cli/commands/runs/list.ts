/** `modelyard runs list`: runs with what went in and what came out, for people, for sheets and for programs. */
import { defined } from '../../../base/defined.js';
import { display } from '../../../base/json.js';
import { csvLine } from '../../../base/csv.js';
import { compareNumbers, isNumber } from '../../../base/numeral.js';
import { compareValues } from '../../../base/runs/order-values.js';
import { type RunFilter, compileFilter, parseRunFilter } from '../../../base/runs/filter.js';
import type { Json } from '../../../definition/definition.js';
import type { RunStatus, RunSummary } from '../../../stores/runs/document.js';
import { OWN_COLUMNS, columnOf, namesOf, secondsOf, valueIn } from '../../../stores/runs/index/columns.js';
import { metricsOf } from '../../../stores/runs/index/summary.js';
import { expiredTasks } from '../../../stores/approvals/waiting.js';
import { answer } from '../../answers.js';
import { type Flags, JSON_FLAG, UsageError, closest, wholeNumber } from '../../args.js';
import { EXIT, stdout } from '../../output.js';
import type { SubcommandOf } from '../../subcommands.js';
import type { Style } from '../../terminal/style.js';
import { isTerminal, processScreen } from '../../terminal/table.js';
import { elapsed, fit, oneLine, pad, width } from '../../terminal/text.js';
import { PIPELINE, type RunsCall, statusWord } from './shared.js';

const STATUSES: readonly RunStatus[] = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted',
];

const FLAGS: Flags = {
  ...JSON_FLAG,
  ...PIPELINE,
  csv: { type: 'boolean', help: 'As CSV: a column for each param and metric, numbers in full.' },
  sort: {
    type: 'string',
    multiple: true,
    value: 'KEY[:desc]',
    help: 'By a metric, a param, `created` or `time`, the least first; several, the most important first. Default: created:desc.',
  },
  filter: {
    type: 'string',
    value: 'EXPRESSION',
    help: 'Only runs for which it holds: `metrics.accuracy > 0.8 and params.epochs < 300 or status = failed`.',
  },
  columns: {
    type: 'string',
    multiple: true,
    value: 'C[,C]',
    help: `These columns: ${OWN_COLUMNS.join(', ')}, metrics.X (of what was logged: metrics.X:best, :min, :max), params.X, tag.X.`,
  },
  archived: { type: 'boolean', help: 'Also archived runs.' },
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
  usage:
    'list [--pipeline NAME] [--source S] [--status S[,S]] [--filter EXPRESSION] [--sort KEY[:desc]] [--columns C[,C]] [--archived] [--limit N] [--csv]',
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
  const columns = args.list('columns');
  if (columns.length > 0 && json)
    throw new UsageError('say either --columns or --json, which has everything');
  const sort = args.list('sort');
  const expression = args.text('filter');
  const filter = expression === undefined ? undefined : filterOf(expression);
  // The first of another order, and those that pass, may be any.
  const all = store.list({
    limit: sort.length === 0 && filter === undefined ? limit : Number.MAX_SAFE_INTEGER,
    ...defined({ pipeline, source }),
    withoutArchived: !args.flag('archived'),
    ...(statuses.length === 0 ? {} : { status: statuses }),
  });
  const passing = filter === undefined ? all : filtered(all, filter);
  const found = sort.reduceRight(sorted, passing).slice(0, limit);
  if (json) answer('runs list', { runs: found });
  else if (csv) {
    const whole = found.map((run) => {
      const read = store.read(run.id);
      return read.ok
        ? { ...run, params: read.run.params, metrics: Object.fromEntries(metricsOf(read.run)) }
        : run;
    });
    const lines = columns.length === 0 ? csvOf(whole) : chosenRows(whole, columns).map(csvLine);
    for (const line of lines) stdout.write(`${line}\r\n`);
  } else if (found.length === 0) {
    const asked = filter !== undefined || statuses.length > 0 || pipeline !== undefined;
    stdout.line(
      asked ? 'There are no runs that match.' : 'There are no runs yet. `modelyard run` starts one.',
    );
  } else if (columns.length > 0) {
    for (const line of aligned(chosenRows(found, columns), style)) stdout.line(line);
  } else {
    const room = isTerminal() ? processScreen().columns() : Infinity;
    for (const line of table(found, room, style, (run) => timeIsUp(expiredTasks(store, run), style)))
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
    const { star, archived, note: said } = run.marks ?? {};
    const marked = [
      ...(run.debug === true ? ['(debug)'] : []),
      ...(star === true ? ['★'] : []),
      ...(archived === true ? ['(archived)'] : []),
    ];
    const tags = Object.entries(run.marks?.tags ?? {}).map(tagWord);
    const told = [...marked, ...tags, ...(said === undefined ? [] : [said])];
    const words = [...told, ...valuesOf(run), tasks.join(', ')]
      .filter((word) => word !== '')
      .map(oneLine)
      .join('  ');
    const room = columns - width(head) - 11 - width(rest);
    return (
      `${head}${statusWord(run.status, style, 11)}${rest}${style.dim(fit(words, room))}`.trimEnd() + note(run)
    );
  });
}

/** `#keep`, `#owner=ada` */
function tagWord([key, value]: readonly [string, string]): string {
  return `#${key}${value === '' ? '' : `=${fit(value, 24)}`}`;
}

/** The pipeline; of an MLflow client's run its experiment and what it is called there. */
function nameOf({ pipeline, name }: RunSummary): string {
  return fit(oneLine(name === undefined ? pipeline : `${pipeline}/${name}`), 40);
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

/** @throws UsageError where no run has such a value */
function sorted(runs: readonly RunSummary[], word: string): readonly RunSummary[] {
  const [, key = '', order = 'asc'] = /^(.*?)(?::(asc|desc))?$/.exec(word) ?? [];
  const value = readerOf(runs, key);
  const known = runs.flatMap((run) => {
    const of = value(run);
    return of === undefined || of === null ? [] : [{ run, of }];
  });
  const sign = order === 'desc' ? -1 : 1;
  known.sort((a, b) => sign * compareValues(a.of, b.of));
  const placed = new Set(known.map(({ run }) => run));
  return [...known.map(({ run }) => run), ...runs.filter((run) => !placed.has(run))];
}

/** @throws UsageError where it can't be read */
function filterOf(text: string): RunFilter {
  const parsed = parseRunFilter(text);
  if (parsed.ok) return parsed.filter;
  throw new UsageError(`--filter "${text}", at character ${parsed.at + 1}: ${parsed.message}`);
}

/** A name that no run has is a slip, unless there are no runs; one that some have is missing in the others. */
function filtered(runs: readonly RunSummary[], filter: RunFilter): readonly RunSummary[] {
  return runs.filter(compileFilter<RunSummary>(filter, (name) => readerOf(runs, name, 'filter by')));
}

/** A line of names, and one for each run. */
function chosenRows(
  runs: readonly RunSummary[],
  columns: readonly string[],
): readonly (readonly (Json | undefined)[])[] {
  const readers = columns.map((column) => readerOf(runs, column, 'show'));
  return [columns, ...runs.map((run) => readers.map((read) => read(run)))];
}

/** Below each other; numbers to the right. */
function aligned(rows: readonly (readonly (Json | undefined)[])[], style: Style): string[] {
  const texts = rows.map((row) =>
    row.map((value) => (value === undefined || value === null ? '' : fit(oneLine(short(value)), 40))),
  );
  const widths = (texts[0] ?? []).map((_, at) => Math.max(...texts.map((row) => width(row[at] ?? ''))));
  const numeric = widths.map((_, at) => rows.slice(1).some((row) => isNumber(row[at])));
  return texts.map((row, nth) => {
    const cells = row.map((text, at) => {
      const blank = ' '.repeat(Math.max(0, (widths[at] ?? 0) - width(text)));
      return numeric[at] === true ? `${blank}${text}` : `${text}${blank}`;
    });
    const line = cells.join('  ').trimEnd();
    return nth === 0 ? style.dim(line) : line;
  });
}

function readerOf(
  runs: readonly RunSummary[],
  key: string,
  what = 'sort by',
): (run: RunSummary) => Json | undefined {
  // There is nothing to tell a slip by.
  if (runs.length === 0) return () => undefined;
  const names = namesOf(runs);
  const column = columnOf(key, names);
  if (column !== undefined) return (run) => valueIn(run, column);
  const all = [...OWN_COLUMNS, ...names.metrics, ...names.params];
  const near = closest(key, all);
  throw new UsageError(
    `no run has "${key}" to ${what}${near === undefined ? '' : `; did you mean "${near}"?`} (there are: ${all.slice(0, 40).join(', ')})`,
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
  ].map(csvLine);
}
