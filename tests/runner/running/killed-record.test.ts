/**
 * Runs whose process was killed between two writes of their record. Their events count, whatever the document has come to,
 * for every command in the same way, and what a command names as the way out leads out.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { RunApprovals } from '../../../server/stores/approvals/approvals.js';
import { layoutOf } from '../../../server/stores/layout.js';
import type { RunDocument, RunStatus } from '../../../server/stores/runs/document.js';
import { RunStore } from '../../../server/stores/runs/runs.js';
import { TestProject } from '../../support/cli.js';
import { inProcess } from '../../support/in-process.js';

interface Line {
  readonly type: string;
  readonly id?: string;
}

/** What of a run lies on the disk, as a kill leaves it. */
interface Record {
  readonly status: RunStatus;
  /** The tasks in the document are as they were before anything happened. */
  readonly early?: boolean;
  /** Absent: all. */
  readonly events?: (lines: readonly Line[]) => number;
  /** The process has not taken its mark away. */
  readonly marked: boolean;
  readonly answered?: 'approved' | 'rejected';
}

/** Of a process that has ended. */
const GONE = spawnSync('true').pid;

class Killed {
  readonly project: TestProject;

  private constructor(project: TestProject) {
    this.project = project;
  }

  static async make(t: TestContext, files: Readonly<globalThis.Record<string, string>>): Promise<Killed> {
    const project = await TestProject.make(files);
    t.after(() => project.remove(''));
    return new Killed(project);
  }

