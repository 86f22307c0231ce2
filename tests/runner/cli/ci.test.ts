/** The examples of docs/how-to/integrate/ci.md: valid by the schema of their host, and every step does what the page says. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { TestProject, builtCli } from '../../support/cli.js';

const PAGE = readFileSync('docs/how-to/integrate/ci.md', 'utf8');

/** The example that begins with a comment that names its file. */
function example(file: string): string {
  const found = [...PAGE.matchAll(/^```\w+\n((?:#|\/\/) (\S+)\n.*?)^```$/gms)].find(
    ([, , name]) => name === file,
  );
  assert.ok(found?.[1] !== undefined, file);
  return found[1];
}

const FILES = {
  '.gitignore': '*.md\n*.sarif\ncode-quality.json\nout.txt\nacc.json\n',
  'modelyard.yaml': 'name: rain\n',
  'in.txt': '0.8',
  'train.pipeline.yaml': `name: rain-train
params: { least: 0.7 }
tasks:
  train:
    run: cat in.txt > out.txt && echo "{\\"acc\\":$(cat in.txt)}" > acc.json
    inputs: [in.txt]
    outputs: { model: out.txt }
    metrics: acc.json
  gate: { check: [tasks.train.metrics.acc >= params.least] }
`,
};

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** A repository with a project, a package of the extension and nothing but these on the path that knows Modelyard. */
async function place(t: TestContext) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-ci-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const repository = path.join(root, 'repository');
  for (const name of ['repository', 'temp', 'home', 'bin', 'zip/extension']) {
    mkdirSync(path.join(root, name), { recursive: true });
  }
  for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(repository, name), text);
  cpSync(path.dirname(await builtCli()), path.join(root, 'zip/extension/dist'), { recursive: true });
  const vsix = path.join(root, 'modelyard.vsix');
  const zip = spawnSync('python3', ['-m', 'zipfile', '-c', vsix, 'extension'], {
    cwd: path.join(root, 'zip'),
  });
  assert.equal(zip.status, 0, String(zip.stderr));
  const git = (...args: string[]) =>
    assert.equal(spawnSync('git', ['-C', repository, ...args]).status, 0, args.join(' '));
  git('init', '-qb', 'main');
  git('add', '-A');
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'one');
  const read = (name: string): string => readFileSync(path.join(repository, name), 'utf8');
  const write = (name: string, text: string): void => writeFileSync(path.join(repository, name), text);
  /** A new checkout on another machine, with what a cache of `.modelyard` gives back. */
  const checkOutAnew = (): void => {
    const again = `${repository}-again`;
    spawnSync('git', ['clone', '-q', repository, again]);
    cpSync(path.join(repository, '.modelyard'), path.join(again, '.modelyard'), { recursive: true });
    rmSync(repository, { recursive: true });
    cpSync(again, repository, { recursive: true });
    rmSync(again, { recursive: true });
    for (const name of ['home', 'temp']) {
      rmSync(path.join(root, name), { recursive: true });
      mkdirSync(path.join(root, name));
    }
  };
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: path.join(root, 'home'),
    CI: 'true',
    MODELYARD_MACHINE: 'none',
    MODELYARD_MEMORY_KEY: 'a secret',
    MODELYARD_VSIX: pathToFileURL(vsix).href,
  };
  return { root, repository, env, read, write, checkOutAnew };
}

type Place = Awaited<ReturnType<typeof place>>;

/** As a host does: in a shell that ends at the first mistake. Gives the exit code and everything that was printed. */
function shell(here: Place, script: string, env: Readonly<Record<string, string>>) {
  return new Promise<{ code: number; output: string }>((resolve) => {
    const child = execFile(
      'bash',
      ['-eo', 'pipefail', '-c', script],
      { cwd: here.repository, env: { ...here.env, ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code);
        resolve({ code, output: `${stdout}${stderr}` });
      },
    );
    // Nobody sits there to answer.
    child.stdin?.end();
  });
}

