/** Every `--json` of every command in a project that has something of everything, held against `docs/json/`. */
import { execFileSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { answerName, checkAnswer } from '../../support/answers.js';
import { TestProject } from '../../support/cli.js';
import { allCommands, inProcess } from '../../support/in-process.js';
import { ServiceProject, freePort, releaseFiles } from '../../support/service.js';

const FILES = {
  'modelyard.yaml':
    'name: test\nenvironments:\n  staging: { env: { LEVEL: debug } }\n  production: { approval: true }\n',
  'train.pipeline.yaml': `
params: { n: 1, digits: 3.10 }
tasks:
  train:
    run: 'echo "{\\"accuracy\\": 0.\${{ params.n }}}" > m.json; cp m.json metrics.json; echo "{\\"key\\": \\"loss\\", \\"value\\": 1}" >> "$MODELYARD_METRICS"'
    matrix: { seed: [1] }
    inputs: [data.csv]
    outputs: { model: { path: m.json, kind: model } }
    metrics: metrics.json
  check:
    needs: [train]
    run: 'exit 1'
    continue-on-error: true
    outputs: { o: never.txt }
  register:
    register:
      model: rain
      from: \${{ tasks.train.outputs.model }}
      aliases: [candidate]
      signature: { inputs: { rain: double }, outputs: { wet: boolean } }
  pack:
    package:
      name: web
      include: [app]
      entrypoint: exec node app/app.js
      health: /health
      port: 8080
      model: rain
  call: { pipeline: { name: part } }
`,
  'part.pipeline.yaml': 'tasks: { a: { run: echo part > part.txt, outputs: { o: part.txt } } }\n',
  'ask.pipeline.yaml':
    'tasks:\n  ask: { approval: { prompt: "Ship?", metrics: [a] }, needs: [a] }\n  a: { run: "echo \'{\\"m\\": 1}\' > x.json", metrics: x.json }\n',
  'broken.pipeline.yaml': 'tasks: { a: { rum: x } }\n',
  'data.csv':
    'station,at,rain\na,2024-01-01T00:00:00Z,1\na,2024-01-02T00:00:00Z,2.5\nb,2024-01-01T00:00:00Z,\n',
  'labels.csv': 'station,at,wet\na,2024-01-03T00:00:00Z,true\nb,2024-01-03T00:00:00Z,false\n',
  'w.features.yaml': `
entities: { station: { keys: [station] } }
views:
  weather:
    entity: station
    source: { path: data.csv, timestamp: at }
    ttl: 30d
    description: Rain by day.
    owner: team
    tags: { domain: weather }
    features: { rain: { type: double, expect: { min: 2, severity: warning } } }
    expect: { row-count: { min: 1 } }
services: { rain-v1: { features: [weather], description: Of the model., owner: team, tags: { a: b } } }
owners: { team: { name: The team, email: team@example.org } }
`,
  'app/app.js':
    'require("node:http").createServer((_, r) => r.end("ok")).listen(process.env.PORT, "127.0.0.1");\n',
  m: 'one\n',
};

test('each answer is as its schema says, with every part that may be there', async (t) => {
  const project = await TestProject.make(FILES);
  const covered = new Set<string>();
  const cover = async (code: number, line: string, apart = false): Promise<string> => {
    const args = [...line.split(' '), '--json'];
    const result = apart ? await project.run(args) : await inProcess([...args, '--project', project.root]);
    assert.equal(result.code, code, `${line}\n${result.stdout}\n${result.stderr}`);
    assert.notEqual(result.stdout, '', line);
    checkAnswer(args, result.stdout);
    covered.add(answerName(args) ?? '');
    assert.match(result.stdout, /^\{"formatVersion":1,/, line);
    return result.stdout;
  };
  const events = await cover(0, 'run train --keep-going');
  for (const type of [
    'run-created',
    'run-started',
    'task-planned',
    'task-started',
    'task-ended',
    'metric-logged',
    'run-ended',
  ])
    assert.ok(events.includes(`"type":"${type}"`), type);
  await cover(0, 'run train --dry -p n=2');
  await cover(0, 'run train -p n=2 --only train');
  assert.match(await cover(2, 'run broken'), /"error":\{.*"findings":\[\{/);
  await cover(3, 'run ask', true);
  assert.match(await cover(0, 'approvals'), /"approvals":\[\{/);
  for (const line of [
    'plan train',
    'status',
    'graph train',
    'version',
    'runs list',
    'runs show',
    'runs diff',
    'runs compare latest latest',
    'inputs train --pipeline train',
  ])
    await cover(0, line);
  await cover(1, 'lint');
  await cover(1, 'doctor');
  await cover(0, 'approve --dry');
  await cover(0, 'approve --comment fine --resume', true);
  await cover(3, 'run ask', true);
  await cover(0, 'reject --dry');
  await cover(0, 'reject');
  await cover(3, 'run ask', true);
  await cover(0, 'runs tag latest keep owner=ada');
  await cover(0, 'runs star latest');
  await cover(0, 'runs note latest good');
  await cover(0, 'runs note latest');
  await cover(0, 'runs archive latest --dry');
  await cover(0, 'runs cancel --dry');
  await cover(0, 'runs cancel');
  const [oldest] = project.runs();
  const { id: run = '', pipeline = '' } = oldest ?? {};
  const entry = {
    version: 1,
    name: 'j',
    executor: 'c',
    run,
    pipeline,
    task: 'train',
    attempt: 1,
    folder: 'j',
    id: '7',
  };
  const memo = { fingerprint: 'f', outputs: [], strangers: {} };
  const job = { ...entry, memo, submittedAt: new Date(0).toISOString() };
  project.write({ '.modelyard/jobs/j/job.json': JSON.stringify(job) });
  await cover(0, `runs job ${run} train hold --dry`);
  project.remove('.modelyard/jobs');
  await cover(1, `runs job ${run} train hold`);
  await cover(0, `runs delete ${oldest?.id ?? ''} --dry`);
  await cover(0, `runs delete ${oldest?.id ?? ''}`);

  for (const line of [
    ...[
      'list',
      'show rain',
      'show rain@1',
      'history rain',
      'history rain@1',
      'lineage rain@1',
      'card rain@1',
    ],
    `register rain ${project.path('m')} --alias best --metric accuracy=0.9`,
    ...[
      'compare rain@1 rain@2',
      'alias rain@2 production --dry',
      'alias rain@2 production',
      'alias rain@1 production',
    ],
    ...['rollback rain production', 'alias rain production --remove', 'tag rain@1 a=b', 'describe rain text'],
    ...[
      'history rain',
      'alias rain best --remove',
      'delete rain@2',
      'restore rain@2',
      'delete rain@2 --purge',
    ],
    `export rain ${project.path('rain.tar')}`,
    `import ${project.path('rain.tar')} --name other --dry`,
    `import ${project.path('rain.tar')} --name other`,
    `card rain@1 --output ${project.path('card.md')}`,
  ])
    await cover(0, `models ${line}`);
  assert.match(await cover(0, 'models show other@1'), /"digits":3\.10/, 'what was exported keeps its digits');

  await cover(0, 'features materialize --dry', true);
  await cover(0, 'features materialize', true);
  for (const line of ['list', 'show weather', 'versions weather', 'preview weather', 'profile weather'])
    await cover(0, `features ${line}`, true);
  assert.match(
    (await project.expect(0, ['features', 'show', 'weather'])).stdout,
    /^Rain by day\.\nowner team \(The team, team@example\.org\)\ntags domain=weather$/m,
  );
  await cover(0, 'features profile weather --against data.csv', true);
  await cover(0, 'features diff weather data.csv', true);
  await cover(0, 'features training-set labels.csv --output set.csv --service rain-v1 --dry', true);
  await cover(0, 'features training-set labels.csv --output set.csv --service rain-v1', true);
  await cover(0, 'features get rain-v1 station=a --at 2024-01-03T00:00:00Z', true);

  for (const line of ['list', 'show web', 'show web@1', `export web --output ${project.path('out')}`])
    await cover(0, `packages ${line}`);
  await cover(0, 'deploy web -e staging -m rain@1 --dry');
  await cover(0, 'deploy web -e staging -m rain@1');
  for (const line of ['releases list', 'releases history staging']) await cover(0, line);
  await cover(1, 'packages delete web@1 --dry');
  await cover(1, 'deploy web -e production');

  for (const n of [7, 8]) {
    project.write({ 'm.json': `of somebody, ${n}\n` });
    await cover(0, `run train --only train -p n=${n}`);
  }
  await cover(0, 'trash list');
  await cover(0, `trash restore m.json --to ${project.path('back.json')}`);
  await cover(1, 'trash empty');
  await cover(0, 'trash empty --yes');
  await cover(0, 'gc --dry --all');
  await cover(0, 'gc --all --yes');
  await cover(0, 'trust --dry');
  await services(t, covered);
  await stages(covered);
  const promised = (await allCommands())
    .filter(({ flags }) => flags['json'] !== undefined)
    .map(({ words }) => words.join(' '));
  assert.deepEqual([...covered].sort(), [...promised].sort());
  const files = readdirSync('docs/json').filter(
    (name) => !['README.md', 'failure.schema.json', 'webhook.schema.json'].includes(name),
  );
  assert.deepEqual(
    files.map((name) => name.replace('.schema.json', '')).sort(),
    promised.map((name) => name.replaceAll(' ', '-')).sort(),
  );
});

/** Of a service that runs. */
async function services(t: Parameters<typeof ServiceProject.make>[0], covered: Set<string>): Promise<void> {
  const it = await ServiceProject.make(t);
  it.project.write({
    ...releaseFiles('20240101-000000-000-aaaa'),
    ...releaseFiles('20240101-000000-000-bbbb'),
  });
  const cover = async (code: number, line: string): Promise<void> => {
    const args = ['service', ...line.split(' '), '--json'];
    const result = line.startsWith('start')
      ? await it.project.run(args)
      : await inProcess([...args, '--project', it.root]);
    assert.equal(result.code, code, `${line}\n${result.stdout}\n${result.stderr}`);
    checkAnswer(args, result.stdout);
    covered.add(answerName(args) ?? '');
  };
  const port = await freePort();
  await cover(0, 'start');
  await cover(0, `start staging/web --release 20240101-000000-000-aaaa --port ${port}`);
  await cover(0, 'start web --release 20240101-000000-000-bbbb --traffic 10');
  for (const line of [
    'list',
    'status',
    'alerts',
    'alerts web',
    'history',
    'traffic web 20 --dry',
    'traffic web 20',
    'promote web --dry',
    'promote web',
  ])
    await cover(0, line);
  for (const line of [
    'restart web --dry',
    'restart web',
    'rollback web --dry',
    'rollback web',
    'abort web --dry',
    'stop web --dry',
    'stop web',
  ])
    await cover(0, line);
  await cover(1, 'abort web');
}

/** Of a project of DVC. */
async function stages(covered: Set<string>): Promise<void> {
  const project = await TestProject.make({
    '.dvc/config': '[core]\n    no_scm = True\n',
    'dvc.yaml':
      'stages:\n  a:\n    cmd: cp in.txt a.txt\n    deps: [in.txt]\n    params: [n]\n    outs: [a.txt]\n',
    'params.yaml': 'n: 1\n',
    'in.txt': 'in\n',
  });
  const cover = async (code: number, line: string): Promise<void> => {
    const args = ['dvc', ...line.split(' '), '--json'];
    const result = await inProcess([...args, '--project', project.root]);
    assert.equal(result.code, code, `${line}\n${result.stdout}\n${result.stderr}`);
    checkAnswer(args, result.stdout);
    covered.add(answerName(args) ?? '');
  };
  await project.expect(0, ['run', 'dvc.yaml']);
  for (const args of [
    ['init', '-q'],
    ['add', 'dvc.yaml', 'dvc.lock', 'params.yaml'],
    ['commit', '-q', '-m', 'a'],
  ])
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd: project.root,
    });
  project.write({ 'a.txt': 'other\n', 'in.txt': 'other\n', 'params.yaml': 'n: 2\n' });
  for (const line of [
    'status',
    'diff',
    'commit --dry',
    'checkout --force --dry',
    'checkout --force',
    'commit --force',
  ])
    await cover(0, line);
  project.remove('a.txt', '.dvc/cache');
  await cover(1, 'checkout');
}
