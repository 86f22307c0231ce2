/**
 * Random pipelines with questions and a called pipeline, edited, damaged, broken, killed and resumed, held against a model of
 * what the documentation says (`support/generated/sim-model.ts`), which shares nothing with the runner. The runner is the real one, in
 * this process, with the commands that tasks have done by the test and a clock of the test's own; some runs are the real
 * command line with a real shell, and those that are killed are a process of their own that ends at one of its writes.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Arguments } from '../../../server/cli/args.js';
import { optionsFor } from '../../../server/cli/commands/pipelines/run.js';
import { openProject } from '../../../server/cli/load/open-project.js';
import { prepareFor } from '../../../server/cli/load/prepare.js';
import { RunControl } from '../../../server/runner/execute/control.js';
import type { ExecutionResult, Executor } from '../../../server/runner/executors/executor.js';
import { runPipeline } from '../../../server/runner/run.js';
import { layoutOf } from '../../../server/stores/layout.js';
import type { RunDocument } from '../../../server/stores/runs/document.js';
import { RunStore } from '../../../server/stores/runs/runs.js';
import { RunApprovals } from '../../../server/stores/approvals/approvals.js';
import { SEED, cases, fc } from '../../support/generated/cases.js';
import { TestProject } from '../../support/cli.js';
import {
  HOUR,
  type SimDefinition,
  type SimFlags,
  SimRun,
  type SimStatus,
  type SimTask,
  SimWorld,
  perform,
} from '../../support/generated/sim-model.js';

/** How the runner is driven: `real` is the command line with a shell, `killed` ends at its n-th write. */
type How = { readonly kind: 'here' | 'real' } | { readonly kind: 'killed'; readonly at: number };

/** Told to a process that is to be killed. */
interface Job {
  readonly root: string;
  readonly now: number;
  readonly args: Flags;
  readonly at: number;
}

interface Flags {
  readonly resume?: string;
  readonly 'keep-going'?: boolean;
  readonly force?: boolean;
  readonly jobs?: string;
}

const COMMAND =
  /^echo (\w+) >> log; test ! -e (\w+)\.bad; \(cat (.*) \/dev\/null; echo (\w+ \d+)\) > (\w+)\.out$/;

/** Does what the tasks' commands say. */
function stage(root: string): Executor {
  const result = (exitCode: number): ExecutionResult => ({ exitCode, leftBehind: false, outputHeld: false });
  const work = async (text: string): Promise<ExecutionResult> => {
    const [, name = '', bad = '', files = '', words = '', out = ''] = COMMAND.exec(text) ?? [];
    assert.notEqual(name, '', `the model has no command ${text}`);
    fs.appendFileSync(path.join(root, 'log'), `${name}\n`);
    if (fs.existsSync(path.join(root, `${bad}.bad`))) return result(1);
    const read = files.split(' ').filter((file) => file !== '');
    const content = `${read.map((file) => fs.readFileSync(path.join(root, file), 'utf8')).join('')}${words}\n`;
    const target = path.join(root, `${out}.out`);
    fs.writeFileSync(target, content.slice(0, content.length / 2));
    await new Promise((resolve) => setImmediate(resolve));
    fs.appendFileSync(target, content.slice(content.length / 2));
    return result(0);
  };
  return {
    start: ({ script }) => ({
      pid: undefined,
      done: work(script.text),
      stop: () => undefined,
      kill: () => undefined,
    }),
    close: () => undefined,
  };
}

async function runHere(root: string, now: number, flags: Flags): Promise<void> {
  // A command reads its project once; here many commands are one process.
  openProject(path.join(root, 'elsewhere'));
  const args = new Arguments(flags.resume === undefined ? ['p'] : [], { project: root, ...flags });
  const options = await optionsFor(args, await prepareFor(args), new RunControl());
  const outcome = await runPipeline(
    {
      ...options,
      environment: { ...process.env, MODELYARD_MACHINE: 'none' },
      approvals: { stay: false },
      executor: () => stage(root),
      clock: () => new Date(now),
    },
    [],
  );
  assert.notEqual(outcome.kind, 'refused', outcome.kind === 'refused' ? outcome.message : '');
}

const MUTATIONS = ['writeSync', 'writeFileSync', 'appendFileSync', 'openSync', 'renameSync', 'linkSync', 'rmSync', 'mkdirSync', 'copyFileSync'] as const; // prettier-ignore

