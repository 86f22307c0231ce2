/**
 * What people say of a run after it was begun: a star, tags, a note, that it is archived. A small document beside the run's own,
 * so that the process that runs it and people who mark it never write the same file.
 */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { isRecord } from '../../base/is-record.js';
import { checkTagKey, checkTagValue } from '../../definition/names/registry-names.js';
import { type DocumentKind, readDocument, updateShared } from '../disk/document.js';
import type { StoreProblem } from '../disk/problem.js';

/** Tags and notes of a run that an MLflow client has set are not among these. */
export interface RunMarks {
  readonly star?: true;
  /** Left out of lists, and kept. */
  readonly archived?: true;
  readonly note?: string;
  /** By key; a tag without a value has an empty one. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** What is to be different; what is not named stays. */
export interface MarksChange {
  readonly star?: boolean;
  readonly archived?: boolean;
  /** Empty: none any more. */
  readonly note?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Keys. */
  readonly untag?: readonly string[];
}

interface MarksDocument extends RunMarks {
  readonly schema: number;
}

const SCHEMA = 1;
/** Of one run. */
export const MOST_TAGS = 100;
/** Characters. */
export const LONGEST_NOTE = 10_000;

const marksKind: DocumentKind<MarksDocument> = {
  name: 'run marks',
  schema: SCHEMA,
  migrations: {},
  check: marksProblem,
};

/** What is wrong with something that is said to be marks; `undefined`: nothing. */
export function marksProblem(marks: Readonly<Record<string, unknown>>): string | undefined {
  const { star, archived, note, tags } = marks;
  if (star !== undefined && star !== true) return 'its star is neither set nor absent';
  if (archived !== undefined && archived !== true) return 'it is neither archived nor not';
  if (note !== undefined && typeof note !== 'string') return 'its note is no text';
  const isTags = isRecord(tags) && Object.values(tags).every((value) => typeof value === 'string');
  return tags === undefined || isTags ? undefined : 'its tags are not texts by key';
}

function marksFile(folder: string): string {
  return path.join(folder, 'marks.json');
}

/**
 * The marks of a run; none where they can't be read.
 *
 * @param folder of the run, absolute
 */
export function readMarks(folder: string): RunMarks {
  const loaded = readDocument(marksFile(folder), marksKind);
  return loaded.state === 'ok' ? marksOf(loaded.value) : {};
}

/** What is wrong with a change, in words; `undefined`: nothing. */
export function changeProblem({ note = '', tags = {} }: MarksChange): string | undefined {
  if (note.length > LONGEST_NOTE)
    return `The note has ${note.length} characters; at most ${LONGEST_NOTE} are allowed.`;
  for (const [key, value] of Object.entries(tags)) {
    for (const checked of [checkTagKey(key), checkTagValue(value)]) if (!checked.ok) return checked.message;
  }
  return undefined;
}

/** Marks with a change; the same object where it changes nothing. */
export function changed(marks: RunMarks, change: MarksChange): RunMarks {
  const gone = new Set(change.untag);
  const tags = new Map(Object.entries(marks.tags ?? {}).filter(([key]) => !gone.has(key)));
  for (const [key, value] of Object.entries(change.tags ?? {})) tags.set(key, value);
  const note = change.note ?? marks.note ?? '';
  const next = marksOf({
    ...((change.star ?? marks.star) === true ? { star: true } : {}),
    ...((change.archived ?? marks.archived) === true ? { archived: true } : {}),
    note,
    tags: Object.fromEntries(tags),
  });
  return JSON.stringify(next) === JSON.stringify(marks) ? marks : next;
}

/** Without what is empty, always in the same order. */
function marksOf({ star, archived, note = '', tags = {} }: RunMarks): RunMarks {
  return {
    ...defined({ star, archived }),
    ...(note === '' ? {} : { note }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}

/**
 * Writes a change down, durable.
 *
 * @param folder of the run, absolute; it exists
 */
export function writeMarks(
  folder: string,
  change: MarksChange,
): { readonly ok: true; readonly marks: RunMarks } | { readonly ok: false; readonly problem: StoreProblem } {
  const file = marksFile(folder);
  const refuse = (message: string): { ok: false; problem: StoreProblem } => ({
    ok: false,
    problem: { path: file, message },
  });
  const wrong = changeProblem(change);
  if (wrong !== undefined) return refuse(wrong);
  const found = { tooMany: false };
  const written = updateShared(file, marksKind, (current) => {
    const before = marksOf(current ?? {});
    const next = changed(before, change);
    found.tooMany = Object.keys(next.tags ?? {}).length > MOST_TAGS;
    return found.tooMany || next === before ? undefined : { schema: SCHEMA, ...next };
  });
  if (!written.ok) return written;
  if (found.tooMany) return refuse(`A run has at most ${MOST_TAGS} tags.`);
  return { ok: true, marks: marksOf(written.value ?? {}) };
}
