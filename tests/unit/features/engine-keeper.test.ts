/** When an engine is started, kept and given up. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import type { Engine } from '../../../server/features/engine/engine.js';
import type { EngineError, EngineResult } from '../../../server/features/engine/messages.js';
import { EngineKeeper } from '../../../server/features/engine/keeper.js';

interface Opened {
  readonly engine: Engine;
  readonly folder: string;
  closed: boolean;
}

function keeper(fails?: EngineError) {
  const opened: Opened[] = [];
  let asked = 0;
  const kept = new EngineKeeper({
    timeoutMs: 1_000,
    open: ({ tempFolder }): Promise<EngineResult<Engine>> => {
      asked++;
      if (fails !== undefined) return Promise.resolve({ ok: false, error: fails });
      const one: Opened = {
        folder: tempFolder,
        closed: false,
        engine: {
          pid: 1,
          query: () => Promise.reject(new Error('not asked')),
          define: () => Promise.reject(new Error('not asked')),
          interrupt: () => undefined,
          close: () => {
            one.closed = true;
          },
        },
      };
      opened.push(one);
      return Promise.resolve({ ok: true, value: one.engine });
    },
  });
  return { kept, opened, asked: () => asked };
}

const fine = () => Promise.resolve({ ok: true, value: 1 } as const);
const crash = (): Promise<EngineResult<number>> =>
  Promise.resolve({ ok: false, error: { kind: 'crashed', message: 'gone' } });

test('one engine for as long as it may read what is asked for', async () => {
  const { kept, opened } = keeper();
  await kept.use(['/a', '/b'], fine);
  await kept.use(['/b'], fine);
  assert.equal(opened.length, 1);
  await kept.use(['/c'], fine);
  assert.deepEqual(
    opened.map(({ closed }) => closed),
    [true, false],
  );
  kept.close();
  assert.ok(opened.every(({ closed, folder }) => closed && !existsSync(folder)));
  assert.equal((await kept.use(['/a'], fine)).ok, false);
});

test('a child that dies is started anew, but not over and over', async () => {
  const { kept, opened } = keeper();
  for (let count = 0; count < 6; count++) await kept.use(['/a'], crash);
  assert.equal(opened.length, 4);
  const refused = await kept.use(['/a'], fine);
  assert.match(refused.ok ? '' : refused.error.message, /4 times within three minutes/);
  kept.close();
});

test('where there is no engine nobody looks for it again', async () => {
  const { kept, asked } = keeper({ kind: 'missing', message: 'none for this machine' });
  await kept.use(['/a'], fine);
  const second = await kept.use(['/a'], fine);
  assert.deepEqual([second.ok, asked()], [false, 1]);
  kept.close();
});

test('work comes one after the other', async () => {
  const { kept } = keeper();
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
    return { ok: true, value: 1 } as const;
  };
  await Promise.all([kept.use(['/a'], work('one')), kept.use(['/a'], work('two'))]);
  assert.deepEqual(order, ['one begins', 'one ends', 'two begins', 'two ends']);
  kept.close();
});