/** The process that is killed: at its n-th change of the disk. */
async function runToBeKilled({ root, now, args, at }: Job): Promise<void> {
  let left = at;
  for (const name of MUTATIONS) {
    const own = fs[name] as (...given: unknown[]) => unknown;
    Object.assign(fs, {
      [name]: (...given: unknown[]): unknown => {
        if (left-- <= 0) process.kill(process.pid, 'SIGKILL');
        return own(...given);
      },
    });
  }
  await runHere(root, now, args);
}

/** @returns whether it was killed */
function runKilled(job: Job): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, MODELYARD_SIM_JOB: JSON.stringify(job), NODE_TEST_CONTEXT: undefined };
    const child = spawn(process.execPath, [__filename], { stdio: ['ignore', 'ignore', 'pipe'], env });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(signal === 'SIGKILL');
      else reject(new Error(`the runner ended with ${code ?? signal}: ${said}`));
    });
  });
}

const STATUS: Readonly<Record<string, SimStatus>> = {
  succeeded: 'ok',
  cached: 'ok',
  failed: 'failed',
  skipped: 'skipped',
  waiting: 'waiting',
};

function statuses(run: SimRun | undefined): Record<string, string> {
  const all = [...(run?.results ?? [])].map(([name, { status }]): [string, string] => [name, status]);
  return Object.fromEntries(all.sort());
}

function recorded(run: RunDocument | undefined): Record<string, string> {
  // Nothing has come to those that are queued.
  const tasks = (run?.tasks ?? []).filter(({ status }) => status !== 'queued');
  return Object.fromEntries(
    tasks.map(({ id, status }): [string, string] => [id, STATUS[status] ?? status]).sort(),
  );
}

/** Of a process that has ended. */
const GONE = spawnSync('true').pid;

/** A project, and what it should be. */
class Simulation {
  readonly #project: TestProject;
  readonly #store: RunStore;
  #definition: SimDefinition;
  #world = new SimWorld();
  #run: SimRun | undefined;
  #log: readonly string[] = [];
  readonly story: string[] = [];

  constructor(project: TestProject, definition: SimDefinition) {
    this.#project = project;
    this.#definition = definition;
    this.#store = new RunStore(layoutOf(project.root));
    this.#write();
    for (const { name, source } of this.#all()) if (source) this.#writeSource(name);
  }

  #all(): readonly SimTask[] {
    return [...this.#definition.main, ...this.#definition.below];
  }

  #writeSource(name: string): void {
    this.#project.write({ [`${name}.src`]: this.#world.sourceText(name) });
  }

