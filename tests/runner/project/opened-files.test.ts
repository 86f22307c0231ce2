/** What the Python of a task opens, as its own audit hook tells, and `modelyard inputs`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const version = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 8))'], {
  encoding: 'utf8',
});
const skip =
  process.platform === 'win32' || version.stdout.trim() !== 'True'
    ? 'needs python3, 3.8 or later, and a shell'
    : false;

const SCRIPT = `
import mmap, multiprocessing, os, pathlib, subprocess, sys, threading
import importlib
import model
from pkg import part
importlib.import_module("late")

def child(name):
    open(name).close()

open("a.csv").close()
open(b"b.csv", "rb").close()
os.close(os.open(pathlib.Path("c.csv"), os.O_RDONLY))
with open(os.path.join(os.environ["MODELYARD_PROJECT"], "d.csv"), "rb") as file:
    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ).close()
thread = threading.Thread(target=child, args=("e.csv",))
thread.start()
thread.join()
process = multiprocessing.get_context("fork").Process(target=child, args=("f.csv",))
process.start()
process.join()
subprocess.check_call([sys.executable, "-c", "open('g.csv').close()"])
if os.fork() == 0:
    open("h.csv").close()
    os._exit(0)
os.wait()
os.chdir("sub")
open("i.csv").close()
os.chdir("..")
try:
    open("gone.csv")
except OSError:
    pass
for name in ("o", "extra.txt"):
    with open(name, "w") as file:
        file.write("x")
open("/etc/hosts").close()
os.mkdir("scratch")
os.chdir("scratch")
os.rmdir(os.path.join(os.environ["MODELYARD_PROJECT"], "scratch"))
open("nothing") if os.path.exists("nothing") else None
os.chdir("/")
print(sys.modules["sitecustomize"].OURS)
sys.stdout.flush()
os.execvp("python3", ["python3", "-c", "import os; open(os.environ['MODELYARD_PROJECT'] + '/j.csv').close()"])
`;

const NAMES = Array.from('abcdefghij');

function files(): Record<string, string> {
  return {
    'main.pipeline.yaml':
      'tasks:\n  t:\n    run: python3 t.py > log\n    env: { PYTHONPATH: own }\n    inputs: [t.py, "?.csv", never.txt]\n    outputs: { o: o, log: log }\n',
    't.py': SCRIPT,
    'model.py': 'import deep\n',
    'deep.py': '',
    'late.py': '',
    'pkg/__init__.py': '',
    'pkg/part.py': '',
    'own/sitecustomize.py': 'OURS = "handed on"\n',
    'never.txt': '',
    'sub/i.csv': 'x',
    ...Object.fromEntries(NAMES.map((name) => [`${name}.csv`, 'x'])),
  };
}

test('whatever opens them, files of the project are seen', { skip }, async () => {
  const project = await TestProject.make(files());
  for (const turn of ['compiled', 'from its cache']) {
    await project.expect(0, ['run', '--force']);
    assert.match(project.read('log'), /^handed on\n$/);
    const { stdout } = await project.expect(0, ['inputs', 't', '--json']);
    const seen = JSON.parse(stdout) as {
      read: { path: string; by?: string }[];
      written: string[];
      unread: string[];
    };
    const read = new Map(seen.read.map(({ path, by }) => [path, by]));
    assert.deepEqual(
      [...read.keys()].sort(),
      [
        ...NAMES.filter((name) => name !== 'i').map((name) => `${name}.csv`),
        'deep.py',
        'late.py',
        'model.py',
        'own/sitecustomize.py',
        'pkg/__init__.py',
        'pkg/part.py',
        'sub/i.csv',
        't.py',
      ].sort(),
      turn,
    );
    assert.equal(read.get('a.csv'), '?.csv');
    assert.equal(read.get('model.py'), undefined);
    assert.deepEqual(seen.written, ['extra.txt']);
    assert.deepEqual(seen.unread, ['never.txt']);
  }
  const { stdout } = await project.expect(0, ['inputs', 't']);
  assert.match(stdout, /read +model\.py +not declared/);
  assert.match(stdout, /declared +never\.txt +not seen to be read/);
  const { stdout: linted } = await project.run(['lint', '--json', '--severity', 'hint']);
  const { findings } = JSON.parse(linted) as { findings: { rule: string; message: string }[] };
  const hints = findings.filter(({ rule }) => rule === 'path/seen-undeclared');
  // Of modules that the script imports by name another rule speaks.
  assert.deepEqual(
    hints.map(({ message }) => message.split(', which ')[0]),
    [
      'In its last run "t" read late.py, own/sitecustomize.py and sub/i.csv',
      'In its last run "t" wrote extra.txt',
    ],
  );
});

test('it is off where it is said, and where no Python runs', { skip }, async () => {
  const project = await TestProject.make(
    'python: { note-files: false }\ntasks:\n' +
      '  a: { run: \'python3 -c "import os; print(os.environ.get(\\"MODELYARD_OPENED_FILES\\"))" > o\', outputs: { o: o } }\n' +
      '  b: { run: echo 1 > p, outputs: { p: p } }\n',
  );
  await project.expect(0, ['run']);
  assert.equal(project.read('o'), 'None\n');
  for (const task of ['a', 'b']) {
    assert.match((await project.expect(0, ['inputs', task])).stdout, /No run has noted what/);
  }
  assert.match((await project.expect(2, ['inputs', 'c'])).stderr, /has no task "c"/);
});
