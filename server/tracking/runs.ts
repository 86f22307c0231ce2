/**
 * The runs of MLflow clients, from the project's own store of runs. All of them that were asked for are in memory; what
 * other processes write is taken in when it is needed: of a run from its files, of the list from the index of runs.
 */
import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defined } from '../base/defined.js';
import { readDocument } from '../stores/disk/document.js';
import { endLastLine, linesFrom } from '../stores/disk/lines.js';
import { ownIdentity } from '../stores/machine/liveness.js';
import { pointsFrom } from '../stores/runs/metric-log.js';
import type { LoggedPoint } from '../stores/runs/metric-log.js';
import type { RunDocument, TrackedRecord } from '../stores/runs/document.js';
import { isRunId } from '../stores/runs/id.js';
import { LIVE_STATUSES, runDocumentKind } from '../stores/runs/index/summary.js';
import { eventsFile } from '../stores/runs/writer.js';
import { RunStore, newRunDocument, newRunId } from '../stores/runs/runs.js';
import type { RunWriter } from '../stores/runs/runs.js';
import { TRACKED_TASK, TrackedRun, metricOf } from '../stores/tracking/tracked-run.js';
import type { TrackedChange, TrackedMetric } from '../stores/tracking/tracked-run.js';
import type { TrackedPoint } from '../stores/tracking/tracked-task.js';
import { userAndHost } from '../stores/machine/user.js';
import { missing } from './wire/wire.js';

/** Records that stay open for writing. Others are opened again when they are written. */
const MOST_OPEN = 100;

const METRICS = 'metrics.ndjson';

export interface NewRun {
  readonly experiment: { readonly id: string; readonly name: string };
  readonly name: string;
  readonly user: string;
  /** ms since 1970 */
  readonly start: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Absent: a new one. */
  readonly id?: string;
  /** The run and the task that it is part of. */
  readonly parent?: RunDocument['parent'];
  /** ms since 1970, of one that was made elsewhere; absent: now */
  readonly createdAt?: number;
  /** Absent: what the tags say. */
  readonly git?: RunDocument['git'];
}

export class TrackedRuns {
  /** Of runs of pipelines as well. */
  readonly store: RunStore;
  readonly #known = new Map<string, TrackedRun>();
  /** Runs that are made when somebody first asks for them, by their ids. */
  readonly #expected = new Map<string, () => TrackedRun>();
  /** The last one was written last. */
  readonly #open = new Map<string, RunWriter>();
  /** How far the index of runs was read; nothing before the list was asked for. */
  #index: { readonly ino: number; readonly size: number } | undefined;

  constructor(root: string) {
    this.store = RunStore.open(root);
  }

  /** Absolute. */
  folder(id: string): string {
    return this.store.folder(id);
  }

  /** @param make is called when a client first asks for a run with that id; nothing: nobody will */
  expect(id: string, make: (() => TrackedRun) | undefined): void {
    if (make === undefined) this.#expected.delete(id);
    else this.#expected.set(id, make);
  }

  /** Where a client has told of it, or asked for it. */
  find(id: string): TrackedRun | undefined {
    return isRunId(id) ? this.#fresh(id) : undefined;
  }

  /** @throws WireError where there is no such run */
  get(id: string): TrackedRun {
    const make = this.#expected.get(id);
    if (make !== undefined) {
      this.#expected.delete(id);
      return make();
    }
    const run = isRunId(id) ? this.#fresh(id) : undefined;
    if (run === undefined) throw missing(`Run '${id.slice(0, 80)}' not found`);
    return run;
  }