  #write(): void {
    const { main, below } = this.#definition;
    const isBelow = (name: string): boolean => below.some((task) => task.name === name);
    const line = (task: SimTask): string => {
      const keys = [
        ...(task.needs.length === 0 ? [] : [`needs: [${task.needs.join(', ')}]`]),
        ...(task.when === undefined ? [] : [`if: ${task.when}`]),
        ...(task.tolerated ? ['continue-on-error: true'] : []),
      ];
      const { name } = task;
      if (task.kind === 'call') keys.push('pipeline: c');
      else if (task.kind === 'ask') {
        const timeout = task.timeout === undefined ? '' : `, timeout: 1h, on-timeout: ${task.timeout}`;
        keys.push(`approval: { prompt: go ${task.version}${timeout} }`);
      } else {
        const own = task.source ? [`${name}.src`] : [];
        const inner = isBelow(name);
        const files = task.reads.map((one) =>
          !inner && isBelow(one) ? `\${{ tasks.call.outputs.${one}.o }}` : `${one}.out`,
        );
        const inputs = [
          ...task.reads.filter((one) => inner || !isBelow(one)).map((one) => `${one}.out`),
          ...own,
        ];
        if (inputs.length > 0) keys.push(`inputs: [${inputs.join(', ')}]`);
        keys.push(
          `run: 'echo ${name} >> log; test ! -e ${name}.bad; (cat ${[...files, ...own].join(' ')} /dev/null; echo ${name} ${task.version}) > ${name}.out'`,
          `outputs: { o: ${name}.out }`,
        );
      }
      return `  ${name}: { ${keys.join(', ')} }\n`;
    };
    this.#project.write({ 'p.pipeline.yaml': `name: p\ntasks:\n${main.map(line).join('')}` });
    if (below.length > 0)
      this.#project.write({ 'c.pipeline.yaml': `name: c\ntasks:\n${below.map(line).join('')}` });
  }

  #readLog(): string[] {
    const lines = this.#project.exists('log') ? this.#project.read('log').split('\n').slice(0, -1) : [];
    const fresh = lines.slice(this.#log.length);
    this.#log = lines;
    return fresh;
  }

  #newest(pipeline: string): RunDocument | undefined {
    const [summary] = this.#store.list({ limit: 1, pipeline });
    const read = summary === undefined ? undefined : this.#store.read(summary.id);
    return read?.ok === true ? read.run : undefined;
  }

  get resumable(): boolean {
    return this.#run !== undefined && this.#run.status !== 'succeeded';
  }

  /** A new run, or the last one resumed. */
  async go(how: How, flags: SimFlags | undefined): Promise<void> {
    const world = this.#world;
    const last = flags === undefined ? this.#run : undefined;
    const same = last?.status === 'waiting';
    const asBegun = same || last?.status === 'interrupted';
    const begun = last === undefined || !asBegun ? this.#definition : last.definition;
    const run = same
      ? last.copy()
      : new SimRun(begun, flags ?? last?.flags ?? { keepGoing: true, force: false }).after(last);
    const given: Flags =
      flags === undefined
        ? { resume: this.#newest('p')?.id ?? '' }
        : { 'keep-going': flags.keepGoing, force: flags.force, jobs: flags.keepGoing ? '2' : '1' };
    const before = last === undefined ? undefined : { run: last, same, settled: false };
    const runBefore = this.#newest('p')?.id;
    const childBefore = this.#newest('c')?.id;
    let killed = false;
    if (how.kind === 'here') await runHere(this.#project.root, world.now, given);
    else if (how.kind === 'killed') {
      this.#disown();
      killed = await runKilled({ root: this.#project.root, now: world.now, args: given, at: how.at });
    } else await this.#runReal(given);
    const seen = this.#readLog();
    // Killed after the last word of the run was written, it has ended.
    if (killed && this.#hasEnded(runBefore, same)) killed = false;
    const predicted = killed ? world.copy() : world;
    Object.assign(predicted, { works: [], keys: new Map(), seen: new Set(seen) });
    perform(predicted, run, before);
    this.story.push(`${how.kind} ${JSON.stringify(given)}: worked on ${seen.join(' ')}`);
    if (!killed) {
      this.#run = run;
      this.#check(run, seen);
      return;
    }
    for (const name of seen) {
      assert.ok(predicted.works.includes(name), `${name} was worked on before it was killed`);
      world.perhaps.add(predicted.keys.get(name) ?? '');
    }
    for (const key of last?.done.values() ?? []) if (run.flags.force) world.perhaps.add(key);
    const document = this.#newest('p');
    if (document?.id === runBefore && !same) {
      // Nothing of it was written.
      await this.go({ kind: 'here' }, this.resumable ? undefined : (flags ?? run.flags));
      return;
    }
    this.#killed(run, last, same && document?.status === 'waiting', childBefore);
    await this.go({ kind: 'here' }, undefined);
  }

  #hasEnded(runBefore: string | undefined, same: boolean): boolean {
    const document = this.#newest('p');
    const ended = document?.status === 'succeeded' || document?.status === 'failed';
    return ended && (same || document.id !== runBefore);
  }

  /** What is known of a run that was killed: how far it came is the runner's to say. */
  #killed(run: SimRun, last: SimRun | undefined, waits: boolean, childBefore: string | undefined): void {
    const asked = [...run.done].filter(([name]) => run.asks.has(name));
    run.done = new Map([...(waits ? (last?.done ?? []) : []), ...asked]);
    run.status = waits ? 'waiting' : 'interrupted';
    if (waits) run.results = new Map(last?.results);
    const child = this.#newest('c');
    const touched = child?.id !== childBefore || child?.status !== last?.child?.status;
    const parkedAgain = JSON.stringify(recorded(child)) === JSON.stringify(statuses(run.child));
    if (child === undefined || (!touched && !parkedAgain)) run.child = last?.child?.copy();
    else if (run.child !== undefined) run.child.status = child.status as SimRun['status'];
    this.#run = run;
  }

  /** As if the processes that ran so far had ended, as those of a command have. */
  #disown(): void {
    for (const document of [this.#newest('p'), this.#newest('c')]) {
      if (document?.status !== 'waiting') continue;
      const file = path.join(this.#store.folder(document.id), 'run.json');
      const own = new RegExp(`"pid":\\s*${process.pid}\\b`);
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(own, `"pid":${GONE}`));
    }
  }

  async #runReal(flags: Flags): Promise<void> {
    const args = flags.resume === undefined ? ['p', '--jobs', flags.jobs ?? '1'] : ['--resume', flags.resume];
    if (flags['keep-going'] === true) args.push('-k');
    if (flags.force === true) args.push('--force');
    const { code, stderr } = await this.#project.run(['run', ...args]);
    assert.ok(code === 0 || code === 1 || code === 3, stderr);
  }

  #check(run: SimRun, seen: readonly string[]): void {
    const world = this.#world;
    const document = this.#newest('p');
    const told = `\n${this.story.join('\n')}\n`;
    assert.deepEqual(seen.toSorted(), world.works.toSorted(), `tasks that are worked on${told}`);
    assert.deepEqual(recorded(document), statuses(run), `how tasks end${told}`);
    assert.equal(document?.status, run.status, `how the run ends${told}`);
    if (run.child !== undefined) {
      const child = this.#newest('c');
      assert.deepEqual(recorded(child), statuses(run.child), `how tasks of the called pipeline end${told}`);
    }
    for (const { name, kind } of this.#all()) {
      if (kind !== 'work') continue;
      const there = this.#project.exists(`${name}.out`) ? this.#project.read(`${name}.out`) : undefined;
      assert.equal(there, world.files.get(name), `${name}.out${told}`);
    }
  }

  answer(which: number, verdict: 'approved' | 'rejected'): void {
    const open = this.#run?.status === 'waiting' ? this.#run.open() : [];
    const chosen = open[which % Math.max(1, open.length)];
    if (chosen === undefined) return;
    const document = this.#newest(chosen.run === this.#run ? 'p' : 'c');
    const approvals = new RunApprovals(this.#store.folder(document?.id ?? ''));
    const answered = approvals.answer(
      chosen.task,
      { verdict, by: 'ada', host: 'here' },
      new Date(this.#world.now),
    );
    const { expiresAt, verdict: before } = chosen.ask;
    const inTime = before === undefined && (expiresAt === undefined || this.#world.now < expiresAt);
    this.story.push(`${verdict} ${chosen.task}`);
    assert.equal(
      answered.ok,
      inTime,
      `an answer that comes ${inTime ? 'in time' : 'late'}\n${this.story.join('\n')}`,
    );
    if (inTime) chosen.ask.verdict = verdict;
  }

  /** Whether an answer or the end of a time is there that the run has not taken note of. */
  get unheard(): boolean {
    const open = this.#run?.status === 'waiting' ? this.#run.open() : [];
    return open.some(
      ({ ask }) =>
        ask.verdict === 'rejected' || (ask.expiresAt !== undefined && this.#world.now >= ask.expiresAt),
    );
  }

  /**
   * What comes before the call fails in a run that resumes another one, which has come to the call: the next one resumes
   * that over two steps.
   */
  async detour(here: How, flags: SimFlags): Promise<void> {
    const { main } = this.#definition;
    const call = main.find(({ kind }) => kind === 'call');
    const gate = main.find((task) => task.kind === 'work' && call?.needs.includes(task.name) === true);
    const last = main.findLast((task) => task.kind === 'work' && task !== gate);
    if (gate === undefined || last === undefined) return;
    const mend = [gate, last].filter(({ name }) => this.#world.bad.has(name));
    for (const { name } of mend) this.#toggle(name);
    this.#toggle(last.name);
    await this.go(here, flags);
    this.#toggle(gate.name);
    if (gate.source) this.#touch(gate.name);
    else this.#replace(gate, { ...gate, version: gate.version + 1 });
    if (this.resumable) await this.go(here, undefined);
    this.#toggle(gate.name);
    this.#toggle(last.name);
    if (this.resumable) await this.go(here, undefined);
  }

  #toggle(name: string): void {
    this.story.push(`bad ${name}`);
    if (this.#world.bad.delete(name)) this.#project.remove(`${name}.bad`);
    else {
      this.#world.bad.add(name);
      this.#project.write({ [`${name}.bad`]: '' });
    }
  }

  #touch(name: string): void {
    this.#world.sources.set(name, (this.#world.sources.get(name) ?? 0) + 1);
    this.#writeSource(name);
  }

  later(hours: number): void {
    this.#world.now += hours * HOUR;
    this.story.push(`${hours} h later`);
  }

  change(kind: 'source' | 'command' | 'bad' | 'delete' | 'spoil' | 'add', which: number): void {
    const tasks = this.#all().filter((task) => task.kind !== 'call');
    const task = tasks[which % tasks.length];
    if (task === undefined) return;
    const { name } = task;
    const world = this.#world;
    if (kind !== 'bad') this.story.push(`${kind} ${name}`);
    switch (kind) {
      case 'source':
        if (!task.source) return;
        this.#touch(name);
        return;
      case 'command':
        this.#replace(task, { ...task, version: task.version + 1 });
        return;
      case 'bad':
        this.#toggle(name);
        return;
      case 'delete':
        if (!world.files.delete(name)) return;
        this.#project.remove(`${name}.out`);
        return;
      case 'spoil':
        if (!world.files.has(name)) return;
        world.files.set(name, 'spoiled\n');
        this.#project.write({ [`${name}.out`]: 'spoiled\n' });
        return;
      case 'add': {
        const { main } = this.#definition;
        if (main.length > 8) return;
        const added: SimTask = {
          name: `a${main.length}`,
          kind: 'work',
          version: 0,
          reads: main.slice(-1).flatMap((one) => (one.kind === 'work' ? [one.name] : [])),
          needs: [],
          source: false,
          tolerated: false,
        };
        this.#definition = { ...this.#definition, main: [...main, added] };
        this.#write();
      }
    }
  }

  #replace(old: SimTask, task: SimTask): void {
    const change = (tasks: readonly SimTask[]): readonly SimTask[] =>
      tasks.map((one) => (one === old ? task : one));
    this.#definition = { main: change(this.#definition.main), below: change(this.#definition.below) };
    this.#write();
  }
}

/** A task before it is known what there is before it. */
const drawnTask = fc.record({
  kind: fc.constantFrom('work', 'work', 'work', 'ask'),
  reads: fc.array(fc.nat(9), { maxLength: 2 }),
  needs: fc.array(fc.nat(9), { maxLength: 2 }),
  source: fc.boolean(),
  when: fc.constantFrom(undefined, undefined, undefined, undefined, 'always()', 'failure()'),
  tolerated: fc.constantFrom(false, false, false, true),
  timeout: fc.constantFrom(undefined, 'approve', 'reject'),
});
type DrawnTask = typeof drawnTask extends fc.Arbitrary<infer T> ? T : never;

function tasksOf(drawn: readonly DrawnTask[], letter: string, below: readonly SimTask[]): SimTask[] {
  const made: SimTask[] = [];
  const callAt = below.length === 0 ? -1 : Math.floor(drawn.length / 3);
  const inner = below.filter(({ kind }) => kind === 'work');
  drawn.forEach((one, index) => {
    if (index === callAt) {
      const needs = made.slice(-1).map(({ name }) => name);
      made.push({
        name: 'call',
        kind: 'call',
        version: 0,
        reads: [],
        needs,
        source: false,
        tolerated: false,
      });
    }
    const called = made.some(({ kind }) => kind === 'call');
    const readable = [...made.filter(({ kind }) => kind === 'work'), ...(called ? inner : [])];
    const pick = <T>(from: readonly T[], places: readonly number[]): T[] =>
      from.length === 0 ? [] : [...new Set(places.map((place) => from[place % from.length] as T))];
    const ask = one.kind === 'ask';
    made.push({
      name: `${letter}${index}`,
      kind: ask ? 'ask' : 'work',
      version: 0,
      reads: ask ? [] : pick(readable, one.reads).map(({ name }) => name),
      needs: pick(made, one.needs).map(({ name }) => name),
      source: !ask && one.source,
      ...(one.when === undefined || one.needs.length === 0 || made.length === 0 ? {} : { when: one.when }),
      tolerated: one.tolerated,
      ...(ask && one.timeout !== undefined ? { timeout: one.timeout } : {}),
    });
  });
  return made;
}

const definitions = fc
  .record({
    main: fc.array(drawnTask, { minLength: 2, maxLength: 5 }),
    below: fc.oneof(fc.constant([]), fc.array(drawnTask, { minLength: 1, maxLength: 3 })),
  })
  .map(({ main, below }): SimDefinition => {
    const inner = tasksOf(below, 'c', []);
    return { main: tasksOf(main, 'a', inner), below: inner };
  });

type Step =
  | { readonly kind: 'begin'; readonly keepGoing: boolean; readonly force: boolean }
  | { readonly kind: 'resume' }
  | { readonly kind: 'detour'; readonly force: boolean }
  | { readonly kind: 'kill'; readonly at: number; readonly begin: boolean }
  | { readonly kind: 'answer'; readonly which: number; readonly verdict: 'approved' | 'rejected' }
  | { readonly kind: 'later'; readonly hours: number }
  | {
      readonly kind: 'source' | 'command' | 'bad' | 'delete' | 'spoil' | 'add';
      readonly which: number;
    };

const which = fc.nat(20);
const steps = (kills: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('begin' as const), keepGoing: fc.boolean(), force: fc.constantFrom(false, false, false, true) }) }, // prettier-ignore
    { weight: 6, arbitrary: fc.constant({ kind: 'resume' as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('detour' as const), force: fc.boolean() }) },
    { weight: kills ? 2 : 0, arbitrary: fc.record({ kind: fc.constant('kill' as const), at: fc.nat(250), begin: fc.boolean() }) }, // prettier-ignore
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('answer' as const), which, verdict: fc.constantFrom('approved', 'approved', 'approved', 'rejected') }) }, // prettier-ignore
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('later' as const), hours: fc.constantFrom(0.6, 2) }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('source', 'command', 'bad', 'delete', 'spoil', 'add'), which }) }, // prettier-ignore
  );

