/** Host, apps, and whoever deploys are killed at random points under load; what is left must be true and come back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { processes } from '../../server/stores/machine/proc.js';
import { PATIENCE_MS, isAlive, until } from '../support/cli.js';
import { Load, ServiceProject, ask, freePort } from '../support/service.js';
import { damageIn, leftOver, randomFrom } from './memory.js';
import { SEED, cases } from '../support/generated/cases.js';

const ROUNDS = cases(40, 100);
/** The longest that is waited before a kill: longer than a deployment takes on a calm machine. */
const LONGEST_MS = 500;
const VICTIMS = ['host', 'app', 'host and app', 'command', 'runner', 'host while it deploys'] as const;
/** Longer than a busy machine takes for a request: what is cut off when it is over fails, and rightly so. */
const DRAIN = '2s';

const PIPELINE = `
name: ship
kind: deployment
params: { release: r1 }
tasks:
  serve:
    service: { name: web, environment: staging, release: "\${{ params.release }}", drain: ${DRAIN} }
  after:
    run: echo done
    needs: [serve]
`;

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}

test(`kill -9 at ${ROUNDS} points under load (SEED=${SEED})`, { timeout: 600_000 }, async (t) => {
  const random = randomFrom(SEED);
  const it = await ServiceProject.make(t);
  it.project.write({
    'modelyard.yaml': 'name: test\nenvironments: { staging: {} }\n',
    'ship.pipeline.yaml': PIPELINE,
  });
  for (const id of ['r1', 'r2']) it.release(id);
  const port = await freePort();
  await it.service(0, [
    'start',
    'staging/web',
    '--release',
    'r1',
    '--port',
    String(port),
    '--replicas',
    '2',
    '--drain',
    DRAIN,
  ]);

  const seen = new Set<number>();
  const look = (): void => {
    const { current, candidate } = it.view();
    for (const replica of [...(current?.replicas ?? []), ...(candidate?.replicas ?? [])])
      seen.add(replica.pid);
  };
  const deployed = new Set<string>();
  let lost = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const victim = VICTIMS[Math.floor(random() * VICTIMS.length)];
    const point = Math.round(random() * LONGEST_MS);
    const release = it.view().current?.id === 'r1' ? 'r2' : 'r1';
    const when = `round ${round} of SEED=${SEED}: ${victim}, after ${point} ms`;
    look();
    const load = new Load(t, port, 2);
    await load.more(2);
    const command =
      victim === 'command' || victim === 'host while it deploys'
        ? it.project.start(['service', 'start', 'web', '--release', release])
        : victim === 'runner'
          ? it.project.start(['run', 'ship', '-p', `release=${release}`])
          : undefined;
    await pause(victim === 'app' || victim === 'host' ? point / 10 : point);
    look();
    const { owner, current } = it.view();
    if (victim === 'command' || victim === 'runner') command?.child.kill('SIGKILL');
    const app = victim === 'app' || victim === 'host and app' ? current?.replicas[round % 2]?.pid : undefined;
    kill(app);
    if (victim?.startsWith('host') === true) {
      kill(owner?.pid);
      await until(`the end of the host is seen, ${when}`, () => !it.view().hosted);
    }
    await command?.done;
    await load.stop();
    // A killed process goes on until it is its turn to end: so long what is written down of it seems to be well.
    if (app !== undefined) await until(`the app ends, ${when}`, () => !isAlive(app));
    // The host is there whatever became of those who gave it orders; no request was lost by their end.
    if (victim === 'command' || victim === 'runner') assert.deepEqual(load.failures, [], when);

    if (it.view().status === 'lost') {
      lost++;
      const back = await it.project.run(['service', 'start', 'web']);
      assert.equal(back.code, 0, `${when}: ${back.stderr}`);
    }
    await until(`all of it runs, ${when}`, () => {
      const { status, candidate, current } = it.view();
      const ready = current?.replicas.filter((replica) => replica.ready && isAlive(replica.pid));
      return status === 'running' && candidate === undefined && ready?.length === 2;
    });
    look();
    assert.deepEqual(damageIn(it.root), [], when);
    const again = new Load(t, port, 2);
    await again.more(4);
    await again.stop();
    assert.deepEqual(again.failures, [], when);
    // An order whose giver was killed may be carried out only now.
    let serving = (await ask(port)).release;
    const deadline = Date.now() + PATIENCE_MS;
    while (serving !== it.view().current?.id) {
      assert.ok(Date.now() < deadline, `${serving} answers and ${it.view().current?.id} should, ${when}`);
      serving = (await ask(port)).release;
    }
    deployed.add(String(serving));
  }

  assert.ok(lost > ROUNDS / 5, `only ${lost} hosts were lost`);
  assert.deepEqual([...deployed].sort(), ['r1', 'r2']);
  await it.project.expect(0, ['run', 'ship', '--force', '-p', 'release=r1']);
  assert.equal((await ask(port)).release, 'r1');
  assert.deepEqual(leftOver(it.root), []);
  const living = it.view().current?.replicas.map((replica) => replica.pid) ?? [];
  assert.equal(living.length, 2);
  await until('only what serves is left of all apps', () =>
    [...seen].every((pid) => isAlive(pid) === living.includes(pid)),
  );
  const hosts = processes().filter((one) => hostOf(one.pid) === it.root);
  assert.deepEqual(hosts.length, 1);
});

/** The project whose service host a process is. */
function hostOf(pid: number): string | undefined {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const script = args.findIndex((arg) => arg.endsWith('service-host.js'));
    return script < 0 ? undefined : args[script + 1];
  } catch {
    return undefined;
  }
}
