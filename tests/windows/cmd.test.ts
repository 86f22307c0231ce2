/** Values in commands that Windows' own `cmd` runs: what a program gets is what went in, and nothing else is run. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { renderTemplate } from '../../server/definition/expressions/evaluate.js';
import { cases, fc, SEED } from '../support/generated/cases.js';
import { TestProject, builtCli } from '../support/cli.js';
import { windowsAvailable, windowsNode, windowsPath } from '../support/peers/wine.js';
import { scopeOf, templateOf } from '../unit/definition/helpers.js';

const available = windowsAvailable();

test('programs for Windows can be run here, or it is said why not', () => {
  if (!available.ok) console.log(`skipped: the tests on Windows: ${available.why}`);
});

/** `§` is where a value stands. */
const PLACES: readonly { readonly text: string; readonly sees: (value: string) => string }[] = [
  { text: '§', sees: (v) => v },
  { text: '--name=§', sees: (v) => `--name=${v}` },
  { text: '"<§>"', sees: (v) => `<${v}>` },
  { text: '"§"', sees: (v) => v },
  { text: '"d:\\§\\x"', sees: (v) => `d:\\${v}\\x` },
  { text: 'd:\\§', sees: (v) => `d:\\${v}` },
  { text: 'a^&§', sees: (v) => `a&${v}` },
  { text: '100%%§', sees: (v) => `100%${v}` },
];

const value = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.string({
      unit: fc.constantFrom(...'ab1 &|<>()^%!\'"\\;,=~*?$#@[]{}:+-_./\t\né漢🌧'.split(/(?:)/u)),
      maxLength: 12,
    }),
  },
  fc.constantFrom(
    "it's me & you",
    '%PATH%',
    '%%PATH%%',
    '!PATH!',
    '^',
    'a\\',
    '\\\\srv\\share\\',
    '& echo x>made & rem ',
    '%~dp0',
    '%1',
    '%*',
    '"&calc&"',
    '＂',
    '100 %',
    'Grüße 漢字',
    'nul',
  ),
);

const SHOW = `const [, , out, ...words] = process.argv;
require('node:fs').appendFileSync(out, JSON.stringify(words) + '\\n');`;

/** Whether a value can stand there by itself. */
function accepted(text: string, word: string): boolean {
  const one = templateOf(text.replace('§', '${{ params.v }}'));
  return renderTemplate(one, scopeOf({ params: { v: word } }), 'cmd').kind === 'value';
}

async function seen(script: string, values: readonly string[], more: Record<string, string> = {}) {
  const project = await TestProject.make({
    'show.js': SHOW,
    ...more,
    'main.pipeline.yaml': `params: { v: ${JSON.stringify(values)} }\ntasks:\n  show:\n    shell: cmd\n    run: ${JSON.stringify(script)}\n`,
  });
  const before = readdirSync(project.root);
  const { code, stdout, stderr } = await windowsNode([windowsPath(await builtCli()), 'run'], {
    cwd: project.root,
  });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const made = readdirSync(project.root).filter((file) => !before.includes(file) && file !== '.modelyard');
  assert.deepEqual(made, ['seen']);
  return readFileSync(project.path('seen'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
}

test(`values come to a program as they are (seed ${SEED})`, { skip: !available.ok }, async () => {
  const wanted = cases(400, 5000);
  const values = fc.sample(value, wanted);
  const fragments = values.flatMap((word, index) => {
    const place = PLACES[index % PLACES.length];
    return place !== undefined && accepted(place.text, word) ? [{ ...place, word }] : [];
  });
  // What is refused is known: no more than that.
  const refusable = values.filter((word) => /["＂\n]/.test(word)).length;
  assert.ok(fragments.length > (wanted - refusable) * 0.8, `${fragments.length} of ${wanted}`);
  const lines: (typeof fragments)[] = [];
  for (let at = 0; at < fragments.length; at += 20) lines.push(fragments.slice(at, at + 20));
  let at = 0;
  const script = lines
    .map(
      (line) =>
        `node show.js seen ${line.map(({ text }) => text.replace('§', () => `\${{ params.v[${at++}] }}`)).join(' ')}`,
    )
    .join('\n');
  const words = await seen(
    script,
    fragments.map(({ word }) => word),
  );
  assert.deepEqual(
    words.flat(),
    fragments.map(({ sees, word }) => sees(word)),
  );
  assert.equal(words.length, lines.length);
});

test(
  'batch files and pipes, which read a line again, get the same words',
  { skip: !available.ok },
  async () => {
    const values = ['a & b', "it's", 'x|y>z', '(1)', 'é 漢', 'c\\', '', '& echo x>made'];
    const all = values.map((_, at) => `\${{ params.v[${at}] }}`).join(' ');
    const words = await seen(
      `call shim.cmd ${all}\nnode show.js seen ${all} | node -e 0\nif 1==1 (\n  node show.js seen ${all}\n)`,
      values,
      { 'shim.cmd': '@node show.js seen %*\r\n' },
    );
    assert.deepEqual(words, [values, values, values]);
  },
);
