/** A cluster behind a login node: over SSH on this machine, with files that both see, and with a copy of the project. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { HashIndex } from '../../server/stores/content/hash-index.js';
import { layoutOf } from '../../server/stores/layout.js';
import { until } from '../support/cli.js';
import { fakeVenv } from '../support/peers/fake-python.js';
import { COUNTED, ClusterProject } from '../support/slurm/project.js';
import { Cluster, slurmAvailable } from '../support/slurm/slurm.js';
import { LoginNode, sshAvailable } from '../support/slurm/sshd.js';

const missing = [slurmAvailable(), sshAvailable()].find(({ ok }) => !ok);

test('a cluster behind a login node can be had here, or it is said why not', () => {
  if (missing?.ok === false) console.log(`skipped: a cluster over SSH: ${missing.why}`);
});

interface Site {
  readonly cluster: Cluster;
  readonly login: LoginNode;
  /** Absolute; a folder for copies. */
  readonly far: string;
}

type Case = readonly [string, (site: Site) => Promise<void>];

const settings = (more = '', login = 'login'): string =>
  `executors:\n  cluster: { type: slurm, poll: 1s, login: ${login}${more} }\n`;

async function over(
  { cluster, login }: Site,
  pipeline: string,
  text: string,
  files: Record<string, string> = {},
): Promise<ClusterProject> {
  const on = await ClusterProject.make(cluster, pipeline, text, { SLURM_CONF: '/nowhere', ...login.env });
  on.project.write(files);
  return on;
}

