/**
 * How each task of a pipeline ended when it last succeeded: its fingerprint, to say what changed since, and what it put
 * out, to see that it is still there. Derived from the runs and may be deleted: tasks then run or are restored once.
 *
 * Lines that are appended, the last one of a task wins; so a killed process loses at most the line it was writing.
 */
import { sha256 } from '../../stores/content/hash.js';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { type Layout, safeFileName } from '../../stores/layout.js';
import { type LineFormat, lineOf, newerProblem, readLine } from '../../stores/disk/line-format.js';
import type { StoreProblem } from '../../stores/disk/problem.js';
import type { FingerprintRecord, TaskOutcome } from '../../stores/runs/document.js';
import { listsFolder, withLists, withoutLists } from '../../stores/content/long-lists.js';
import { readPlainText } from '../../stores/disk/plain-file.js';
import { statOf } from '../../stores/disk/folder.js';

export interface TaskState extends TaskOutcome {
  /** Of the instance. */
  readonly id: string;
  readonly fingerprint: FingerprintRecord;
  /** The run that made the outputs. */
  readonly run: string;
  /** Why it has to run again although nothing has changed since: an input was changed while it ran. */
  readonly stale?: string;
  /** Outputs that are links which the task made: what each says, by its path. */
  readonly links?: Readonly<Record<string, string>>;
  /** How long it worked the last few times, in ms, the last one first. Not: when its result came from the cache. */
  readonly tookMs?: readonly number[];
}

/** So many times are remembered. */
const MOST_TIMES = 5;

const STATES_FORMAT: LineFormat = { name: 'what tasks were last', version: 1 };

/** Content that was put out at a path. */
interface Recorded {
  readonly hash: string;
  /** What it says, where it is a link. */
  readonly link?: string;
}

/** How long a task will take, by how long it took: the longest, because who passes others by it must not hold them up. */
export function expectedMs(took: readonly number[]): number | undefined {
  return took.length === 0 ? undefined : Math.max(...took);
}

/** Lines beyond this many per task that is known are worth rewriting the file for. */
const SLACK = 3;
const TOUCH_MS = 60 * 60 * 1000;

/** Whether a line says what decisions are made from. */
function isState(value: unknown): value is TaskState {
  if (typeof value !== 'object' || value === null) return false;
  const { id, fingerprint, inputs, outputs, metrics, tookMs = [] } = value as Partial<TaskState>;
  return (
    typeof id === 'string' &&
    typeof fingerprint?.hash === 'string' &&
    [fingerprint.parts, inputs, outputs, tookMs].every((list) => Array.isArray(list)) &&
    typeof metrics === 'object'
  );
}

/** The folder of the states of all pipelines. */
export function statesFolder(layout: Layout): string {
  return path.join(layout.index, 'tasks');
}

/** Where the states of a pipeline lie, by the path of its definition. */
export function statesFile(layout: Layout, pipeline: string): string {
  return path.join(statesFolder(layout), `${safeFileName(pipeline, sha256)}.ndjson`);
}

export class TaskStates {
  readonly #file: string;
  readonly #lists: string;
  readonly #states = new Map<string, TaskState>();
  #recorded: Map<string, Recorded[]> | undefined;
  #lines = 0;
  /** A newer Modelyard has written the file: nothing of it counts, and nothing is added. */
  readonly refused: StoreProblem | undefined;
  readonly #keeps: boolean;

  /**
   * Reads what is there; lines that can't be read are left out.
   *
   * @param keeps whether what is put is written down, too
   */
  constructor(file: string, keeps = true) {
    this.#file = file;
    this.#keeps = keeps;
    this.#lists = listsFolder(path.resolve(file, '../../../runs'));
    let text = '';
    try {
      text = readPlainText(file);
    } catch {
      // There is none yet.
    }
    for (const line of text.split('\n')) {
      if (line === '') continue;
      this.#lines++;
      const read = readLine(STATES_FORMAT, line);
      if (read.state === 'newer') {
        this.refused = newerProblem(STATES_FORMAT, file, read.version);
        this.#states.clear();
        return;
      }
      const state: unknown = read.state === 'ok' ? read.value : undefined;
      if (isState(state)) this.#states.set(state.id, state);
    }
  }

  get(id: string): TaskState | undefined {
    const state = this.#states.get(id);
    return state === undefined ? undefined : this.#whole(state);
  }

  /** How long a task worked the last few times, in ms, the last one first; with one more, where it has just worked. */
  took(id: string, nowMs?: number): readonly number[] {
    const before = this.#states.get(id)?.tookMs ?? [];
    return (nowMs === undefined ? before : [nowMs, ...before]).slice(0, MOST_TIMES);
  }

  /** Every path at which tasks of the pipeline are known to have put something out. */
  paths(): readonly string[] {
    return this.#all().flatMap(({ outputs }) => outputs.map(({ path: file }) => file));
  }

  /** What tasks of the pipeline are known to have put out at a path. */
  recorded(file: string): readonly Recorded[] {
    if (this.#recorded === undefined) {
      this.#recorded = new Map();
      for (const state of this.#all()) this.#record(state);
    }
    return this.#recorded.get(file) ?? [];
  }

  #record({ outputs, links }: TaskState): void {
    for (const { path: file, hash } of outputs) {
      const link = links?.[file];
      const list = this.#recorded?.get(file) ?? [];
      list.push({ hash, ...defined({ link }) });
      this.#recorded?.set(file, list);
    }
  }

  /**
   * Whether cache entries are to be told again that they are of use: not at each run, because that takes a look at every
   * one of them. Gives true once an hour.
   */
  timeToTouch(): boolean {
    const marker = `${this.#file}.touched`;
    const last = statOf(marker)?.mtimeMs ?? 0;
    if (Date.now() - last < TOUCH_MS) return false;
    try {
      mkdirSync(path.dirname(marker), { recursive: true });
      writeFileSync(marker, '');
    } catch {
      // Then they are told more often.
    }
    return true;
  }

  /** Remembers a success. A disk that is full costs the memory, not the run. */
  put(state: TaskState): void {
    this.#states.set(state.id, state);
    this.#record(state);
    if (this.refused !== undefined || !this.#keeps) return;
    this.#lines++;
    if (this.#lines > 100 && this.#lines > SLACK * this.#states.size && this.#compacted()) return;
    // The break in front ends a line that a killed process left torn.
    const line = `\n${this.#textOf(state)}\n`;
    try {
      appendFileSync(this.#file, line);
    } catch {
      try {
        mkdirSync(path.dirname(this.#file), { recursive: true });
        appendFileSync(this.#file, line);
      } catch {
        // Only an index: the next run finds the result in the cache or makes it again.
      }
    }
  }

  #all(): TaskState[] {
    return [...this.#states.values()].flatMap((state) => this.#whole(state) ?? []);
  }

  /** With its long lists. Without them it says nothing: a task must not count as up to date because its outputs are unknown. */
  #whole(state: TaskState): TaskState | undefined {
    const whole = withLists(state, this.#lists);
    return whole.lost === undefined ? whole : undefined;
  }

  #textOf(state: TaskState): string {
    return lineOf(STATES_FORMAT, withoutLists(state, this.#lists));
  }

  #compacted(): boolean {
    try {
      writeAtomic(this.#file, [...this.#states.values()].map((state) => `${this.#textOf(state)}\n`).join(''));
      this.#lines = this.#states.size;
      return true;
    } catch {
      // It stays as long as it is.
      return false;
    }
  }
}
