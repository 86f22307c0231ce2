// What must be there before anything of ours can run. Imports nothing from node_modules.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const onWindows = process.platform === 'win32';

function has(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore', shell: onWindows }).status === 0;
}

/** Ends the process with one line that says what is missing. */
function stop(message) {
  console.error(message);
  process.exit(2);
}

/**
 * Whether a folder's `node_modules` holds what the lock file asks for, by npm's own record of its last installation. By content and
 * not by time: a checkout touches the lock file without changing it.
 */
function isInstalled(folder) {
  try {
    const read = (file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')).packages;
    const installed = read('node_modules/.package-lock.json');
    return Object.entries(read('package-lock.json')).every(
      ([place, wanted]) =>
        place === '' ||
        installed[place]?.version === wanted.version ||
        (wanted.optional === true && installed[place] === undefined),
    );
  } catch {
    return false;
  }
}

/**
 * Checks Node, npm and python3, and runs `npm ci` when `node_modules` is not what the lock file asks for.
 * Call it before the first import of anything from `node_modules`.
 */
export function ensureInstalled({ python = true, folder = root } = {}) {
  process.chdir(root);
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 20) stop(`Node 20 or newer is needed; this is ${process.version}.`);
  if (python && !has('python3'))
    stop('python3 is needed (the example trains with it) and is not on the PATH.');
  if (isInstalled(folder)) return;
  if (!has('npm')) stop('npm is needed and is not on the PATH.');
  console.log('installing dependencies (npm ci)');
  const { status } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folder,
      stdio: 'inherit',
      shell: onWindows,
    },
  );
  if (status !== 0) stop('npm ci failed; its output is above.');
}
