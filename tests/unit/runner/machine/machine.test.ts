/** Who gets what of the machine, and in which order. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { Resources } from '../../../../server/definition/definition.js';
import { Ledger } from '../../../../server/runner/machine/ledger.js';
import {
  type Capacity,
  type Demand,
  type Grant,
  Machine,
  deviceVariables,
  partOf,
} from '../../../../server/runner/machine/machine.js';
import { capacityOf } from '../../../../server/runner/machine/resources.js';
import { schedule } from '../../../../server/runner/execute/schedule.js';
import { LAPSE_MS, ownIdentity } from '../../../../server/stores/machine/liveness.js';
import { cases, fc } from '../../../support/generated/cases.js';

const CAPACITY: Capacity = { jobs: 4, cpus: 4, memoryBytes: 8, gpus: ['0', '1'] };
const asks = (cpus: number, gpus = 0, memoryBytes = 0): Resources => ({ cpus, gpus, memoryBytes });
const names = (grant: Grant | undefined): string => deviceVariables(grant ?? { cpus: 0, memoryBytes: 0, devices: [] })['CUDA_VISIBLE_DEVICES'] ?? ''; // prettier-ignore

test('which processors there are is what the environment shows', () => {
  const of = (shown: string): readonly string[] => capacityOf(1, { CUDA_VISIBLE_DEVICES: shown }, {}).gpus;
  assert.deepEqual(of('GPU-a, GPU-b'), ['GPU-a', 'GPU-b']);
  assert.deepEqual(of('1,1,0'), ['1', '0']);
  assert.deepEqual(of('0,-1,1'), ['0']);
  for (const none of ['', '-1', 'none', 'void', 'NoDevFiles']) assert.deepEqual(of(none), [], none);
});

test('a processor is given to one task at a time, parts of one to as many as fit', () => {
  const machine = new Machine(CAPACITY);
  const one = machine.take({}, asks(1, 1));
  const half = machine.take({}, asks(1, 0.5));
  assert.deepEqual([names(one), names(half)], ['0', '1']);
  assert.equal(machine.take({}, asks(1, 1)), undefined);
  const other = new Machine(CAPACITY);
  const parts = [0.5, 0.25, 0.5, 0.75].map((gpus) => names(other.take({}, asks(0.1, gpus))));
  // The fullest that has room: the third finds 0.25 free on the first and goes to the second; the fourth fits nowhere.
  assert.deepEqual(parts, ['0', '0', '1', '']);
  assert.equal(names(new Machine(CAPACITY).take({}, asks(1, 1.5))), '0,1');
  assert.equal(names(new Machine(CAPACITY).take({}, asks(1, 9))), '0,1', 'more than there is: all there is');
  assert.equal(names(new Machine({ ...CAPACITY, gpus: [] }).take({}, asks(1, 1))), '');
});

test('a part of a machine has bounds of its own, and nothing that others have of the whole', () => {
  const whole = new Machine(CAPACITY);
  const part = partOf(whole, { jobs: 2, cpus: 9, gpus: 1 });
  assert.deepEqual(part.capacity, { ...CAPACITY, jobs: 2, gpus: ['0'] });
  const take = (asked: Resources): Grant | undefined => {
    const key = {};
    const grant = part.take(key, asked);
    const claimed = grant && part.claim(key, grant, asked);
    if (grant !== undefined && claimed === undefined) part.give(grant, 'unused');
    part.forget(key);
    return claimed;
  };
  const beside = whole.take({}, asks(1, 1));
  assert.equal(names(beside), '0');
  assert.equal(take(asks(1, 1)), undefined, 'the only one that it may have is given');
  const three = take(asks(3));
  assert.equal(three?.cpus, 3);
  assert.equal(take(asks(1)), undefined, 'no core of the whole is left');
  assert.ok(beside);
  whole.give(beside);
  const one = take(asks(1, 9));
  assert.equal(names(one), '0', 'more than it may have: all that it may have');
  assert.equal(whole.take({}, asks(1)), undefined);
  part.give(three);
  assert.ok(whole.take({}, asks(3)), 'what the part gives back is free in the whole');
});

test('who does not fit keeps its place, and others pass only where they can’t hold it up', () => {
  const machine = new Machine(CAPACITY);
  const [small, big] = [{}, {}];
  const running = machine.take(small, asks(2));
  assert.ok(running);
  assert.equal(machine.take(big, asks(4)), undefined);
  assert.equal(machine.take({}, asks(1)), undefined, 'there are two cores, but the big one needs them');
  machine.give(running);
  assert.ok(machine.take(big, asks(4)));

  const gpus = new Machine({ ...CAPACITY, gpus: ['0'] });
  assert.ok(gpus.take({}, asks(0.5, 1)));
  assert.equal(gpus.take(big, asks(1, 1)), undefined);
  assert.ok(gpus.take({}, asks(2)), 'leaves a core for the one that waits for the processor');
  assert.equal(gpus.take({}, asks(1.25)), undefined, 'would take a part of that core');
  gpus.forget(big);
  assert.ok(gpus.take({}, asks(1.25)), 'nobody waits any more');
});

test('who will have ended before the one that waits could start passes it, by history', () => {
  let now = 1_000_000;
  const machine = new Machine(CAPACITY, undefined, () => now);
  const take = (cpus: number, expectedMs?: number): Grant | undefined =>
    machine.take({}, expectedMs === undefined ? asks(cpus) : { ...asks(cpus), expectedMs });
  const [long, short] = [take(1, 100), take(1, 40)];
  assert.ok(long && short);
  const big = {};
  assert.equal(machine.take(big, asks(4)), undefined);
  assert.equal(take(1), undefined, 'nobody knows when it ends');
  assert.equal(take(1, 101), undefined, 'the big one could start in 100 ms');
  const passing = take(1, 100);
  assert.ok(passing);
  now += 50;
  assert.equal(take(1, 60), undefined, '50 ms are left');
  assert.equal(
    take(1, 50),
    undefined,
    'one should have ended 10 ms ago: nobody knows when the big one can start',
  );
  machine.give(short);
  assert.ok(take(1, 50));
  now += 51;
  assert.equal(take(1, 0), undefined, 'all are late');
  const unknown = new Machine(CAPACITY, undefined, () => now);
  assert.ok(unknown.take({}, asks(2)));
  assert.equal(unknown.take(big, asks(4)), undefined);
  assert.equal(unknown.take({}, { ...asks(1), expectedMs: 1 }), undefined, 'it may end at any time');
});

test('one that could start now is passed by nobody, however short', () => {
  const machine = new Machine(CAPACITY, undefined, () => 0);
  const big = {};
  const running = machine.take({}, { ...asks(2), expectedMs: 1_000 });
  assert.ok(running);
  assert.equal(machine.take(big, asks(4)), undefined);
  machine.give(running);
  assert.equal(machine.take({}, { ...asks(1), expectedMs: 1 }), undefined);
  assert.ok(machine.take(big, asks(4)));
});

test('the one that waits starts no later than it would have, where tasks take as long as they did', () => {
  const task = fc.record({ cpus: fc.constantFrom(0.5, 1, 2, 3), ms: fc.integer({ min: 1, max: 50 }) });
  const startOfBig = (running: readonly { cpus: number; ms: number }[], later: typeof running): number => {
    let now = 0;
    const machine = new Machine({ ...CAPACITY, jobs: 99 }, undefined, () => now);
    const ends: { at: number; grant: Grant }[] = [];
    const start = ({ cpus, ms }: { cpus: number; ms: number }): boolean => {
      const key = {};
      const grant = machine.take(key, { ...asks(cpus), expectedMs: ms });
      if (grant === undefined) machine.forget(key);
      else ends.push({ at: now + ms, grant });
      return grant !== undefined;
    };
    running.forEach(start);
    const big = {};
    let waiting = [...later];
    while (machine.take(big, asks(4)) === undefined) {
      waiting = waiting.filter((one) => !start(one));
      now = Math.min(...ends.map(({ at }) => at));
      for (const one of ends.splice(0)) {
        if (one.at <= now) machine.give(one.grant);
        else ends.push(one);
      }
    }
    return now;
  };
  fc.assert(
    fc.property(
      fc.array(task, { minLength: 1, maxLength: 5 }),
      fc.array(task, { maxLength: 20 }),
      (running, later) => assert.equal(startOfBig(running, later), startOfBig(running, [])),
    ),
    { numRuns: cases(200, 20_000) },
  );
});

test('a big task starts next, not after all small ones', async () => {
  const machine = new Machine({ ...CAPACITY, jobs: 2, cpus: 2 });
  const started: string[] = [];
  const jobs = ['first', 'big', ...Array.from({ length: 12 }, (_, index) => `small-${index}`)];
  await schedule({
    jobs: jobs.map((id) => ({
      id,
      after: id === 'big' ? ['first'] : [],
      resources: asks(id === 'big' ? 2 : 1),
    })),
    machine,
    start: async (id) => {
      started.push(id);
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  assert.equal(started.length, 14);
  assert.ok(started.indexOf('big') <= 4, started.join(' '));
});

test('a run that others leave no room has something to do: it is not idle', async () => {
  const machine = new Machine({ ...CAPACITY, jobs: 1 });
  const events: string[] = [];
  const stop = new AbortController();
  const answered = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  await schedule({
    jobs: ['ask', 'work'].map((id) => ({ id, after: [], resources: asks(1) })),
    machine,
    stop: stop.signal,
    start: async (id, seat) => {
      events.push(id);
      if (id !== 'ask') return;
      seat.leave();
      // Before this run looks again, the one above it has taken the only place.
      const above = machine.take({}, asks(1));
      assert.ok(above);
      setTimeout(() => machine.give(above), 20);
      await answered;
    },
    onIdle: () => {
      events.push('idle');
      stop.abort();
    },
  });
  assert.deepEqual(events, ['ask', 'work', 'idle']);
});

test('never more than there is, nothing lost, and everybody comes to an end', async () => {
  const wish = fc.record({
    cpus: fc.constantFrom(0.5, 1, 2, 9),
    gpus: fc.constantFrom(0, 0, 0.5, 1, 2),
    memoryBytes: fc.integer({ min: 0, max: 9 }),
    turns: fc.integer({ min: 0, max: 3 }),
    pauses: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { maxLength: 20 }), async (wishes) => {
      const machine = new Machine(CAPACITY);
      const held = new Map<string, Grant>();
      const check = (): void => {
        const grants = [...held.values()];
        const sum = (of: (grant: Grant) => number): number => grants.reduce((all, one) => all + of(one), 0);
        assert.ok(grants.length <= 4 && sum((one) => one.cpus) <= 4 + 1e-9);
        assert.ok(sum((one) => one.memoryBytes) <= 8);
        for (const gpu of CAPACITY.gpus)
          assert.ok(sum((one) => one.devices.find(({ name }) => name === gpu)?.share ?? 0) <= 1 + 1e-9, gpu);
      };
      const ended: string[] = [];
      await schedule({
        jobs: wishes.map((resources, index) => ({ id: String(index), after: [], resources })),
        machine,
        start: async (id, seat) => {
          const { turns, pauses } = wishes[Number(id)]!;
          assert.ok(seat.grant);
          held.set(id, seat.grant);
          check();
          for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
          if (pauses) {
            held.delete(id);
            seat.leave();
            await new Promise((resolve) => setImmediate(resolve));
            await seat.take();
            held.set(id, seat.grant);
            check();
          }
          held.delete(id);
          ended.push(id);
        },
      });
      assert.equal(ended.length, wishes.length);
    }),
    { numRuns: cases(100, 5_000) },
  );
});

test('runs share the machine through a ledger, and the dead have nothing', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-ledger-'));
  try {
    const one = new Machine(CAPACITY, new Ledger(folder, 'one', '/a'));
    const two = new Machine(CAPACITY, new Ledger(folder, 'two', '/b'));
    const claim = (machine: Machine, asked: Resources): Grant | undefined => {
      const taken = machine.take({}, asked);
      assert.ok(taken, 'it waits for nothing of its own');
      const key = {};
      const claimed = machine.claim(key, taken, asked);
      if (claimed === undefined) {
        machine.give(taken);
        machine.forget(key);
      }
      return claimed;
    };
    const grant = claim(one, asks(3, 1));
    assert.equal(names(grant), '0');
    assert.equal(claim(two, asks(2)), undefined);
    assert.deepEqual(two.holders, ['one in /a']);
    assert.equal(names(claim(two, asks(1, 1))), '1', 'another device than the one that it would have alone');
    assert.ok(grant);
    one.give(grant);
    assert.ok(claim(two, asks(2)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a run in a container has what it took while its heart beats, and no longer', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-ledger-'));
  try {
    const file = path.join(folder, 'contained.json');
    const owner = { ...ownIdentity(), place: `${ownIdentity().place ?? ''}7` };
    writeFileSync(
      file,
      JSON.stringify({ owner, root: '/c', grants: [{ cpus: CAPACITY.cpus, memoryBytes: 0, devices: [] }] }),
    );
    const here = new Machine(CAPACITY, new Ledger(folder, 'here', '/a'));
    const taken = here.take({}, asks(1));
    assert.ok(taken);
    const key = {};
    assert.equal(here.claim(key, taken, asks(1)), undefined);
    const before = new Date(Date.now() - LAPSE_MS - 1_000);
    utimesSync(file, before, before);
    assert.ok(here.claim(key, taken, asks(1)));
    assert.ok(!existsSync(file), 'what the dead had is cleared away');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A run of its own with one task after the other. */
