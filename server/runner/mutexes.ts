/** Mutexes of tasks: one holder at a time, in this run and in every other run of the project. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { renderTemplate } from '../model/evaluate.js';
import { type FileLock, tryLock } from '../stores/file-lock.js';
import { safeFileName } from '../stores/layout.js';
import { TaskScope } from './scope.js';
import type { Session } from './session.js';

export class Mutexes {
  readonly #session: Session;
  readonly #onWait: (id: string, reason: string) => void;
  readonly #held = new Map<string, { readonly holder: string; readonly lock: FileLock | undefined }>();
  readonly #byTask = new Map<string, string>();
  readonly #told = new Set<string>();

  /** @param onWait told once for each task that has to wait */
  constructor(session: Session, onWait: (id: string, reason: string) => void) {
    this.#session = session;
    this.#onWait = onWait;
  }

  /** Takes what the task asks for, if it is to be had now. */
  take(id: string): boolean {
    const name = this.#nameOf(id);
    if (name === undefined) return true;
    const held = this.#held.get(name);
    if (held !== undefined) return this.#wait(id, `${held.holder} holds the mutex ${name}`);
    const { locks } = this.#session.layout;
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    let lock: FileLock | undefined;
    try {
      mkdirSync(locks, { recursive: true });
      lock = tryLock(path.join(locks, `mutex-${safeFileName(name, hash)}.lock`));
      if (lock === undefined) return this.#wait(id, `another run holds the mutex ${name}`);
    } catch {
      // Where nothing can be written the run ends by itself; within it the mutex holds all the same.
    }
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

  #wait(id: string, reason: string): false {
    if (!this.#told.has(id)) this.#onWait(id, reason);
    this.#told.add(id);
    return false;
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
