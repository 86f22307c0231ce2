/** What of a run goes into the index, and what makes a JSON object a run document. */
import path from 'node:path';
import { defined } from '../base/defined.js';
import { setOwn } from '../base/set-own.js';
import { display } from '../base/json.js';
import type { Json } from '../model/definition.js';
import type { DocumentKind } from './document.js';
import { listsFolder, withLists, withoutLists } from './long-lists.js';
import { RUN_SCHEMA_VERSION } from './run-document.js';
import type { RunDocument, RunStatus, RunSummary, TaskStatus } from './run-document.js';
import { isRunId } from './run-id.js';

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

/** The line of a run. Bounded: at most 20 metrics and params, long values and names cut. */
export function summarize(run: RunDocument): RunSummary {
  const counts: Partial<Record<TaskStatus, number>> = {};
  for (const task of run.tasks) counts[task.status] = (counts[task.status] ?? 0) + 1;
  const params = firstOf(Object.entries(run.params));
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
    metrics: firstOf(metricsOf(run)),
    ...(Object.keys(params).length === 0 ? {} : { params }),
    ...defined({ source: run.source }),
    ...(run.tracking === undefined ? {} : { name: cut(run.tracking.name) }),
    ...(run.tracking?.deleted === undefined ? {} : { deleted: true }),
  };
}

/** Whether a summary holds all the words of a free text, in any case, in its id, pipeline, name, status, params or metrics. */
export function matchesText(summary: RunSummary, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { id, pipeline, path, status, trigger, name = '', source = '' } = summary;
  const values = [summary.params ?? {}, summary.metrics].flatMap((record) =>
    Object.entries(record).map(([key, value]) => `${key}=${display(value)}`),
  );
  const all = [id, pipeline, path, status, trigger, name, source, ...values].join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}