const CASES: readonly Case[] = [
  [
    'the project itself, where both see it',
    async (site) => {
      const on = await over(
        site,
        `executor: cluster
tasks:
  first: { run: 'echo "$LAPTOP $MINE" > a; command -v python; echo $SLURM_JOB_ID', outputs: { a: a }, env: { MINE: "it's mine" } }
  second: { run: cat a a > b, inputs: [a], outputs: { b: b } }
`,
        settings(),
      );
      fakeVenv(on.project.path('.venv'));
      await on.expect(0, ['run'], { LAPTOP: 'no' });
      assert.equal(on.project.read('b'), " it's mine\n it's mine\n");
      assert.match(on.log('first'), /^\d+$/m);
      assert.ok(on.log('first').includes(on.project.path('.venv/bin/python')), 'the Python of the project');
      on.assertClean();
      const { stdout } = await on.project.expect(0, ['doctor'], { env: on.env });
      assert.match(stdout, /executor cluster: .* 4 nodes .*over SSH by login: the project itself at \//);
      await on.expect(0, ['run']);
      assert.deepEqual(Object.values(on.project.statuses()), ['cached', 'cached']);
    },
  ],
  [
    'a copy of the project: files go there, outputs come back, and what is gone here is gone there',
    async (site) => {
      const far = path.join(site.far, 'a copy');
      const on = await over(
        site,
        `executor: cluster
tasks:
  first:
    run: |
      pwd; ls src; echo "$MODELYARD_PROJECT" "$PATH"; echo "$TOKEN" | wc -c
      echo '{"key": "loss", "value": 0.5}' >> "$MODELYARD_METRICS"
      mkdir -p made/deep 'some place'; cat src/in.txt > made/deep/x; echo y > 'some place/it''s y.txt'; ln -s deep/x made/link
    inputs: [src/in.txt]
    secrets: [TOKEN]
    outputs: { made: made, all: { path: some place/*.txt } }
  second: { run: cat made/deep/x made/link > b, inputs: [made], outputs: { b: b } }
`,
        settings(`, remote-dir: ${JSON.stringify(far)}`),
        { 'src/in.txt': 'one\n', 'src/old.py': '', 'node_modules/x': '', 'notes.txt': 'here\n' },
      );
      await on.expect(0, ['run'], { TOKEN: 'a secret' });
      assert.equal(on.project.read('b'), 'one\none\n');
      assert.equal(on.project.read('some place/its y.txt'), 'y\n');
      assert.match(on.log('first'), new RegExp(`^${far}\nin.txt\nold.py\n${far} [^:]`));
      assert.match(on.log('first'), /^9$/m, 'the secret is there');
      assert.doesNotMatch(on.log('first'), new RegExp(on.project.root), 'nothing leads here');
      assert.deepEqual(on.project.lastRun().tasks[0]?.metrics, { loss: 0.5 });
      on.assertClean();
      assert.deepEqual(readdirSync(path.join(far, '.modelyard/jobs')), []);
      assert.ok(!existsSync(path.join(far, 'node_modules')));
      await on.expect(0, ['run'], { TOKEN: 'a secret' });
      assert.deepEqual(Object.values(on.project.statuses()), ['cached', 'cached']);
      // Somebody works on both sides.
      writeFileSync(path.join(far, 'theirs.txt'), 'theirs\n');
      rmSync(on.project.path('src/old.py'));
      on.project.write({ 'src/in.txt': 'two\n' });
      await on.expect(0, ['run'], { TOKEN: 'a secret' });
      assert.equal(on.project.read('b'), 'two\ntwo\n');
      assert.match(on.log('first'), new RegExp(`^${far}\nin.txt\n${far} `));
      assert.equal(readFileSync(path.join(far, 'theirs.txt'), 'utf8'), 'theirs\n');
    },
  ],
  [
    'the copy has what a task reads although git ignores it, and jobs may lie elsewhere',
    async (site) => {
      const on = await over(
        site,
        COUNTED('cat data/big.csv > seen; test ! -e data/other.csv', '    inputs: [data/big.csv]\n'),
        settings(`, remote-dir: ${site.far}/ignored, work-dir: ${site.far}/jobs`),
        { '.gitignore': 'data/\n', 'data/big.csv': '1,2\n', 'data/other.csv': '3\n' },
      );
      execFileSync('git', ['init', '-q', on.project.root]);
      await on.expect(0, ['run']);
      assert.equal(readFileSync(path.join(site.far, 'ignored/seen'), 'utf8'), '1,2\n');
      assert.equal(on.project.read('model.bin'), 'made\n');
      assert.deepEqual(readdirSync(path.join(site.far, 'jobs')), []);
      on.assertClean();
    },
  ],
  [
    'what only the copy has is read there by a job, once, and never brought here',
    async (site) => {
      const far = path.join(site.far, 'only there');
      const on = await over(
        site,
        `executor: cluster
tasks:
  count: { run: 'cat huge.bin data/*.csv | wc -c > size', inputs: [huge.bin, data], outputs: { size: size } }
  cell:
    matrix: { n: [1, 2] }
    run: cat huge.bin > out-\${{ matrix.n }}
    inputs: [huge.bin]
    outputs: { out: "out-\${{ matrix.n }}" }
`,
        // What a setup prints is none of the answer.
        settings(`, remote-dir: ${JSON.stringify(far)}, setup: echo loaded`),
      );
      assert.match(await on.expect(1, ['run']), /huge.bin does not exist/);
      writeFileSync(path.join(far, 'huge.bin'), 'there');
      mkdirSync(path.join(far, 'data/empty/deep'), { recursive: true });
      for (const [name, text] of [
        ['a b.csv', '1,2\n'],
        ["it's.csv", '3'],
        ['ü.csv', ''],
      ] as const)
        // prettier-ignore
        writeFileSync(path.join(far, 'data', name), text);
      symlinkSync('a b.csv', path.join(far, 'data/inner'));
      symlinkSync('../huge.bin', path.join(far, 'data/outer.csv'));
      symlinkSync('nowhere', path.join(far, 'data/dangling'));
      assert.match(await on.expect(0, ['plan']), /huge.bin is not here; a run looks for it on login/);
      await on.expect(0, ['run']);
      assert.equal(on.project.read('size').trim(), '15');
      assert.ok(!on.project.exists('huge.bin') && !on.project.exists('data'));
      // It is the hash that it would have here.
      const inputs = on.project.lastRun().tasks.find(({ id }) => id === 'count')?.inputs ?? [];
      const index = new HashIndex(layoutOf(far));
      for (const { path: file, hash, bytes } of inputs) {
        const own = index.hash(path.join(far, file));
        assert.deepEqual(own.ok && [own.hash, own.bytes], [hash, bytes], file);
      }
      assert.equal(inputs.length, 2);
      on.assertClean();
      assert.deepEqual(readdirSync(path.join(far, '.modelyard/jobs')), []);
      // What has changed a moment ago is read again, to be sure; after that nobody reads it twice.
      await pause(2_100);
      await on.expect(0, ['run']);
      await on.expect(0, ['run']);
      assert.deepEqual(Object.values(on.project.statuses()), ['cached', 'cached', 'cached']);
      assert.deepEqual(await site.cluster.jobs(on.project.lastRun().id), []);
      writeFileSync(path.join(far, 'data/ü.csv'), '4');
      await on.expect(0, ['run']);
      assert.equal(on.project.read('size').trim(), '16');
      writeFileSync(path.join(far, 'huge.bin'), 'other');
      await on.expect(0, ['run']);
      assert.equal(on.project.read('out-2'), 'other');
    },
  ],
  [
    'a matrix in shared jobs of a copy, one cell of which fails',
    async (site) => {
      const on = await over(
        site,
        `executor: cluster
tasks:
  cell:
    matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8], fail-fast: false }
    run: |
      echo cell \${{ matrix.n }}
      test \${{ matrix.n }} != 3
      echo \${{ matrix.n }} > out-\${{ matrix.n }}.txt
    outputs: { out: "out-\${{ matrix.n }}.txt" }
`,
        settings(`, remote-dir: ${site.far}/grouped, group: 4`),
      );
      await on.expect(1, ['run']);
      const statuses = Object.values(on.project.statuses());
      assert.deepEqual(statuses.filter((one) => one === 'failed').length, 1);
      assert.deepEqual(statuses.filter((one) => one === 'succeeded').length, 7);
      for (const n of [1, 2, 4, 5, 6, 7, 8]) assert.equal(on.project.read(`out-${n}.txt`), `${n}\n`);
      assert.equal(new Set(on.arrays()).size, 1);
      on.assertClean();
    },
  ],
  [
    'a client that is killed: the next one brings what was made',
    async (site) => {
      const on = await over(
        site,
        COUNTED('echo begun; sleep 3'),
        settings(`, remote-dir: ${site.far}/killed`),
      );
      const run = on.start(['run']);
      await until('it runs', () => run.output().includes('begun'));
      run.child.kill('SIGKILL');
      await run.done;
      assert.ok(!on.project.exists('model.bin'));
      await on.expect(0, ['run', '--resume']);
      assert.equal(on.project.read('model.bin'), 'made\n');
      assert.equal(readFileSync(path.join(site.far, 'killed/count'), 'utf8'), 'run\n');
      on.assertClean();
    },
  ],
  [
    'Ctrl-C ends the job there',
    async (site) => {
      const on = await over(
        site,
        COUNTED('echo begun; sleep 300'),
        settings(`, remote-dir: ${site.far}/ended`),
      );
      const run = on.start(['run']);
      await until('it runs', () => run.output().includes('begun'));
      run.child.kill('SIGINT');
      assert.equal((await run.done).code, 130);
      const states = (await site.cluster.jobs(on.project.lastRun().id)).map(({ state }) => state);
      assert.ok(
        states.every((state) => state === 'CANCELLED'),
        states.join(),
      );
      on.assertClean();
    },
  ],
  [
    'what goes wrong on the way is said, with the way out',
    async (site) => {
      mkdirSync(path.join(site.far, 'full'));
      writeFileSync(path.join(site.far, 'full/thesis.tex'), '');
      for (const [text, pattern] of [
        [settings('', 'ada@nowhere.invalid'), /the host of ada@nowhere.invalid is not known/],
        [settings('', 'stranger'), /stranger accepts no key of yours: `ssh stranger` has to work/],
        [settings('', 'changed'), /the key of the host is not the one that is known/],
        [settings(`, remote-dir: ${site.far}/full`), /full on login is not empty, and is not this project/],
      ] as const) {
        const on = await over(site, COUNTED('true'), text);
        const said = await on.expect(1, ['run']);
        assert.match(said, pattern);
        const { stdout } = await on.project.expect(1, ['doctor'], { env: on.env });
        assert.match(stdout, pattern);
        on.assertClean();
      }
      const on = await over(site, COUNTED('true'), settings(`, remote-dir: ${site.far}/rsyncless`));
      const said = await on.expect(1, ['run'], { PATH: site.login.own('bin') });
      assert.match(said, /`rsync` is not found in the PATH of this machine/);
      assert.deepEqual(readdirSync(path.join(site.far, 'full')), ['thesis.tex']);
    },
  ],
];

/** They take the line down. */
const ALONE: readonly Case[] = [
  [
    'a line that is down before anything is submitted is waited for',
    async (site) => {
      const on = await over(site, COUNTED('true'), settings(`, remote-dir: ${site.far}/late`));
      site.login.down();
      const run = on.start(['run']);
      try {
        await until('it waits', () => run.output().includes('is not in the queue yet'));
      } finally {
        await site.login.up();
      }
      const { code, stdout } = await run.done;
      assert.equal(code, 0, stdout);
      assert.equal(on.project.read('model.bin'), 'made\n');
      on.assertClean();
    },
  ],
  [
    'a line that is down is waited for',
    async (site) => {
      const on = await over(
        site,
        COUNTED('echo begun; sleep 4; echo ended'),
        settings(`, remote-dir: ${site.far}/down`),
      );
      const run = on.start(['run']);
      await until('it runs', () => run.output().includes('begun'));
      site.login.down();
      await until('it has ended', () => existsSync(path.join(site.far, 'down/model.bin')));
      await site.login.up();
      const { code, stdout } = await run.done;
      assert.equal(code, 0, stdout);
      assert.match(stdout, /ended/);
      assert.equal(on.project.read('model.bin'), 'made\n');
      on.assertClean();
    },
  ],
];

void test('tasks on a cluster over SSH', { skip: missing !== undefined, concurrency: 3 }, async (t) => {
  const cluster = await Cluster.start().catch((error: unknown) => String(error));
  if (typeof cluster === 'string') {
    console.log(`skipped: a cluster over SSH: it does not start here: ${cluster}`);
    return;
  }
  const far = mkdtempSync(path.join(tmpdir(), 'modelyard-far-'));
  const login = await LoginNode.start(cluster.env);
  try {
    const site = { cluster, login, far };
    await Promise.all(CASES.map(([name, run]) => t.test(name, () => run(site))));
    for (const [name, run] of ALONE) await t.test(name, () => run(site));
  } finally {
    login.stop();
    await cluster.stop();
    rmSync(far, { recursive: true, force: true });
  }
});
