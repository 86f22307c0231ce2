import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { diskFiles } from '../../../server/project/files.js';
import { GitIgnores } from '../../../server/project/git-ignore.js';
import { cases, fc } from '../../support/generated/cases.js';

interface Owner {
  after(fn: () => void): void;
}

/** A repository, and neither the user's nor the machine's settings. */
function repository(t: Owner, config = ''): { root: string; git: (...args: string[]) => string } {
  const root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard-ignore-')));
  const home = mkdtempSync(path.join(os.tmpdir(), 'modelyard-home-'));
  const own = {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'xdg'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: undefined,
  };
  const before = Object.fromEntries(Object.keys(own).map((name) => [name, process.env[name]]));
  // The object itself stays: the system reads the home from what it writes through to.
  const become = (env: Readonly<Record<string, string | undefined>>): void => {
    for (const [name, value] of Object.entries(env)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  become(own);
  t.after(() => {
    become(before);
    for (const folder of [root, home]) rmSync(folder, { recursive: true, force: true });
  });
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  git('init', '-q');
  if (config !== '') writeFileSync(path.join(root, '.git', 'config'), config, { flag: 'a' });
  return { root, git };
}

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
}

function filesBelow(root: string, below = ''): string[] {
  return readdirSync(path.join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const inside = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.name === '.git') return [];
    return entry.isDirectory() ? filesBelow(root, inside) : [inside];
  });
}

/** What git lists, and what is left when we ignore. */
function bothLists(root: string, git: (...args: string[]) => string): [string[], string[]] {
  const listed = git('ls-files', '-coz', '--exclude-standard').split('\0').filter(Boolean);
  const ignores = new GitIgnores(diskFiles, root);
  const left = filesBelow(root).filter((file) => !ignores.ignores(file));
  return [[...new Set(listed)].sort(), left.sort()];
}

const name = fc.constantFrom(
  ...[
    'a',
    'b',
    'A',
    'data',
    'Data',
    'x.csv',
    'X.CSV',
    'logo.png',
    'sp ',
    'a b',
    '#h',
    '!n',
    '[x]',
    'a*',
    'é',
    '.env',
  ],
);
// Not `a**`: behind a plain beginning git compares without that, and takes the stars for those of a whole name.
const piece = fc.oneof(
  { weight: 4, arbitrary: name },
  fc.constantFrom(
    ...[
      '*',
      '**',
      '?',
      '*.csv',
      '*.PNG',
      'd*',
      '[ab]',
      '[!a]',
      '[[:upper:]]',
      '[a-',
      'dat[a]',
      '\\#h',
      '\\!n',
      'sp\\ ',
    ],
    ...['\\a', '\\[x\\]', 'a\\*', 'a\\', '***', '**a', '.*', '??', '[A-Z]*', ''],
  ),
);
const line = fc
  .record({
    taken: fc.constantFrom('', '', '', '!', '!', '#'),
    anchor: fc.constantFrom('', '', '/'),
    pieces: fc.array(piece, { minLength: 1, maxLength: 3 }),
    end: fc.constantFrom('', '', '', '/', ' ', '  ', '/ ', '/*', '/**', '\t', '\r'),
  })
  .map(({ taken, anchor, pieces, end }) => taken + anchor + pieces.join('/') + end);
const excludes = fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n'));
const tree = fc.record({
  files: fc.array(fc.array(name, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 14 }),
  ignores: fc.array(fc.record({ at: fc.array(name, { maxLength: 2 }), text: excludes }), { maxLength: 3 }),
  root: excludes,
  tracked: fc.nat({ max: 5 }),
});

