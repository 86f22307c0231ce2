/** Mutexes of tasks: one holder at a time, in this run and in every other run of the project. */
import { delay } from '../../base/delay.js';
import { sha256 } from '../../stores/content/hash.js';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { renderTemplate } from '../../definition/expressions/evaluate.js';
import { type FileLock, tryLock } from '../../stores/disk/file-lock.js';
import { safeFileName } from '../../stores/layout.js';
import { underProjectLock } from './locks.js';
import { TaskScope } from '../resolve/scope.js';
import type { Seat } from '../execute/schedule.js';
import type { Session } from '../session.js';
import { beginWait, endWait, mutexNode } from './waits.js';

/** What another run holds is asked for so often. */
const POLL_MS = 100;

export interface MutexOptions {
  /** The run whose tasks ask, and those that it is a part of. */
  readonly runs: readonly [run: string, ...above: readonly string[]];
  /** Mutexes that the tasks hold which called this pipeline, and those above them. */
  readonly above: ReadonlySet<string>;
  readonly cancelled: AbortSignal;
  /** Wait for other runs; else a task whose mutex another run holds is refused. */
  readonly wait: boolean;
  /** Told once for each task that has to wait. */
  readonly onWait: (id: string, reason: string) => void;
}

export class Mutexes {
  readonly #session: Session;
  readonly #options: MutexOptions;
  readonly #held = new Map<string, { readonly holder: string; readonly lock: FileLock | undefined }>();
  readonly #byTask = new Map<string, string>();
  readonly #told = new Set<string>();
  readonly #refused = new Map<string, string>();
  /** Tasks that wait for another run, by the names under which that is written down. */
  readonly #waiting = new Map<string, string>();

  constructor(session: Session, options: MutexOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Why a task that was let through can't have its mutex, ever. */
  refusal(id: string): string | undefined {
    return this.#refused.get(id);
  }

  /** The mutexes that a pipeline called by this task finds held above it. */
  heldAbove(id: string): ReadonlySet<string> {
    const own = this.#byTask.get(id);
    return own === undefined ? this.#options.above : new Set([...this.#options.above, own]);
  }

  /** A seat that gives up the mutex, too, while its task waits for people. */
  around(id: string, seat: Seat): Seat {
    return {
      get grant() {
        return seat.grant;
      },
      lend: () => seat.lend(),
      claim: () => seat.claim(),
      leave: () => {
        this.release(id);
        seat.leave();
      },
      take: async () => {
        // The mutex first, as where a task starts: who held a place and polled could wait for a holder that needs the place.
        while (!this.#options.cancelled.aborted && !this.take(id)) await delay(POLL_MS);
        await seat.take();
      },
    };
  }

  /** Takes what the task asks for, if it is to be had now. One that never will be is let through, and `refusal` says why. */
  take(id: string): boolean {
    const name = this.#nameOf(id);
    if (name === undefined || this.#byTask.has(id)) return true;
    if (this.#options.above.has(name)) {
      return this.#refuse(
        id,
        `it would wait for ever: the mutex ${name} is held by the task that called this pipeline. Take the mutex out of one of the two`,
      );
    }
    const held = this.#held.get(name);
    if (held !== undefined) return this.#wait(id, `${held.holder} holds the mutex ${name}`);
    const { locks } = this.#session.layout;
    let lock: FileLock | undefined;
    try {
      mkdirSync(locks, { recursive: true });
      lock = tryLock(path.join(locks, `mutex-${safeFileName(name, sha256)}.lock`));
      if (lock === undefined) {
        const reason = `another run holds the mutex ${name}`;
        if (!this.#options.wait) return this.#refuse(id, reason);
        if (this.#mayWait(id, name)) return this.#wait(id, reason);
        return this.#refuse(
          id,
          `it would wait for ever: the mutex ${name} is held by a task that waits in turn for what this run keeps. Start them one after the other, or take the mutex out of one of the two`,
        );
      }
    } catch {
      // Where nothing can be written the run ends by itself; within it the mutex holds all the same.
    }
    this.#endWait(id);
    this.#held.set(name, { holder: id, lock });
    this.#byTask.set(id, name);
    return true;
  }

  release(id: string): void {
    const name = this.#byTask.get(id);
    if (name === undefined) return;
    this.#byTask.delete(id);
    this.#held.get(name)?.lock?.release();
    this.#held.delete(name);
  }

  /** The run ends, and waits for nothing any more. */
  close(): void {
    for (const id of [...this.#waiting.keys()]) this.#endWait(id);
  }

  /** Writes down what for, for whoever would close a circle. */
  #mayWait(id: string, name: string): boolean {
    if (this.#waiting.has(id)) return true;
    const { runs, above } = this.#options;
    const { layout } = this.#session;
    const who = `${runs[0]}~${safeFileName(id, sha256)}`;
    const kept = [who, ...runs, ...[...above].map(mutexNode)];
    const begun = underProjectLock(layout, () => beginWait(layout.locks, kept, mutexNode(name)));
    if (begun === true) this.#waiting.set(id, who);
    return begun !== false;
  }

  #endWait(id: string): void {
    const who = this.#waiting.get(id);
    if (who === undefined) return;
    this.#waiting.delete(id);
    endWait(this.#session.layout.locks, who);
  }

  #wait(id: string, reason: string): false {
    if (!this.#told.has(id)) this.#options.onWait(id, reason);
    this.#told.add(id);
    return false;
  }

  #refuse(id: string, reason: string): true {
    this.#refused.set(id, reason);
    return true;
  }

  /** A name that can't be evaluated is no mutex; the task then fails by itself, with the reason. */
  #nameOf(id: string): string | undefined {
    const instance = this.#session.graph.byId.get(id);
    if (instance?.task.mutex === undefined) return undefined;
    const scope = new TaskScope(this.#session.facts, instance);
    const name = renderTemplate(instance.task.mutex, scope, 'plain');
    return name.kind === 'value' && name.value.trim() !== '' ? name.value.trim() : undefined;
  }
}
