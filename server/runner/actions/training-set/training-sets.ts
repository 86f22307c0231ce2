/** Which training set stands behind an artifact of the run, and what it says about the model that learned from it. */
import { defined } from '../../../base/defined.js';
import { readTrainingSet, type TrainingSetDocument } from '../../../features/training/document.js';
import type { Instance } from '../../../definition/graph/graph.js';
import type { FeatureReference, Signature, SignatureField } from '../../../stores/registry/types.js';
import type { Session } from '../../session.js';

export interface LearnedFrom {
  readonly features: FeatureReference;
  readonly signature: Signature;
}

/**
 * @param behind the tasks that the artifact comes from, in the order in which they ran; of several training sets the last
 *   one counts
 */
export function learnedFrom(session: Session, behind: readonly Instance[]): LearnedFrom | undefined {
  const { features } = session;
  if (features === undefined) return undefined;
  for (const instance of [...behind].reverse()) {
    const { action } = instance.task;
    if (action?.kind !== 'training-set') continue;
    const path = instance.outputs.find(({ text }) => text === action.output)?.path;
    const hash = path === undefined ? undefined : hashOf(session, behind, path);
    if (path === undefined || hash === undefined) continue;
    const found = readTrainingSet(features.store.folder, hash);
    if (found.state !== 'ok') continue;
    const service = action.service === undefined ? undefined : found.value.service;
    return {
      features: { ...defined({ service }), trainingSet: { path, hash } },
      signature: signatureOf(found.value),
    };
  }
  return undefined;
}

/** As those that learned from it have read it, and not as it may have become since. */
function hashOf(session: Session, behind: readonly Instance[], path: string): string | undefined {
  for (const instance of behind) {
    const read = session.result(instance)?.inputs.find((input) => input.path === path);
    if (read !== undefined) return read.hash;
  }
  const now = session.workspace.peek(path);
  return now.ok ? now.records[0]?.hash : undefined;
}

/** Features go in; what the labels have beside keys and time comes out. */
function signatureOf({ columns }: TrainingSetDocument): Signature {
  const fields = (role: 'feature' | 'label'): SignatureField[] =>
    columns
      .filter((column) => column.role === role)
      .map(({ name, type, nulls }) => ({ name, type: signatureType(type), required: nulls === 0 }));
  return { inputs: fields('feature'), outputs: fields('label'), source: 'training-set' };
}

/** DuckDB's type in the words of a signature. */
function signatureType(type: string): string {
  if (/^U?(TINYINT|SMALLINT)$|^INTEGER$/.test(type)) return 'integer';
  if (/^(UINTEGER|U?BIGINT|U?HUGEINT)$/.test(type)) return 'long';
  if (type === 'FLOAT') return 'float';
  if (type === 'DOUBLE' || type.startsWith('DECIMAL')) return 'double';
  if (type === 'BOOLEAN') return 'boolean';
  if (type === 'DATE') return 'date';
  return type.startsWith('TIMESTAMP') ? 'timestamp' : 'string';
}
