import assert from 'node:assert/strict';
import test from 'node:test';
import { LensReminder } from '../../../../server/language/editor/lens-reminder.js';

test('whoever does not ask for the lenses of a file is reminded until they ask, and not for ever', async () => {
  const reminded: string[] = [];
  await new Promise<void>((resolve) => {
    const reminder = new LensReminder((uri) => {
      reminded.push(uri);
      if (uri === 'late') reminder.settled('late');
      // Timers of one length end in the order in which they began: the others would have been heard of.
      if (reminded.filter((one) => one === 'last').length === 4) resolve();
    }, 5);
    for (const uri of ['asked', 'late', 'closed', 'never', 'never', 'last']) reminder.opened(uri);
    reminder.settled('asked');
    reminder.settled('closed');
  });
  assert.deepEqual(reminded.sort(), [
    'last',
    'last',
    'last',
    'last',
    'late',
    'never',
    'never',
    'never',
    'never',
  ]);
});
