/** Whoever adds an action is led to every place by the compiler. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import ts from 'typescript';

const config = ts.getParsedCommandLineOfConfigFile(
  'tsconfig.json',
  { noEmit: true, skipLibCheck: true },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ code }) => assert.fail(`TS${code}`) },
);

// Most of the time goes into reading, and both tests read the same.
const sources = new Map<string, ts.SourceFile>();

/** Which of the files don't compile when others are changed first. */
function broken(
  files: readonly string[],
  changes: Readonly<Record<string, (text: string) => string>>,
): string[] {
  assert.ok(config);
  const host = ts.createCompilerHost(config.options);
  const changed = new Map(
    Object.entries(changes).map(([file, change]) => {
      const before = ts.sys.readFile(file) ?? '';
      assert.notEqual(change(before), before, `${file} is written otherwise`);
      return [path.resolve(file), change(before)];
    }),
  );
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (file, options, ...rest) => {
    const text = changed.get(path.resolve(file));
    if (text !== undefined) return ts.createSourceFile(file, text, options);
    const source = sources.get(file) ?? getSourceFile(file, options, ...rest);
    if (source !== undefined) sources.set(file, source);
    return source;
  };
  const program = ts.createProgram({ rootNames: [...files], options: config.options, host });
  return files.filter((file) => program.getSemanticDiagnostics(program.getSourceFile(file)).length > 0);
}

const withKind = (text: string): string =>
  text.replace('  | TrainingSetAction;', "  | TrainingSetAction\n  | { readonly kind: 'made-up' };");

test('the compiler names every place that a new action needs', () => {
  const places = [
    'server/model/actions.ts',
    'server/model/read-task.ts',
    'server/model/schema/actions.ts',
    'server/runner/action-plans.ts',
    'server/runner/actions/index.ts',
    'server/language/pipelines-view.ts',
  ];
  assert.deepEqual(broken(places, { 'server/model/definition.ts': withKind }), places);
});

test('and the icon, when the editor hears of it', () => {
  const wire = (text: string): string => text.replace("  | 'pipeline';", "  | 'pipeline'\n  | 'made-up';");
  const icon = 'extension/present/pipelines.ts';
  assert.deepEqual(broken([icon], { 'server/protocol.ts': wire }), [icon]);
});
