/**
 * A run that an MLflow client tells of. What it tells is kept as it comes: changes are lines of `events.ndjson`, points of
 * metrics lines of `metrics.ndjson`; the run's document follows from them. So several servers can write the same run, and
 * what was answered is there after a kill, although the document was not written yet.
 */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { isRecord } from '../../base/is-record.js';
import { isNumber, toDouble } from '../../base/numeral.js';
import { kindOf } from '../registry/versions/artifacts.js';
import { valueOf } from '../disk/line-format.js';
import { linesFrom } from '../disk/lines.js';
import { pointsFrom } from '../runs/metric-log.js';
import type { LoggedPoint } from '../runs/metric-log.js';
import { mimeOf } from '../disk/mime.js';
import {
  type ArtifactRecord,
  type ContentHash,
  type MetricRanges,
  type RunDocument,
  type RunStatus,
  type TrackedDataset,
  type TrackedRecord,
  type TrackedStatus,
  widened,
} from '../runs/document.js';
import { EVENTS_FORMAT, eventsFile } from '../runs/writer.js';
import { areArtifacts, fits, isList, isText, isTexts, isTime, type LineFields } from './line-fields.js';

/** The task of such a run: it has one, so that its metrics and artifacts are shown where those of tasks are. */
export const TRACKED_TASK = 'mlflow';

const isMoment = (value: unknown): boolean => value === null || isTime(value);
const FIELDS: LineFields = {
  ...{ name: isText, user: isText, start: isTime, end: isMoment, deleted: isMoment },
  status: (value) => typeof value === 'string' && Object.hasOwn(STATUS, value),
  ...{ params: isTexts, tags: isTexts, untagged: isList(isText), artifacts: areArtifacts },
  ...{ datasets: isList(isRecord), modelInputs: isList(isText), modelOutputs: isList(isRecord) },
};

/** Where an artifact is said to lie: nowhere in the workspace, so that no file of it is taken for the artifact. */
function recordPath(run: string, name: string): string {
  return `.modelyard/runs/${run.slice(0, 6)}/${run}/artifacts/${name}`;
}

export interface TrackedArtifact {
  readonly hash: ContentHash;
  readonly bytes: number;
}

export interface TrackedMetric {
  readonly value: number;
  /** ms since 1970 */
  readonly at: number;
  readonly step: number;
}

/** A line of `events.ndjson`: what has changed, and nothing else. */
export interface TrackedChange {
  readonly name?: string;
  readonly status?: TrackedStatus;
  readonly start?: number;
  /** ms since 1970; `null`: it goes on again. */
  readonly end?: number | null;
  readonly user?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly untagged?: readonly string[];
  /** ms since 1970; `null`: restored. */
  readonly deleted?: number | null;
  /** By their paths; `null`: deleted. */
  readonly artifacts?: Readonly<Record<string, TrackedArtifact | null>>;
  readonly datasets?: readonly TrackedDataset[];
  readonly modelInputs?: readonly string[];
  readonly modelOutputs?: readonly { readonly id: string; readonly step: number }[];
}

const STATUS: Readonly<Record<TrackedStatus, RunStatus>> = {
  RUNNING: 'running',
  SCHEDULED: 'queued',
  FINISHED: 'succeeded',
  FAILED: 'failed',
  KILLED: 'cancelled',
};

/** The state of a run while it is written and searched. */
export class TrackedRun {
  readonly id: string;
  readonly experiment: string;
  readonly params = new Map<string, string>();
  readonly tags = new Map<string, string>();
  readonly metrics = new Map<string, TrackedMetric>();
  readonly artifacts = new Map<string, TrackedArtifact>();
  readonly datasets: TrackedDataset[] = [];
  readonly modelInputs = new Set<string>();
  readonly modelOutputs = new Map<string, number>();
  name: string;
  status: TrackedStatus;
  start: number;
  end: number | undefined;
  user: string;
  deleted: number | undefined;
  /** Bytes of the two files that are in here. */
  events: number;
  points: number;
  readonly #ranges = new Map<string, MetricRanges[string]>();
  /** The document that it was made of, for what no client changes. */
  base: RunDocument;

