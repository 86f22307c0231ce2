// The Python programs that tests are held against (`tests/peers/requirements.txt`, from PyPI), in `.venv/peers`.
// Installs them once; prints the interpreter.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const requirements = path.join(root, 'tests/peers/requirements.txt');
const folder = path.join(root, '.venv/peers');
const complete = path.join(folder, '.complete');
const python = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');

const isComplete = () => existsSync(complete) && readFileSync(complete, 'utf8') === wanted;

function run(program, args) {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return;
  console.error(`The Python peers could not be installed: ${program} ${args.join(' ')}\n${stderr}`);
  process.exit(1);
}

/** Test files run side by side: one installs, the others wait for it. */
function locked(work) {
  const lock = `${folder}.lock`;
  mkdirSync(path.dirname(lock), { recursive: true });
  for (let waited = 0; ; waited += 1) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isComplete()) return;
      if (waited > 600) {
        console.error(`${lock} has been there for ten minutes; remove it if nothing is installing.`);
        process.exit(1);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    }
  }
  process.on('exit', () => rmSync(lock, { recursive: true, force: true }));
  work();
}

if (!isComplete())
  locked(() => {
    if (isComplete()) return;
    rmSync(folder, { recursive: true, force: true });
    run('python3', ['-m', 'venv', folder]);
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    writeFileSync(`${complete}.tmp`, wanted);
    renameSync(`${complete}.tmp`, complete);
  });
console.log(python);
