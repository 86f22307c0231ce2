/** A project of a group: two real users run, approve, resume and clean up in one folder. Needs root, to be both. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { builtCli } from '../../support/cli.js';

const GROUP = 29_999;
const ADA = 29_001;
const GRACE = 29_002;
const isRoot = process.getuid?.() === 0;

interface Shared {
  readonly root: string;
  readonly as: (
    user: number,
    args: readonly string[],
    umask?: string,
  ) => { code: number | null; text: string };
}

async function shared(t: { after(fn: () => void): void }, mode: number): Promise<Shared> {
  const base = mkdtempSync(path.join(os.tmpdir(), 'modelyard-shared-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  chmodSync(base, 0o755);
  cpSync(path.dirname(await builtCli()), path.join(base, 'bin'), { recursive: true });
  const root = path.join(base, 'project');
  mkdirSync(root);
  for (const user of [ADA, GRACE]) {
    mkdirSync(path.join(base, String(user)));
    chownSync(path.join(base, String(user)), user, user);
  }
  writeFileSync(path.join(root, 'modelyard.yaml'), 'name: shared\n');
  writeFileSync(
    path.join(root, 'p.pipeline.yaml'),
    'tasks:\n  make: { run: cp in out, inputs: [in], outputs: { o: out } }\n  ask: { needs: [make], approval: { prompt: go? } }\n  ship: { needs: [ask], run: cp out shipped, inputs: [out], outputs: { s: shipped } }\n',
  );
  writeFileSync(path.join(root, 'in'), 'x');
  for (const name of ['modelyard.yaml', 'p.pipeline.yaml', 'in']) chmodSync(path.join(root, name), 0o664);
  for (const name of ['.', 'modelyard.yaml', 'p.pipeline.yaml', 'in']) chownSync(path.join(root, name), ADA, GROUP); // prettier-ignore
  chmodSync(root, mode);
  return {
    root,
    as: (user, args, umask = '022') => {
      const command = `umask ${umask}; exec "$0" "$@"`;
      const { status, stdout, stderr } = spawnSync(
        'setpriv',
        [
          ...[`--reuid=${user}`, `--regid=${user}`, `--groups=${GROUP}`, 'sh', '-c', command],
          ...[process.execPath, path.join(base, 'bin/cli.js'), ...args],
        ],
        {
          cwd: root,
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], HOME: path.join(base, String(user)), MODELYARD_MACHINE: 'none' },
        },
      );
      return { code: status, text: `${stdout}${stderr}` };
    },
  };
}

test(
  'a member of the group answers, resumes, runs and cleans up what another one has begun',
  { skip: !isRoot },
  async (t) => {
    const { root, as } = await shared(t, 0o2775);
    const check = (code: number, user: number, ...args: string[]): string => {
      const { code: ended, text } = as(user, args);
      assert.equal(ended, code, `${user} ${args.join(' ')}\n${text}`);
      assert.doesNotMatch(text, /permission was denied|could not be stored|was not made here|Please report/);
      return text;
    };
    check(3, ADA, 'run', 'p');
    assert.match(check(0, GRACE, 'doctor'), /memory/);
    check(0, GRACE, 'approve');
    check(0, GRACE, 'run', 'p', '--resume');
    check(3, GRACE, 'run', 'p', '--force');
    check(0, ADA, 'approve', '--resume');
    writeFileSync(path.join(root, 'in'), 'y');
    check(3, ADA, 'run', 'p');
    check(0, GRACE, 'runs', 'cancel');
    check(0, GRACE, 'runs', 'list');
    check(0, GRACE, 'gc', '--keep-runs', '1', '--max-size', '0', '--yes');
    check(3, ADA, 'run', 'p');
    // Neither of them has an entry in the system's list of users, as in containers.
    writeFileSync(
      path.join(root, 'q.pipeline.yaml'),
      'tasks: { two: { approval: { prompt: go?, count: 2 } } }\n',
    );
    check(3, ADA, 'run', 'q');
    const { id } = JSON.parse(check(0, ADA, 'runs', 'show', '--json')) as { id: string };
    check(0, ADA, 'approve', id, 'two');
    assert.match(check(1, ADA, 'approve', id, 'two'), /uid-29001 has approved two already/);
    assert.match(check(0, GRACE, 'approve', id, 'two', '--resume'), /approved by uid-29001, uid-29002/);
  },
);

test('who may not look is told so in a sentence', { skip: !isRoot }, async (t) => {
  const { as } = await shared(t, 0o755);
  assert.equal(as(ADA, ['run', 'p'], '077').code, 3);
  for (const args of [
    ['runs', 'list'],
    ['plan', 'p'],
    ['run', 'p'],
    ['approvals'],
    ['gc', '--dry'],
    ['doctor'],
    ['status'],
  ]) {
    const { text, code } = as(GRACE, args);
    assert.doesNotMatch(text, /Please report|\bat .*\.js:\d+/, args.join(' '));
    assert.notEqual(code, null);
  }
});