  /** @param document of a run with the source `tracking` */
  constructor(document: RunDocument, tracking: TrackedRecord) {
    this.id = document.id;
    this.base = document;
    this.experiment = tracking.experiment;
    ({ name: this.name, status: this.status, start: this.start, user: this.user } = tracking);
    ({ end: this.end, deleted: this.deleted } = tracking);
    ({ events: this.events, metrics: this.points } = tracking.applied);
    for (const [key, value] of Object.entries(document.params)) this.params.set(key, textOf(value));
    for (const [key, value] of Object.entries(tracking.tags)) this.tags.set(key, value);
    const [task] = document.tasks;
    for (const [key, range] of Object.entries(tracking.ranges ?? {})) this.#ranges.set(key, range);
    // What was written before ranges were kept is read once more: points that are known change nothing else.
    if (tracking.ranges === undefined) this.points = 0;
    for (const [key, value] of Object.entries(task?.metrics ?? {})) {
      const [at = 0, step = 0] = Object.hasOwn(tracking.newest, key) ? (tracking.newest[key] ?? []) : [];
      this.metrics.set(key, { value: isNumber(value) ? toDouble(value) : Number(value), at, step });
    }
    for (const { name, hash, bytes } of task?.outputs ?? []) this.artifacts.set(name, { hash, bytes });
    this.datasets.push(...(tracking.datasets ?? []));
    for (const id of tracking.modelInputs ?? []) this.modelInputs.add(id);
    for (const { id, step } of tracking.modelOutputs ?? []) this.modelOutputs.set(id, step);
  }

  apply(change: TrackedChange): void {
    this.name = change.name ?? this.name;
    this.status = change.status ?? this.status;
    this.start = change.start ?? this.start;
    this.user = change.user ?? this.user;
    if (change.end !== undefined) this.end = change.end ?? undefined;
    if (change.deleted !== undefined) this.deleted = change.deleted ?? undefined;
    for (const [key, value] of Object.entries(change.params ?? {})) this.params.set(key, value);
    for (const [key, value] of Object.entries(change.tags ?? {})) this.tags.set(key, value);
    for (const key of change.untagged ?? []) this.tags.delete(key);
    for (const [name, artifact] of Object.entries(change.artifacts ?? {})) {
      if (artifact === null) this.artifacts.delete(name);
      else this.artifacts.set(name, artifact);
    }
    for (const dataset of change.datasets ?? []) this.#addDataset(dataset);
    for (const id of change.modelInputs ?? []) this.modelInputs.add(id);
    for (const { id, step } of change.modelOutputs ?? []) this.modelOutputs.set(id, step);
  }

