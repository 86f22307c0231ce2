/** What holds for every command: exit codes by one table, messages that name the way out, help that is complete. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { COMMON_FLAGS, readArguments } from '../../../server/cli/args.js';
import { EXIT } from '../../../server/cli/output.js';
import { COMMANDS } from '../../../server/cli/program.js';
import { checkAnswer } from '../../support/answers.js';
import { type Leaf, allCommands, inProcess } from '../../support/in-process.js';
import type { Result } from '../../support/cli.js';

/** All but the servers, which run until they are stopped, and what is handed to the DVC that is installed. */
const commandsThatEnd = async (): Promise<Leaf[]> =>
  (await allCommands()).filter(({ words }) => !NOT_OURS.has(words.join(' ')));
const NOT_OURS = new Set(['lsp', 'tracking serve', 'dvc pull', 'dvc fetch', 'dvc push']);

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

function project(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-commands-'));
  made.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

const SETTINGS = { 'modelyard.yaml': 'name: x\nenvironments: { staging: {} }\n' };
const TASKS = 'tasks:\n  a: { run: touch o, outputs: { o: o } }\n';
const GOOD = project({ ...SETTINGS, 'p.pipeline.yaml': TASKS });
const BROKEN = project({ ...SETTINGS, 'p.pipeline.yaml': TASKS.replace('outputs', 'output') });
const EMPTY = project({});
const OF_DVC = project({ '.dvc/config': '' });

/** Arguments that lead nowhere, in the form that the command wants. */
const NOWHERE: Readonly<Record<string, readonly string[]>> = {
  'models tag': ['nosuch', 'k=v'],
  'models describe': ['nosuch', 'text'],
  'models compare': ['nosuch@1', 'nosuch@2'],
  'models card': ['nosuch@1'],
  'service traffic': ['nosuch', '10'],
  'features training-set': ['nosuch', '--output', 'out.csv', '--service', 'nosuch'],
  deploy: ['nosuch', '--environment', 'staging'],
};
/** Where nothing is there yet, these have nothing to show; the others have, or there is nothing to be done. */
const NEEDS_SOMETHING = new Set(
  [
    ...['plan', 'run', 'graph', 'approve', 'reject', 'schema', 'completion'],
    ...['runs show', 'runs log', 'runs diff', 'runs cancel'],
    ...['service status', 'service history', 'service logs', 'tracking import', 'tracking export'],
    'tracking push',
    ...['dvc status', 'dvc diff', 'dvc checkout', 'dvc commit'],
  ].flatMap((one) => one),
);

function nowhere({ words, least, most }: Leaf): readonly string[] {
  const count = Math.min(most, Math.max(1, least));
  return NOWHERE[words.join(' ')] ?? Array.from({ length: count }, () => 'nosuch');
}

/** What it ends with, and in JSON the same: one failure with the same code and message, or an answer. */
async function ends(
  code: number,
  { words, flags }: Pick<Leaf, 'words' | 'flags'>,
  args: readonly string[],
): Promise<Result> {
  const argv = [...words, ...args];
  const result = await inProcess(argv);
  const shown = `modelyard ${argv.join(' ')}\n${result.stdout}${result.stderr}`;
  assert.equal(result.code, code, shown);
  assert.doesNotMatch(result.stderr, /Please report|^\s+at /m, shown);
  if (code !== EXIT.ok) assert.ok(result.stderr !== '' || result.stdout !== '', shown);
  if (code === EXIT.usage) assert.equal(result.stdout, '', shown);
  if (flags['json'] !== undefined && !args.includes('--help') && !args.includes('--no-such-flag')) {
    const json = await inProcess([...argv, '--json']);
    assert.equal(json.code, code, shown);
    checkAnswer([...argv, '--json'], json.stdout);
    if (code === EXIT.usage) {
      const { error } = JSON.parse(json.stdout) as { error: { exitCode: number; message: string } };
      assert.equal(error.exitCode, code, shown);
      assert.ok(result.stderr.includes(`modelyard: ${error.message}`), shown);
    }
  }
  return result;
}

test('a flag that nobody knows, or one without its value: 2, with the command and its help', async () => {
  for (const leaf of await allCommands()) {
    const name = leaf.words.join(' ');
    const { stderr } = await ends(EXIT.usage, leaf, [...nowhere(leaf), '--no-such-flag', '--project', GOOD]);
    assert.equal(
      stderr,
      `modelyard: "--no-such-flag" is not a flag of modelyard ${name}.\nSee \`modelyard help ${name}\`.\n`,
    );
    for (const [flag, { type, optional }] of Object.entries({ ...leaf.flags, ...COMMON_FLAGS })) {
      if (type !== 'string' || optional !== undefined) continue;
      const said = await ends(EXIT.usage, leaf, [...nowhere(leaf), `--${flag}`]);
      assert.match(said.stderr, new RegExp(`--${flag} takes a value\\n[^]*See \`modelyard help ${name}\``));
    }
  }
});

test('an argument too few or too many: 2, with the usage or the word', async () => {
  for (const leaf of await allCommands()) {
    const name = leaf.words.join(' ');
    if (leaf.least > 0) {
      const { stderr } = await ends(EXIT.usage, leaf, ['--project', GOOD]);
      assert.equal(stderr, `modelyard: usage: modelyard ${leaf.usage}\nSee \`modelyard help ${name}\`.\n`);
    }
    // Of those that take a great many the first is wrong already.
    if (leaf.most > 50) continue;
    const words = Array.from({ length: leaf.most + 1 }, (_, index) => `w${index}`);
    const { stderr } = await ends(EXIT.usage, leaf, [...words, '--project', GOOD]);
    assert.equal(
      stderr,
      `modelyard: one argument too many: "w${leaf.most}"\nSee \`modelyard help ${name}\`.\n`,
    );
  }
});

test('a project that is not there: 2; a name that leads nowhere: 2, and the name is told', async () => {
  for (const leaf of await commandsThatEnd()) {
    if (['version', 'schema', 'completion'].includes(leaf.words[0] ?? '')) continue;
    const { stderr } = await ends(EXIT.usage, leaf, [
      ...nowhere(leaf).slice(0, leaf.most),
      '--project',
      '/no/such',
    ]);
    assert.equal(stderr, 'modelyard: /no/such does not exist\n');
    if (leaf.most === 0) continue;
    for (const root of leaf.words[0] === 'dvc' ? [OF_DVC] : [GOOD, EMPTY]) {
      const said = await ends(EXIT.usage, leaf, [...nowhere(leaf), '--project', root]);
      assert.match(said.stderr, /nosuch/, leaf.words.join(' '));
    }
  }
});

test('an empty folder: 0, or 2 where there is nothing to do it with; never 1', async () => {
  for (const leaf of await commandsThatEnd()) {
    if (leaf.least > 0) continue;
    const name = leaf.words.join(' ');
    await ends(NEEDS_SOMETHING.has(name) ? EXIT.usage : EXIT.ok, leaf, ['--project', EMPTY]);
  }
});

test('a definition that is not valid: 2 with file, line and column where it is needed; 1 where it is looked for', async () => {
  for (const leaf of await commandsThatEnd()) {
    const name = leaf.words.join(' ');
    if (leaf.least > 0 || NEEDS_SOMETHING.has(name) !== ['plan', 'run', 'graph'].includes(name)) continue;
    const needs = NEEDS_SOMETHING.has(name);
    const code = needs ? EXIT.usage : ['lint', 'doctor'].includes(name) ? EXIT.failed : EXIT.ok;
    const { stderr, stdout } = await ends(code, leaf, ['--project', BROKEN]);
    if (needs || name === 'lint')
      assert.match(
        stderr + stdout,
        /^p\.pipeline\.yaml:2:22: error: .*"outputs".* \[schema\/unknown-key\]$/m,
      );
  }
});

test('numbers, times and choices that are none: 2, with the flag and what it takes', async () => {
  const kinds: Readonly<Record<string, string>> = {
    N: '--%s takes a whole number',
    PERCENT: '',
    SIZE: '--%s: ',
    TIME: '--%s',
  };
  for (const leaf of await allCommands()) {
    if (leaf.words[0] === 'service' || leaf.words[0] === 'deploy' || leaf.words[0] === 'features') continue;
    for (const [flag, { value = '' }] of Object.entries(leaf.flags)) {
      const says = kinds[value];
      if (says === undefined || leaf.least > 0) continue;
      const { stderr } = await ends(EXIT.usage, leaf, [`--${flag}`, 'x', '--project', GOOD]);
      assert.ok(stderr.startsWith(`modelyard: ${says.replace('%s', flag)}`), stderr);
      assert.match(stderr, /"?x"?/);
    }
  }
});

test('help: every command and subcommand, complete, with examples that the command line takes', async () => {
  const { stdout: all } = await inProcess(['help']);
  for (const { code } of Object.values(EXIT).map((code) => ({ code })))
    assert.match(all, new RegExp(`^ {2}${code} `, 'm'));
  for (const [name, load] of Object.entries(COMMANDS)) {
    const command = await load();
    assert.match(all, new RegExp(`^ {2}${name} +${command.summary.slice(0, 10)}`, 'm'));
    for (const line of command.examples) {
      const [first, ...argv] = line.split(/ (?=(?:[^"]*"[^"]*")*[^"]*$)/);
      assert.equal(first, name, line);
      const args = readArguments(name, command.flags, command.most, argv);
      const word = args.positionals[0] ?? '';
      const own = command.subcommands === undefined ? command : command.subcommands[word];
      assert.ok(own !== undefined, `${line}: there is no ${word}`);
      for (const flag of args.given) assert.ok(own.flags[flag] !== undefined, `${line}: --${flag}`);
      const count = args.positionals.length - (command.subcommands === undefined ? 0 : 1);
      assert.ok(count >= (own.least ?? 0) && count <= own.most, line);
    }
  }
  for (const { words, usage, summary, flags } of await allCommands()) {
    const name = words.join(' ');
    const { stdout: page } = await ends(EXIT.ok, { words, flags }, ['--help']);
    assert.equal((await inProcess(['help', ...words])).stdout, page, name);
    assert.ok(page.startsWith(`Usage: modelyard ${usage}\n\n${summary}\n`), page);
    assert.match(summary, /^[A-Z][^]*\.$/, name);
    assert.ok(usage.startsWith(name.split(' ').at(-1) === usage ? usage : name), usage);
    for (const [flag, { type, value, help }] of Object.entries({ ...flags, ...COMMON_FLAGS })) {
      assert.match(page, new RegExp(`--${flag}\\b`), `${name} --${flag}`);
      assert.equal(
        type === 'string',
        value !== undefined,
        `${name} --${flag} says what stands for its value`,
      );
      assert.match(help, /^[A-Z][^]*\.$/, `${name} --${flag}`);
    }
    // What the usage names is a flag.
    for (const [, flag = ''] of usage.matchAll(/--([a-z-]+)/g))
      assert.ok(flags[flag] !== undefined, `${name}: the usage has --${flag}`);
  }
});

test('a subcommand or command that is not there: 2, with what may have been meant', async () => {
  for (const [name, load] of Object.entries(COMMANDS)) {
    const { subcommands } = await load();
    if (subcommands === undefined) continue;
    const meant = ['list', 'serve', 'status'].find((one) => one in subcommands) ?? '';
    const slip = meant.replace(/^(.)./, '$1');
    for (const argv of [
      [name, slip],
      ['help', name, slip],
      [name, slip, '--help'],
    ]) {
      const { code, stderr } = await inProcess(argv);
      assert.equal(code, EXIT.usage, argv.join(' '));
      assert.match(stderr, new RegExp(`there is no "${name} ${slip}"; did you mean "${meant}"\\?`));
    }
  }
  for (const word of ['constructor', 'toString', 'rnu', '']) {
    const { code, stderr } = await inProcess([word]);
    assert.equal(code, EXIT.usage, word);
    assert.match(stderr, /there is no command/, word);
  }
});

test('every command has a manual page, which man and mandoc find nothing wrong with', async () => {
  const into = path.join(project({}), 'man1');
  const all = await inProcess(['help', '--man', '--into', into]);
  assert.equal(all.stdout, `${Object.keys(COMMANDS).length + 1} pages in ${into}\n`);
  const pages = readdirSync(into).map((name) => path.join(into, name));
  for (const { words, usage, summary, flags } of await allCommands()) {
    const page = readFileSync(path.join(into, `modelyard-${words[0] ?? ''}.1`), 'utf8').replaceAll(
      '\\-',
      '-',
    );
    for (const flag of Object.keys(flags)) assert.ok(page.includes(`\\fB--${flag}\\fR`), `${usage}: ${flag}`);
    assert.ok(words.length === 1 || page.includes(`.SS "${words.join(' ')}"`), usage);
    assert.ok(summary !== '');
  }
  const one = await inProcess(['help', 'runs', '--man']);
  assert.equal(one.stdout, readFileSync(path.join(into, 'modelyard-runs.1'), 'utf8'));
  assert.equal((await inProcess(['help', '--man', 'nosuch'])).code, EXIT.usage);

  const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100' };
  const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
  if (has('man')) {
    const shown = spawnSync('man', ['--warnings', '-l', ...pages], {
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    });
    assert.equal(shown.stderr, '');
    assert.ok(shown.stdout.split('EXIT STATUS').length > pages.length);
  }
  if (has('mandoc')) {
    const said = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...pages], { encoding: 'utf8' }).stdout;
    // No date: the same version has the same pages.
    assert.deepEqual(
      said.split('\n').filter((line) => line !== '' && !line.includes('missing date')),
      [],
    );
  }
});