test('what is left is what git lists, on any tree', (t) => {
  const wanted = cases(300, 20_000);
  const batch = 50;
  for (let done = 0; done < wanted; done += batch) {
    const fold = (done / batch) % 3 === 2;
    const { root, git } = repository(
      t,
      fold ? '[core]\n\tignorecase = true\n' : '[core]\n\tignorecase = no ; really\n',
    );
    const seed = fc.sample(fc.integer(), 1)[0] ?? 0;
    const info = (done / batch) % 2 === 1 ? (fc.sample(excludes, { numRuns: 1, seed })[0] ?? '') : '';
    writeFileSync(path.join(root, '.git', 'info', 'exclude'), info);
    const forced: string[] = [];
    for (const [at, one] of fc.sample(tree, { numRuns: Math.min(batch, wanted - done), seed }).entries()) {
      const folder = `c${String(at)}`;
      // Some names can't be had: a file is where a folder would be.
      const put = (inside: string, text: string) => {
        try {
          write(root, { [`${folder}/${inside}`]: text });
          return true;
        } catch {
          return false;
        }
      };
      for (const [index, names] of one.files.entries()) {
        // Where case doesn't count git takes a file for a tracked one of the other case.
        if (put(names.join('/'), '') && index === one.tracked && !fold)
          forced.push(`${folder}/${names.join('/')}`);
      }
      for (const { at: where, text } of [...one.ignores, { at: [], text: one.root }]) {
        put([...where, '.gitignore'].join('/'), text);
      }
    }
    if (forced.length > 0) git('--literal-pathspecs', 'add', '-f', '--', ...forced);
    const [theirs, ours] = bothLists(root, git);
    for (const file of new Set([...theirs, ...ours])) {
      if (theirs.includes(file) && ours.includes(file)) continue;
      const texts = filesBelow(root, file.slice(0, file.indexOf('/')))
        .filter((other) => other.endsWith('.gitignore'))
        .map((other) => [other, diskFiles.readText(path.join(root, other))]);
      assert.fail(
        `${JSON.stringify(file)}: git ${theirs.includes(file) ? 'keeps' : 'ignores'} it; seed ${String(seed)}, ` +
          JSON.stringify({ fold, info, texts }),
      );
    }
  }
});

test('case counts unless git says otherwise', (t) => {
  const { root, git } = repository(t);
  write(root, {
    '.gitignore': 'Data/\n*.PNG\n',
    'app/data/x.csv': '',
    'app/logo.png': '',
    'app/Data/y.csv': '',
    'app/LOGO.PNG': '',
  });
  const [theirs, ours] = bothLists(root, git);
  assert.deepEqual(ours, theirs);
  assert.deepEqual(ours, ['.gitignore', 'app/data/x.csv', 'app/logo.png']);
  git('config', 'core.ignorecase', 'true');
  assert.deepEqual(...bothLists(root, git));
});

test('a folder that an inner file takes back stays taken back, but nothing below an excluded one can be', (t) => {
  const { root, git } = repository(t);
  write(root, {
    '.gitignore': 'tmp/\n*.log\n',
    'sub/.gitignore': '!tmp/\n',
    'sub/tmp/x.csv': '',
    'sub/tmp/x.log': '',
    'tmp/.gitignore': '!*\n',
    'tmp/x.csv': '',
  });
  const [theirs, ours] = bothLists(root, git);
  assert.deepEqual(ours, theirs);
  assert.deepEqual(ours, ['.gitignore', 'sub/.gitignore', 'sub/tmp/x.csv']);
});

test("the user's own excludes count, in each place that git knows, and so does what git tracks", (t) => {
  const { root, git } = repository(t);
  const home = process.env['HOME'] ?? '';
  write(root, { 'a.bak': '', 'b.swp': '', 'c.tmp': '', 'kept/d.bak': '', 'kept/e.bak': '', 'f.txt': '' });
  const check = (...expected: string[]) => {
    const [theirs, ours] = bothLists(root, git);
    assert.deepEqual(ours, theirs);
    assert.deepEqual(ours, expected);
  };
  write(home, { 'xdg/git/ignore': '*.bak\n' });
  check('b.swp', 'c.tmp', 'f.txt');
  write(home, { '.gitconfig': '[core]\n  excludesFile = ~/mine ; comment\n', mine: '*.swp\n' });
  check('a.bak', 'c.tmp', 'f.txt', 'kept/d.bak', 'kept/e.bak');
  write(root, { '.git/info/exclude': 'kept/\n' });
  git('add', '-f', 'kept/d.bak');
  check('a.bak', 'c.tmp', 'f.txt', 'kept/d.bak');
});

test('says which line ignores a file', (t) => {
  const { root } = repository(t);
  write(root, { '.gitignore': '# data\n\ndata/\n*.yaml\n!keep.yaml\n', 'sub/.gitignore': 'keep.yaml\r\n' });
  const ignores = new GitIgnores(diskFiles, path.join(root, 'sub'));
  const at = (file: string) => {
    const why = ignores.why(file);
    return why && [path.relative(root, why.file), why.line, why.pattern];
  };
  assert.deepEqual(at('x.yaml'), ['.gitignore', 4, '*.yaml']);
  assert.deepEqual(at('keep.yaml'), ['sub/.gitignore', 1, 'keep.yaml']);
  assert.deepEqual(at('data/deep/x.txt'), ['.gitignore', 3, 'data/']);
  assert.equal(at('x.txt'), undefined);
});
