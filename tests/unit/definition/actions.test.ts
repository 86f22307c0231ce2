/** Whoever adds an action is led to every place by the compiler. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { broken } from '../../support/compile.js';

const withKind = (text: string): string =>
  text.replace('  | TrainingSetAction;', "  | TrainingSetAction\n  | { readonly kind: 'made-up' };");

test('the compiler names every place that a new action needs', () => {
  const places = [
    'server/definition/actions.ts',
    'server/definition/read/read-task.ts',
    'server/definition/schema/actions/actions.ts',
    'server/runner/actions/plans.ts',
    'server/runner/actions/index.ts',
    'server/language/views/pipelines/view.ts',
  ];
  assert.deepEqual(broken(places, { 'server/definition/definition.ts': withKind }), places);
});

test('and the icon, when the editor hears of it', () => {
  const wire = (text: string): string => text.replace("  | 'pipeline';", "  | 'pipeline'\n  | 'made-up';");
  const icon = 'extension/pipelines/rows.ts';
  assert.deepEqual(broken([icon], { 'server/protocol/index.ts': wire }), [icon]);
});
