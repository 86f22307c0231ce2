/** A run of stages of DVC that is killed at any moment: lock and cache stay whole, and the next run makes all as it should be. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { builtCli } from '../../support/cli.js';
import { SEED, cases, fc } from '../../support/generated/cases.js';
import { withoutDvc } from '../../support/peers/peers.js';
import { RealDvc } from '../../support/peers/real-dvc.js';

const CHAINS = 3;

const YAML = `stages:
${Array.from(
  { length: CHAINS },
  (_, at) => `  make${at}:
    cmd: mkdir d${at} && for i in 1 2 3 4 5 6; do cp in.txt d${at}/$i; echo ${at}$i >> d${at}/$i; done
    deps: [in.txt]
    outs: [d${at}]
  join${at}:
    cmd: cat d${at}/* > j${at}
    deps: [d${at}]
    outs: [j${at}]
`,
).join('')}  all:
    cmd: cat ${Array.from({ length: CHAINS }, (_, at) => `j${at}`).join(' ')} > all.txt
    deps: [${Array.from({ length: CHAINS }, (_, at) => `j${at}`).join(', ')}]
    outs: [all.txt]
`;

test(
  `a run that is killed leaves nothing torn (SEED=${SEED})`,
  { skip: withoutDvc(), timeout: 3_600_000 },
  async (t) => {
    const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-kill-'));
    const dvc = new RealDvc();
    t.after(() => {
      dvc.close();
      rmSync(root, { recursive: true, force: true });
    });
    const cli = await builtCli();
    const env = { ...process.env, SHELL: '/bin/sh', MODELYARD_MACHINE: 'none' };
    const args = [cli, 'run', 'dvc.yaml', '-j', '2'];
    assert.equal((await dvc.run(root, ['init', '-q', '--no-scm'])).code, 0);
    writeFileSync(path.join(root, 'dvc.yaml'), YAML);
    const shares = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), {
      numRuns: cases(3, 100),
      seed: SEED,
    });
    let whole = 0;
    for (const [at, share] of [1, ...shares].entries()) {
      writeFileSync(path.join(root, 'in.txt'), `${at}\n`);
      // The first one is not killed: it tells how long a run takes.
      if (at > 0) await killed(root, args, env, share * whole);
      const lock = path.join(root, 'dvc.lock');
      if (existsSync(lock))
        assert.equal((parse(readFileSync(lock, 'utf8')) as { schema: unknown }).schema, '2.0');
      wholeObjects(root);
      const begun = performance.now();
      const next = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
      if (at === 0) whole = performance.now() - begun;
      assert.equal(next.status, 0, `${String(share * whole)} ms: ${next.stdout}${next.stderr}`);
      assert.deepEqual(
        JSON.parse((await dvc.run(root, ['status', '--json'])).out),
        {},
        `killed after ${String(share * whole)} ms`,
      );
      wholeObjects(root);
    }
  },
);

function killed(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Whatever stands under the name of its hash is what that says. */
function wholeObjects(root: string): void {
  const folder = path.join(root, '.dvc/cache/files/md5');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const [head = '', tail] = name.split(path.sep);
    if (
      tail === undefined ||
      !/^[0-9a-f]{30}(\.dir)?$/.test(tail) ||
      !statSync(path.join(folder, name)).isFile()
    )
      continue;
    const md5 = createHash('md5')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex');
    assert.equal(md5, `${head}${tail}`.replace(/\.dir$/, ''), name);
  }
}
