/** A file of lines that several processes append to and each keeps read: the state that the lines come to is in memory. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { writeFully } from '../disk/atomic.js';
import { ensureMemory, folderIn } from '../layout.js';
import type { Layout } from '../layout.js';
import { StoreError } from '../runs/runs.js';
import { withLock } from '../disk/file-lock.js';
import { fits, type LineFields } from './line-fields.js';
import { type LineFormat, lineOf, refusedLines, valueOf } from '../disk/line-format.js';
import { endLastLine, linesFrom } from '../disk/lines.js';

/** Whoever changes something holds the lock for a fraction of a ms. */
const LOCK_MS = 20_000;

export class LineLog {
  readonly file: string;
  readonly #layout: Layout;
  readonly #format: LineFormat;
  readonly #fields: LineFields;
  readonly #take: (line: Readonly<Record<string, unknown>>) => void;
  #from = 0;

  /** @param name of the file in the folder `tracking` of the memory
   * @param fields what may stand in a line
   * @param take gets every line once, in their order */
  constructor(
    layout: Layout,
    name: string,
    format: LineFormat,
    fields: LineFields,
    take: (line: Readonly<Record<string, unknown>>) => void,
  ) {
    this.#layout = layout;
    this.file = path.join(folderIn(layout.memory, 'tracking'), name);
    this.#format = format;
    this.#fields = fields;
    this.#take = take;
  }

  /** Takes in what was appended since, by whomever. */
  catchUp(): void {
    for (;;) {
      const { lines, next } = linesFrom(this.file, this.#from);
      if (next === this.#from) return;
      this.#from = next;
      for (const line of lines) {
        const value = valueOf(this.#format, line);
        if (value !== undefined && fits(this.#fields, value)) this.#take(value);
      }
    }
  }

  /**
   * Looks, decides and appends with all other processes waiting. The lines are there when this returns, and are taken.
   * Throws the system's error, and one for a file that a newer Modelyard has written, or that stays locked.
   */
  change<T>(decide: () => { readonly value: T; readonly lines: readonly object[] }): T {
    const memory = ensureMemory(this.#layout);
    if (!memory.ok) throw new StoreError(memory.problem);
    mkdirSync(path.dirname(this.file), { recursive: true });
    const done = withLock(`${this.file}.lock`, LOCK_MS, () => {
      const refused = refusedLines(this.#format, this.file);
      if (refused !== undefined) throw new StoreError(refused);
      this.catchUp();
      const { value, lines } = decide();
      if (lines.length > 0) this.#append(lines);
      return value;
    });
    if (!done.ok) {
      const message = `${this.file} is locked by another process. Try again.`;
      throw new StoreError({ path: this.file, message });
    }
    this.catchUp();
    return done.value;
  }

  #append(lines: readonly object[]): void {
    endLastLine(this.file);
    const fd = openSync(this.file, 'a');
    try {
      writeFully(fd, Buffer.from(`${lines.map((line) => lineOf(this.#format, line)).join('\n')}\n`));
    } finally {
      closeSync(fd);
    }
  }
}