const valid = (name: string, text: string): void => {
  const schema = JSON.parse(readFileSync(`tests/runner/fixtures/ci/${name}.json`, 'utf8')) as object;
  const check = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  check(parse(text));
  assert.deepEqual(check.errors ?? [], []);
};

/** The job of the workflow. Gives how it ended, and what its steps printed. */
async function github(here: Place, event: 'push' | 'pull_request') {
  const { jobs } = parse(example('.github/workflows/modelyard.yml')) as {
    jobs: Record<string, { env: Record<string, string>; steps: Step[] }>;
  };
  const [job] = Object.values(jobs);
  assert.ok(job !== undefined);
  const values: Readonly<Record<string, string>> = {
    'secrets.MODELYARD_MEMORY_KEY': 'a secret',
    'vars.MODELYARD_VSIX': here.env.MODELYARD_VSIX,
    'github.token': 'token',
    'github.event.pull_request.number': '7',
    'github.ref_name': 'main',
    'github.run_id': '1',
  };
  const filled = (map: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries(map).map(([key, text]) => [
        key,
        text.replace(/\$\{\{ *(.*?) *\}\}/g, (_, name: string) => {
          const value = values[name];
          assert.ok(value !== undefined, `the page uses ${name}`);
          return value;
        }),
      ]),
    );
  const files = { GITHUB_PATH: 'path', GITHUB_STEP_SUMMARY: 'summary' };
  const given = Object.fromEntries(
    Object.entries(files).map(([key, name]) => [key, path.join(here.root, 'temp', name)]),
  );
  for (const file of Object.values(given)) writeFileSync(file, '');
  // What GitHub's own program was asked for.
  writeFileSync(
    path.join(here.root, 'bin/gh'),
    `#!/bin/sh\necho "$@" >> "${here.root}/temp/gh"; cat plan.md >> "${here.root}/temp/gh"\n`,
    {
      mode: 0o755,
    },
  );
  const used: string[] = [];
  let output = '';
  let failed = 0;
  for (const step of job.steps) {
    const wanted =
      step.if === undefined || step.if === 'always()'
        ? true
        : step.if === "github.event_name == 'pull_request'"
          ? event === 'pull_request'
          : assert.fail(step.if);
    if (!wanted || (failed !== 0 && step.if !== 'always()')) continue;
    if (step.uses !== undefined) {
      used.push(step.uses);
      const file = step.with?.['sarif_file'];
      if (typeof file === 'string') {
        const { runs } = JSON.parse(here.read(file)) as { runs: { results: { ruleId: string }[] }[] };
        output += `findings: ${runs.flatMap(({ results }) => results.map(({ ruleId }) => ruleId)).join(' ')}\n`;
      }
      continue;
    }
    const added = readFileSync(given['GITHUB_PATH'] ?? '', 'utf8')
      .trim()
      .split('\n');
    const done = await shell(here, step.run ?? '', {
      ...filled(job.env),
      ...filled(step.env),
      ...given,
      RUNNER_TEMP: path.join(here.root, 'temp'),
      PATH: [...added, path.join(here.root, 'bin'), here.env.PATH].filter((one) => one !== '').join(':'),
    });
    output += `${step.name ?? ''}: ${done.code}\n${done.output}`;
    failed ||= done.code;
  }
  const summary = readFileSync(given['GITHUB_STEP_SUMMARY'] ?? '', 'utf8');
  const asked = path.join(here.root, 'temp/gh');
  return { failed, output, summary, used, asked: existsSync(asked) ? readFileSync(asked, 'utf8') : '' };
}

test('the examples are valid by the schemas of their hosts, and so is our own workflow', () => {
  valid('github-workflows', example('.github/workflows/modelyard.yml'));
  valid('github-workflows', readFileSync('.github/workflows/test.yml', 'utf8'));
  valid('gitlab-ci', example('.gitlab-ci.yml'));
  assert.throws(() => {
    valid('gitlab-ci', 'job: { script: [a], rules: 5 }');
  });
});

