/** Of what type the fields of a line are that somebody else may have written. */
import { isRecord } from '../../base/is-record.js';
import { isHash } from '../content/objects.js';

/** What a field of a line has to be, where it is there. Of a line with another one nothing is taken. */
export type LineFields = Readonly<Record<string, (value: unknown) => boolean>>;

export const isText = (value: unknown): boolean => typeof value === 'string';
export const isFlag = (value: unknown): boolean => typeof value === 'boolean';
export const isTime = (value: unknown): boolean => typeof value === 'number';
export const isTexts = (value: unknown): boolean => isRecord(value) && Object.values(value).every(isText);
export const isList =
  (of: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(of);

/** Artifacts by their paths; `null` for one that is deleted. */
export const areArtifacts = (value: unknown): boolean =>
  isRecord(value) &&
  Object.values(value).every(
    (one) =>
      one === null ||
      (isRecord(one) && typeof one['hash'] === 'string' && isHash(one['hash']) && isTime(one['bytes'])),
  );

/** Whether a line is what it says it is: nothing that is read of it afterwards can be of another type. */
export function fits(fields: LineFields, line: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, is]) => line[name] === undefined || is(line[name]));
}
