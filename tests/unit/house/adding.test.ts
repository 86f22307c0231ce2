/** Whoever adds something is led to every place by the compiler (docs/development/architecture.md has the recipes). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { broken } from '../../support/compile.js';

const DEFINITION = 'server/definition/definition.ts';

/** @param changes what is written first, as a text and what it becomes, by file; @param places all that then don't compile */
function check(
  changes: Readonly<Record<string, readonly [before: string, after: string]>>,
  places: readonly string[],
): void {
  const edits = Object.entries(changes).map(
    ([file, [before, after]]) => [file, (text: string) => text.replace(before, after)] as const,
  );
  assert.deepEqual(broken(places, Object.fromEntries(edits)), places);
}

test('an action', () => {
  check(
    { [DEFINITION]: ['  | TrainingSetAction;', "  | TrainingSetAction\n  | { readonly kind: 'made-up' };"] },
    [
      'server/definition/actions.ts',
      'server/definition/read/read-task.ts',
      'server/definition/schema/actions/actions.ts',
      'server/runner/actions/plans.ts',
      'server/runner/actions/index.ts',
      'server/language/views/pipelines/view.ts',
    ],
  );
});

test('the icon of an action, when the editor hears of it', () => {
  check({ 'server/protocol/index.ts': ["  | 'pipeline';", "  | 'pipeline'\n  | 'made-up';"] }, [
    'extension/pipelines/rows.ts',
  ]);
});

test('an executor', () => {
  check(
    {
      [DEFINITION]: [
        'export type ExecutorSettings =',
        "export type ExecutorSettings =\n  | { readonly name: string; readonly type: 'made-up' }\n  |",
      ],
      'server/definition/executors.ts': ["'slurm'] as const", "'slurm', 'made-up'] as const"],
    },
    ['server/definition/schema/project.ts', 'server/runner/executors/executors.ts'],
  );
});

test('a dialect', () => {
  check(
    {
      [DEFINITION]: ['export type FileKind =', "export type FileKind =\n  | 'made-up'\n  |"],
      'server/definition/dialects/dialect.ts': [
        'export type Definition =',
        "export type Definition =\n  | (DefinitionBase & { readonly kind: 'made-up' })\n  |",
      ],
    },
    ['server/definition/dialects/index.ts', 'server/ide/navigate/symbols.ts'],
  );
});

// Its entry in the schema is asked for by tests/unit/runner/keys.test.ts, which flips each key.
test('a key of a task', () => {
  check(
    { [DEFINITION]: ['  readonly retries: Retries;', '  readonly retries: Retries;\n  readonly madeUp: 1;'] },
    ['server/definition/dialects/dvc/pipeline.ts', 'server/definition/read/read-task.ts'],
  );
});

test('a measure of services', () => {
  check(
    {
      'server/definition/text/monitor-rule.ts': [
        'export const MEASURES = [',
        "export const MEASURES = [\n  { name: 'made-up', doc: '', example: '', unit: 'rate' },",
      ],
    },
    ['server/language/views/services/metrics-view.ts', 'server/serving/monitor/rules.ts'],
  );
});
