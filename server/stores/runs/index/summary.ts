/** What of a run goes into the index, and what makes a JSON object a run document. */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { display } from '../../../base/json.js';
import { setOwn } from '../../../base/set-own.js';
import type { Json } from '../../../definition/definition.js';
import type { DocumentKind } from '../../disk/document.js';
import { listsFolder, withLists, withoutLists } from '../../content/long-lists.js';
import { RUN_SCHEMA_VERSION } from '../document.js';
import type { MetricRanges, RunDocument, RunStatus, RunSummary, TaskStatus } from '../document.js';
import { isRunId } from '../id.js';
import type { RunMarks } from '../marks.js';

const MAX_VALUES = 20;
const MAX_TEXT = 120;

/** Statuses of a run that has not come to its end. */
export const LIVE_STATUSES: ReadonlySet<RunStatus> = new Set(['queued', 'running', 'waiting']);

/** Where the long lists of a run lie, from its document `runs/<month>/<id>/run.json`. */
function listsOf(file: string): string {
  return listsFolder(path.resolve(file, '../../..'));
}

/** Later schemas add what turns a document of theirs before into one of their own. */
export const runDocumentKind: DocumentKind<RunDocument> = {
  name: 'run',
  schema: RUN_SCHEMA_VERSION,
  migrations: {},
  check(value) {
    const { id } = value;
    // It becomes a path.
    if (typeof id !== 'string' || !isRunId(id)) return 'it has no id of a run';
    if (typeof value['status'] !== 'string') return 'it has no status';
    if (typeof value['pipeline'] !== 'string' || typeof value['createdAt'] !== 'string') {
      return 'it does not say which pipeline ran, and when';
    }
    return Array.isArray(value['tasks']) ? undefined : 'it has no list of tasks';
  },
  beside: {
    put: (run, file) => withoutLists(run, listsOf(file)),
    get: (run, file) => withLists(run, listsOf(file)),
  },
};

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function short(value: Json): Json {
  if (typeof value === 'string') return cut(value);
  if (typeof value !== 'object' || value === null) return value;
  const text = JSON.stringify(value);
  return text.length > MAX_TEXT ? cut(text) : value;
}

function firstOf(entries: Iterable<readonly [string, Json]>): Record<string, Json> {
  const result: Record<string, Json> = {};
  let count = 0;
  for (const [key, value] of entries) {
    if (count++ === MAX_VALUES) break;
    setOwn(result, key.slice(0, MAX_TEXT), short(value));
  }
  return result;
}

/** `task.key` and the value of every metric, in the order of the tasks. */
export function* metricsOf(run: RunDocument): Generator<readonly [string, Json]> {
  for (const task of run.tasks) {
    for (const [key, value] of Object.entries(task.metrics)) yield [`${task.id}.${key}`, value];
  }
}

/** Of the metrics of a summary, where they say more than the last value. */
function rangesOf(run: RunDocument, metrics: Readonly<Record<string, Json>>): MetricRanges {
  const all = run.tasks.flatMap(({ id, ranges = {} }) =>
    Object.entries(ranges).map(([key, range]) => [`${id}.${key}`, range] as const),
  );
  return Object.fromEntries(
    all.filter(
      ([name, range]) => Object.hasOwn(metrics, name) && range.some((value) => value !== metrics[name]),
    ),
  );
}

/** What people have said of a run, here and by an MLflow client; what was said here counts. */
export function marksOfRun({ tracking }: Pick<RunDocument, 'tracking'>, own: RunMarks): RunMarks {
  const told = Object.entries(tracking?.tags ?? {}).filter(([key]) => !key.startsWith('mlflow.'));
  const note = own.note ?? tracking?.tags['mlflow.note.content'];
  const tags = { ...Object.fromEntries(told), ...own.tags };
  return {
    ...own,
    ...defined({ note }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}

function boundedMarks({ star, archived, note, tags }: RunMarks): RunMarks {
  const first = Object.entries(tags ?? {}).slice(0, MAX_VALUES);
  return {
    ...defined({ star, archived }),
    ...(note === undefined || note === '' ? {} : { note: cut(note) }),
    ...(first.length === 0
      ? {}
      : { tags: Object.fromEntries(first.map(([key, value]) => [cut(key), cut(value)])) }),
  };
}

/** The line of a run. Bounded: at most 20 metrics, params and tags, long values and names cut. */
export function summarize(run: RunDocument, own: RunMarks = {}): RunSummary {
  const counts: Partial<Record<TaskStatus, number>> = {};
  for (const task of run.tasks) counts[task.status] = (counts[task.status] ?? 0) + 1;
  const params = firstOf(Object.entries(run.params));
  const metrics = firstOf(metricsOf(run));
  const ranges = rangesOf(run, metrics);
  const marks = boundedMarks(marksOfRun(run, own));
  return {
    id: run.id,
    pipeline: run.pipeline,
    path: run.path,
    status: run.status,
    createdAt: run.createdAt,
    ...defined({ endedAt: run.endedAt }),
    pid: run.pid,
    ...defined({ processStart: run.processStart }),
    host: run.host,
    ...defined({ place: run.place }),
    trigger: run.trigger,
    counts,
    metrics,
    ...(Object.keys(params).length === 0 ? {} : { params }),
    ...defined({ source: run.source, debug: run.debug }),
    ...(run.tracking === undefined ? {} : { name: cut(run.tracking.name) }),
    ...(run.tracking?.deleted === undefined ? {} : { deleted: true }),
    user: run.tracking?.user ?? run.user,
    ...(run.git === undefined ? {} : { commit: `${run.git.commit}${run.git.dirty ? '+' : ''}` }),
    ...(Object.keys(ranges).length === 0 ? {} : { ranges }),
    ...(Object.keys(marks).length === 0 ? {} : { marks }),
  };
}

/** Whether a summary holds all the words of a free text, in any case, in its id, pipeline, name, status, params, metrics, tags or note. */
export function matchesText(summary: RunSummary, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { id, pipeline, path, status, trigger, name = '', source = '', marks = {} } = summary;
  const { user = '', commit = '' } = summary;
  const values = [summary.params ?? {}, summary.metrics, marks.tags ?? {}].flatMap((record) =>
    Object.entries(record).map(([key, value]) => `${key}=${display(value)}`),
  );
  const own = [id, pipeline, path, status, trigger, name, source, user, commit, marks.note ?? ''];
  const all = [...own, ...values].join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}
