/** What the docs print is true: definitions are valid, commands exist, and those of the example's page do what it says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { UsageError, readArguments } from '../../../server/cli/args.js';
import { TestProject } from '../../support/cli.js';
import { type Leaf, allCommands, inProcess } from '../../support/in-process.js';

const EXAMPLE = 'examples/rain';
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  `${EXAMPLE}/README.md`,
  // Pages that are made from the code have tests of their own.
  ...execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'docs/*.md'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((page) => existsSync(page) && !/^docs\/(?:rules|json)\/|\/cli\.md$|^$/.test(page)),
];

interface Block {
  /** The page and the line of its first line. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page. */
function blocksOf(page: string): Block[] {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((found) => ({
    place: `${page}:${text.slice(0, found.index).split('\n').length + 1}`,
    language: found[1] ?? '',
    text: found[2] ?? '',
  }));
}

const BLOCKS = PAGES.flatMap(blocksOf);
const indented = (text: string, by: string): string => text.replace(/^(?=.)/gm, by);

/** Takes the place of what is printed in a pipeline of the example: tasks, or the keys of one task. */
function within(pipeline: string, text: string): string {
  const tasks = text.startsWith('tasks:\n')
    ? text.slice('tasks:\n'.length)
    : `  printed:\n${indented(text, '    ')}`;
  const names = [...tasks.matchAll(/^ {2}([\w-]+):$/gm)].map(([, name]) => name ?? '');
  // A task of the example that a fragment prints anew goes; what it prints comes last.
  const others = names.reduce(
    (left, name) => left.replace(new RegExp(`^  ${name}:\\n(?:(?: {4}.*)?\\n)*`, 'm'), ''),
    pipeline,
  );
  return `${others.trimEnd()}\n${tasks}`;
}

test('definitions that the docs print are valid in the example: as a file, or as a part of one of its pipelines', async () => {
  const project = await TestProject.make();
  cpSync(EXAMPLE, project.root, { recursive: true });
  const pipelines = readdirSync(project.path('pipelines')).map((name) => `pipelines/${name}`);
  /** What lint says of a file of the example with other contents; nothing where it is clean. */
  const findings = async (file: string, text: string): Promise<string[]> => {
    const before = project.exists(file) ? project.read(file) : undefined;
    project.write({ [file]: text });
    const { stdout } = await inProcess(['lint', project.path(file), '--severity', 'warning']);
    if (before === undefined) project.remove(file);
    else project.write({ [file]: before });
    // What a page prints says nothing of what lies on the disk.
    const wrong = stdout
      .split('\n')
      .some((line) => /: (?:error|warning): /.test(line) && !line.endsWith('[path/missing-script]'));
    return wrong ? [stdout] : [];
  };
  const { stdout: untouched } = await inProcess(['lint', '--project', project.root]);
  assert.match(untouched, /: 0 errors, 0 warnings/);
  // Tests of their own run those of docs/how-to/integrate/ci.md, which are files of other programs, and the tutorial.
  const printed = BLOCKS.filter(
    ({ language, place }) =>
      language === 'yaml' && !/^docs\/(?:how-to\/integrate\/ci|tutorial)\.md:/.test(place),
  );
  assert.ok(printed.length >= 15, String(printed.length));
  // Files that pages print beside their definitions.
  for (const { text } of printed) {
    const [, file] = /^# (\S*params\.yaml)$/m.exec(text) ?? [];
    if (file !== undefined) project.write({ [file]: text });
  }
  project.write({ '.env': 'A=1\n', 'train.env': 'B=1\n', 'notebooks/train.ipynb': '{}' });
  for (const { place, text } of printed) {
    const [, named] = /^# (\S+\.yaml)$/m.exec(text) ?? [];
    const places = named === undefined ? pipelines : [named];
    const found: string[] = [];
    for (const file of places) {
      const of = await findings(file, named === undefined ? within(project.read(file), text) : text);
      if (of.length === 0) break;
      found.push(...of);
    }
    assert.ok(found.length < places.length, [`${place} fits nowhere:`, text, ...found].join('\n'));
  }
});

function commandsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w./-])modelyard ([a-z][^\n`]*)/g)].map(([, command]) => command ?? '');
}

const words = (command: string): string[] =>
  command
    .replace(/ {2,}.*$| #.*$| && .*$/, '')
    .replace(/"[^"]*"|'[^']*'/g, 'quoted')
    .replace(/\[(--\S+)\]/g, '')
    .split(/\s+/)
    .map((word) => word.replace(/[.,:;)]+$/, ''))
    .filter((word) => word !== '');

/** What is wrong with a command that a page names. `runs list | show` is two. */
function problemOf(leaves: readonly Leaf[], command: string): string | undefined {
  const [name = '', sub = '', ...rest] = words(command);
  const family = leaves.filter((leaf) => leaf.words[0] === name);
  if (family.length === 0) return name === 'help' ? undefined : `there is no command ${name}`;
  const nested = family[0]?.words.length === 2;
  if (nested && [sub, ...rest].includes('|')) {
    const unknown = [sub, ...rest].filter(
      (word) => word !== '|' && !family.some(({ words: [, own] }) => own === word),
    );
    return unknown.length === 0 ? undefined : `${name} has no ${unknown.join(', ')}`;
  }
  const leaf = nested ? family.find(({ words: [, own] }) => own === sub) : family[0];
  if (leaf === undefined) return sub === '' ? undefined : `${name} has no ${sub}`;
  try {
    readArguments(name, leaf.flags, Number.POSITIVE_INFINITY, nested ? rest : [sub, ...rest]);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

test('commands and flags that the docs name are there', async () => {
  const leaves = await allCommands();
  const texts = PAGES.flatMap((page) => {
    const text = readFileSync(page, 'utf8');
    const inline = [...text.replace(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)];
    return inline.map(([, code]) => ({ place: page, text: (code ?? '').replace(/\s+/g, ' ') }));
  });
  const blocks = BLOCKS.filter(({ language }) => ['', 'sh', 'console'].includes(language));
  const named = [...texts, ...blocks].flatMap(({ place, text }) =>
    commandsIn(text).map((command) => ({ place, command })),
  );
  assert.ok(named.length >= 60, String(named.length));
  const wrong = named.flatMap(({ place, command }) => {
    const problem = problemOf(leaves, command);
    return problem === undefined ? [] : [`${place}: modelyard ${command}: ${problem}`];
  });
  assert.deepEqual(wrong, []);
});

test('the first page of the example works as printed', async () => {
  const project = await TestProject.make();
  cpSync(EXAMPLE, project.root, { recursive: true });
  const [block] = blocksOf(`${EXAMPLE}/README.md`);
  const lines = (block?.text ?? '').split('\n').filter((line) => line !== '');
  assert.ok(lines.length >= 10, block?.text);
  for (const line of lines) {
    const typed = [...line.replace(/ #.*$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(
      (found) => found[1] ?? found[2] ?? '',
    );
    await project.expect(0, typed.slice(1));
  }
});
