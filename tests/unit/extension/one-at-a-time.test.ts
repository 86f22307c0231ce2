/** Questions that are asked one at a time: whoever asks gets an answer to a question that was asked after that. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { OneAtATime } from '../../../extension/parts/one-at-a-time.js';

test('many who ask during a question are answered by one more', async () => {
  const answers: (() => void)[] = [];
  const one = new OneAtATime(() => new Promise((resolve) => answers.push(resolve)));
  const asked = (): number => answers.length;
  const all = [one.run(), one.run(), one.run()];
  assert.equal(asked(), 1);
  answers[0]?.();
  while (asked() < 2) await Promise.resolve();
  answers[1]?.();
  await Promise.all(all);
  assert.equal(asked(), 2);
});

/** The end of a question takes several steps of the engine, and a notification may come between any two of them. */
for (let steps = 0; steps < 8; steps++) {
  test(`who asks ${steps} steps after an answer is answered, too`, async () => {
    let asked = 0;
    let value = 'old';
    let shown = '';
    let answer = (): void => undefined;
    const one = new OneAtATime(async () => {
      const seen = value;
      if (++asked === 1) await new Promise<void>((resolve) => (answer = resolve));
      shown = seen;
    });
    const first = one.run();
    answer();
    for (let step = 0; step < steps; step++) await Promise.resolve();
    value = 'new';
    await one.run();
    await first;
    assert.equal(shown, 'new');
  });
}

test('a question that fails keeps no other from being asked', async () => {
  let asked = 0;
  const one = new OneAtATime(() => (++asked === 1 ? Promise.reject(new Error('gone')) : Promise.resolve()));
  await assert.rejects(one.run(), /gone/);
  await one.run();
  assert.equal(asked, 2);
});
