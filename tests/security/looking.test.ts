/**
 * Looking changes nothing, as the system sees it: every command that looks, and the language server, under `strace` on every
 * fixture. Nothing in the project is opened for writing, made, renamed or removed, nobody is connected to, and no signal
 * goes to a process that is not our own child. Where there is no `strace` that is said, and the tests that compare trees
 * (hostile-memories.test.ts) are what holds it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { ownIdentity, processStartOf } from '../../server/stores/machine/liveness.js';
import { cases } from '../support/generated/cases.js';
import { type TestProject, builtCli } from '../support/cli.js';
import { HOSTILE } from '../support/generated/hostile.js';
import {
  DEFINITIONS,
  HOSTILE_MEMORIES,
  type Victim,
  richProject,
} from '../support/generated/hostile-memories.js';
import { allCommands } from '../support/in-process.js';
import { LspClient, uri } from '../support/lsp-client.js';

/** What each command that looks is called with: `RUN` is the id of a run. Several calls are cut by `|`. */
const LOOKING: Readonly<Record<string, string>> = {
  lint: '| main',
  plan: 'main | ship | main --no-cache --json',
  inputs: 'a --pipeline main | a --pipeline main --json',
  status: '| --json',
  graph: 'main | main --json',
  approvals: '',
  'runs list': '',
  'runs show': '| RUN',
  'runs log': '| RUN a',
  'runs diff': '',
  'features list': '',
  'features show': 'w',
  'features versions': 'w',
  'features profile': 'w | w@1',
  'features diff': 'w@1 w@1',
  'features get': 'all id=1',
  'features preview': 'w',
  'models list': '',
  'models show': 'rain | rain@1',
  'models history': 'rain',
  'models lineage': 'rain@1 | data.csv',
  'models card': 'rain@1',
  'models compare': 'rain@1 rain@1',
  'runs compare': 'RUN RUN',
  'service list': '| --all-projects',
  'service status': '| web',
  'service history': 'web',
  'service alerts': '| web',
  'service logs': 'web',
  'dvc status': '',
  'dvc diff': '',
  'packages list': '',
  'packages show': 'web-app',
  'releases list': '',
  'releases history': 'staging',
  'trash list': '',
  doctor: '',
  schema: 'pipeline',
  completion: 'bash',
  version: '',
};

/** Commands that change something; what they would change they say with `--dry`, where they take it. */
const CHANGING: Readonly<Record<string, string>> = {
  run: 'main',
  approve: '',
  reject: '',
  deploy: 'web-app --environment staging --model rain@1',
  gc: '',
  trust: '',
  'runs delete': 'RUN',
  'runs tag': 'RUN keep',
  'runs note': 'RUN words',
  'runs star': 'RUN',
  'runs archive': 'RUN',
  'runs cancel': 'RUN',
  'runs job': 'RUN a hold',
  'features materialize': 'w',
  'features training-set': '',
  'models register': 'other in',
  'models alias': 'rain@1 x',
  'models rollback': 'rain best',
  'models tag': 'rain k=v',
  'models describe': 'rain words',
  'models delete': 'rain@1',
  'models restore': 'rain@1',
  'models export': 'rain@1 exported',
  'models import': 'exported',
  'service start': 'web',
  'service stop': 'web',
  'service restart': 'web',
  'service rollback': 'web',
  'service promote': 'web',
  'service abort': 'web',
  'service traffic': 'web 50',
  'dvc checkout': '',
  'dvc commit': '',
  'dvc pull': '',
  'dvc fetch': '',
  'dvc push': '',
  'packages export': 'web-app',
  'packages delete': 'web-app@1',
  'trash restore': 'out',
  'trash empty': '',
  'tracking serve': '',
  'tracking import': '',
  'tracking export': '',
  'tracking push': '',
};

/** Starts DuckDB, which takes a second: not on every fixture in `npm test`. */
const HEAVY = /^features (?:profile|diff|get|preview)|^lint/;

/** Every call: of what looks, and of what changes with `--dry`. */
async function calls(run: string): Promise<readonly string[]> {
  const all = await allCommands();
  const of = (name: string, given: string): readonly string[] =>
    given.split('|').map((rest) => `${name} ${rest.trim().replace('RUN', run)}`.trim());
  return all.flatMap(({ words, flags }) => {
    const name = words.join(' ');
    const [looks, changes] = [LOOKING[name], CHANGING[name]];
    if (looks !== undefined) return of(name, looks);
    return changes !== undefined && Object.hasOwn(flags, 'dry')
      ? of(name, changes).map((call) => `${call} --dry`)
      : [];
  });
}

test('every command is known to look or to change', async () => {
  // The language server is looked at below, with what an editor asks of it.
  const names = (await allCommands()).map(({ words }) => words.join(' ')).filter((name) => name !== 'lsp');
  assert.deepEqual(names.toSorted(), [...Object.keys(LOOKING), ...Object.keys(CHANGING)].toSorted());
});