  #folder(id: string): string {
    return path.join('.modelyard', 'runs', id.slice(0, 6), id);
  }

  keep(name: string): void {
    this.project.remove(name);
    cpSync(this.project.path('.modelyard', 'runs'), this.project.path(name), { recursive: true });
  }

  /** Back to what was kept; nothing that tasks have done is there. */
  back(name: string): void {
    this.project.remove('.modelyard/runs', '.modelyard/index', '.modelyard/locks', 'count');
    cpSync(this.project.path(name), this.project.path('.modelyard', 'runs'), { recursive: true });
  }

  damage(id: string, { status, early, events, marked, answered }: Record): void {
    const folder = this.#folder(id);
    const run = JSON.parse(this.project.read(path.join(folder, 'run.json'))) as RunDocument;
    const { pid, processStart, host, place } = run;
    const tasks = early === true ? run.tasks.map((task) => ({ ...task, status: 'queued' })) : run.tasks;
    const file = path.join(folder, 'events.ndjson');
    const lines = this.project.read(file).split('\n').slice(0, -1);
    const many = events?.(lines.map((line) => JSON.parse(line) as Line)) ?? lines.length;
    this.project.write({
      [path.join(folder, 'run.json')]: JSON.stringify({ ...run, status, tasks }),
      [file]: lines.slice(0, many).map((line) => `${line}\n`).join(''), // prettier-ignore
    });
    if (marked)
      this.project.write({
        [path.join('.modelyard', 'runs', 'live', id)]: JSON.stringify({ pid, processStart, host, place }),
      });
    new RunStore(layoutOf(this.project.root)).rebuildIndex();
    if (answered === undefined) return;
    const approvals = new RunApprovals(this.project.path(folder));
    assert.equal(approvals.answer('ask', { verdict: answered, by: 'ada', host: 'here' }).ok, true);
  }

  async say(...words: string[]): Promise<{ readonly code: number | null; readonly said: string }> {
    const { code, stdout, stderr } = await inProcess([...words, '--project', this.project.root]);
    for (const run of this.project.runs()) {
      // As if the command had been a process of its own.
      if (run.status === 'waiting' && run.pid === process.pid)
        this.project.write({
          [path.join(this.#folder(run.id), 'run.json')]: JSON.stringify({ ...run, pid: GONE }),
        });
    }
    return { code, said: `${stdout}${stderr}` };
  }

  /** As every reader has it, before and after somebody writes down what has become of dead runs. */
  statusOf(id: string): RunStatus | undefined {
    const store = new RunStore(layoutOf(this.project.root));
    const read = store.read(id);
    const listed = store.list({ limit: 9 }).find((run) => run.id === id);
    const [scanned] = [...store.scan()].filter((run) => run.id === id);
    const status = read.ok ? read.run.status : undefined;
    assert.deepEqual([listed?.status, scanned?.status], [status, status]);
    return status;
  }

  recover(): void {
    new RunStore(layoutOf(this.project.root)).recover();
  }

  /** Does what was said to be the way out, answers what is asked then, and gives what tasks have done. */
  async follow(first: string): Promise<string> {
    let said = first;
    for (let step = 0; step < 6; step++) {
      const open = await this.say('approvals');
      const way =
        /modelyard (approve \S+ \S+)/.exec(open.said) ?? /modelyard (run \S+ --resume \S+)/.exec(said);
      if (way?.[1] === undefined) break;
      ({ said } = await this.say(...way[1].split(' ')));
    }
    return this.project.exists('count') ? this.project.read('count').replaceAll('\n', ' ').trim() : '';
  }
}

const through =
  (type: string, id?: string) =>
  (lines: readonly Line[]): number =>
    lines.findIndex((line) => line.type === type && (id === undefined || line.id === id)) + 1;

const NOTHING = { status: 'queued', early: true, marked: true } as const;

/** What each is, whether its question can be answered, and whether it can be cancelled. */
const PARKED: readonly (readonly [string, Record, RunStatus, { readonly approve: boolean; readonly cancel: boolean }])[] = [
  ['before its first event', { ...NOTHING, events: () => 0 }, 'interrupted', { approve: false, cancel: false }],
  ['before it asked', { ...NOTHING, events: through('run-started') }, 'interrupted', { approve: false, cancel: false }],
  ['as it had asked', { ...NOTHING, events: through('approval-requested') }, 'interrupted', { approve: false, cancel: false }],
  ['as it waits, document queued', NOTHING, 'waiting', { approve: true, cancel: true }],
  ['as it waits, document running', { ...NOTHING, status: 'running' }, 'waiting', { approve: true, cancel: true }],
  ['as it waits, mark there', { status: 'waiting', marked: true }, 'waiting', { approve: true, cancel: true }],
  ['as it waits', { status: 'waiting', marked: false }, 'waiting', { approve: true, cancel: true }],
  ['answered', { status: 'waiting', marked: false, answered: 'approved' }, 'waiting', { approve: false, cancel: true }],
  ['answered, mark there', { status: 'waiting', marked: true, answered: 'approved' }, 'waiting', { approve: false, cancel: true }],
  ['answered, document queued', { ...NOTHING, answered: 'approved' }, 'waiting', { approve: false, cancel: true }],
]; // prettier-ignore

const PIPELINE = `name: p
tasks:
  a: { run: echo a >> count }
  ask: { approval: { prompt: go }, needs: [a] }
  after: { run: echo after >> count, needs: [ask] }
`;

test('a run that was killed as it waits, or on its way there', async (t) => {
  const killed = await Killed.make(t, { 'p.pipeline.yaml': PIPELINE });
  await killed.project.expect(3, ['run']);
  const { id } = killed.project.lastRun();
  killed.keep('parked');
  for (const [name, record, status, can] of PARKED) {
    const begin = (): void => {
      killed.back('parked');
      killed.damage(id, record);
    };
    begin();
    assert.equal(killed.statusOf(id), status, name);
    assert.deepEqual(
      (await killed.say('approvals', '--json')).said.includes('"task":"ask"'),
      can.approve,
      `${name}: approvals`,
    );
    killed.recover();
    assert.equal(killed.statusOf(id), status, `${name}: recovered`);

    begin();
    const approved = await killed.say('approve', id, 'ask');
    assert.equal(approved.code, can.approve ? 0 : 1, `${name}: ${approved.said}`);
    assert.match(await killed.follow(approved.said), /^(a )?after$/, `${name}: ${approved.said}`);

    if (can.approve) {
      begin();
      const rejected = await killed.say('reject', id, 'ask', '--resume');
      assert.deepEqual([rejected.code, killed.statusOf(id)], [1, 'failed'], `${name}: ${rejected.said}`);
      begin();
      const at = await killed.say('approve', id, 'ask', '--resume');
      assert.deepEqual([at.code, killed.statusOf(id)], [0, 'succeeded'], `${name}: ${at.said}`);
    }

    begin();
    const cancelled = await killed.say('runs', 'cancel', id);
    assert.equal(cancelled.code, can.cancel ? 0 : 1, `${name}: ${cancelled.said}`);
    assert.equal(killed.statusOf(id), can.cancel ? 'cancelled' : 'interrupted', name);
    assert.equal(killed.project.exists('count'), false, name);

    begin();
    const deleted = await killed.say('runs', 'delete', id);
    assert.equal(deleted.code, status === 'waiting' ? 1 : 0, `${name}: ${deleted.said}`);

    begin();
    const resumed = await killed.say('run', '--resume', id);
    assert.equal(resumed.code, record.answered === undefined ? 3 : 0, `${name}: ${resumed.said}`);
    assert.equal(killed.project.runs().length, status === 'waiting' ? 1 : 2, `${name}: runs`);
  }
});

/** Whether it can be resumed. */
const WOKEN: readonly (readonly [string, Record, RunStatus, boolean])[] = [
  ['woken', { status: 'waiting', marked: true, events: through('approval-answered') }, 'interrupted', true],
  ['after the question', { status: 'waiting', marked: true, events: through('task-ended', 'ask') }, 'interrupted', true],
  ['in the task behind it', { status: 'waiting', marked: true, events: through('task-started', 'after') }, 'interrupted', true],
  ['document running', { status: 'running', marked: true, events: through('task-started', 'after') }, 'interrupted', true],
  ['all done', { status: 'running', marked: true, events: through('task-ended', 'after') }, 'interrupted', true],
  ['ended', { status: 'running', marked: true }, 'succeeded', false],
  ['ended, document waiting', { status: 'waiting', marked: true }, 'succeeded', false],
  ['ended, mark there', { status: 'succeeded', marked: true }, 'succeeded', false],
]; // prettier-ignore

test('a run that was killed after its question was answered', async (t) => {
  const killed = await Killed.make(t, { 'p.pipeline.yaml': PIPELINE });
  await killed.project.expect(3, ['run']);
  const { id } = killed.project.lastRun();
  await killed.project.expect(0, ['approve', '--resume']);
  killed.keep('ended');
  for (const [name, record, status, resumable] of WOKEN) {
    const begin = (): void => {
      killed.back('ended');
      killed.damage(id, record);
    };
    begin();
    assert.equal(killed.statusOf(id), status, name);
    const { said } = await killed.say('approvals', '--json');
    assert.doesNotMatch(said, /"task":"ask"/, name);
    killed.recover();
    assert.equal(killed.statusOf(id), status, `${name}: recovered`);

    begin();
    const approved = await killed.say('approve', id, 'ask');
    assert.equal(approved.code, 1, `${name}: ${approved.said}`);
    await killed.follow(approved.said);
    assert.equal(killed.statusOf(killed.project.lastRun().id), 'succeeded', `${name}: ${approved.said}`);

    begin();
    const cancelled = await killed.say('runs', 'cancel', id);
    assert.equal(cancelled.code, status === 'waiting' ? 0 : 1, `${name}: ${cancelled.said}`);

    begin();
    const resumed = await killed.say('run', '--resume', id);
    assert.equal(resumed.code, resumable ? 0 : 2, `${name}: ${resumed.said}`);
    assert.equal(killed.statusOf(killed.project.lastRun().id), 'succeeded', `${name}: ${resumed.said}`);
  }
});

/** The run above, the run below, and what the two are. */
const CALLED: readonly (readonly [string, Record, Record, readonly [RunStatus, RunStatus]])[] = [
  ['both wait', { status: 'waiting', marked: false }, { status: 'waiting', marked: false }, ['waiting', 'waiting']],
  ['below as it waits', { ...NOTHING, events: through('run-started') }, NOTHING, ['interrupted', 'waiting']],
  ['below waits, above not yet', { ...NOTHING, events: through('task-waiting') }, { status: 'waiting', marked: false }, ['interrupted', 'waiting']],
  ['above as it waits', NOTHING, { status: 'waiting', marked: false }, ['waiting', 'waiting']],
  ['above as it waits, below not written', { ...NOTHING, status: 'running' }, NOTHING, ['waiting', 'waiting']],
  ['below on its way', { ...NOTHING, events: through('task-started') }, { ...NOTHING, events: through('approval-requested') }, ['interrupted', 'interrupted']],
  ['answered below', { status: 'waiting', marked: true }, { status: 'waiting', marked: true, answered: 'approved' }, ['waiting', 'waiting']],
]; // prettier-ignore

test('a run and one that it has called, each killed somewhere', async (t) => {
  const killed = await Killed.make(t, {
    'p.pipeline.yaml': `name: p
tasks:
  first: { run: echo first >> count }
  call: { pipeline: c, needs: [first] }
  last: { run: echo last >> count, needs: [call] }
`,
    'c.pipeline.yaml': PIPELINE.replace('name: p', 'name: c'),
  });
  await killed.project.expect(3, ['run', 'p']);
  const [above, below] = killed.project.runs();
  assert.ok(above && below);
  killed.keep('parked');
  for (const [name, of, under, are] of CALLED) {
    const begin = (): void => {
      killed.back('parked');
      killed.damage(above.id, of);
      killed.damage(below.id, under);
    };
    begin();
    assert.deepEqual([killed.statusOf(above.id), killed.statusOf(below.id)], are, name);

    begin();
    const resumed = await killed.say('run', '--resume', above.id);
    assert.equal(resumed.code, under.answered === undefined ? 3 : 0, `${name}: ${resumed.said}`);
    await killed.follow(resumed.said);
    const newest = (pipeline: string): RunDocument | undefined =>
      killed.project.runs().findLast((run) => run.pipeline === pipeline);
    assert.deepEqual(
      [newest('p')?.status, newest('c')?.status],
      ['succeeded', 'succeeded'],
      `${name}: ${resumed.said}`,
    );

    begin();
    const approved = await killed.say('approve', below.id, 'ask');
    await killed.follow(approved.said);
    assert.equal(newest('c')?.status, 'succeeded', `${name}: ${approved.said}`);
    assert.equal(newest('p')?.status, 'succeeded', `${name}: ${approved.said}`);

    begin();
    await killed.say('runs', 'cancel', below.id);
    await killed.say('runs', 'cancel', above.id);
    assert.ok(
      [above.id, below.id].every((id) => ['cancelled', 'interrupted'].includes(killed.statusOf(id) ?? '')),
      name,
    );
    assert.equal(killed.project.exists('count'), false, name);
  }
});
