import assert from 'node:assert/strict';
import test from 'node:test';
import { lastTraceback } from '../../../server/python/traceback.js';

const HEAD = 'Traceback (most recent call last):\n';
const frame = (file: string, line: number): string =>
  `  File "${file}", line ${line}, in f\n    f(1)\n    ~^^^\n`;

function check(log: string, expected: string | undefined): void {
  const found = lastTraceback(log);
  const said = found && `${found.frames.map(({ file, line }) => `${file}:${line}`).join(' ')} ${found.error}`;
  assert.equal(said, expected, log);
}

test('the last traceback of a log says where a program failed', () => {
  check('', undefined);
  check('File "a.py", line 3\nValueError: x\n', undefined);
  check(
    `${HEAD}${frame('a.py', 3)}${frame('/usr/lib/b.py', 7)}ValueError: x\n`,
    'a.py:3 /usr/lib/b.py:7 ValueError: x',
  );
  check(
    `before\r\n${HEAD}${frame('a.py', 3)}KeyboardInterrupt`.replaceAll('\n', '\r\n'),
    'a.py:3 KeyboardInterrupt',
  );
  // Of two that follow from each other the last one ended it; what is printed behind it is nothing.
  check(
    `${HEAD}${frame('a.py', 1)}KeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\n${HEAD}${frame('b.py', 2)}pkg.MyError: y\nmore: words\n`,
    'b.py:2 pkg.MyError: y',
  );
  // A mistake of syntax has no traceback of its own.
  check(
    '  File "a.py", line 2\n    x = (\n        ^\nSyntaxError: \'(\' was never closed\n',
    "a.py:2 SyntaxError: '(' was never closed",
  );
  check(
    `${HEAD}  File \u001b[35m"a.py"\u001b[0m, line \u001b[35m3\u001b[0m, in \u001b[35mf\u001b[0m\n\u001b[1;31mValueError\u001b[0m: x`,
    'a.py:3 ValueError: x',
  );
  // One that was cut off at its end has no reason yet.
  check(`${HEAD}${frame('a.py', 3)}`, undefined);
  check('  File "a.py", line 1, in f\n'.repeat(50_000), undefined);
});
