/** The writing end of one run's record. Belongs to the process that runs it; nobody else writes there while it lives. */
import { sha256 } from '../content/hash.js';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeFully } from '../disk/atomic.js';
import { openDocument } from '../disk/document.js';
import type { DocumentAdapter } from '../disk/document.js';
import type { LowSync } from 'lowdb';
import { safeFileName } from '../layout.js';
import { keepTouched } from '../machine/heartbeat.js';
import { type LineFormat, lineOf } from '../disk/line-format.js';
import { isElsewhere, ownIdentity } from '../machine/liveness.js';
import { MetricLog } from './metric-log.js';
import type { LoggedPoint } from './metric-log.js';
import type { RunDocument } from './document.js';
import type { RunIndex } from './index/index.js';
import { listsFolder, withoutLists } from '../content/long-lists.js';
import { readMarks } from './marks.js';
import { LIVE_STATUSES, runDocumentKind, summarize } from './index/summary.js';

/** Changes that nobody has to wait for are written at most so often. The events have them all in any case. */
const MIN_PAUSE_MS = 100;
/** And at most this part of the time goes into writing them, however large the document. */
const WRITE_SHARE = 20;

/** Lines of `events.ndjson`. Raised when an event that readers know changes; a new kind of event is none of that. */
export const EVENTS_FORMAT: LineFormat = { name: 'the events of a run', version: 1 };

/** @param folder of the run */
export function eventsFile(folder: string): string {
  return path.join(folder, 'events.ndjson');
}

/** The log of a task, relative to the run's folder. Different for different tasks, safe on every file system. */
export function taskLogName(taskId: string): string {
  return `logs/${safeFileName(taskId, sha256)}.log`;
}

/** Runs whose records are open for writing in this process. */
const open = new Set<string>();

/** Whether this very process ran it and has closed its record. */
export function isClosedHere(run: RunDocument): boolean {
  const own = ownIdentity();
  const here = run.pid === own.pid && run.processStart === own.processStart && !isElsewhere(run);
  return here && !open.has(run.id);
}

export class RunWriter {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  readonly #lists: string;
  readonly #index: RunIndex;
  readonly #marker: string;
  readonly #low: LowSync<RunDocument>;
  readonly #adapter: DocumentAdapter<RunDocument>;
  readonly #metrics: MetricLog;
  #events: number;
  #pending: (() => RunDocument) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastWrite = 0;
  #lastCost = 0;
  #closed = false;
  readonly #stopBeating: () => void;

  /** Made by `RunStore.create`. The run's folder exists; the document, its events and its index line are written. */
  constructor(folder: string, marker: string, index: RunIndex, document: RunDocument) {
    this.id = document.id;
    this.folder = folder;
    this.#lists = listsFolder(path.resolve(folder, '../..'));
    this.#index = index;
    this.#marker = marker;
    const { low, adapter } = openDocument(path.join(folder, 'run.json'), runDocumentKind, document);
    this.#low = low;
    this.#adapter = adapter;
    this.#metrics = new MetricLog(path.join(folder, 'metrics.ndjson'));
    this.#events = openSync(eventsFile(folder), 'a');
    try {
      this.#write(document, false);
      this.#tell(document);
    } catch (error) {
      closeSync(this.#events);
      throw error;
    }
    open.add(document.id);
    this.#stopBeating = keepTouched(marker);
  }

  /** Absolute path of a task's log; its folder exists afterwards. */
  logPath(taskId: string): string {
    const file = path.join(this.folder, taskLogName(taskId));
    mkdirSync(path.dirname(file), { recursive: true });
    return file;
  }

  /**
   * Adds events to `events.ndjson`, in one write; on the disk's way (it survives a kill of this process) when it returns. A
   * `metric-logged` event goes to `metrics.ndjson` instead: there may be millions. Gives how many bytes `events.ndjson` got.
   * Throws the system's error.
   */
  append(...events: readonly object[]): number {
    if (this.#closed) throw new Error(`The record of run ${this.id} is closed.`);
    let lines = '';
    for (const event of events) {
      if (isMetric(event)) this.#metrics.append(event.id, event.key, event.value, event.step, event.at);
      else lines += `${lineOf(EVENTS_FORMAT, withoutLists(event, this.#lists))}\n`;
    }
    const bytes = Buffer.from(lines);
    writeFully(this.#events, bytes);
    return bytes.length;
  }

  /** Adds points, all in one write, as durable as events. Gives how many bytes that were. Throws the system's error. */
  appendPoints(points: readonly LoggedPoint[]): number {
    if (this.#closed) throw new Error(`The record of run ${this.id} is closed.`);
    return this.#metrics.write(points);
  }

  /**
   * Tells the run's new state. Without `durable` it is written soon (within 100 ms, or later when writing takes long)
   * and only its last form; give a function to build it only then. `durable`: written, fsynced and in the index when
   * this returns; for the end of the run, and states a person may act on. `now`: the same without fsync, for what a
   * power cut may take. Throws the system's error.
   */
  update(
    document: RunDocument | (() => RunDocument),
    options: { readonly durable?: boolean; readonly now?: boolean } = {},
  ): void {
    if (this.#closed) throw new Error(`The record of run ${this.id} is closed.`);
    const make = typeof document === 'function' ? document : () => document;
    if (options.durable === true || options.now === true) {
      this.#forget();
      const value = make();
      this.#write(value, options.durable === true);
      this.#tell(value);
      return;
    }
    this.#pending = make;
    const wait = this.#lastWrite + Math.max(MIN_PAUSE_MS, this.#lastCost * WRITE_SHARE) - Date.now();
    if (wait <= 0) {
      this.#flush();
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        try {
          this.#flush();
        } catch {
          // A full disk shows at the next durable update, which is not made in a timer and may throw.
        }
      }, wait);
      this.#timer.unref();
    }
  }

  /**
   * Ends the record. What was told last is written; a run whose status is final, or that waits for people and nobody
   * else, stops being a live one.
   */
  close(): void {
    if (this.#closed) return;
    try {
      this.#flush();
    } finally {
      this.#forget();
      this.#closed = true;
      open.delete(this.id);
      this.#stopBeating();
      closeSync(this.#events);
      this.#metrics.close();
    }
    const { status } = this.#low.data;
    if (status === 'waiting' || !LIVE_STATUSES.has(status)) rmSync(this.#marker, { force: true });
  }

  /** People may have marked it meanwhile. */
  #tell(document: RunDocument): void {
    this.#index.append(summarize(document, readMarks(this.folder)));
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = undefined;
  }

  #flush(): void {
    const make = this.#pending;
    if (make === undefined) return;
    this.#forget();
    this.#write(make(), false);
  }

  #write(document: RunDocument, durable: boolean): void {
    const begin = performance.now();
    this.#adapter.durable = durable;
    this.#low.data = document;
    this.#low.write();
    this.#lastCost = performance.now() - begin;
    this.#lastWrite = Date.now();
  }
}

interface MetricEvent {
  readonly type: 'metric-logged';
  readonly id: string;
  readonly key: string;
  readonly value: number;
  readonly step?: number;
  readonly at: string;
}

function isMetric(event: object): event is MetricEvent {
  return 'type' in event && event.type === 'metric-logged';
}
