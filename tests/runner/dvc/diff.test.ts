/** `modelyard dvc diff` beside the real DVC: commits of one project, each against each and against what is there now. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { builtCli } from '../../support/cli.js';
import { withoutDvc } from '../../support/peers/peers.js';
import { RealDvc } from '../../support/peers/real-dvc.js';

const skip = withoutDvc();

const YAML = `stages:
  split:
    cmd: mkdir -p parts/deep && cp data.txt parts/a && cp data.txt parts/deep/b && date +%N > parts/c
    deps: [data.txt]
    outs: [parts]
  each:
    foreach: \${names}
    do:
      cmd: echo \${item} > \${item}.out && cp \${item}.out same-\${item}.out
      deps: [parts]
      outs:
        - \${item}.out
        - same-\${item}.out: {cache: false}
  never:
    cmd: exit 1
    deps: [none]
    outs: [never.out]
`;

/** What is done to the project, one after the other; each is committed. */
const STEPS: readonly ((
  put: (file: string, text: string) => void,
  root: string,
) => readonly (readonly string[])[])[] = [
  () => [],
  () => [['repro', 'split', 'each']],
  (put) => {
    put('sub/raw/one.csv', '1\n');
    put('sub/raw/in/two.csv', '2\n');
    return [['add', 'sub/raw']];
  },
  (put) => {
    put('params.yaml', 'names: [x, z]\n');
    put('data.txt', 'other\n');
    return [['repro', 'split', 'each']];
  },
  (put, root) => {
    put('sub/raw/three.csv', '3\n');
    renameSync(path.join(root, 'sub/raw/one.csv'), path.join(root, 'sub/raw/moved.csv'));
    return [['add', 'sub/raw']];
  },
];

/** What is there now. */
const NOW: readonly ((root: string) => void)[] = [
  () => undefined,
  (root) => appendFileSync(path.join(root, 'sub/raw/three.csv'), 'x'),
  (root) => rmSync(path.join(root, 'parts'), { recursive: true }),
  (root) => writeFileSync(path.join(root, 'parts'), 'a file now\n'),
  (root) => writeFileSync(path.join(root, 'never.out'), 'made by hand\n'),
  (root) => rmSync(path.join(root, '.dvc/cache/files/md5'), { recursive: true }),
];

const ASKED: readonly (readonly string[])[] = [
  ['HEAD~3'],
  ['HEAD~4', 'HEAD~1'],
  ['HEAD', 'HEAD~3'],
  ['HEAD', 'HEAD'],
  ['HEAD~1', 'HEAD', '--targets', 'sub/raw'],
  ['HEAD~2', '--targets', 'parts'],
  ['--hide-missing'],
];

test('says what dvc diff says of commits and of what is there now', { skip }, async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'dvc-diff-'));
  const cli = await builtCli();
  const dvc = new RealDvc();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: root });
  const put = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const ours = (args: readonly string[]) =>
    new Promise<unknown>((done, fail) => {
      execFile(process.execPath, [cli, 'dvc', 'diff', ...args, '--json'], { cwd: root }, (error, out) => {
        if (error === null) done(JSON.parse(out));
        else fail(new Error(error.message));
      });
    });
  try {
    git('init', '-q');
    assert.equal((await dvc.run(root, ['init', '-q'])).code, 0);
    put('dvc.yaml', YAML);
    put('params.yaml', 'names: [x, y]\n');
    put('data.txt', 'data\n');
    for (const [at, step] of STEPS.entries()) {
      for (const args of step(put, root)) {
        const { code, out } = await dvc.run(root, args);
        assert.equal(code, 0, `${args.join(' ')}: ${out}`);
      }
      git('add', '-A');
      git('commit', '-q', '-m', String(at));
    }
    for (const [at, change] of NOW.entries()) {
      change(root);
      for (const args of at === 0 ? ASKED : [[]]) {
        // What DVC has seen in its cache it remembers elsewhere.
        const env = { DVC_SITE_CACHE_DIR: path.join(root, '.git', `site-${at}`) };
        const theirs = await dvc.run(root, ['diff', ...args, '--json', '--show-hash'], env);
        assert.equal(theirs.code, 0, args.join(' '));
        const found = (await ours(args)) as Record<string, unknown>;
        assert.deepEqual(
          listed(found),
          listed(JSON.parse(theirs.out) as Record<string, unknown>),
          `${change.toString()} ${args.join(' ')}`,
        );
      }
    }
  } finally {
    dvc.close();
    rmSync(root, { recursive: true, force: true });
  }
});

/** Without what is empty, and without hashes that are none. */
function listed(diff: Record<string, unknown>): Record<string, unknown> {
  const parts = ['added', 'deleted', 'modified', 'renamed', 'not in cache'].map(
    (part) => [part, diff[part] ?? []] as const,
  );
  return JSON.parse(
    JSON.stringify(
      Object.fromEntries(parts.filter(([, list]) => (list as unknown[]).length > 0)),
      (_, value: unknown) => (value === null ? undefined : value),
    ),
  ) as Record<string, unknown>;
}