const actionlint = spawnSync('actionlint', ['-version']).status === 0;

test(
  'actionlint finds nothing in the workflows',
  { skip: actionlint ? false : 'there is no actionlint here' },
  (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-workflow-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'modelyard.yml');
    writeFileSync(file, example('.github/workflows/modelyard.yml'));
    const { stdout } = spawnSync('actionlint', [file, '.github/workflows/test.yml'], { encoding: 'utf8' });
    assert.equal(stdout, '');
  },
);

test('GitHub: findings, a plan as a comment, a summary, and results of the job before', async (t) => {
  const here = await place(t);
  const first = await github(here, 'pull_request');
  assert.equal(first.failed, 0, first.output);
  assert.match(first.output, /^findings: $/m);
  assert.match(
    first.asked,
    /^pr comment 7 --body-file plan\.md --edit-last --create-if-none\n## Plan of rain/,
  );
  assert.match(first.asked, /\| `train` \| run \| never run \|/);
  assert.match(first.summary, /^## ✓ rain\\-train succeeded\n\n2 tasks, 2 ran · /);
  assert.match(first.summary, /\| ✓ \| `train` \| .* \| `acc = 0\.8` \|/);
  assert.ok(first.used.some((one) => one.startsWith('actions/cache@')));

  here.checkOutAnew();
  const second = await github(here, 'push');
  assert.equal(second.failed, 0, second.output);
  assert.match(second.summary, /2 tasks, 2 cached/);
  assert.equal(second.asked, '', 'nobody is told where there is no pull request');

  here.write('in.txt', '0.5');
  const worse = await github(here, 'push');
  assert.equal(worse.failed, 1, worse.output);
  assert.match(worse.summary, /^## ✗ rain\\-train failed/);
  assert.match(worse.summary, /^### gate failed$/m);
  assert.match(worse.summary, /- `✗ tasks\.train\.metrics\.acc >= params\.least — .*0\.5/);

  here.write(
    'train.pipeline.yaml',
    FILES['train.pipeline.yaml'].replace('>= params.least', '>= params.most'),
  );
  const broken = await github(here, 'push');
  assert.equal(broken.failed, 1);
  assert.match(broken.output, /^findings: reference\/unknown-param/m);
  assert.equal(broken.summary, '');
});

/** What a project of GitLab is told. */
async function gitlab(t: TestContext) {
  const told: { readonly url: string; readonly token: unknown; readonly body: string }[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const form = new URLSearchParams(body);
      told.push({
        url: request.url ?? '',
        token: request.headers['private-token'],
        body: form.get('body') ?? '',
      });
      response.writeHead(201).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { told, url: `http://127.0.0.1:${address.port}/api/v4` };
}

test('GitLab: a Code Quality report, a plan as a note, a summary, and results of the job before', async (t) => {
  const here = await place(t);
  const { told, url } = await gitlab(t);
  const [job] = Object.values(
    parse(example('.gitlab-ci.yml')) as Record<string, { before_script: string[]; script: string[] }>,
  );
  assert.ok(job !== undefined);
  // The runner's /tmp is its own.
  const script = [...job.before_script, ...job.script].join('\n').replaceAll('/tmp/', `${here.root}/temp/`);
  const run = (request: string) =>
    shell(here, script, {
      CI_API_V4_URL: url,
      CI_PROJECT_ID: '12',
      CI_MERGE_REQUEST_IID: request,
      MODELYARD_COMMENT_TOKEN: 'token',
    });
  const first = await run('7');
  assert.equal(first.code, 0, first.output);
  assert.deepEqual(
    told.map(({ url: path, token }) => [path, token]),
    [['/api/v4/projects/12/merge_requests/7/notes', 'token']],
  );
  assert.match(told[0]?.body ?? '', /^## Plan of rain\\-train\n\n2 tasks of 2 would run\n/);
  assert.deepEqual(JSON.parse(here.read('code-quality.json')), []);
  assert.match(here.read('summary.md'), /2 tasks, 2 ran/);

  here.checkOutAnew();
  const second = await run('');
  assert.equal(second.code, 0, second.output);
  assert.equal(told.length, 1, 'nobody is told where there is no merge request');
  assert.match(here.read('summary.md'), /2 tasks, 2 cached/);

  here.write('train.pipeline.yaml', FILES['train.pipeline.yaml'].replaceAll('params.least', 'params.most'));
  assert.equal((await run('')).code, 1);
  const issues = JSON.parse(here.read('code-quality.json')) as Record<string, unknown>[];
  assert.deepEqual(
    issues.map(({ check_name, severity, location }) => [check_name, severity, location]),
    [['reference/unknown-param', 'critical', { path: 'train.pipeline.yaml', lines: { begin: 9 } }]],
  );
});

test('Jenkins: its steps run one after the other, and a second build does nothing twice', async (t) => {
  const here = await place(t);
  const text = example('Jenkinsfile');
  // As Groovy reads texts in single quotes: a backslash stands for what follows it.
  const steps = [...text.matchAll(/sh (?:'''(.*?)'''|'(.*?)')/gs)].map(([, long, short]) =>
    (long ?? short ?? '').replace(/\\(.)/g, '$1'),
  );
  assert.equal(steps.length, 4);
  const temp = path.join(here.root, 'temp');
  const build = async (): Promise<string> => {
    let output = '';
    for (const step of steps) {
      const done = await shell(here, step, {
        WORKSPACE_TMP: temp,
        PATH: `${path.join(temp, 'modelyard')}:${here.env.PATH}`,
      });
      assert.equal(done.code, 0, done.output);
      output += done.output;
    }
    return output;
  };
  assert.match(await build(), /rain-train succeeded .*2 ran/);
  assert.match(await build(), /rain-train succeeded .*2 cached/);
  assert.match(here.read('summary.md'), /2 ran.*2 cached/s, 'summaries are added');
  assert.equal((JSON.parse(here.read('modelyard.sarif')) as { version: string }).version, '2.1.0');
});

test('what a run prints stays where it belongs in a summary', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `name: hostile
params: { note: 'a|b \`x\` <b> @team' }
tasks:
  loud:
    run: "echo '\`\`\`\`'; echo '# no heading @team'; exit 3"
    outputs: { o: o }
  after: { run: cat o, inputs: [o], cache: false }
  ask: { approval: { prompt: 'Ship *it*, @team?' } }
`,
  });
  await project.expect(3, ['run', '-k', '--summary', 'out.md']);
  const lines = project.read('out.md').split('\n');
  const rows = lines.filter((line) => line.startsWith('|'));
  assert.equal(rows.length, 5);
  for (const row of rows) assert.equal(row.match(/(?<!\\)\|/g)?.length, 5, row);
  const fence = '`````';
  const [from, to] = [lines.indexOf(fence), lines.lastIndexOf(fence)];
  assert.deepEqual(lines.slice(from + 1, to), ['````', '# no heading @team']);
  // Outside of code nobody is called, and nothing is a tag.
  const prose = [...lines.slice(0, from), ...lines.slice(to + 1)].map((line) =>
    line.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, ''),
  );
  assert.doesNotMatch(prose.join('\n'), /@|<b>|^# /m);
  assert.match(prose.join('\n'), /^## … hostile waits for people$/m);
  assert.match(lines.join('\n'), /modelyard run hostile --resume /);

  // A file that can't be written stops the run before it begins.
  const { stderr } = await project.expect(2, ['run', '--summary', 'nowhere/out.md']);
  assert.match(stderr, /can't write the summary to nowhere\/out\.md/);
  assert.equal(project.runs().length, 1);
  await project.expect(2, ['run', '--watch', '--summary', 'x.md']);
});
