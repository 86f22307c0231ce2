/**
 * Versions of files of JSON lines. Every line says which version of its format it is of (`v`), because a file may be
 * appended to by several processes and by one Modelyard after the other. Lines of older versions are migrated as they
 * are read; a file with newer ones is refused and left as it is.
 */
import { jsonText, parseJson } from '../../base/json.js';
import { linesBackward } from './lines.js';
import type { StoreProblem } from './problem.js';

export type RawLine = Readonly<Record<string, unknown>>;

export interface LineFormat {
  /** In messages: `the index of runs`. */
  readonly name: string;
  /** What this Modelyard writes. A line that says none is of version 1: Modelyard 0.1.0 wrote them that way. */
  readonly version: number;
  /** `migrations[n]` makes a line of version n+1 from one of version n. Without one the lines of n can't be used. */
  readonly migrations?: Readonly<Record<number, (old: RawLine) => RawLine>>;
  /** All numbers are measurements of ours: no digits of a person's have to be kept, and none comes as a `Numeral`. */
  readonly measured?: true;
}

/** A line as it was read: its value in the current form, without `v`. */
export type ReadLine =
  | { readonly state: 'ok'; readonly value: RawLine; readonly version: number }
  /** Cut off by a kill or a full disk, no object, or of a version that nothing migrates. */
  | { readonly state: 'broken' }
  | { readonly state: 'newer'; readonly version: number };

const BROKEN: ReadLine = { state: 'broken' };

/** Up to so many lines at the end of a file may be torn before the version of the others is looked for no longer. */
const TORN_AT_MOST = 100;

/** @param value an object; as JSON, on one line without its newline */
export function lineOf(format: LineFormat, value: object): string {
  const text = jsonText(value);
  return `{"v":${format.version}${text === '{}' ? '' : ','}${text.slice(1)}`;
}

/** Never throws. */
export function readLine(format: LineFormat, text: string): ReadLine {
  let parsed: unknown;
  try {
    parsed = format.measured === true ? JSON.parse(text) : parseJson(text);
  } catch {
    return BROKEN;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return BROKEN;
  const { v: version = 1, ...rest } = parsed as RawLine;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) return BROKEN;
  if (version > format.version) return { state: 'newer', version };
  let value: RawLine = rest;
  for (let from = version; from < format.version; from++) {
    const migrate = format.migrations?.[from];
    if (migrate === undefined) return BROKEN;
    value = migrate(value);
  }
  return { state: 'ok', value, version };
}

/** The value of a line; `undefined` for one that is broken, or newer than what this Modelyard knows. */
export function valueOf(format: LineFormat, text: string): RawLine | undefined {
  const read = readLine(format, text);
  return read.state === 'ok' ? read.value : undefined;
}

/** Says that a file has lines of a newer version, and what to do. */
export function newerProblem(format: LineFormat, file: string, version: number): StoreProblem {
  const message = `${file} was written by a newer Modelyard (version ${version} of ${format.name}, this one knows ${format.version}). Update Modelyard to use it; it was left as it is.`;
  return { path: file, message };
}

/** The version of a file's last whole line; `undefined` where there is none. */
export function lastVersion(format: LineFormat, file: string): number | undefined {
  let torn = 0;
  for (const text of linesBackward(file)) {
    const read = readLine(format, text);
    if (read.state !== 'broken') return read.version;
    if (++torn > TORN_AT_MOST) break;
  }
  return undefined;
}

/**
 * Why a file is not used: its last whole line is of a newer version. Looks at no others, because whoever appends asks
 * this before. `undefined` where there is no file.
 */
export function refusedLines(format: LineFormat, file: string): StoreProblem | undefined {
  const version = lastVersion(format, file);
  return version === undefined || version <= format.version ? undefined : newerProblem(format, file, version);
}