/** The command line has the clock of the machine. */
function timeless(definition: SimDefinition): SimDefinition {
  const without = (tasks: readonly SimTask[]): SimTask[] =>
    tasks.map((task) => {
      const { timeout, ...rest } = task;
      return timeout === undefined ? task : rest;
    });
  return { main: without(definition.main), below: without(definition.below) };
}

interface Beginning {
  readonly bad: readonly number[];
  readonly keepGoing: boolean;
}

async function simulate(
  definition: SimDefinition,
  first: Beginning,
  list: readonly Step[],
  real: boolean,
): Promise<void> {
  const project = await TestProject.make({});
  try {
    const simulation = new Simulation(project, real ? timeless(definition) : definition);
    const here: How = { kind: real ? 'real' : 'here' };
    // What a call and its caller do at the same time takes no order, so that a failure must not depend on it.
    const flagsOf = (keepGoing: boolean, force: boolean): SimFlags => ({
      keepGoing: keepGoing || definition.below.length > 0,
      force,
    });
    for (const place of first.bad) simulation.change('bad', place);
    await simulation.go(here, flagsOf(first.keepGoing, false));
    for (const step of list) {
      if (step.kind === 'begin') await simulation.go(here, flagsOf(step.keepGoing, step.force));
      else if (step.kind === 'resume') {
        if (simulation.resumable) await simulation.go(here, undefined);
      } else if (step.kind === 'detour') await simulation.detour(here, flagsOf(true, step.force));
      else if (step.kind === 'kill') {
        if (simulation.unheard) continue;
        const flags = step.begin || !simulation.resumable ? flagsOf(true, false) : undefined;
        await simulation.go({ kind: 'killed', at: step.at }, flags);
      } else if (step.kind === 'answer') simulation.answer(step.which, step.verdict);
      else if (step.kind === 'later') simulation.later(step.hours);
      else simulation.change(step.kind, step.which);
    }
  } finally {
    project.remove('');
  }
}

