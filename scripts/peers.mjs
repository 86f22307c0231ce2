// The Python programs that tests are held against, from PyPI: `tests/peers/requirements.txt` in `.venv/peers`, and by
// `peers.mjs dvc` `tests/peers/dvc.txt` in `.venv/dvc`, by `peers.mjs mlflow` the real MLflow client, by `mlflow-2` the one before,
// by `mlflow-server` MLflow with its server and stores, by `snakemake` Snakemake with its executor for Slurm, by `debugpy` the debugger. Installs them once; prints the interpreter. With --optional it is no failure when they can't be installed: the tests that need them are skipped.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const APART = {
  dvc: 'DVC',
  debugpy: 'debugpy',
  mlflow: 'MLflow client',
  'mlflow-2': 'MLflow client 2.22',
  'mlflow-server': 'MLflow server',
  snakemake: 'Snakemake',
};
const set = Object.hasOwn(APART, process.argv[2] ?? '') ? process.argv[2] : 'peers';
const optional = process.argv.includes('--optional');
const requirements = path.join(root, 'tests/peers', set === 'peers' ? 'requirements.txt' : `${set}.txt`);
const folder = path.join(root, '.venv', set);
const complete = path.join(folder, '.complete');
const python = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
/** Why they could not be installed, so that not every test file waits for the network again. */
const failure = `${folder}.failed`;
const RETRY_MS = 3_600_000;
const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');

const isComplete = () => existsSync(complete) && readFileSync(complete, 'utf8') === wanted;

function run(program, args) {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return;
  const why = `The Python peers could not be installed: ${program} ${args.join(' ')}\n${stderr}`;
  if (set !== 'peers') writeFileSync(failure, why);
  fail(why);
}

function fail(why) {
  console.error(why);
  if (optional) console.log(`ℹ the tests against the real ${APART[set]} are skipped: ${why.split('\n')[0]}`);
  process.exit(optional ? 0 : 1);
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

const failedLately = () => existsSync(failure) && Date.now() - statSync(failure).mtimeMs < RETRY_MS;

if (!isComplete())
  locked(() => {
    if (isComplete()) return;
    if (failedLately()) fail(readFileSync(failure, 'utf8'));
    rmSync(folder, { recursive: true, force: true });
    run('python3', ['-m', 'venv', folder]);
    const quiet = ['--quiet', '--disable-pip-version-check', '--retries', '2'];
    run(python, ['-m', 'pip', 'install', ...quiet, '-r', requirements]);
    writeFileSync(`${complete}.tmp`, wanted);
    renameSync(`${complete}.tmp`, complete);
  });
console.log(python);
