/** The reader of a run's events that keeps its record: events, document, logs. */
import { closeSync, openSync } from 'node:fs';
import { writeFully } from '../../stores/disk/atomic.js';
import { describeError } from '../../stores/disk/problem.js';
import type { RunDocument } from '../../stores/runs/document.js';
import { type RunWriter, taskLogName } from '../../stores/runs/runs.js';
import type { RunEvent } from '../../stores/runs/events.js';
import { RunReducer } from '../../stores/runs/reducer.js';

const ASKING: ReadonlySet<RunEvent['type']> = new Set([
  'approval-requested',
  'approval-answered',
  'run-waiting',
]);

/** A bound for the memory of held events, and for what a kill can take. */
const MOST_HELD = 64;

export class Recorder {
  readonly #writer: RunWriter;
  readonly #reducer: RunReducer;
  readonly #logs = new Map<string, number>();
  readonly #onProblem: (message: string) => void;
  #problem: string | undefined;
  /** Events that are not written yet: what was found to be up to date comes in hundreds and is written in one go. */
  #held: RunEvent[] = [];
  #timer: NodeJS.Immediate | undefined;

  /** @param onProblem called once when the record can't be written (a full disk); the run should then end. */
  constructor(writer: RunWriter, document: RunDocument, onProblem: (message: string) => void) {
    this.#writer = writer;
    this.#reducer = new RunReducer(document);
    this.#onProblem = onProblem;
  }

  /** The first thing that went wrong, if anything did. */
  get problem(): string | undefined {
    return this.#problem;
  }

  take(event: RunEvent): void {
    try {
      this.#take(event);
    } catch (error) {
      this.#fail(error);
    }
  }

  setGit(git: NonNullable<RunDocument['git']>): void {
    this.#reducer.setGit(git);
  }

  /** Writes the end of the run. @param durable so that it survives a power cut: where something was done at all */
  close(durable: boolean): void {
    for (const descriptor of this.#logs.values()) closeSync(descriptor);
    this.#logs.clear();
    try {
      this.#flush();
      this.#writer.update(this.#reducer.document(), durable ? { durable } : { now: true });
    } catch (error) {
      this.#fail(error);
    }
    try {
      this.#writer.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(event: RunEvent): void {
    if (event.type === 'task-output') {
      this.#log(event.id, event.chunk);
      return;
    }
    this.#reducer.apply(event);
    // Nothing more can be written; the document in memory still says how the tasks end.
    if (this.#problem !== undefined) return;
    this.#held.push(event);
    // What happened to a task's processes has to be known even if this one is killed right now.
    if (event.type !== 'task-planned' && event.type !== 'task-ended') this.#flush();
    else if (this.#held.length >= MOST_HELD) this.#flush();
    else this.#timer ??= setImmediate(() => this.#flushSafely());
    if (event.type === 'task-ended') this.#closeLog(event.id);
    // People act on it: it has to be in the lists, and to survive.
    if (ASKING.has(event.type)) this.#writer.update(this.#reducer.document(), { durable: true });
    // The end is written by `close`, when all is known.
    else if (event.type !== 'run-ended') this.#writer.update(() => this.#reducer.document());
  }

  #flushSafely(): void {
    try {
      this.#flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  #flush(): void {
    if (this.#timer !== undefined) clearImmediate(this.#timer);
    this.#timer = undefined;
    const events = this.#held;
    this.#held = [];
    if (events.length > 0 && this.#problem === undefined) this.#writer.append(...events);
  }

  #log(id: string, chunk: Buffer): void {
    let descriptor = this.#logs.get(id);
    if (descriptor === undefined) {
      descriptor = openSync(this.#writer.logPath(id), 'a');
      this.#logs.set(id, descriptor);
      this.#reducer.setLog(id, taskLogName(id));
    }
    writeFully(descriptor, chunk);
  }

  #closeLog(id: string): void {
    const descriptor = this.#logs.get(id);
    if (descriptor !== undefined) closeSync(descriptor);
    this.#logs.delete(id);
  }

  #fail(error: unknown): void {
    if (this.#problem !== undefined) return;
    this.#problem = `the record of the run can't be written: ${describeError(error)}`;
    this.#onProblem(this.#problem);
  }
}
