/** What expressions of a task took from elsewhere, and how it is written into the task's fingerprint. */
import { display } from '../../base/json.js';
import type { Json } from '../../definition/definition.js';
import type { FingerprintPart } from '../../stores/runs/document.js';

export type Used =
  | {
      readonly kind: 'value';
      readonly context: string;
      readonly path: readonly string[];
      readonly value: Json;
    }
  | { readonly kind: 'task'; readonly task: string; readonly path: readonly string[]; readonly value: Json }
  | { readonly kind: 'model'; readonly reference: string; readonly version: string; readonly hash: string }
  | { readonly kind: 'package'; readonly reference: string; readonly version: string; readonly hash: string }
  | { readonly kind: 'files'; readonly globs: readonly string[]; readonly hash: string };

/** An output of another task. */
export interface UsedOutput {
  readonly task: string;
  readonly output: string;
  /** Its path; a list where it is a glob, or where the cells of a matrix differ. */
  readonly value: Json;
}

/** Only where it is one. */
export function outputOf(used: Used): UsedOutput | undefined {
  if (used.kind !== 'task') return undefined;
  const { task, path, value } = used;
  const [member, ...output] = path;
  return member === 'outputs' && output.length > 0 ? { task, output: output.join('.'), value } : undefined;
}

/** Its value as a person reads it. */
export function wordsOf(used: Used): string {
  return used.kind === 'model' ? `version ${used.version}` : valueOf(used);
}

const HASH_LENGTH = 12;

/** How it is called in the fingerprint: two with the same head are one. */
export function headOf(used: Used): Omit<FingerprintPart, 'value'> {
  switch (used.kind) {
    case 'value': {
      const { context, path } = used;
      const name = path.join('.');
      if (context === 'params') return { kind: 'param', name: name === '' ? 'all' : name };
      if (context === 'env') return { kind: 'env', name };
      return { kind: context === 'matrix' ? 'param' : 'upstream', name: `${context}.${name}` };
    }
    case 'task': {
      const { task, path } = used;
      const own = path.length === 1 && path[0] === 'fingerprint' ? { task } : {};
      return { kind: 'upstream', name: ['tasks', task, ...path].join('.'), ...own };
    }
    case 'model':
      return { kind: 'model', name: used.reference };
    case 'package':
      return { kind: 'upstream', name: `packages.${used.reference}` };
    case 'files':
      return { kind: 'input', name: `hashFiles(${used.globs.join(', ')})` };
  }
}

function valueOf(used: Used): string {
  switch (used.kind) {
    case 'value':
    case 'task':
      return display(used.value);
    case 'model':
      return `${used.version} ${used.hash}`;
    case 'package':
      // A number is never used twice, but another clone counts for itself.
      return `version ${used.version} (${used.hash.replace(/^.*:/, '').slice(0, HASH_LENGTH)})`;
    case 'files':
      return used.hash;
  }
}

export function partOf(used: Used): FingerprintPart {
  return { ...headOf(used), value: valueOf(used) };
}
