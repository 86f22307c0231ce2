/**
 * Every pattern of the product takes a time in proportion to its text: a pattern that begins anew at each character of a
 * run and fails at its end takes the square of it. Each is tried on long runs of what it is made of.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Script, createContext } from 'node:vm';
import ts from 'typescript';

interface Pattern {
  readonly file: string;
  readonly text: string;
}

/** Patterns that are not linear, and why their text is short. */
const SHORT_TEXTS: readonly Pattern[] = [
  // A moment as DuckDB prints it.
  { file: 'server/features/engine/values.ts', text: '/^(.*\\d{4,}-\\d{2}-\\d{2}) ([\\d:.]+)(?:\\+00(?::00)?)?( \\(BC\\))?$/' }, // prettier-ignore
  // A flag of the command line.
  { file: 'server/features/views/range.ts', text: '/[T ].*(?:Z|[+-]\\d{2}:?\\d{2})$/' },
  // The last 1,000 characters before the cursor.
  { file: 'server/ide/complete/expression.ts', text: "/([A-Za-z_][\\w-]*)((?:\\s*\\.\\s*[\\w-]+|\\[\\s*'{1,2}[^'\\]]*'{1,2}\\s*\\])*)(\\s*\\.\\s*|\\[\\s*'{0,2})[\\w-]*$/" }, // prettier-ignore
  // Lines of at most 1,000 characters.
  { file: 'server/language/markup.ts', text: '/\\\\([!-/:-@[-`{-~])|(`+)([^`]|[^`].*?[^`])\\2(?!`)|!?\\[((?:\\\\.|[^\\]\\\\])*)\\]\\((?:\\\\.|[^()\\\\])*\\)|(\\*\\*|__)(?=\\S)(.+?)\\5|(?<![\\w*])([*_])(?=\\S)((?:\\\\.|[^\\\\])*?\\S)\\7(?![\\w*])/g' }, // prettier-ignore
  // Looked for in what is known to be a duration.
  { file: 'server/definition/text/units.ts', text: '/([0-9]+(\\.[0-9]+)?)(ms|s|m|h|d|w)/g' },
  // At most 200 characters.
  { file: 'server/definition/expressions/versions.ts', text: '/^[vV]?(\\d+(?:\\.\\d+)*)(?:-?([0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*))?(?:\\+[0-9A-Za-z.-]+)?$/' }, // prettier-ignore
  // 40 characters before a value.
  { file: 'server/rules/value/ambiguous.ts', text: '/[!&]\\S*\\s+$/' },
  // A path of the disk, and what a person types.
  { file: 'extension/pipelines/commands.ts', text: '/([^/]+?)\\.pipeline\\.ya?ml$/' },
  { file: 'extension/models/filter.ts', text: '/\\/+$/' },
  // An index of at most 200 characters is looked at behind each name.
  {
    file: 'server/definition/shell/scan.ts',
    text: '/(?:^|[\\s;&|(`])([A-Za-z_]\\w*)(?:\\[[^\\]]{0,200}\\])?\\+?=/g',
  },
  // A number as JavaScript prints it.
  { file: 'server/base/format.ts', text: '/\\.?0+e/' },
];

const LENGTH = 8_000;
/** The square of the length takes 20 times as long as this on a quick machine; in proportion, a thousandth of it. */
const SLOW_MS = 8;

/** The cube would take hours. */
const TOO_LONG_MS = 500;
const TRIES = 12;
const TRY = new Script('pattern.test(run)');

function patternsIn(folder: string): Pattern[] {
  const found: Pattern[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const file = path.join(entry.parentPath, entry.name);
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node))
        found.push({ file: file.split(path.sep).join('/'), text: node.text });
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** Runs of what a pattern is made of, each ended by what it may stop at: a sign that it names, or one that nothing names. */
function* runs(source: string): Generator<string> {
  const own = [...source.matchAll(/\\([^sSwWdDbBnrtvfpPukx0-9])|([^\\])/g)].map(([, escaped, plain]) => escaped ?? plain ?? ''); // prettier-ignore
  const characters = [...new Set([' ', 'a', '0', '\n', ...own])].slice(0, 20);
  for (const one of characters) {
    const units = [
      one,
      `${one}a`,
      `${one} `,
      `a${one}\n`,
      ...characters.slice(0, 8).map((other) => one + other),
    ];
    for (const unit of units) yield `${unit.repeat(Math.ceil(LENGTH / unit.length))}\u0001`;
  }
  for (const one of [...new Set(own)].slice(0, 8))
    for (const end of own.slice(0, 5)) yield `a${`${one}a `.repeat(LENGTH / 4)}${end}`;
}

function isSlow({ text }: Pattern): boolean {
  const end = text.lastIndexOf('/');
  const source = text.slice(1, end);
  if (!/[*+{]/.test(source)) return false;
  const pattern = new RegExp(source, text.slice(end + 1).replace(/[gy]/g, ''));
  const context = createContext({ pattern, run: '' });
  const took = (run: string): number => {
    context['run'] = run;
    const began = performance.now();
    try {
      TRY.runInContext(context, { timeout: TOO_LONG_MS });
    } catch {
      return TOO_LONG_MS;
    }
    return performance.now() - began;
  };
  for (const run of runs(source)) {
    // Again and again: a busy machine stops anything for a while, but not each time.
    if (Array.from({ length: TRIES }).every(() => took(run) > SLOW_MS)) return true;
  }
  return false;
}

test('every pattern is linear, or its text is known to be short', () => {
  const isKnown = ({ file, text }: Pattern): boolean =>
    SHORT_TEXTS.some((known) => known.file === file && known.text === text);
  const patterns = ['server', 'extension', 'media'].flatMap(patternsIn);
  assert.ok(patterns.length > 500);
  assert.deepEqual(
    patterns.filter((pattern) => !isKnown(pattern) && isSlow(pattern)),
    [],
  );
  for (const known of SHORT_TEXTS)
    assert.ok(
      patterns.some(({ file, text }) => file === known.file && text === known.text),
      known.text,
    );
});

test('a pattern that is not linear is found', () => {
  for (const text of ['/a+$/', '/\\s*\\n\\s*/g', '/(\\d+\\.?\\d*)x$/', '/^[^.[]+(?:\\s*\\.[^.[]+)*\\s*$/'])
    assert.ok(isSlow({ file: '', text }), text);
});