/** `RUN_PATH=5:0:1` tries one again that a failure has named. */
const options = {
  includeErrorInReport: true,
  endOnFailure: process.env['ASIS'] !== undefined,
  ...(process.env['RUN_PATH'] === undefined ? {} : { path: process.env['RUN_PATH'] }),
};
const { MODELYARD_SIM_JOB: job } = process.env;

if (job === undefined) {
  const property = (kills: boolean, real: boolean): fc.IAsyncProperty<[SimDefinition, Beginning, Step[]]> =>
    fc.asyncProperty(
      definitions,
      fc.record({ bad: fc.array(which, { maxLength: 1 }), keepGoing: fc.boolean() }),
      fc.array(steps(kills), { minLength: 4, maxLength: 10 }),
      (definition, first, list) => simulate(definition, first, list, real),
    );

  test(`what runs do is what the model says (SEED=${SEED})`, async () => {
    await fc.assert(property(false, false), { ...options, numRuns: cases(284, 18_000) });
  });

  test(`also of runs that are killed at any write (SEED=${SEED})`, async () => {
    await fc.assert(property(true, false), { ...options, numRuns: cases(12, 1_900) });
  });

  test(`also by the command line and a shell (SEED=${SEED})`, async () => {
    await fc.assert(property(false, true), { ...options, numRuns: cases(4, 100) });
  });
} else void runToBeKilled(JSON.parse(job) as Job);
