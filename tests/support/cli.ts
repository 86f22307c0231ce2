/** The real command in temp folders: built once for all test files, run as users run it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { RunEvent } from '../../server/stores/runs/events.js';
import { ensureMemory, layoutOf } from '../../server/stores/layout.js';
import type { RunDocument } from '../../server/stores/runs/document.js';
import { checkAnswer } from './answers.js';
import { Terminal } from './pty.js';

/** Generous: the machine may be busy. */
export const PATIENCE_MS = 60_000;

function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .reduce(
      (latest, entry) => Math.max(latest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs),
      0,
    );
}

let building: Promise<string> | undefined;

/** The path of `cli.js`, built from the sources as they are now. */
export function builtCli(): Promise<string> {
  building ??= build();
  return building;
}

async function build(): Promise<string> {
  const folder = path.resolve('out', `cli-${Math.round(newest('server'))}`);
  if (existsSync(folder)) return path.join(folder, 'cli.js');
  const { bundles, copyBeside } = (await import(pathToFileURL(path.resolve('scripts/build.mjs')).href)) as {
    bundles: () => Promise<{ outfile: string }[]>;
    copyBeside: (folder: string) => Promise<void>;
  };
  const esbuild = await import('esbuild');
  const own = `${folder}.${process.pid}`;
  for (const options of await bundles()) {
    const name = path.basename(options.outfile);
    if (
      [
        'cli.js',
        'program.js',
        'run-program.js',
        'definitions.js',
        'python-code.js',
        'task-requests.js',
        'features.js',
        'service-host.js',
      ].includes(name)
    ) {
      await esbuild.build({ ...options, outfile: path.join(own, name) });
    }
  }
  await copyBeside(own);
  // Test files run side by side, each in its own process: the first one that is ready wins.
  try {
    renameSync(own, folder);
  } catch {
    rmSync(own, { recursive: true, force: true });
  }
  return path.join(folder, 'cli.js');
}

export interface Result {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on while the test does. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly done: Promise<Result>;
  output(): string;
}

export interface Invocation {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** Variables that change how the command prints must not come from whoever runs the tests. */
const CLEAN: Record<string, string | undefined> = {
  // Tests run side by side, and none waits for the machine of another.
  MODELYARD_MACHINE: 'none',
  CI: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
  NODE_TEST_CONTEXT: undefined,
};

function environment(more: Invocation['env']): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...process.env, ...CLEAN, ...more };
  for (const [name, value] of Object.entries(env)) if (value === undefined) Reflect.deleteProperty(env, name);
  return env;
}

const made: string[] = [];

// With KEEP=1 they stay, to be looked at.
process.once('exit', () => {
  if (process.env['KEEP'] !== undefined) return;
  for (const root of made) {
    try {
      rmSync(root, { recursive: true, force: true });
    } catch {
      // Something that a test has started still writes; it is no mistake of what the test is about.
    }
  }
});

/** One temp project. */
export class TestProject {
  readonly root: string;
  readonly #cli: string;

  private constructor(root: string, cli: string) {
    this.root = root;
    this.#cli = cli;
  }

  /** With these files, by path. A text alone is `main.pipeline.yaml`. */
  static async make(
    files: string | Readonly<Record<string, string>> = {},
    parent = os.tmpdir(),
  ): Promise<TestProject> {
    const cli = await builtCli();
    const project = new TestProject(mkdtempSync(path.join(parent, 'modelyard-test-')), cli);
    made.push(project.root);
    const all = typeof files === 'string' ? { 'main.pipeline.yaml': files } : files;
    project.write({ 'modelyard.yaml': 'name: test\n', ...all });
    return project;
  }

  write(files: Readonly<Record<string, string | Uint8Array>>): void {
    // As if this machine had made it: a memory that came from elsewhere is only shown.
    if (Object.keys(files).some((name) => name.startsWith('.modelyard/'))) ensureMemory(layoutOf(this.root));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  path(...names: string[]): string {
    return path.join(this.root, ...names);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  remove(...names: string[]): void {
    for (const name of names) rmSync(this.path(name), { recursive: true, force: true });
  }

  /** In a terminal of its own. Not on Windows. */
  terminal(args: readonly string[]): Terminal {
    return new Terminal([process.execPath, this.#cli, ...args], this.root, environment({ TERM: 'xterm' }));
  }

  start(args: readonly string[], options: Invocation = {}): Running {
    const child = spawn(process.execPath, [this.#cli, ...args], {
      cwd: options.cwd ?? this.root,
      env: environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const done = new Promise<Result>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        resolve({
          code,
          signal,
          stdout: Buffer.concat(out).toString('utf8'),
          stderr: Buffer.concat(err).toString('utf8'),
        }),
      );
    });
    return {
      child,
      pid: child.pid ?? 0,
      done,
      output: () => Buffer.concat([...out, ...err]).toString('utf8'),
    };
  }

  /** Also holds what `--json` prints against its schema. */
  async run(args: readonly string[], options: Invocation = {}): Promise<Result> {
    const result = await this.start(args, options).done;
    checkAnswer(args, result.stdout);
    return result;
  }

  /** Runs and expects an exit code; gives what was printed. */
  async expect(code: number, args: readonly string[], options: Invocation = {}): Promise<Result> {
    const result = await this.run(args, options);
    assert.equal(result.code, code, `${args.join(' ')}\n${result.stdout}\n${result.stderr}`);
    return result;
  }

  /** Documents of all runs, the oldest first. */
  runs(): RunDocument[] {
    const runs = this.path('.modelyard', 'runs');
    if (!existsSync(runs)) return [];
    return readdirSync(runs)
      .filter((month) => /^\d{6}$/.test(month))
      .flatMap((month) => readdirSync(path.join(runs, month)).map((id) => path.join(runs, month, id)))
      .sort()
      .flatMap((folder) => {
        const file = path.join(folder, 'run.json');
        return existsSync(file) ? [JSON.parse(readFileSync(file, 'utf8')) as RunDocument] : [];
      });
  }

  lastRun(): RunDocument {
    const last = this.runs().at(-1);
    assert.ok(last, 'there is no run');
    return last;
  }

  /** Status of each task of the last run. */
  statuses(): Record<string, string> {
    return Object.fromEntries(this.lastRun().tasks.map((task) => [task.id, task.status]));
  }

  task(id: string): RunDocument['tasks'][number] {
    const task = this.lastRun().tasks.find((one) => one.id === id);
    assert.ok(task, `the last run has no task ${id}`);
    return task;
  }

  log(id: string): Buffer {
    const run = this.lastRun();
    const { log } = this.task(id);
    assert.ok(log, `${id} has no log`);
    return readFileSync(this.path('.modelyard', 'runs', run.id.slice(0, 6), run.id, log));
  }

  /** What each task would do, and why. */
  async plan(...args: string[]): Promise<Record<string, string>> {
    const { stdout } = await this.expect(0, ['plan', '--json', ...args]);
    const { tasks } = JSON.parse(stdout) as { tasks: { id: string; decision: string; reasons: string[] }[] };
    return Object.fromEntries(
      tasks.map(({ id, decision, reasons }) => [id, [decision, ...reasons].join(': ')]),
    );
  }
}

export function events(stdout: string): RunEvent[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
}

/** Polls until something holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`waited in vain: ${what}`);
    await pause(15);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // Where nobody reaps orphans, an ended one stays as a zombie.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return process.platform !== 'linux';
  }
}
