/**
 * Memories that nobody makes who means well, as a clone or an archive brings them: each a real one, with runs, models,
 * packages, releases, a service and features, in which something was changed. And what they are aimed at.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { freePort } from '../service.js';
import { TestProject } from '../cli.js';

/** What nobody may touch. */
export interface Victim {
  /** A folder outside of the project, with files. */
  readonly outside: string;
  /** A process of this user. */
  readonly pid: number;
  readonly processStart: string;
  /** Of this machine. */
  readonly place: string;
  /** Where somebody counts connections. */
  readonly port: number;
}

/** The project's definitions. They are innocent: what they run would be seen outside. */
export const DEFINITIONS = (outside: string, port: number): Readonly<Record<string, string>> => ({
  'modelyard.yaml': 'name: rich\nenvironments: { staging: {} }\ncache: { max-size: 1B }\n',
  'main.pipeline.yaml': `name: main
kind: model-build
tasks:
  a:
    run: touch ${outside}/ran && mkdir -p model/deep && cp in model/deep/w && cp in model/m && cat in > out
    inputs: [in]
    outputs: { model: model, o: out }
  reg:
    needs: [a]
    register: { model: rain, from: model, aliases: [best] }
`,
  'ship.pipeline.yaml': `name: ship
kind: deployment
tasks:
  pack: { package: { name: web-app, include: [app.js], entrypoint: node app.js, health: /health } }
  put: { needs: [pack], deploy: { package: web-app, model: rain@1, environment: staging } }
  serve: { needs: [put], service: { name: web, port: ${port}, grace: 20s } }
`,
  'ask.pipeline.yaml': 'name: ask\nkind: deployment\ntasks: { sign: { approval: { prompt: Sign it } } }\n',
  'w.features.yaml': `entities: { s: { keys: [id] } }
views:
  w: { entity: s, source: { path: data.csv, timestamp: at }, ttl: 3d, features: { x: double } }
services: { all: ["w:x"] }
`,
  'data.csv': 'id,at,x\n1,2026-01-01T00:00:00Z,2\n',
  in: 'x',
  'app.js':
    "require('node:http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1');\n",
});

/** A project with everything in its memory; its service has been stopped. */
export async function richProject(outside: string): Promise<TestProject> {
  const project = await TestProject.make(DEFINITIONS(outside, await freePort()));
  await project.expect(0, ['run', 'main']);
  await project.expect(0, ['run', 'ship']);
  await project.expect(3, ['run', 'ask']);
  await project.expect(0, ['features', 'materialize', 'w']);
  // As it is while it serves: who copies it then has the host's lock, too.
  const service = project.path('.modelyard/services');
  cpSync(service, project.path('serving'), { recursive: true, filter: (name) => !name.endsWith('pipes') });
  await project.expect(0, ['service', 'stop', 'web']);
  rmSync(service, { recursive: true });
  renameSync(project.path('serving'), service);
  return project;
}

type Json = Record<string, unknown>;

/** The files below a folder whose path matches. */
function filesIn(memory: string, pattern: RegExp): string[] {
  return readdirSync(memory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => pattern.test(path.relative(memory, file).split(path.sep).join('/')));
}

/** Changes JSON documents; those of many lines, each line. */
function change(memory: string, pattern: RegExp, edit: (value: Json) => Json): void {
  for (const file of filesIn(memory, pattern)) {
    const text = readFileSync(file, 'utf8');
    const lines = file.endsWith('.ndjson') ? text.split('\n') : [text];
    writeFileSync(
      file,
      lines.map((line) => (line === '' ? '' : JSON.stringify(edit(JSON.parse(line) as Json)))).join('\n'),
    );
  }
}

