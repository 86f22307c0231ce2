/** `modelyard dvc status | checkout | commit` and the flags of `dvc repro`, each beside the real DVC on a copy of the project. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFile, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { parse } from 'yaml';
import { builtCli } from '../../support/cli.js';
import { peerPython, withoutDvc } from '../../support/peers/peers.js';
import { RealDvc } from '../../support/peers/real-dvc.js';

const DVC = `stages:
  a:
    cmd: echo a >> log && cat data.txt > a.txt
    deps: [data.txt]
    params: [lr]
    outs: [a.txt]
  b:
    cmd: echo b >> log && mkdir -p b && cat a.txt > b/one && echo two > b/two
    deps: [a.txt]
    outs: [b]
    metrics: [m.json: {cache: false}]
  each:
    foreach: [x, y]
    do:
      cmd: echo \${item} >> log && cat a.txt > \${item}.txt
      deps: [a.txt]
      outs:
        - \${item}.txt
  alone:
    cmd: echo alone >> log && cat other.txt > alone.txt && chmod +x alone.txt
    deps: [other.txt]
    outs: [alone.txt]
  more:
    cmd: echo more >> log && echo more >> kept.txt
    deps: [other.txt]
    outs:
    - kept.txt: {persist: true}
`.replace('> b/one', "> b/one && echo '{}' > m.json");

const SUB = `stages:
  after:
    cmd: echo after >> ../log && cat ../b/one > after.txt
    deps: [../b]
    outs: [after.txt]
`;

type Step = (root: string) => void;

const put =
  (file: string, text: string): Step =>
  (root) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
const gone =
  (file: string): Step =>
  (root) =>
    rmSync(path.join(root, file), { recursive: true, force: true });

interface Case {
  readonly what: string;
  readonly steps: readonly Step[];
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
  /** Before the same once more. */
  readonly again?: readonly Step[];
}

/** Of the text of a file another one. */
const edit =
  (file: string, from: string, to: string): Step =>
  (root) => {
    const before = readFileSync(path.join(root, file), 'utf8');
    assert.ok(before.includes(from), `${file}: ${from}`);
    writeFileSync(path.join(root, file), before.replace(from, to));
  };
/** In the lock, of the first file that a stage has read, another hash. */
const ofStage =
  (name: string, md5: string): Step =>
  (root) => {
    const lock = path.join(root, 'dvc.lock');
    const before = readFileSync(lock, 'utf8');
    const after = before.replace(new RegExp(`(\\n  ${name}:[^]*?md5: )\\w+`), `$1${md5}`);
    assert.notEqual(after, before);
    writeFileSync(lock, after);
  };
const frozen = edit('dvc.yaml', 'deps: [data.txt]', 'deps: [data.txt]\n    frozen: true');

const LINKS: readonly Case[] = ['hardlink', 'symlink', 'hardlink,copy', 'symlink,copy'].flatMap(
  (type, at): Case[] => {
    const set = put('.dvc/config', `[cache]\n    type = "${type}"\n`);
    const run: Case = {
      what: `cache.type ${type}: outputs of a run, and of another one`,
      steps: [set, put('params.yaml', 'lr: 8\n'), put('other.txt', 'changed\n')],
      theirs: ['repro', '-q', '-P'],
      ours: ['run', 'dvc.yaml', '--all-pipelines'],
      again: [put('data.txt', 'new data\n'), put('other.txt', 'again\n'), gone('data.txt.dvc')],
    };
    const back: Case = {
      what: `cache.type ${type}: checkout`,
      steps: [set, gone('a.txt'), gone('b'), gone('data.txt'), gone('alone.txt')],
      theirs: ['checkout', '-q'],
      ours: ['dvc', 'checkout'],
    };
    const commit: Case = {
      what: `cache.type ${type}: commit`,
      steps: [set, put('a.txt', 'other\n'), put('data.txt', 'new data\n'), put('b/three', 'x\n')],
      theirs: ['commit', '-q', '--force', 'a', 'b', 'data.txt.dvc'],
      ours: ['dvc', 'commit', '--force', 'a', 'b', 'data.txt.dvc'],
    };
    return at < 2 ? [run, back, commit] : [run];
  },
);

