/** What the compiler says of the product after somebody has changed a file of it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import ts from 'typescript';

const config = ts.getParsedCommandLineOfConfigFile(
  'tsconfig.json',
  { noEmit: true, skipLibCheck: true },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ code }) => assert.fail(`TS${code}`) },
);

// Most of the time goes into reading, and the tests of a file read the same.
const sources = new Map<string, ts.SourceFile>();

/** Which of the files don't compile when others are changed first. */
export function broken(
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
