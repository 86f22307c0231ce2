/**
 * Metrics as they were logged while a run went on: lines that only grow, one file a run. Never in a document: a series
 * of a million points would be written again with each of them.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { writeFully } from '../disk/atomic.js';
import { type LineFormat, lineOf, newerProblem, readLine } from '../disk/line-format.js';
import { linesFrom } from '../disk/lines.js';
import type { StoreProblem } from '../disk/problem.js';

/** Rows are as short as can be: the version is said once, by a line before them. Modelyard 0.1.0 wrote none. */
const METRICS_FORMAT: LineFormat = { name: 'the logged metrics of a run', version: 1 };

export interface MetricPoint {
  readonly step: number;
  readonly value: number;
  /** UTC, ISO 8601. */
  readonly at: string;
}

/** A point, and what it is a point of. */
export interface LoggedPoint extends MetricPoint {
  /** Id of the task in the run. */
  readonly task: string;
  readonly key: string;
}

export interface LoggedSeries {
  /** Id of the task in the run. */
  readonly task: string;
  readonly key: string;
  readonly points: readonly MetricPoint[];
  /** How many were logged; more than `points` holds when it was thinned out. */
  readonly total: number;
}

/** The writing end; belongs to the process that runs the run. The file is made with the first point. */
export class MetricLog {
  readonly file: string;
  #fd: number | undefined;
  /** Steps of points that were logged without one: counted per series. */
  readonly #steps = new Map<string, number>();

  constructor(file: string) {
    this.file = file;
  }

  /** `step` is the number of the point in its series when absent. Throws the system's error (full disk). */
  append(task: string, key: string, value: number, step: number | undefined, at: string): void {
    const series = `${task}\0${key}`;
    const number = step ?? this.#steps.get(series) ?? 0;
    this.#steps.set(series, number + 1);
    this.write([{ task, key, value, step: number, at }]);
  }

  /** Points that all have a step, in one write. Gives how many bytes that were. Throws the system's error. */
  write(points: readonly LoggedPoint[]): number {
    if (points.length === 0) return 0;
    let text = '';
    if (this.#fd === undefined) {
      this.#fd = openSync(this.file, 'a');
      if (fstatSync(this.#fd).size === 0) text = `${lineOf(METRICS_FORMAT, {})}\n`;
    }
    for (const { task, key, value, step, at } of points) {
      // JSON has no words for these three; as strings they survive.
      const stored = Number.isFinite(value) ? value : String(value);
      text += `${JSON.stringify([task, key, step, stored, at])}\n`;
    }
    const bytes = Buffer.from(text);
    writeFully(this.#fd, bytes);
    return bytes.length;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function parseRow(line: string): LoggedPoint | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(row)) return undefined;
  const [task, key, step, value, at] = row as unknown[];
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof task !== 'string' || typeof key !== 'string' || typeof step !== 'number') return undefined;
  if (typeof number !== 'number' || typeof at !== 'string') return undefined;
  return { task, key, step, value: number, at };
}

/** The points of a file from a byte on, piece by piece; `next` is where to go on. What is broken is left out. */
export function* pointsFrom(
  file: string,
  start: number,
): Generator<{ readonly points: readonly LoggedPoint[]; readonly next: number }> {
  for (let from = start; ;) {
    const { lines, next } = linesFrom(file, from);
    if (next === from) return;
    from = next;
    yield { points: lines.flatMap((line) => parseRow(line) ?? []), next };
  }
}

/**
 * A bounded view of a series while it is read: points fall into equal stretches of which the lowest and the highest are
 * kept, so that a spike is still seen. When the stretches run out, they are made twice as long. Memory is bounded by
 * `maxPoints`, whatever the length of the file.
 */
class Thinned {
  total = 0;
  #width = 1;
  #points: MetricPoint[] = [];
  #pending: MetricPoint[] = [];
  #last: MetricPoint | undefined;
  readonly #max: number;

  constructor(max: number) {
    this.#max = Math.max(4, max);
  }

  add(point: MetricPoint): void {
    this.total += 1;
    this.#last = point;
    this.#pending.push(point);
    if (this.#pending.length < this.#width) return;
    this.#points.push(...extremes(this.#pending));
    this.#pending = [];
    if (this.#points.length >= this.#max) {
      this.#width = this.#width === 1 ? 4 : this.#width * 2;
      const kept: MetricPoint[] = [];
      for (let at = 0; at < this.#points.length; at += 4)
        kept.push(...extremes(this.#points.slice(at, at + 4)));
      this.#points = kept;
    }
  }

  points(): MetricPoint[] {
    const points = [...this.#points, ...extremes(this.#pending)];
    const last = this.#last;
    if (last !== undefined && points[points.length - 1] !== last) points.push(last);
    return points;
  }
}

/** The lowest and the highest of some points, in their order; NaN is neither. */
function extremes(points: readonly MetricPoint[]): MetricPoint[] {
  const [first] = points;
  if (first === undefined) return [];
  let low = first;
  let high = first;
  for (const point of points) {
    if (point.value < low.value || Number.isNaN(low.value)) low = point;
    if (point.value > high.value || Number.isNaN(high.value)) high = point;
  }
  if (low === high) return [low];
  return points.indexOf(low) < points.indexOf(high) ? [low, high] : [high, low];
}

/** Why a file is not read: a newer Modelyard has written it. */
export function refusedMetrics(file: string): StoreProblem | undefined {
  const [first] = linesFrom(file, 0, 1).lines;
  const read = first === undefined ? undefined : readLine(METRICS_FORMAT, first);
  return read?.state === 'newer' ? newerProblem(METRICS_FORMAT, file, read.version) : undefined;
}

/** The series of a file in the order in which they first appear, each of at most about `maxPoints` points. */
export function readMetricLog(
  file: string,
  options: { readonly task?: string; readonly key?: string; readonly maxPoints?: number } = {},
): LoggedSeries[] {
  const series = new Map<string, { task: string; key: string; thinned: Thinned }>();
  for (const piece of pointsFrom(file, 0)) {
    for (const { task, key, step, value, at } of piece.points) {
      if (options.task !== undefined && options.task !== task) continue;
      if (options.key !== undefined && options.key !== key) continue;
      const name = `${task}\0${key}`;
      let entry = series.get(name);
      if (entry === undefined) {
        entry = { task, key, thinned: new Thinned(options.maxPoints ?? 2_000) };
        series.set(name, entry);
      }
      entry.thinned.add({ step, value, at });
    }
  }
  return [...series.values()].map(({ task, key, thinned }) => ({
    task,
    key,
    points: thinned.points(),
    total: thinned.total,
  }));
}