  #fresh(id: string): TrackedRun | undefined {
    const folder = this.folder(id);
    const known = this.#known.get(id);
    if (known !== undefined) {
      if (sizeOf(eventsFile(folder)) !== undefined) {
        this.#catchUp(known);
        return known;
      }
      this.#forget(id);
      return undefined;
    }
    const loaded = readDocument(path.join(folder, 'run.json'), runDocumentKind);
    if (loaded.state !== 'ok' || loaded.value.tracking === undefined) return undefined;
    const run = new TrackedRun(loaded.value, loaded.value.tracking);
    run.catchUp(folder);
    this.#known.set(id, run);
    return run;
  }

  /** Two looks where nothing has changed. */
  #catchUp(run: TrackedRun): void {
    const folder = this.folder(run.id);
    const [events = 0, points = 0] = [sizeOf(eventsFile(folder)), sizeOf(path.join(folder, METRICS))];
    if (events !== run.events || points !== run.points) run.catchUp(folder);
  }

  #forget(id: string): void {
    this.#known.delete(id);
    this.#close(id);
  }

  /** Every run, deleted ones too. */
  all(): readonly TrackedRun[] {
    this.#readIndex();
    return [...this.#known.values()];
  }

  #readIndex(): void {
    const file = this.store.index.log;
    const stat = statSync(file, { throwIfNoEntry: false });
    const now = { ino: stat?.ino ?? 0, size: stat?.size ?? 0 };
    const before = this.#index;
    this.#index = now;
    if (before?.ino !== now.ino || now.size < before.size) {
      const runs = this.store.list({ limit: Infinity, source: 'tracking', includeDeleted: true });
      const there = new Set(runs.map(({ id }) => id));
      for (const id of [...this.#known.keys()]) if (!there.has(id)) this.#forget(id);
      for (const { id } of runs) this.#fresh(id);
      return;
    }
    for (let from = before.size; from < now.size;) {
      const { lines, next } = linesFrom(file, from);
      if (next === from) break;
      from = next;
      for (const id of new Set(lines.flatMap((line) => this.#trackedIn(line)))) this.#fresh(id);
      this.#index = { ino: now.ino, size: next };
    }
    // Another server tells the index only of beginnings and ends.
    for (const run of this.#known.values()) if (LIVE_STATUSES.has(run.runStatus)) this.#catchUp(run);
  }

  /** The run that a line of the index is of, where it is one of these. */
  #trackedIn(line: string): readonly string[] {
    const id = /^\{"id":"([^"\\]+)"/.exec(line)?.[1];
    if (id === undefined || !isRunId(id)) return [];
    return this.#known.has(id) || line.includes('"source":"tracking"') ? [id] : [];
  }

  create(asked: NewRun): TrackedRun {
    const { experiment, name, user, start, tags } = asked;
    const { host } = userAndHost();
    const tracking: TrackedRecord = {
      ...{ experiment: experiment.id, name, user, start, tags },
      ...{ status: 'RUNNING', newest: {}, applied: { events: 0, metrics: 0 } },
    };
    const begun = newRunDocument(
      {
        id: asked.id ?? newRunId(),
        pipeline: experiment.name,
        kind: 'model-build',
        path: '',
        definitionHash: '',
        params: {},
        ...(asked.git === undefined ? gitOf(tags) : { git: asked.git }),
        ...defined({ parent: asked.parent }),
        user: user === '' ? userAndHost().user : user,
        host,
        machine: {
          os: process.platform,
          arch: process.arch,
          cpus: os.availableParallelism(),
          memoryBytes: os.totalmem(),
        },
        trigger: 'terminal',
        argv: [],
        ...ownIdentity(),
        createdAt: new Date(asked.createdAt ?? Date.now()).toISOString(),
        source: 'tracking',
      },
      [{ id: TRACKED_TASK, task: TRACKED_TASK, action: 'run', needs: [] }],
    );
    const document = new TrackedRun({ ...begun, tracking }, tracking).document();
    this.#keep(this.store.begin(document));
    const run = new TrackedRun(document, tracking);
    this.#known.set(run.id, run);
    return run;
  }

  /** Adds a change to the run's record; it survives a kill when this returns. Throws the system's error. */
  change(run: TrackedRun, change: TrackedChange): void {
    const wasLive = LIVE_STATUSES.has(run.runStatus);
    const writer = this.#write(run, (open) => {
      const size = run.events + open.append({ type: 'tracked', at: new Date().toISOString(), ...change });
      if (size !== sizeOf(eventsFile(open.folder))) return false;
      run.apply(change);
      run.events = size;
      return true;
    });
    const begunAgain = !wasLive && LIVE_STATUSES.has(run.runStatus);
    // A run that goes on again needs what marks it as a live one.
    if (begunAgain) this.#close(run.id);
    this.#tell(
      run,
      begunAgain ? this.#writer(run) : writer,
      change.deleted !== undefined || change.name !== undefined,
    );
  }

  /** The same for points of metrics. */
  addPoints(run: TrackedRun, points: readonly TrackedPoint[]): void {
    if (points.length === 0) return;
    const rows = points.map(({ key, value, step, at }): LoggedPoint => ({
      ...{ task: TRACKED_TASK, key, value, step },
      at: new Date(at).toISOString(),
    }));
    const writer = this.#write(run, (open) => {
      const size = run.points + open.appendPoints(rows);
      if (size !== sizeOf(path.join(open.folder, METRICS))) return false;
      for (const { key, ...point } of points) run.addPoint(key, point);
      run.points = size;
      return true;
    });
    this.#tell(run, writer, false);
  }

  /** @param write gives false where somebody else has written, too: then all of it is taken in its order */
  #write(run: TrackedRun, write: (writer: RunWriter) => boolean): RunWriter {
    const writer = this.#writer(run);
    try {
      if (!write(writer)) run.catchUp(writer.folder);
      return writer;
    } catch (error) {
      // A full disk may have cut a line off: it is ended when the record is opened again.
      this.#close(run.id);
      throw error;
    }
  }

  /** Writes the document soon; at once where lists show it, which are told only then. */
  #tell(run: TrackedRun, writer: RunWriter, listed: boolean): void {
    if (LIVE_STATUSES.has(run.runStatus)) {
      if (listed) writer.update(run.document(), { now: true });
      else writer.update(() => run.document());
      return;
    }
    writer.update(run.document(), { durable: true });
    // A run that has ended is held by nobody: what comes still opens it again.
    this.#close(run.id);
  }

  #close(id: string): void {
    const writer = this.#open.get(id);
    this.#open.delete(id);
    try {
      writer?.close();
    } catch {
      // The folder is gone, or the disk is full: the events have what the document lacks.
    }
  }

  #writer(run: TrackedRun): RunWriter {
    const open = this.#open.get(run.id);
    if (open !== undefined) {
      this.#open.delete(run.id);
      this.#open.set(run.id, open);
      return open;
    }
    run.base = { ...run.base, ...ownIdentity(), host: os.hostname() };
    const folder = this.folder(run.id);
    for (const file of [eventsFile(folder), path.join(folder, METRICS)]) endLastLine(file);
    run.catchUp(folder);
    return this.#keep(this.store.take(run.document()));
  }

  #keep(writer: RunWriter): RunWriter {
    this.#open.set(writer.id, writer);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MOST_OPEN && oldest !== undefined) {
      this.#close(oldest);
    }
    return writer;
  }

  /** All points of a metric, each once, by time, step and value: pages of them must not depend on who has told which first. */
  history(run: TrackedRun, key: string): readonly TrackedMetric[] {
    const points = this.histories(run, key).get(key) ?? [];
    const isSorted = points.every((point, at) => at === 0 || inOrder(points[at - 1], point) <= 0);
    return isSorted ? points : points.toSorted(inOrder);
  }

  /** The same of all metrics, by their keys, or only of that one: in the order in which they were told. */
  histories(run: TrackedRun, only?: string): ReadonlyMap<string, readonly TrackedMetric[]> {
    const seen = new Set<string>();
    const histories = new Map<string, TrackedMetric[]>();
    for (const piece of pointsFrom(path.join(this.folder(run.id), METRICS), 0)) {
      for (const point of piece.points) {
        const { key } = point;
        if (only !== undefined && key !== only) continue;
        // A client that hears no answer sends the same point again.
        const identity = `${point.at} ${point.step} ${point.value}${only === undefined ? ` ${key}` : ''}`;
        if (seen.has(identity)) continue;
        seen.add(identity);
        const points = histories.get(key);
        if (points === undefined) histories.set(key, [metricOf(point)]);
        else points.push(metricOf(point));
      }
    }
    return histories;
  }

  /** Whether a run goes on that was written here last. */
  get writesLive(): boolean {
    return [...this.#open.keys()].some((id) => {
      const run = this.#known.get(id);
      return run !== undefined && LIVE_STATUSES.has(run.runStatus);
    });
  }

  /** Writes what was not written yet, and lets go of all records. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#close(id);
  }
}

function inOrder(one: TrackedMetric | undefined, other: TrackedMetric): number {
  if (one === undefined) return 0;
  return (
    one.at - other.at ||
    one.step - other.step ||
    (one.value < other.value ? -1 : Number(one.value > other.value))
  );
}

function gitOf(tags: NewRun['tags']): Pick<RunDocument, 'git'> {
  const commit = tags['mlflow.source.git.commit'];
  if (commit === undefined || !/^[0-9a-f]{7,64}$/.test(commit)) return {};
  const branch = tags['mlflow.source.git.branch'];
  return { git: { commit, dirty: tags['mlflow.source.git.dirty'] === 'true', ...defined({ branch }) } };
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}
