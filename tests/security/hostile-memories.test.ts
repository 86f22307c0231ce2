/**
 * Hostile memories through every command and the language server, restricted and trusted: nothing outside of the project and
 * nothing in it is changed, nothing runs, nobody is signalled or connected to, and nothing hangs.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { ownIdentity, processStartOf } from '../../server/stores/machine/liveness.js';
import { cases } from '../support/generated/cases.js';
import { type TestProject, builtCli, isAlive } from '../support/cli.js';
import { LspClient, uri } from '../support/lsp-client.js';
import {
  DEFINITIONS,
  HOSTILE_MEMORIES,
  type Victim,
  richProject,
} from '../support/generated/hostile-memories.js';

/** A command or a request takes longer only where it hangs: 2 s, on a machine that is five times slower. */
const PATIENCE_MS = 10_000;

/** Every command with every subcommand but `trust`, and those that wait on demand (`logs --follow`). */
const COMMANDS = `
lint | status | graph main | plan main | plan ship | plan main --no-cache | run main | run ship | run ask --resume | run main --force
runs list | runs show RUN | runs show | runs log | runs log RUN a | runs diff | runs delete RUN | runs cancel RUN | runs cancel RUN --force | runs compare RUN RUN | runs tag RUN keep | runs note RUN words | runs star RUN | runs archive RUN | runs job RUN a hold
inputs a --pipeline main | dvc status | dvc checkout | dvc commit --force
approvals | approve | approve RUN sign | reject RUN sign
features list | features show w | features versions w | features profile w | features profile w@1 | features diff w@1 w@1 | features get all id=1 | features preview w | features materialize w
models list | models show rain | models show rain@1 | models history rain | models lineage rain@1 | models card rain@1 | models compare rain@1 rain@1 | models alias rain@1 x | models rollback rain best | models tag rain k=v | models describe rain words | models register rain in | models delete rain@1 | models delete rain --purge | models restore rain@1 | models export rain@1 exported
packages list | packages show web-app | packages export web-app --output exported-app | packages export web-app --docker --output exported-docker | packages delete web-app@1
releases list | releases history | deploy web-app --environment staging --model rain@1
service list | service status | service status web | service history web | service alerts web | service logs web | service stop web | service restart web | service start web | service rollback web | service promote web | service abort web | service traffic web 50
trash list | trash restore out | trash empty --yes | gc --dry | gc --yes | gc --yes --all | doctor | doctor --fix | trust --dry | tracking import mlruns | tracking export exported-mlruns | schema | version | help
`
  .split(/[|\n]/)
  .map((line) => line.trim())
  .filter((line) => line !== '');

/** Quick: no engine is started, and of what differs by a flag one is enough. */
const QUICK = COMMANDS.filter(
  (line) =>
    !/^features (?:get|preview)|^(?:schema|version|help|run ship|plan ship|models card)|packages export.*docker/.test(
      line,
    ),
);

/** What moves a cursor, sets a title, turns text around: nothing that is printed is a command to the terminal. */
// eslint-disable-next-line no-control-regex -- control characters are the very thing looked for
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Runs commands one after the other in one process, which is what makes hundreds of them cheap. */
const DRIVER = `
const { fstatSync, writeSync } = require('node:fs');
const [program, ...lines] = process.argv.slice(1);
const { main } = require(program);
(async () => {
  for (const line of lines) {
    const from = fstatSync(1).size;
    process.exitCode = 0;
    process.argv = [process.execPath, 'modelyard', ...line.split(' ')];
    const begin = performance.now();
    await main();
    const ms = performance.now() - begin;
    writeSync(3, JSON.stringify({ line, ms, code: process.exitCode, from, to: fstatSync(1).size }) + '\\n');
  }
  process.exit(0);
})();
`;

interface Told {
  readonly line: string;
  readonly ms: number;
  readonly code: number;
  /** Where what it printed lies in the output. */
  readonly from: number;
  readonly to: number;
  readonly printed: string;
}

/** Every file and folder below, and when it was last changed. Links are not followed. */
function snapshot(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true }).map((name) => {
      const { size, mtimeMs, ino } = lstatSync(path.join(folder, String(name)));
      return [String(name), `${size} ${mtimeMs} ${ino}`];
    }),
  );
}

/** What of a project may be there afterwards: what somebody asked to have written out. */
function withoutExports(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !name.startsWith('exported')));
}

