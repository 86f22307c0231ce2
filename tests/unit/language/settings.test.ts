import assert from 'node:assert/strict';
import test from 'node:test';
import { SettingsStore } from '../../../server/language/settings.js';

test('an answer that is long in coming counts from when it comes, and is asked for once', async () => {
  let answer: (value: unknown) => void = () => undefined;
  let asked = 0;
  const store = new SettingsStore(
    () => {
      asked++;
      return new Promise((resolve) => (answer = resolve));
    },
    { lint: { debounce: 7 } },
    () => late(),
    1,
  );
  let late: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (late = resolve));
  assert.equal((await store.of('a')).debounceMs, 7);
  assert.equal((await store.of('a')).debounceMs, 7);
  answer({ lint: { debounce: 9 } });
  await told;
  assert.equal((await store.of('a')).debounceMs, 9);
  assert.equal(store.now('a').debounceMs, 9);
  assert.equal(asked, 1);
});

test('a client that refuses to answer has the settings that it sent on start', async () => {
  const store = new SettingsStore(() => Promise.reject(new Error('no')), { codeLens: { enabled: false } });
  assert.equal((await store.of(undefined)).codeLenses, false);
});
