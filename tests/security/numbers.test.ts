/** The table of numbers in docs/explanation/security.md says what is tried. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { HOSTILE } from '../support/generated/hostile.js';
import { HOSTILE_MEMORIES } from '../support/generated/hostile-memories.js';
import { APP_SERVERS } from './app-servers.js';
import { SMUGGLING } from './smuggling-table.js';

/** What the first group of a pattern is in a test file. */
function said(file: string, pattern: RegExp): string[] {
  const match = pattern.exec(readFileSync(`tests/${file}.test.ts`, 'utf8'));
  assert.ok(match, `${file} has no ${String(pattern)}`);
  return match.slice(1);
}

const numbers = (text: string): number[] =>
  [...text.replaceAll(',', '').matchAll(/\d+/g)].map(([number]) => Number(number));

test('the numbers in docs/explanation/security.md are those of the tests', () => {
  const doc = readFileSync('docs/explanation/security.md', 'utf8');
  const row = (what: string): { quick: number[]; long: number[] } => {
    const [, quick = '', long = ''] =
      new RegExp(String.raw`^\| ${what}[^|]*\|([^|]*)\|([^|]*)\|$`, 'm').exec(doc) ?? [];
    return { quick: numbers(quick.replaceAll(', ', ' ')), long: numbers(long) };
  };
  const of = (file: string, pattern: RegExp): number[] =>
    said(file, pattern).map((text) => Number(text.replaceAll('_', '')));
  const both = (file: string, pattern: RegExp): { quick: number[]; long: number[] } => {
    const [quick = 0, long = 0] = of(file, pattern);
    return { quick: [quick], long: [long] };
  };
  const same = (...quick: number[]): { quick: number[]; long: number[] } => ({ quick, long: [] });
  const memories = Object.keys(HOSTILE_MEMORIES);
  const watched = memories.filter(
    (what, at) => at % 6 === 0 || /pipe|process 1$|^every folder a link/.test(what),
  );
  const opened = memories.filter((_, at) => at % 4 === 0);
  const rounds = /^const ROUNDS = (\d+);/m;
  const kills = ['kill', 'service-kill', 'registry', 'features'].map((file) =>
    both(`faults/${file}`, /^const ROUNDS = cases\((\d+), (\d+)\);/m),
  );
  // Two projects of our own are watched beside the hostile memories.
  assert.deepEqual(row('smuggling requests'), same(SMUGGLING.length, APP_SERVERS.length));
  assert.deepEqual(row('uploads'), both('security/early-answers', /cases\((\d+), (\d+)\)/));
  assert.deepEqual(row('hostile definitions'), same(Object.keys(HOSTILE).length, 2));
  const messages = /cases\(([\d_]+), ([\d_]+)\), seed: 16/;
  assert.deepEqual(row('hostile messages'), both('language/hostile', messages));
  const params = /cases\(([\d_]+), ([\d_]+)\),\s+seed: 15/;
  assert.deepEqual(row('hostile params'), both('language/hostile', params));
  assert.deepEqual(row('hostile memories'), { quick: [memories.length], long: [memories.length] });
  const all = memories.length + 2;
  assert.deepEqual(row('fixtures'), { quick: [watched.length + 2], long: [all] });
  assert.deepEqual(row('the same while'), { quick: [opened.length + 2], long: [all] });
  assert.deepEqual(row('kills'), {
    quick: [...kills.flatMap(({ quick }) => quick), ...of('faults/deploy', rounds)],
    long: kills.flatMap(({ long }) => long),
  });
});