/** The whole of one test: what is aimed at, and a project for each kind. */
class Range {
  readonly outside = mkdtempSync(path.join(os.tmpdir(), 'modelyard-outside-'));
  readonly #home = mkdtempSync(path.join(os.tmpdir(), 'modelyard-home-'));
  readonly #folders: string[] = [];
  #sleeper: ChildProcess | undefined;
  #server: net.Server | undefined;
  #connections = 0;
  original!: TestProject;
  victim!: Victim;

  async open(): Promise<void> {
    mkdirSync(path.join(this.outside, 'a/x'), { recursive: true });
    writeFileSync(path.join(this.outside, 'service.json'), '{"precious":true}');
    writeFileSync(path.join(this.outside, 'a/x/service.json'), 'precious');
    this.#server = net.createServer((socket) => {
      this.#connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    this.#sleeper = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    const pid = this.#sleeper.pid ?? 0;
    this.original = await richProject(path.join(this.outside, 'a'));
    rmSync(path.join(this.outside, 'a/ran'));
    this.victim = {
      outside: this.outside,
      pid,
      processStart: processStartOf(pid) ?? '',
      place: ownIdentity().place ?? '',
      port: (this.#server.address() as net.AddressInfo).port,
    };
  }

  /** A clone with the memory of the original, changed. */
  clone(change: (memory: string, victim: Victim) => void): string {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-clone-'));
    this.#folders.push(folder);
    for (const [name, text] of Object.entries(DEFINITIONS(path.join(this.outside, 'a'), 1)))
      writeFileSync(path.join(folder, name), text);
    cpSync(this.original.path('.modelyard'), path.join(folder, '.modelyard'), {
      recursive: true,
      preserveTimestamps: true,
    });
    change(path.join(folder, '.modelyard'), this.victim);
    return folder;
  }

  /** What the clone's commands say. Throws when one takes too long. */
  async commands(cwd: string): Promise<readonly Told[]> {
    const [run] = this.original.runs();
    const program = path.join(path.dirname(await builtCli()), 'program.js');
    const lines = (cases(0, 1) === 1 ? COMMANDS : QUICK).map((line) => line.replace('RUN', run?.id ?? ''));
    const printed = path.join(this.#home, 'printed');
    rmSync(printed, { force: true });
    const output = openSync(printed, 'a');
    const child = spawn(process.execPath, ['-e', DRIVER, program, ...lines], {
      cwd,
      env: { ...process.env, HOME: this.#home, XDG_STATE_HOME: '', MODELYARD_MACHINE: 'none' },
      stdio: ['ignore', output, output, 'pipe'],
    });
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS * 3);
    };
    wait();
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      wait();
    });
    await new Promise((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    closeSync(output);
    const all = readFileSync(printed);
    if (process.env['TELL'] !== undefined) console.log(text, all.toString());
    const told = text.split('\n').flatMap((line): Told[] => {
      if (line === '') return [];
      const one = JSON.parse(line) as Told;
      return [{ ...one, printed: all.toString('utf8', one.from, one.to) }];
    });
    assert.equal(told.length, lines.length, `hangs or dies: ${lines[told.length] ?? ''}`);
    return told;
  }

  /** Nothing that the memory is aimed at was reached. */
  untouched(before: Record<string, string>): void {
    assert.deepEqual(snapshot(this.outside), before, 'nothing outside is changed, and nothing ran');
    assert.ok(isAlive(this.victim.pid), 'nobody is signalled');
    assert.equal(this.#connections, 0, 'nobody is connected to');
  }

  close(): void {
    this.#server?.close();
    this.#sleeper?.kill('SIGKILL');
    for (const folder of [...this.#folders, this.outside, this.#home])
      rmSync(folder, { recursive: true, force: true });
  }
}

const range = new Range();
test.before(() => range.open());
test.after(() => range.close());

for (const [what, change] of Object.entries(HOSTILE_MEMORIES)) {
  test(`every command on a memory: ${what}`, async () => {
    const folder = range.clone(change);
    const [before, outside] = [snapshot(folder), snapshot(range.outside)];
    const told = await range.commands(folder);
    for (const { line, ms, printed } of told) {
      assert.ok(ms < PATIENCE_MS, `${line} took ${ms} ms`);
      assert.doesNotMatch(printed, /Please report/, `${line}: ${printed.slice(0, 1000)}`);
      assert.doesNotMatch(printed, /precious/, line);
      assert.doesNotMatch(printed, UNSAFE, line);
    }
    assert.deepEqual(withoutExports(snapshot(folder)), before, 'nothing of the project is changed');
    range.untouched(outside);
    const refused = told.find(({ line }) => line === 'run main');
    assert.equal(refused?.code, 1);
  });
}

/** What an editor asks of a project when it is opened and looked through, and what it may ask to be changed. */
function requests(root: string, run: string): readonly (readonly [string, object])[] {
  const projectUri = uri(root);
  const [model, view] = [
    { projectUri, model: 'rain', version: '1' },
    { projectUri, view: 'w', version: 1 },
  ];
  const service = { projectUri, environment: 'staging', name: 'web' };
  const main = { uri: uri(path.join(root, 'main.pipeline.yaml')) };
  return [
    ['runs', { limit: 100, projectUri }],
    ['run', { projectUri, id: run }],
    ['artifactFiles', { projectUri, id: run, path: 'model' }],
    ['graph', main],
    ['plan', main],
    ['approvals', {}],
    ['foreignMemories', {}],
    ['experiments', { projectUri, limit: 10 }],
    ['experimentCurves', { projectUri, ids: [run], metrics: ['x'] }],
    ['runChanges', { projectUri, id: run }],
    ['fileStatus', main],
    ['checkParams', { ...main, params: {} }],
    ['trash', { projectUri }],
    ['models', { projectUri }],
    ['modelVersions', { ...model, limit: 10 }],
    ['modelVersion', model],
    ['modelHistory', { ...model, limit: 10 }],
    ['modelLineage', { ...model, direction: 'up' }],
    ['modelCard', model],
    ['modelArtifact', model],
    ['previousAlias', { ...model, alias: 'best' }],
    ['features', {}],
    ['viewProfile', view],
    ['viewDrift', { ...view, against: 1 }],
    ['services', { projectUri }],
    ['serviceHistory', { ...service, limit: 10 }],
    ['serviceSamples', service],
    ['serviceMetrics', { ...service, windowMs: 60_000 }],
    ['deleteRun', { projectUri, id: run }],
    ['markRuns', { projectUri, ids: [run], change: { star: true } }],
    ['steerJob', { projectUri, id: run, task: 'a', order: 'hold' }],
    ['exportModel', { ...model, to: `${projectUri}/exported` }],
    ['importModel', { projectUri, from: `${projectUri}/exported` }],
    ['cancelRun', { projectUri, id: run }],
    ['answer', { projectUri, run, task: 'sign', verdict: 'approved' }],
    ['changeModel', { ...model, change: { kind: 'set-alias', alias: 'x', version: '1' } }],
    ['serviceOrder', { ...service, order: { kind: 'stop' } }],
    ['serviceSample', { ...service, sample: {} }],
  ];
}

for (const trusted of [false, true]) {
  test(`the language server on every memory, ${trusted ? 'trusted' : 'restricted'}`, async (t) => {
    const folders = Object.values(HOSTILE_MEMORIES).map((change) => range.clone(change));
    const [before, outside] = [folders.map(snapshot), snapshot(range.outside)];
    const lsp = await LspClient.start({ folders, initializationOptions: { trusted } });
    t.after(() => lsp.stop());
    const run = range.original.runs()[0]?.id ?? '';
    await lsp.request('modelyard/pipelines', {});
    for (const [at, root] of folders.entries()) {
      const what = Object.keys(HOSTILE_MEMORIES)[at] ?? '';
      for (const [method, params] of requests(root, run)) {
        const begin = performance.now();
        await lsp.request(`modelyard/${method}`, params).catch((error: unknown) => {
          // Said no in words; what was thrown deep inside would be a mistake of ours.
          assert.doesNotMatch(String(error), /failed:|undefined|not a function/, `${what}: ${method}`);
        });
        const ms = performance.now() - begin;
        assert.ok(ms < PATIENCE_MS, `${what}: ${method} took ${ms} ms`);
      }
    }
    assert.equal(lsp.process.exitCode, null);
    for (const [at, root] of folders.entries())
      assert.deepEqual(snapshot(root), before[at], Object.keys(HOSTILE_MEMORIES)[at]);
    range.untouched(outside);
  });
}
