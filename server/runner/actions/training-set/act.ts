/** The action `training-set`: labels joined with features as they were known at the time of each label. */
import { defined } from '../../../base/defined.js';
import { buildTrainingSet } from '../../../features/training/build.js';
import type { TrainingSetDocument } from '../../../features/training/document.js';
import type { TrainingSetTask } from './resolve.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function trainingSetAction(
  context: ActionContext,
  wanted: TrainingSetTask,
): Promise<ActionOutcome> {
  const { task, session, signal, root } = context;
  const { features } = session;
  const chosen = features?.chosen(task.id);
  if (features === undefined || chosen === undefined) {
    throw new Error('a training-set task was started before its features were chosen');
  }
  if (!chosen.ok) return { ok: false, error: chosen.message };
  const labels = await session.workspace.read(wanted.labels, signal);
  if (context.signal.aborted) return { ok: false };
  const record = labels.ok ? labels.records[0] : undefined;
  if (!labels.ok || record === undefined) {
    return { ok: false, error: labels.ok ? `${wanted.labels} is empty` : labels.message };
  }
  const built = await buildTrainingSet({
    root,
    store: features.store,
    labels: wanted.labels,
    labelsHash: record.hash,
    reading: wanted.labelsReading,
    ...defined({ timestamp: wanted.timestamp, service: wanted.service }),
    views: chosen.value,
    output: wanted.output,
    createdCutoff: wanted.createdCutoff,
    fullNames: wanted.fullNames,
    signal,
  });
  if (built.ok) {
    for (const note of built.document.notes ?? []) context.say(`warning: ${note}`);
    return { ok: true, note: noteOf(built.document) };
  }
  return built.kind === 'cancelled' ? { ok: false } : { ok: false, error: built.message };
}

/** `1,455 rows, 21 features (weather 3); 2 features have no value in some rows`. */
function noteOf({ rows, columns, views, notes = [] }: TrainingSetDocument): string {
  const features = columns.filter(({ role }) => role === 'feature');
  const partly = features.filter(({ nulls }) => nulls > 0).length;
  const versions = views.map(({ view, version }) => `${view} ${version}`).join(', ');
  const count = (number: number, word: string): string =>
    `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
  const missing = partly === 0 ? '' : `; values are missing in ${count(partly, 'feature')}`;
  const told = notes.map((note) => `; ${note.replace(/\.$/, '')}`).join('');
  return `${count(rows, 'row')}, ${count(features.length, 'feature')} (${versions})${missing}${told}`;
}