const MISSING: readonly Case[] = [
  {
    what: 'missing data is no reason to run',
    steps: [gone('data.txt'), gone('a.txt'), gone('b'), gone('.dvc/cache/files')],
    theirs: ['repro', '-q', '--allow-missing'],
    ours: ['run', 'dvc.yaml', '--allow-missing'],
  },
  {
    what: 'what is missing was made anew, or changed otherwise',
    steps: [
      gone('a.txt'),
      gone('b'),
      gone('m.json'),
      ofStage('b', '3d21703b255a05122531d75ae4161357'),
      gone('.dvc/cache/files'),
    ],
    theirs: ['repro', '-q', '--allow-missing'],
    ours: ['run', 'dvc.yaml', '--allow-missing'],
  },
  {
    what: 'missing data of what else has changed',
    steps: [gone('a.txt'), gone('.dvc/cache/files'), put('other.txt', 'changed\n')],
    theirs: ['repro', '-q', '--allow-missing'],
    ours: ['run', 'dvc.yaml', '--allow-missing'],
  },
];

const CASES: readonly Case[] = [
  {
    what: 'params of TOML and Python',
    steps: [
      edit('dvc.yaml', 'params: [lr]', 'params: [{p.py: [T.lr, SIZE]}, {c.toml: [a.b, f]}, {q.py: }]'),
      put(
        'p.py',
        'import os\nSIZE = (1, 2)\nODD = {1}\nclass T:\n    def __init__(self):\n        self.lr = 1e-5\n',
      ),
      put('q.py', 'B = 1.0\nA = {"x": [1, "two"]}\nC = os.name\n'),
      put('c.toml', 'f = [1.0, 2]\n[a]\nb = 1.0\n'),
    ],
    theirs: ['repro', '-q'],
    ours: ['run', 'dvc.yaml'],
    again: [put('c.toml', 'f = [1.0, 3]\n[a]\nb = 1\n')],
  },
  {
    what: 'core.autostage: the lock and .gitignore are staged',
    steps: [
      put('.dvc/config', '[core]\n    autostage = true\n'),
      gone('.gitignore'),
      put('params.yaml', 'lr: 7\n'),
    ],
    theirs: ['repro', '-q'],
    ours: ['run', 'dvc.yaml'],
  },
  {
    what: 'cache.dir: objects and the run cache lie there',
    steps: [put('.dvc/config', '[cache]\n    dir = ../store\n'), put('params.yaml', 'lr: 8\n')],
    theirs: ['repro', '-q', '-P'],
    ours: ['run', 'dvc.yaml', '--all-pipelines'],
  },
  {
    what: 'a frozen stage whose inputs have changed',
    steps: [frozen, put('params.yaml', 'lr: 9\n')],
    theirs: ['repro', '-q'],
    ours: ['run', 'dvc.yaml'],
  },
  {
    what: 'a frozen stage whose output has changed, which is taken',
    steps: [frozen, put('a.txt', 'mine\n')],
    theirs: ['repro', '-q'],
    ours: ['run', 'dvc.yaml'],
  },
  {
    what: 'a frozen stage whose command has changed',
    steps: [frozen, edit('dvc.yaml', 'echo a >>', 'echo A >>')],
    theirs: ['repro', '-q'],
    ours: ['run', 'dvc.yaml'],
  },
  {
    what: 'a frozen stage whose output is gone',
    steps: [frozen, gone('a.txt')],
    theirs: ['repro', '-q'],
    ours: ['run', 'dvc.yaml'],
  },
  { what: 'checkout, nothing to do', steps: [], theirs: ['checkout', '-q'], ours: ['dvc', 'checkout'] },
  {
    what: 'checkout of what is gone',
    steps: [gone('a.txt'), gone('b'), gone('data.txt'), gone('x.txt')],
    theirs: ['checkout', '-q'],
    ours: ['dvc', 'checkout'],
  },
  {
    what: 'checkout of one path',
    steps: [gone('a.txt'), gone('b')],
    theirs: ['checkout', '-q', 'a.txt'],
    ours: ['dvc', 'checkout', 'a.txt'],
  },
  {
    what: 'checkout of a stage, and of a .dvc file',
    steps: [gone('x.txt'), gone('y.txt'), gone('data.txt'), gone('a.txt')],
    theirs: ['checkout', '-q', 'each@x', 'data.txt.dvc'],
    ours: ['dvc', 'checkout', 'each@x', 'data.txt.dvc'],
  },
  {
    what: 'checkout over another content',
    steps: [put('a.txt', 'mine\n'), put('b/three', 'mine\n')],
    theirs: ['checkout', '-q', '--force'],
    ours: ['dvc', 'checkout', '--force'],
  },
  {
    what: 'commit of changed outputs, inputs, params and data',
    steps: [put('a.txt', 'other\n'), put('data.txt', 'new data\n'), put('params.yaml', 'lr: 2\n')],
    theirs: ['commit', '-q', '--force'],
    ours: ['dvc', 'commit', '--force'],
  },
  {
    what: 'commit of one stage',
    steps: [put('a.txt', 'other\n'), put('x.txt', 'other\n')],
    theirs: ['commit', '-q', '--force', 'each@x'],
    ours: ['dvc', 'commit', '--force', 'each@x'],
  },
  {
    what: 'run without the cache',
    steps: [put('params.yaml', 'lr: 3\n'), put('other.txt', 'changed\n')],
    theirs: ['repro', '-q', '--no-commit'],
    ours: ['run', 'dvc.yaml', '--no-commit'],
  },
  {
    what: 'run although the run cache knows what comes out',
    steps: [gone('dvc.lock')],
    theirs: ['repro', '-q', '--no-run-cache'],
    ours: ['run', 'dvc.yaml', '--no-run-cache'],
  },
  {
    what: 'run one stage alone',
    steps: [
      put('data.txt', 'new\n'),
      (root) => {
        appendFileSync(path.join(root, 'a.txt'), 'x\n');
      },
    ],
    theirs: ['repro', '-q', '--single-item', 'b'],
    ours: ['run', 'dvc.yaml', '--to', 'b', '--single-item'],
  },
  {
    what: 'run what comes after a stage, in other files, too',
    steps: [put('params.yaml', 'lr: 4\n'), put('other.txt', 'changed\n')],
    theirs: ['repro', '-q', '--downstream', '--force', 'b'],
    ours: ['run', 'dvc.yaml', '--to', 'b', '--downstream', '--force'],
  },
  {
    what: 'run stages by a pattern',
    steps: [put('params.yaml', 'lr: 5\n'), put('other.txt', 'changed\n')],
    theirs: ['repro', '-q', '--glob', 'each@[x]*'],
    ours: ['run', 'dvc.yaml', '--to', 'each@[x]*', '--glob'],
  },
  {
    what: 'run the stages of all files',
    steps: [put('params.yaml', 'lr: 6\n'), put('other.txt', 'changed\n')],
    theirs: ['repro', '-q', '--all-pipelines'],
    ours: ['run', 'dvc.yaml', '--all-pipelines'],
  },
  {
    what: 'run a whole pipeline',
    steps: [put('other.txt', 'changed\n'), put('params.yaml', 'lr: 5\n')],
    theirs: ['repro', '-q', '--pipeline', '--force', 'each@y'],
    ours: ['run', 'dvc.yaml', '--to', 'each@y', '--pipeline', '--force'],
  },
];

