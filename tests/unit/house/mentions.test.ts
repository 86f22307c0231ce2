/** Whoever follows a file's name in the docs or in a comment finds the file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';

/** Files of the repository that a text may name: what is kept in it, and a name that is an example is not. */
const MENTION = /(?:`|\s|\()((?:[a-z][\w-]*\/)*[a-z][\w-]*(?:\.test)?\.ts)(?=[`\s),;:.])/g;
const EXAMPLES = /^(o|p|v|l)\.ts$/;

test('every file that docs and comments name is there', () => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
    .trim()
    .split('\n');
  const isThere = (name: string): boolean => files.some((file) => file === name || file.endsWith(`/${name}`));
  const missing = files
    .filter((file) => /^(docs|server|extension|media|tests)\/.*\.(md|ts)$|^[A-Z]+\.md$/.test(file))
    .filter((file) => file !== 'CHANGELOG.md' && !file.startsWith('docs/rules/'))
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, at) =>
          file.endsWith('.md') || /^\s*(\/\/|\/?\*)/.test(line)
            ? [...line.matchAll(MENTION)].flatMap(([, name = '']) =>
                EXAMPLES.test(name) || isThere(name) ? [] : [`${file}:${at + 1} names ${name}`],
              )
            : [],
        ),
    );
  assert.deepEqual(missing, []);
});

test('npm run torture finds every test that has a long form', () => {
  const listed = execFileSync(process.execPath, ['scripts/torture.mjs', '--list'], { encoding: 'utf8' });
  const found = new Set(listed.trim().split('\n'));
  const files = execFileSync('git', ['grep', '-lE', '\\bcases\\([0-9]', '--', 'tests'], { encoding: 'utf8' });
  const long = files.trim().split('\n').filter((file) => file.endsWith('.test.ts')); // prettier-ignore
  assert.ok(long.length > 20);
  for (const file of long) assert.ok(found.has(file), `${file} is not among them`);
});