  #addDataset(dataset: TrackedDataset): void {
    const at = this.datasets.findIndex((one) => one.name === dataset.name && one.digest === dataset.digest);
    const known = this.datasets[at];
    if (known === undefined) this.datasets.push(dataset);
    else this.datasets[at] = { ...known, tags: { ...known.tags, ...dataset.tags } };
  }

  /** The newest point of a metric is the one with the greatest step, then time, then value: not the last that was told. */
  addPoint(key: string, point: TrackedMetric): void {
    const known = this.metrics.get(key);
    if (known === undefined || isNewer(point, known)) this.metrics.set(key, point);
    this.#widen(key, point.value);
  }

  #widen(key: string, value: number): void {
    const range = widened(this.#ranges.get(key), value);
    if (range !== undefined) this.#ranges.set(key, range);
  }

  /**
   * Takes in what was written to the run's files since, by whomever.
   * @param folder of the run
   * @returns whether there was anything
   */
  catchUp(folder: string): boolean {
    const [events, points] = [this.events, this.points];
    const file = eventsFile(folder);
    for (;;) {
      const { lines, next } = linesFrom(file, this.events);
      if (next === this.events) break;
      for (const line of lines) this.#take(valueOf(EVENTS_FORMAT, line));
      this.events = next;
    }
    for (const { points: more, next } of pointsFrom(path.join(folder, 'metrics.ndjson'), this.points)) {
      for (const point of more) this.addPoint(point.key, metricOf(point));
      this.points = next;
    }
    return events !== this.events || points !== this.points;
  }

  #take(event: Readonly<Record<string, unknown>> | undefined): void {
    if (event?.['type'] === 'tracked' && fits(FIELDS, event)) this.apply(event);
  }

  get runStatus(): RunStatus {
    return STATUS[this.status];
  }

  document(): RunDocument {
    const status = this.runStatus;
    const startedAt = isoOf(this.start);
    const endedAt = this.end === undefined ? undefined : isoOf(this.end);
    const [known] = this.base.tasks;
    return {
      ...lastingPart(this.base),
      status,
      ...defined({ startedAt, endedAt }),
      params: Object.fromEntries(this.params),
      tracking: this.#record(),
      tasks: [
        {
          id: TRACKED_TASK,
          task: TRACKED_TASK,
          action: known?.action ?? 'run',
          needs: [],
          status,
          reasons: [],
          attempts: 1,
          inputs: [],
          outputs: [...this.artifacts].map(([name, artifact]) => artifactRecord(this.id, name, artifact)),
          metrics: Object.fromEntries([...this.metrics].map(([key, { value }]) => [key, jsonOf(value)])),
          ranges: Object.fromEntries(this.#ranges),
          ...defined({ startedAt, endedAt }),
        },
      ],
    };
  }

  #record(): TrackedRecord {
    const { experiment, name, status, start, user, end, deleted, datasets } = this;
    return {
      ...{ experiment, name, status, start, user },
      ...defined({ end, deleted }),
      tags: Object.fromEntries(this.tags),
      newest: Object.fromEntries([...this.metrics].map(([key, { at, step }]) => [key, [at, step] as const])),
      ranges: Object.fromEntries(this.#ranges),
      ...(datasets.length === 0 ? {} : { datasets }),
      ...(this.modelInputs.size === 0 ? {} : { modelInputs: [...this.modelInputs] }),
      ...(this.modelOutputs.size === 0
        ? {}
        : { modelOutputs: [...this.modelOutputs].map(([id, step]) => ({ id, step })) }),
      applied: { events: this.events, metrics: this.points },
    };
  }
}

const CHANGING: ReadonlySet<string> = new Set<keyof RunDocument>(['error', 'startedAt', 'endedAt']);

/** A document without what it may lose again, as when an interrupted run goes on. */
function lastingPart(run: RunDocument): RunDocument {
  return Object.fromEntries(
    Object.entries(run).filter(([key]) => !CHANGING.has(key)),
  ) as unknown as RunDocument;
}

/** A run's document with everything that was written to its files since; any other document as it is. */
export function caughtUp(run: RunDocument, folder: string): RunDocument {
  if (run.tracking === undefined) return run;
  const tracked = new TrackedRun(run, run.tracking);
  return tracked.catchUp(folder) ? tracked.document() : run;
}

export function metricOf({ value, at, step }: LoggedPoint): TrackedMetric {
  return { value, at: Date.parse(at), step };
}

function isNewer(one: TrackedMetric, other: TrackedMetric): boolean {
  if (one.step !== other.step) return one.step > other.step;
  if (one.at !== other.at) return one.at > other.at;
  return one.value > other.value || Number.isNaN(other.value);
}

function artifactRecord(run: string, name: string, { hash, bytes }: TrackedArtifact): ArtifactRecord {
  const record = { name, path: recordPath(run, name), hash, bytes };
  return { ...record, kind: kindOf(name), mime: mimeOf(name), cached: false };
}

/** JSON has no words for these three; as strings they survive. */
function jsonOf(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
