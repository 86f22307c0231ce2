/**
 * The journal of a model or a package: one line per change, written and on the disk before anything else of the change. A line is in as
 * soon as its newline is; what a killed writer left without one was never said, and the next writer cuts it off.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { syncFolder } from '../../disk/atomic.js';
import { type LineFormat, lineOf, newerProblem, readLine, refusedLines } from '../../disk/line-format.js';
import { linesBackward, linesFrom } from '../../disk/lines.js';
import type { StoreProblem } from '../../disk/problem.js';
import type { HistoryEntry } from '../types.js';
import { openPlain } from '../../disk/plain-file.js';
import { statOf } from '../../disk/folder.js';

/** What every line of a journal has. */
export interface JournalEntry {
  readonly seq: number;
  readonly action: string;
}

/** Longer lines are refused: readers that go backward would take them for rubbish. */
export const MAX_ENTRY_BYTES = 900_000;

export class EntryTooLong extends Error {}

export interface JournalRead<E extends JournalEntry> {
  readonly entries: readonly E[];
  /** Where the last whole line ends. */
  readonly end: number;
  readonly problems: readonly StoreProblem[];
  /** One of the problems is that a newer Modelyard has written to it: what it comes to is not known. */
  readonly newer: boolean;
}

/** Of models, packages and environments. */
const JOURNAL_FORMAT: LineFormat = { name: 'the history', version: 1 };

/** What is read as one line, when it is one; the version of one that is newer. */
function parseEntry(line: string): JournalEntry | number | undefined {
  const read = readLine(JOURNAL_FORMAT, line);
  if (read.state === 'newer') return read.version;
  if (read.state === 'broken') return undefined;
  const { value } = read;
  return typeof value['seq'] === 'number' && 'action' in value
    ? (value as unknown as JournalEntry)
    : undefined;
}

/** @typeParam E the entries that its one writer appends; others are never in it */
export class Journal<E extends JournalEntry = HistoryEntry> {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** Bytes, 0 when there is none. A line that is being written counts. */
  size(): number {
    const stat = statOf(this.file);
    return stat?.isFile() === true ? stat.size : 0;
  }

  /** Why nothing may be appended: a newer Modelyard has, and what its entries come to is not known here. */
  refused(): StoreProblem | undefined {
    return refusedLines(JOURNAL_FORMAT, this.file);
  }

  /** The entries from a byte on, which is where a line begins. */
  readFrom(from: number): JournalRead<E> {
    const entries: E[] = [];
    const problems: StoreProblem[] = [];
    let newer = false;
    let at = from;
    for (;;) {
      const { lines, next } = linesFrom(this.file, at);
      if (next <= at) break;
      for (const line of lines) {
        const entry = parseEntry(line);
        if (entry === undefined) problems.push(this.#unreadable(line));
        else if (typeof entry === 'number') {
          if (!newer) problems.push(newerProblem(JOURNAL_FORMAT, this.file, entry));
          newer = true;
        } else entries.push(entry as E);
      }
      at = next;
    }
    return { entries, end: at, problems, newer };
  }

  #unreadable(line: string): StoreProblem {
    const message = `A line of the history ${this.file} can't be read and was left out: ${JSON.stringify(line.slice(0, 60))}.`;
    return { path: this.file, message };
  }

  /** The newest entry first; only lines that hold one of the texts are looked at, when any are given. */
  *backward(texts: readonly string[] = []): Generator<E, void, undefined> {
    let first = true;
    const whole = this.#endsWhole();
    for (const line of linesBackward(this.file)) {
      const torn = first && !whole;
      first = false;
      if (torn || (texts.length > 0 && !texts.some((text) => line.includes(text)))) continue;
      const entry = parseEntry(line);
      if (typeof entry === 'object') yield entry as E;
    }
  }

  #endsWhole(): boolean {
    const size = this.size();
    if (size === 0) return true;
    const fd = openPlain(this.file);
    try {
      const last = Buffer.alloc(1);
      readSync(fd, last, 0, 1, size - 1);
      return last[0] === 0x0a;
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Appends entries at `end`, which is where the last whole line ends, and waits for the disk. The caller holds the
   * model's lock. Gives the new end. Throws the system's error (full disk); then nothing was said.
   */
  append(entries: readonly E[], end: number): number {
    const lines = entries.map((entry) => Buffer.from(`${lineOf(JOURNAL_FORMAT, entry)}\n`));
    if (lines.some((line) => line.length > MAX_ENTRY_BYTES)) throw new EntryTooLong();
    const bytes = Buffer.concat(lines);
    const isNew = end === 0;
    const fd = openSync(this.file, isNew ? 'a' : 'r+');
    try {
      if (fstatSync(fd).size !== end) ftruncateSync(fd, end);
      try {
        let done = 0;
        while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, end + done);
        fsyncSync(fd);
      } catch (error) {
        ftruncateSync(fd, end);
        throw error;
      }
    } finally {
      closeSync(fd);
    }
    if (isNew) syncFolder(path.dirname(this.file));
    return end + bytes.length;
  }
}
