/** What is asked of Windows, as far as it can be told anywhere. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { windowsNameProblem } from '../../../server/definition/text/paths.js';
import { gitShellFolders } from '../../../server/runner/execute/shells.js';
import { childrenOf, treeOf } from '../../../server/stores/machine/end-tree.js';

test('Git has its shells beside it, or where its installer puts it', () => {
  const check = (git: string | undefined, env: Record<string, string>, expected: string[]): void => {
    assert.deepEqual(
      gitShellFolders(git, env).filter((folder) => !folder.includes('usr')),
      expected,
    );
  };
  check('D:\\Git\\cmd\\git.exe', {}, ['D:\\Git\\bin']);
  check(undefined, { ProgramFiles: 'C:\\Program Files', LOCALAPPDATA: 'C:\\Users\\a\\AppData\\Local' }, [
    'C:\\Program Files\\Git\\bin',
    'C:\\Users\\a\\AppData\\Local\\Programs\\Git\\bin',
  ]);
  check(undefined, {}, []);
});

test('a tree of processes is read from what the system lists', () => {
  const listing =
    'ParentProcessId  ProcessId  \r\n0  4  \r\n4  10  \r\n10  11  \r\n10  12  \r\n12  13\r\n99  14\r\n';
  assert.deepEqual(treeOf(10, childrenOf(listing)), [10, 11, 12, 13]);
  assert.deepEqual(treeOf(14, childrenOf(listing)), [14]);
  assert.deepEqual(treeOf(7, childrenOf('')), [7]);
  assert.deepEqual(treeOf(1, childrenOf('1 2\n2 1\n')), [1, 2]);
});

test('names that no file of Windows has', () => {
  const check = (path: string, expected?: string): void => assert.equal(windowsNameProblem(path), expected);
  for (const path of [
    'a/b.txt',
    'auxiliary',
    'com10',
    'console.log',
    'con-x',
    'a b/c.d',
    '.hidden',
    '../x',
    '.',
  ])
    check(path);
  for (const path of ['con', 'a/NUL.txt', 'com1', 'Lpt9.tar.gz', 'aux .txt', 'com\u00b2', 'conin$'])
    check(path, `"${path.split('/').at(-1)}" is the name of a device there`);
  check('a:b', '"a:b" has ":" in it');
  check('a/b\n', '"b\n" has "\\n" in it');
  check('a./b', '"a." ends in a dot or a blank, which is dropped there');
  check('a ', '"a " ends in a dot or a blank, which is dropped there');
});