/** Calls one after the other in one process: one `strace`, and one start, for all of them. */
const DRIVER = `
const [program, ...calls] = process.argv.slice(1);
const { main } = require(program);
(async () => {
  for (const call of calls) {
    process.argv = [process.execPath, 'modelyard', ...call.split(' ')];
    await main();
  }
  process.exit(0);
})();
`;

const CALLS =
  'openat,open,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utime,utimensat,mknod,mknodat,setxattr,connect,kill,tkill,tgkill,pidfd_send_signal,clone,clone3,fork,vfork';
/** What goes before a command to have it traced. `-y` names what descriptors are of. */
const straced = (trace: string): readonly string[] =>
  `strace -f -qq -y -s 300 --seccomp-bpf -e trace=${CALLS} -o ${trace}`.split(' ');
const [STRACER = '', ...STRACING] = straced('/dev/null');
const STRACE = spawnSync(STRACER, [...STRACING, 'true']).status === 0;

const WRITES =
  /^(?:rename|unlink|mkdir|rmdir|link|symlink|truncate|ftruncate|chmod|fchmod|chown|fchown|lchown|utime|mknod|setxattr|creat)/;

/** What the trace of a process says that it should not have done to this folder, or to anybody. */
function sins(trace: string, folder: string): readonly string[] {
  const lines = trace.split('\n').map((line) => /^(\d+) +(.*)$/.exec(line));
  const ours = new Set(lines.map((match) => match?.[1]));
  return lines.flatMap((match) => {
    // The folder that a path is relative to says nothing of one that is absolute.
    const line = (match?.[2] ?? '').replace(/\w+<[^>]*>, "\//g, '"/');
    const touches = line.includes(folder);
    if (/^open(?:at2?)?\(/.test(line))
      return touches && /O_(?:WRONLY|RDWR|CREAT|TRUNC)/.test(line) ? [line] : [];
    if (WRITES.test(line)) return touches ? [line] : [];
    // The resolver's and the system's own sockets have names; these are addresses.
    if (line.startsWith('connect(')) return line.includes('sa_family=AF_INET') ? [line] : [];
    const [, pid, signal] = /^(?:kill|tkill|tgkill)\((-?\d+), (?:\d+, )?(\w+)\)/.exec(line) ?? [];
    // Asking whether a process lives is no signal; what we have started we may end.
    return pid === undefined || signal === '0' || ours.has(pid) ? [] : [line];
  });
}

test('a trace tells what was done', () => {
  const folder = '/tmp/p';
  const bad = [
    '12 openat(AT_FDCWD</tmp/p>, "/tmp/p/.modelyard/x", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 3',
    '12 openat(AT_FDCWD</tmp/p>, "x", O_WRONLY|O_CREAT, 0666) = 3',
    '12 rename("/tmp/p/a", "/tmp/p/b") = 0',
    '12 unlink("/tmp/p/a") = -1 ENOENT (No such file or directory)',
    '12 mkdir("/tmp/p/.modelyard", 0777) = 0',
    '12 connect(20, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    '12 kill(4711, SIGTERM) = 0',
    '12 kill(-1, SIGKILL) = 0',
  ];
  assert.equal(sins(bad.join('\n'), folder).length, bad.length);
  const good = [
    '12 openat(AT_FDCWD</tmp/p>, "/tmp/p/.modelyard/x", O_RDONLY|O_CLOEXEC) = 3',
    '12 openat(AT_FDCWD</tmp/p>, "/home/u/.cache/x", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 3',
    '12 kill(4711, 0) = 0',
    '12 kill(13, SIGKILL) = 0',
    '13 +++ killed by SIGKILL +++',
  ];
  assert.deepEqual(sins(good.join('\n'), folder), []);
});

class Fixtures {
  readonly outside = mkdtempSync(path.join(os.tmpdir(), 'modelyard-outside-'));
  readonly home = mkdtempSync(path.join(os.tmpdir(), 'modelyard-home-'));
  readonly #folders: string[] = [];
  original!: TestProject;

  async open(): Promise<void> {
    mkdirSync(path.join(this.outside, 'a/x'), { recursive: true });
    writeFileSync(path.join(this.outside, 'service.json'), '{}');
    writeFileSync(path.join(this.outside, 'a/x/service.json'), '{}');
    this.original = await richProject(path.join(this.outside, 'a'));
  }

  get run(): string {
    return this.original.runs()[0]?.id ?? '';
  }

  folder(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-looked-at-'));
    this.#folders.push(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    return folder;
  }

  clone(change: (memory: string, victim: Victim) => void): string {
    const folder = this.folder(DEFINITIONS(path.join(this.outside, 'a'), 1));
    cpSync(this.original.path('.modelyard'), path.join(folder, '.modelyard'), { recursive: true });
    const pid = process.pid;
    change(path.join(folder, '.modelyard'), {
      outside: this.outside,
      pid,
      processStart: processStartOf(pid) ?? '',
      place: ownIdentity().place ?? '',
      port: 9,
    });
    return folder;
  }

  /** Runs commands of the program in a folder under `strace`; gives what should not have happened. */
  async look(
    folder: string,
    wanted: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<readonly string[]> {
    const program = path.join(path.dirname(await builtCli()), 'program.js');
    const trace = path.join(this.home, 'trace');
    const [strace = '', ...rest] = straced(trace);
    const { status, stderr, signal } = spawnSync(
      strace,
      [...rest, process.execPath, '-e', DRIVER, program, ...wanted],
      {
        cwd: folder,
        env: { ...process.env, MODELYARD_MACHINE: 'none', ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: 240_000,
      },
    );
    assert.equal(status, 0, `${signal ?? ''} ${stderr.toString().slice(-2_000)}`);
    const text = readFileSync(trace, 'utf8');
    assert.ok(text.includes(folder), 'it was traced, and it was there');
    return sins(text, folder);
  }

  close(): void {
    for (const folder of [...this.#folders, this.outside, this.home])
      rmSync(folder, { recursive: true, force: true });
  }
}

const fixtures = new Fixtures();
const skip = STRACE ? false : 'there is no strace here: nothing is said of system calls';
test.before(() => (STRACE ? fixtures.open() : undefined));
test.after(() => fixtures.close());

test('in a project of our own nothing is written', { skip }, async () => {
  assert.deepEqual(await fixtures.look(fixtures.original.root, await calls(fixtures.run)), []);
});

const hostileDefinitions = (): Record<string, string> =>
  Object.fromEntries(
    Object.values(HOSTILE).map((make, at): [string, string] => [
      `${at}.pipeline.yaml`,
      make(cases(200, 1_000)),
    ]),
  );

test('beside hostile definitions, and where there is no memory, nothing is written', { skip }, async () => {
  const folder = fixtures.folder({ ...DEFINITIONS(fixtures.outside, 1), ...hostileDefinitions() });
  assert.deepEqual(await fixtures.look(folder, await calls('20261129-000000-000-abcd')), []);
  assert.equal(existsSync(path.join(folder, '.modelyard')), false);
});

/** Of another user: without the secret of the one who made them. */
const elsewhere = (): NodeJS.ProcessEnv => ({ HOME: fixtures.home, XDG_STATE_HOME: '' });

for (const [at, [what, change]] of Object.entries(HOSTILE_MEMORIES).entries()) {
  // Some in `npm test`, with links, pipes and processes among them.
  const quick = at % 6 === 0 || /pipe|process 1$|^every folder a link/.test(what);
  test(
    `looking at a memory: ${what}`,
    { skip: skip === false ? cases(quick ? 1 : 0, 1) === 0 : skip },
    async () => {
      const all = await calls(fixtures.run);
      const wanted = all.filter((call) => cases(0, 1) === 1 || !HEAVY.test(call));
      assert.deepEqual(await fixtures.look(fixtures.clone(change), wanted, elsewhere()), []);
    },
  );
}

/** What an editor asks when a folder is opened, in Restricted Mode and in a trusted one. */
const REQUESTS = ['pipelines', 'runs', 'experiments', 'models', 'features', 'services', 'approvals', 'trash', 'foreignMemories']; // prettier-ignore

test('opening fixtures in the editor writes nothing', { skip }, async (t) => {
  const chosen = Object.values(HOSTILE_MEMORIES).filter((_, at) => at % cases(4, 1) === 0);
  const folders = [
    fixtures.folder(hostileDefinitions()),
    fixtures.original.root,
    ...chosen.map((change) => fixtures.clone(change)),
  ];
  for (const trusted of [false, true]) {
    const trace = path.join(fixtures.home, `server-${String(trusted)}`);
    const lsp = await LspClient.start({ folders, initializationOptions: { trusted }, under: straced(trace) });
    t.after(() => lsp.process.kill());
    for (const root of folders) {
      const main = path.join(root, 'main.pipeline.yaml');
      const asked = REQUESTS.map((name) =>
        lsp.request(`modelyard/${name}`, { projectUri: uri(root), limit: 5 }),
      );
      if (existsSync(main))
        for (const name of ['plan', 'graph', 'fileStatus'])
          asked.push(lsp.request(`modelyard/${name}`, { uri: uri(main) }));
      await Promise.allSettled(asked);
    }
    await lsp.request('workspace/diagnostic', { previousResultIds: [] });
    await lsp.stop();
    const text = readFileSync(trace, 'utf8');
    for (const root of folders) {
      assert.ok(text.includes(root), 'it was traced, and it was there');
      assert.deepEqual(sins(text, root), [], root);
    }
  }
});