/** Every file of the memory's own documents is replaced. */
function replaceAll(memory: string, put: (file: string) => void): void {
  for (const file of filesIn(memory, /\.(?:json|ndjson|lock|touched)$|hashes$|identities\//)) {
    if (file.includes(`${path.sep}marks${path.sep}`)) continue;
    rmSync(file);
    put(file);
  }
}

/** A folder of the memory leads somewhere else. */
function link(memory: string, name: string, target: string): void {
  rmSync(path.join(memory, name), { recursive: true, force: true });
  mkdirSync(path.dirname(path.join(memory, name)), { recursive: true });
  symlinkSync(target, path.join(memory, name));
}

/** Everything that names a process names this one. */
function pids(memory: string, victim: Victim, pid: number, start: string | undefined): void {
  const who = { pid, place: victim.place, ...(start === undefined ? {} : { processStart: start }) };
  const replica = {
    id: '0123456789abcdef',
    ready: true,
    port: victim.port,
    startedAt: new Date().toISOString(),
  };
  change(memory, /services\/.*service\.json$/, (value) => ({
    ...value,
    desired: 'running',
    status: 'running',
    owner: who,
    current: { ...(value['current'] as Json), replicas: [{ ...replica, ...who }] },
  }));
  change(memory, /host\.lock$/, () => who);
  change(memory, /control\.json$/, () => ({ port: victim.port, token: 'x'.repeat(48), pid }));
  change(memory, /run\.json$/, (value) => ({ ...value, ...who, status: 'running' }));
  for (const file of filesIn(memory, /run\.json$/)) {
    const id = path.basename(path.dirname(file));
    mkdirSync(path.join(memory, 'runs/live'), { recursive: true });
    writeFileSync(path.join(memory, 'runs/live', id), '');
    mkdirSync(path.join(memory, 'locks'), { recursive: true });
    writeFileSync(
      path.join(memory, 'locks', `${id}.json`),
      JSON.stringify({ ...who, paths: ['out', 'model'] }),
    );
  }
}

/** A listing whose links climb out, step by step (Zip Slip by a chain of symlinks). */
const climbing = (target: string): string =>
  [
    `link:../../../../../../../../../../../.. a/b/c/d/e/f/g/h/i/j/k/l`,
    `link:a/b/c/d/e/f/g/h/i/j/k/l/../../../../../../../../../../../.. z`,
    `sha256:73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac z${target}/pwned`,
    '',
  ].join('\n');

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const absurd = `{"schema":1,"__proto__":{"ok":true},"id":"../../../x","tasks":{"length":1e9},"name":${deep}}`;

/** By name: what is changed in `.modelyard`. */
export const HOSTILE_MEMORIES: Readonly<Record<string, (memory: string, victim: Victim) => void>> = {
  'a copy of the folder': () => undefined,
  'without its mark': (memory) => rmSync(path.join(memory, 'marks'), { recursive: true }),
  'a mark that was signed by another machine': (memory) =>
    change(memory, /marks\//, (value) => ({ ...value, path: memory, signature: '0'.repeat(64) })),
  'a cache that fills files outside': (memory, { outside }) =>
    change(memory, /cache\/entries\//, (value) => ({
      ...value,
      outputs: (value['outputs'] as Json[]).map((output) => ({
        ...output,
        path: `${'../'.repeat(12)}${outside.slice(1)}/pwned`,
      })),
    })),
  'a listing of the cache that climbs out': (memory, { outside }) => {
    for (const file of filesIn(memory, /cache\/objects\/a/)) writeFileSync(file, climbing(outside));
  },
  'a listing of a model that climbs out': (memory, { outside }) => {
    for (const file of filesIn(memory, /models\/objects\/aa\//)) {
      rmSync(file);
      writeFileSync(file, climbing(outside));
    }
  },
  'services that lie elsewhere': (memory, { outside }) => link(memory, 'services', outside),
  'cached objects that lie elsewhere': (memory, { outside }) => link(memory, 'cache/objects', outside),
  'deleted runs that lie elsewhere': (memory, { outside }) => link(memory, 'runs/trash', outside),
  'every folder a link': (memory, { outside }) => {
    for (const name of readdirSync(memory)) if (!name.includes('.')) link(memory, name, outside);
  },
  'a link in place of the memory': (memory, { outside }) => {
    rmSync(memory, { recursive: true });
    symlinkSync(outside, memory);
  },
  'every document a link to a file outside': (memory, { outside }) =>
    replaceAll(memory, (file) => symlinkSync(path.join(outside, 'service.json'), file)),
  'every document a link to a device without an end': (memory) =>
    replaceAll(memory, (file) => symlinkSync('/dev/zero', file)),
  'every document a pipe that nobody writes to': (memory) =>
    replaceAll(memory, (file) => execFileSync('mkfifo', [file])),
  'every document a folder': (memory) => replaceAll(memory, (file) => mkdirSync(file)),
  'every document a loop of links': (memory) =>
    replaceAll(memory, (file) => symlinkSync(path.basename(file), file)),
  'every document empty': (memory) => replaceAll(memory, (file) => writeFileSync(file, '')),
  'every document null': (memory) => replaceAll(memory, (file) => writeFileSync(file, 'null\n')),
  'every document nested without an end': (memory) =>
    replaceAll(memory, (file) => writeFileSync(file, `${absurd}\n`)),
  'every document bytes': (memory) =>
    replaceAll(memory, (file) => writeFileSync(file, Buffer.alloc(50_000, '\xff\0\n{"', 'latin1'))),
  'processes of somebody else': (memory, victim) => pids(memory, victim, victim.pid, victim.processStart),
  'processes without a start': (memory, victim) => pids(memory, victim, victim.pid, undefined),
  'the process 1': (memory, victim) => pids(memory, victim, 1, undefined),
  'the process -1': (memory, victim) => pids(memory, victim, -1, victim.processStart),
  'runs with paths for names': (memory, { outside }) => {
    const id = `${'../'.repeat(12)}${outside.slice(1)}`;
    change(memory, /run\.json$/, (value) => ({ ...value, id, path: `${id}/service.json` }));
    change(memory, /runs\/index\.ndjson$/, (value) => ({ ...value, id }));
    mkdirSync(path.join(memory, 'runs/live'), { recursive: true });
    writeFileSync(path.join(memory, 'runs/live/%2e%2e'), '');
  },
  'outputs and logs with paths outside': (memory, { outside }) =>
    change(memory, /run\.json$/, (value) => ({
      ...value,
      tasks: (value['tasks'] as Json[]).map((task) => ({
        ...task,
        log: `../../../..${outside}/service.json`,
        outputs: [
          {
            name: 'o',
            kind: 'file',
            path: `../..${outside}/a/x`,
            mime: 'text/plain',
            hash: 'sha256:../x',
            bytes: 1,
          },
        ],
      })),
    })),
  'models, packages and views with paths for names': (memory, { outside }) => {
    const name = `${'../'.repeat(12)}${outside.slice(1)}/a`;
    change(memory, /models\/rain\/(?:model|versions\/1)\.json$/, (value) => ({
      ...value,
      name,
      model: name,
      artifact: { ...(value['artifact'] as Json | undefined), hash: `sha256:${name}`, path: name },
    }));
    change(memory, /packages\/web-app\/history\.ndjson$/, (value) => ({
      ...value,
      name,
      hash: `sha256:${name}`,
    }));
    change(memory, /features\/.*manifest\.json$/, (value) => ({
      ...value,
      view: name,
      files: [{ path: name }],
    }));
  },
  'a release that would run elsewhere': (memory, { outside }) =>
    change(memory, /release\.json$/, (value) => ({
      ...value,
      id: `../../../..${outside}`,
      entrypoint: `touch ${outside}/ran`,
      setup: [`touch ${outside}/ran`],
      package: { name: '../../x', version: '1', hash: 'sha256:0' },
    })),
  'terminal codes and commands in names': (memory) => {
    const name = '\x1b]0;x\x07\x1b[2J\x9b2J[a](command:workbench.action.quit)\u202Egpj\r\n$(zap)';
    change(memory, /run\.json$|runs\/index\.ndjson$/, (value) => ({ ...value, pipeline: name, error: name }));
    change(memory, /service\.json$/, (value) => ({ ...value, message: name }));
  },
  'terminal codes in every text': (memory) => {
    const told =
      /^(?:by|comment|createdBy|description|entrypoint|error|host|key|message|mime|name|note|pipeline|prompt|reason|reasons|source|text|title|trigger|user|who)$/;
    const spoilt = (value: unknown, key = ''): unknown => {
      if (typeof value === 'string')
        return told.test(key) ? `${value}\x1b]0;x\x07\x1b[2J\x9b2J\u202E\r\nok` : value;
      if (Array.isArray(value)) return value.map((one) => spoilt(one, key));
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoilt(one, name)]));
    };
    change(memory, /^(?!marks|version).*json$/, (value) => spoilt(value) as Json);
  },
  'jobs of a cluster that nobody has submitted': (memory, { outside }) => {
    const [run = ''] = filesIn(memory, /run\.json$/).map((file) => path.basename(path.dirname(file)));
    const name = `${run}.a.1`;
    const memo = { fingerprint: 'sha256:0', outputs: [`../..${outside}`], globs: ['/**'], strangers: {} };
    const entry = {
      ...{ version: 1, name, executor: 'cluster', run, pipeline: 'main', task: 'a', attempt: 1, memo },
      ...{ folder: outside, submittedAt: '2026-01-01T00:00:00Z', id: '1; touch ran' },
      batch: { name: 'x', members: [name] },
      remote: { login: 'a@b', root: outside, jobs: outside, copied: true, mirrored: true },
    };
    mkdirSync(path.join(memory, 'jobs', name), { recursive: true });
    writeFileSync(path.join(memory, 'jobs', name, 'job.json'), JSON.stringify(entry));
    writeFileSync(path.join(memory, 'jobs', name, 'job.sh'), `touch ${outside}/ran\n`);
    symlinkSync(outside, path.join(memory, 'jobs/elsewhere'));
  },
  'experiments and runs of clients with fields of other types': (memory, { outside }) => {
    const path_ = `${'../'.repeat(12)}${outside.slice(1)}/a`;
    const wrong = [5, null, {}, [], 'x', path_, [5], { a: { hash: `sha256:${path_}`, bytes: 1 } }];
    const keys = 'name location tags untagged deleted params artifacts metrics datasets modelInputs modelOutputs status start end'.split(' '); // prettier-ignore
    const lines = ['1', '2'].flatMap((id) =>
      keys.flatMap((key) =>
        wrong.map((value) => ({ v: 1, type: 'tracked', at: 1, experiment: '0', name: id, id, [key]: value })),
      ),
    );
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    mkdirSync(path.join(memory, 'tracking'));
    for (const name of ['experiments', 'logged-models'])
      writeFileSync(path.join(memory, 'tracking', `${name}.ndjson`), text);
    change(memory, /run\.json$/, (value) => ({
      ...value,
      source: 'tracking',
      tracking: {
        ...{ experiment: '1', name: 'x', status: 'RUNNING', start: 1, user: 'u', tags: {} },
        ...{ newest: {}, ranges: {}, applied: { events: 0, metrics: 0 } },
      },
    }));
    for (const file of filesIn(memory, /events\.ndjson$/)) appendFileSync(file, text);
  },
  'marks of runs that are none': (memory, { outside }) => {
    for (const [at, file] of filesIn(memory, /run\.json$/).entries()) {
      const marks = path.join(path.dirname(file), 'marks.json');
      if (at === 0) symlinkSync(path.join(outside, 'service.json'), marks);
      else
        writeFileSync(marks, JSON.stringify({ schema: 1, star: 'yes', tags: [5], note: {}, archived: null }));
    }
  },
  'a layout of the future': (memory) => writeFileSync(path.join(memory, 'version.json'), '{"layout":999}\n'),
  'an index of ten million bytes': (memory) => {
    const line = readFileSync(path.join(memory, 'runs/index.ndjson'), 'utf8').split('\n')[0] ?? '';
    appendFileSync(
      path.join(memory, 'runs/index.ndjson'),
      `${line}\n`.repeat(10_000_000 / (line.length + 1)),
    );
    appendFileSync(path.join(memory, 'runs/index.ndjson'), 'x'.repeat(5_000_000));
    appendFileSync(path.join(memory, 'index/hashes'), `${'x'.repeat(200)}\n`.repeat(20_000));
  },
  'ten thousand runs that go on': (memory, victim) => {
    mkdirSync(path.join(memory, 'runs/live'), { recursive: true });
    for (let at = 0; at < 10_000; at++)
      writeFileSync(
        path.join(
          memory,
          `runs/live/20261129-0000${at % 60 < 10 ? '0' : ''}${at % 60}-${String(at).padStart(3, '0')}-abcd`,
        ),
        String(victim.pid),
      );
  },
  'locks that somebody holds for ever': (memory, victim) => {
    const who = { pid: victim.pid, processStart: victim.processStart, place: victim.place };
    for (const name of [
      'models/rain/model.lock',
      'runs/index.ndjson.lock',
      'models/.lock',
      'locks/mutex-x',
      'packages/.lock',
      'tmp/gc.lock',
    ]) {
      mkdirSync(path.dirname(path.join(memory, name)), { recursive: true });
      writeFileSync(path.join(memory, name), JSON.stringify(who));
      utimesSync(path.join(memory, name), new Date(), new Date('2099-01-01'));
    }
  },
};
