/** Which module a program did not find, told from what it printed. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { missingIn } from '../../../server/python/missing.js';

const TRACE = 'Traceback (most recent call last):\n  File "t.py", line 1, in <module>\n    import x\n';

for (const [about, log, module] of [
  ['an exception', `${TRACE}ModuleNotFoundError: No module named 'sklearn.svm'\n`, 'sklearn.svm'],
  ['of Python 2', `${TRACE}ImportError: No module named yaml\n`, 'yaml'],
  ['on Windows', `${TRACE}ModuleNotFoundError: No module named 'yaml'\r\n`, 'yaml'],
  ['pytest', "E   ModuleNotFoundError: No module named 'yaml'\n1 failed in 0.1s\n", 'yaml'],
  ['-m', '/usr/bin/python3: No module named pytest\n', 'pytest'],
  ['-m on Windows', 'C:\\Program Files\\python.exe: No module named pytest\r\n', 'pytest'],
  [
    'something is printed behind it',
    "ModuleNotFoundError: No module named 'a'\nmake: *** [all] Error 1\n",
    'a',
  ],
  ['the last of two', `ImportError: No module named a\n${TRACE}ImportError: No module named b\n`, 'b'],
  ['a warning', "WARNING: No module named 'triton'\nProceeding without it.\nKilled\n", undefined],
  [
    'one that was caught',
    `ModuleNotFoundError: No module named 'a'\n${TRACE}ValueError: bad rate\n`,
    undefined,
  ],
  ['another error', 'rain.errors.NoModelError: No module named model\nKeyError\n', undefined],
  ['no program in it', "/bin/python: No module named rain.__main__; 'rain' is a package\n", undefined],
  ['a file of that name', "ModuleNotFoundError: No module named 'a.b'; 'a' is not a package\n", undefined],
  ['nothing', '', undefined],
] as const)
  test(about, () => {
    assert.equal(missingIn(log), module);
  });