class OneByOne {
  readonly machine: Machine;
  readonly #asked: Demand;
  readonly #key = {};

  constructor(folder: string, name: string, asked: Demand, clock?: () => number, capacity = CAPACITY) {
    this.machine = new Machine(capacity, new Ledger(folder, name, `/${name}`, clock), clock);
    this.#asked = asked;
  }

  claim(): Grant | undefined {
    const taken = this.machine.take(this.#key, this.#asked);
    assert.ok(taken, 'it waits for nothing of its own');
    const claimed = this.machine.claim(this.#key, taken, this.#asked);
    if (claimed === undefined) this.machine.give(taken, 'unused');
    return claimed;
  }

  giveUp(): void {
    this.machine.forget(this.#key);
  }
}

test('runs get what they wait for in the order in which they came', async (t) => {
  const inFolder = (work: (folder: string) => void): void => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-ledger-'));
    try {
      work(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  await t.test('a stream of small runs keeps no big one waiting', () => {
    inFolder((folder) => {
      const small = (index: number): OneByOne => new OneByOne(folder, `small-${index}`, asks(1));
      const working = [0, 1, 2].map((index) => {
        const run = small(index);
        return { run, grant: run.claim() };
      });
      const big = new OneByOne(folder, 'big', asks(3));
      assert.equal(big.claim(), undefined);
      const passing = small(3);
      assert.ok(passing.claim(), 'leaves three of four cores');
      const waiting = Array.from({ length: 20 }, (_, index) => small(4 + index));
      for (const { run, grant } of working) {
        assert.ok(grant);
        run.machine.give(grant);
        assert.ok(
          waiting.every((one) => one.claim() === undefined),
          'the core is kept for the big one',
        );
      }
      const grant = big.claim();
      assert.ok(grant);
      big.machine.give(grant);
      const next = waiting.map((one) => one.claim() !== undefined);
      assert.deepEqual(next.indexOf(false), 3, 'three beside the one that passed, and the oldest first');
    });
  });

  await t.test('but for those that will have ended before it could start', () => {
    inFolder((folder) => {
      let now = Date.now();
      const clock = (): number => now;
      const lasting = (name: string, cpus: number, expectedMs: number): OneByOne =>
        new OneByOne(folder, name, { ...asks(cpus), expectedMs }, clock);
      assert.ok(lasting('holder', 2, 1_000).claim());
      assert.equal(new OneByOne(folder, 'big', asks(4), clock).claim(), undefined);
      assert.equal(new OneByOne(folder, 'unknown', asks(1), clock).claim(), undefined);
      assert.equal(lasting('long', 1, 1_001).claim(), undefined);
      assert.ok(lasting('short', 1, 1_000).claim());
      now += 1_001;
      assert.equal(lasting('late', 1, 1).claim(), undefined, 'the holder is late');
    });
  });

  await t.test('nor do other tasks of its own run', () => {
    inFolder((folder) => {
      const other = new OneByOne(folder, 'other', asks(2));
      const held = other.claim();
      assert.ok(held);
      const machine = new Machine(CAPACITY, new Ledger(folder, 'own', '/own'));
      const [big, small] = [{}, {}];
      const first = machine.take(big, asks(4));
      assert.ok(first);
      assert.equal(machine.claim(big, first, asks(4)), undefined);
      machine.give(first, 'unused');
      const second = machine.take(small, asks(1));
      assert.ok(second);
      assert.equal(machine.claim(small, second, asks(1)), undefined);
    });
  });

  await t.test('a wish that nobody makes any more keeps nobody waiting', () => {
    inFolder((folder) => {
      let now = Date.now();
      const clock = (): number => now;
      const holder = new OneByOne(folder, 'holder', asks(2), clock);
      assert.ok(holder.claim());
      const big = new OneByOne(folder, 'big', asks(4), clock);
      const small = new OneByOne(folder, 'small', asks(1), clock);
      assert.equal(big.claim(), undefined);
      assert.equal(small.claim(), undefined);
      big.giveUp();
      assert.ok(small.claim());
      assert.equal(big.claim(), undefined);
      const later = new OneByOne(folder, 'later', asks(1), clock);
      assert.equal(later.claim(), undefined);
      now += LAPSE_MS + 1_000;
      assert.ok(later.claim(), 'the run that wants it is stopped: its file is silent');
    });
  });

  await t.test('other processors than the older one can have are free', () => {
    inFolder((folder) => {
      const first = new OneByOne(folder, 'first', asks(1, 1), undefined, { ...CAPACITY, gpus: ['0'] });
      assert.ok(first.claim());
      const second = new OneByOne(folder, 'second', asks(1, 1), undefined, { ...CAPACITY, gpus: ['0'] });
      assert.equal(second.claim(), undefined);
      const third = new OneByOne(folder, 'third', asks(1, 1), undefined, { ...CAPACITY, gpus: ['1'] });
      assert.ok(third.claim());
    });
  });

  await t.test('a wish of a run that was killed is nobody’s', () => {
    inFolder((folder) => {
      const holder = new OneByOne(folder, 'holder', asks(2));
      assert.ok(holder.claim());
      const owner = { ...ownIdentity(), pid: 2 ** 22 - 1 };
      const wish = { asked: asks(4), capacity: CAPACITY, number: 0 };
      writeFileSync(path.join(folder, 'dead.json'), JSON.stringify({ owner, root: '/d', grants: [], wish }));
      assert.ok(new OneByOne(folder, 'next', asks(1)).claim());
    });
  });
});