/** No run waits for the machine of another test. */
const ENV = { ...process.env, SHELL: '/bin/sh', MODELYARD_MACHINE: 'none' };

interface Done {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runIn(cwd: string, cli: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Done> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [cli, ...args], { cwd, env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

function traces(root: string): unknown {
  const files: Record<string, unknown> = {};
  files['staged'] = spawnSync('git', ['ls-files', '--stage'], { cwd: root, encoding: 'utf8' }).stdout.replace(
    // Folds of long lines in a lock are the business of who writes it.
    /[0-9a-f]{40} 0\t(?=.*dvc\.lock$)/gm,
    '',
  );
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/^(?:\.dvc\/(?:tmp|config)|\.git|\.modelyard)(?:\/|$)/.test(name)) continue;
    const file = path.join(root, name);
    if (!statSync(file).isFile()) continue;
    const bytes = readFileSync(file);
    if (name === 'log') files[name] = bytes.toString().split('\n').sort();
    else if (/dvc\.lock$|\.dvc$|^(?:\.dvc\/cache|store)\/runs/.test(name))
      files[name] = parse(bytes.toString()) as unknown;
    else {
      const { nlink, mode } = lstatSync(file);
      const link = (mode & 0o170000) === 0o120000 ? path.relative(root, readlinkSync(file)) : '';
      const hash = createHash('sha256').update(bytes).digest('hex');
      files[name] = [hash, statSync(file).mode & 0o700, nlink > 1, link];
    }
  }
  return files;
}

/** Each case on two copies of a project, by DVC and by us. */
async function sameAsDvc(t: TestContext, all: readonly Case[]): Promise<void> {
  const top = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-data-'));
  const dvc = new RealDvc();
  t.after(() => {
    dvc.close();
    rmSync(top, { recursive: true, force: true });
  });
  const cli = await builtCli();
  const env = { ...ENV, DVC_GLOBAL_CONFIG_DIR: top, DVC_SYSTEM_CONFIG_DIR: top };
  const ours = (root: string, args: readonly string[]) => runIn(root, cli, args, env);
  const root = path.join(top, 'made');
  mkdirSync(path.join(root, 'sub'), { recursive: true });
  spawnSync('git', ['init', '-q', root]);
  assert.equal((await dvc.run(root, ['init', '-q'])).code, 0);
  put('dvc.yaml', DVC)(root);
  put('sub/dvc.yaml', SUB)(root);
  put('params.yaml', 'lr: 1\n')(root);
  put('data.txt', 'data\n')(root);
  put('other.txt', 'other\n')(root);
  assert.equal((await dvc.run(root, ['add', '-q', 'data.txt'])).code, 0);
  assert.equal((await dvc.run(root, ['repro', '-q', '-P'])).code, 0);
  rmSync(path.join(root, 'log'));
  const copy = (name: string): string => {
    const to = path.join(top, name);
    rmSync(to, { recursive: true, force: true });
    cpSync(root, to, { recursive: true, preserveTimestamps: true });
    return to;
  };

  for (const [index, { what, steps: first, theirs, ours: args, again }] of all.entries()) {
    const [a, b] = [copy(`a${index}`), copy(`b${index}`)];
    for (const steps of [first, ...(again === undefined ? [] : [again])]) {
      for (const step of steps) for (const one of [a, b]) step(one);
      const [done, their] = await Promise.all([ours(a, args), dvc.run(b, theirs)]);
      assert.equal(done.code === 0, their.code === 0, `${what}: ${done.stdout}${done.stderr}${their.out}`);
      assert.deepEqual(traces(a), traces(b), what);
    }
    const [look, looked] = await Promise.all([
      ours(a, ['dvc', 'status', '--json']),
      dvc.run(b, ['status', '--json']),
    ]);
    assert.deepEqual(
      (JSON.parse(look.stdout) as { stages: unknown }).stages,
      JSON.parse(looked.out),
      `${what}, afterwards: ${look.stdout}${look.stderr}`,
    );
  }
}

for (const [name, all] of [
  ['data and flags of DVC: what comes out is what DVC leaves', CASES],
  ['links of cache.type: what comes out is what DVC leaves', LINKS],
  ['--allow-missing: what comes out is what DVC leaves', MISSING],
] as const)
  test(name, { skip: withoutDvc(), timeout: 900_000 }, (t) => sameAsDvc(t, all));

test(
  'what has no copy is not replaced, and nothing is taken as it is unasked',
  { skip: withoutDvc(), timeout: 300_000 },
  async (t) => {
    const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-data-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const cli = await builtCli();
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [cli, ...args], {
        cwd: root,
        encoding: 'utf8',
        env: ENV,
      });
    mkdirSync(path.join(root, '.dvc'));
    put('.dvc/config', '[core]\n    no_scm = True\n')(root);
    put('dvc.yaml', 'stages:\n  a:\n    cmd: echo a > a.txt\n    deps: [in.txt]\n    outs: [a.txt]\n')(root);
    put('in.txt', 'in\n')(root);
    assert.equal(run('dvc', 'status').stdout, 'a\n  never run\n');
    assert.equal(run('run', 'dvc.yaml').status, 0);
    put('a.txt', 'mine\n')(root);
    const refused = run('dvc', 'checkout');
    assert.equal(refused.status, 1);
    assert.match(
      refused.stderr,
      /a\.txt has no copy in DVC's cache: `modelyard dvc commit` keeps it, --force puts it into the trash/,
    );
    assert.equal(readFileSync(path.join(root, 'a.txt'), 'utf8'), 'mine\n');
    const commit = run('dvc', 'commit');
    assert.equal(commit.status, 1);
    assert.match(commit.stderr, /a would be taken as it is, without a run/);
    assert.equal(run('dvc', 'checkout', '--dry', '--force').stdout, 'M  a.txt\n');
    assert.equal(readFileSync(path.join(root, 'a.txt'), 'utf8'), 'mine\n');
    const forced = run('dvc', 'checkout', '--force');
    assert.equal(forced.status, 0, forced.stderr);
    assert.equal(readFileSync(path.join(root, 'a.txt'), 'utf8'), 'a\n');
    const [, place = ''] = /in the trash now: (\S+)/.exec(forced.stdout) ?? [];
    assert.equal(readFileSync(path.join(root, place), 'utf8'), 'mine\n');

    gone('a.txt')(root);
    gone('.dvc/cache')(root);
    gone('in.txt')(root);
    assert.match(run('run', 'dvc.yaml', '--dry', '--allow-missing').stdout, /^a {2}up to date\n/);
    edit('dvc.yaml', 'echo a >', 'echo A >')(root);
    assert.match(run('run', 'dvc.yaml', '--dry', '--allow-missing').stdout, /^a {2}run +command changed\n/);
    edit('dvc.yaml', 'echo A >', 'echo a >')(root);
    put('in.txt', 'in\n')(root);
    const lost = run('dvc', 'checkout');
    assert.equal(lost.status, 1);
    assert.match(lost.stderr, /not in DVC's cache: a\.txt\. A remote may have it: modelyard dvc pull a\.txt/);
    assert.match(run('dvc', 'status').stdout, /^a\n {2}output a\.txt {2}not in cache\n$/);
    assert.equal(run('dvc', 'status', 'nothing').status, 2);
    assert.equal(existsSync(path.join(root, '.dvc/cache')), false);

    const usage = run('run', 'dvc.yaml', '--single-item');
    assert.equal(usage.status, 2);
    assert.match(usage.stderr, /--single-item says what --to means/);
  },
);

test('pull, push and fetch are done by the DVC that is installed', { skip: withoutDvc() }, async (t) => {
  const top = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-remote-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  const cli = await builtCli();
  const root = path.join(top, 'project');
  put(
    '.dvc/config',
    `[core]\n    no_scm = True\n    remote = far\n['remote "far"']\n    url = ${top}/far\n`,
  )(root);
  put('dvc.yaml', 'stages:\n  a:\n    cmd: echo a > a.txt\n    deps: [in.txt]\n    outs: [a.txt]\n')(root);
  put('in.txt', 'in\n')(root);
  const folder = path.dirname(peerPython('dvc'));
  const run = (env: NodeJS.ProcessEnv, ...args: string[]) =>
    runIn(root, cli, args, { ...ENV, DVC_SITE_CACHE_DIR: top, DVC_NO_ANALYTICS: '1', ...env });
  const withDvc = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  assert.equal((await run(withDvc, 'run', 'dvc.yaml')).code, 0);
  const pushed = await run(withDvc, 'dvc', 'push', '--jobs', '2', 'a');
  assert.equal(pushed.code, 0, pushed.stderr);
  assert.match(pushed.stdout, /1 file pushed/);
  gone('.dvc/cache')(root);
  gone('a.txt')(root);
  const fetched = await run(withDvc, 'dvc', 'fetch', '-r', 'far');
  assert.match(fetched.stdout, /1 file fetched/);
  assert.equal(existsSync(path.join(root, 'a.txt')), false);
  assert.equal((await run(withDvc, 'dvc', 'pull', 'a.txt')).code, 0);
  assert.equal(readFileSync(path.join(root, 'a.txt'), 'utf8'), 'a\n');
  assert.equal((await run(withDvc, 'dvc', 'pull', '--', '--nosuch')).code, 1);
  assert.equal((await run(withDvc, 'dvc', 'push', '-r', 'nosuch')).code, 1);
  const none = await run({ PATH: '/nowhere', HOME: top }, 'dvc', 'pull', 'a.txt');
  assert.equal(none.code, 2);
  assert.match(none.stderr, /^modelyard: `dvc pull a\.txt` needs DVC, .*`pip install dvc`/);
});

test('a clone leads checkout nowhere but to files of the project', async (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-led-'));
  const outside = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-outside-'));
  t.after(() => [root, outside].forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  const cli = await builtCli();
  const md5 = createHash('md5').update('evil').digest('hex');
  put('.dvc/config', '[core]\n    no_scm = True\n')(root);
  put(`.dvc/cache/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}`, 'evil')(root);
  put('.git/HEAD', 'ref: refs/heads/main\n')(root);
  symlinkSync(outside, path.join(root, 'link'));
  for (const place of [
    `../${path.basename(outside)}/x`,
    'link/x',
    path.join(outside, 'x'),
    '.git/hooks/post-commit',
    './sub/../.git/hooks/post-commit',
    '.modelyard/x',
    '.dvc/config',
    '.',
  ]) {
    put('a.dvc', `outs:\n- md5: ${md5}\n  size: 4\n  hash: md5\n  path: ${place}\n`)(root);
    const { status, stderr } = spawnSync(process.execPath, [cli, 'dvc', 'checkout', '--force'], {
      cwd: root,
      encoding: 'utf8',
      env: ENV,
    });
    assert.equal(status, 1, place);
    assert.match(stderr, /^modelyard: a\.dvc: /, place);
    assert.deepEqual(readdirSync(outside), [], place);
    assert.deepEqual(readdirSync(path.join(root, '.git')), ['HEAD'], place);
  }
  put('a.dvc', `outs:\n- md5: ${md5}\n  size: 4\n  hash: md5\n  path: sub/x\n`)(root);
  assert.equal(
    spawnSync(process.execPath, [cli, 'dvc', 'checkout'], { cwd: root, encoding: 'utf8', env: ENV }).stdout,
    'A  sub/x\n',
  );
});
