import assert from 'node:assert/strict';
import test from 'node:test';
import { LensReminder } from '../../../server/language/lens-reminder.js';

test('whoever does not ask for the lenses of a file is reminded once', async () => {
  const reminded: string[] = [];
  const reminder = await new Promise<LensReminder>((resolve) => {
    const made = new LensReminder((uri) => {
      reminded.push(uri);
      // Timers of one length end in the order in which they began: the others would have been heard of.
      if (uri === 'last') resolve(made);
    }, 5);
    for (const uri of ['asked', 'forgotten', 'closed', 'forgotten', 'last']) made.opened(uri);
    made.settled('asked');
    made.settled('closed');
  });
  assert.deepEqual(reminded, ['forgotten', 'last']);
  reminder.settled('never opened');
});
