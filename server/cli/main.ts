/**
 * Starts the `modelyard` command: loads the program, which lies beside this file, with the code that V8 compiled of it
 * the last time. Parsing the program takes as long as a run with nothing to do; so that is done once and not each time.
 *
 * Compiled code is code: it is kept in a folder of the user's own that nobody else may write, never in a project.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { defined } from '../base/defined.js';

/** `run` has a bundle of its own: a run with nothing to do must not cost reading what the other commands are made of. */
const PROGRAM = process.argv[2] === 'run' ? 'run-program.js' : 'program.js';
/** What `run-program.js` asks for when a definition has changed. */
const DEFINITIONS = './definitions.js';
/** Different commands use different parts of the program, and only what was used is compiled. */
const COMMON = ['run', 'plan', 'lint', 'status', 'tracking'];
/** Of this program and of others of its kind, such as the one that the editor has: each has some for every command. */
const MOST_KEPT = 20;

interface Exports {
  main?: () => Promise<void>;
}

type Wrapper = (
  exports: Exports,
  require: NodeJS.Require,
  module: { exports: Exports },
  filename: string,
  dirname: string,
) => void;

/** Called at the end, when everything that was used is compiled. */
const atEnd: (() => void)[] = [];
const native = createRequire(path.join(__dirname, PROGRAM));
const own: NodeJS.Require = Object.assign(
  (id: string): unknown => (id === DEFINITIONS ? (definitions ??= load(DEFINITIONS)) : native(id)),
  native,
);
let definitions: Exports | undefined;

void load(PROGRAM)
  .main?.()
  .then(() => {
    for (const keepOne of atEnd) keepOne();
  });

/** Evaluates a bundle that lies beside this file. */
function load(name: string): Exports {
  const file = path.join(__dirname, name);
  // The bundle's code is plain ASCII (the bundler escapes everything else in it), and one byte a character is read faster.
  const source = readFileSync(file, 'latin1');
  const kept = keptCode(file);
  const cachedData = kept === undefined ? undefined : readKept(kept);
  const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${source}\n})`, {
    filename: file,
    ...defined({ cachedData }),
  });
  if (kept !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
    atEnd.push(() => keep(kept, script));
  }
  const module = { exports: {} };
  (script.runInThisContext() as Wrapper)(module.exports, own, module, file, __dirname);
  return module.exports;
}

/** Where compiled code of this program, this Node and this command is kept; nothing where there is no place for it. */
function keptCode(program: string): string | undefined {
  const folder = cacheFolder();
  if (folder === undefined) return undefined;
  const { size, mtimeMs } = statSync(program);
  const key = createHash('sha256')
    .update([program, size, mtimeMs, process.version, process.arch, ...process.execArgv].join('\0'))
    .digest('hex')
    .slice(0, 16);
  const command = COMMON.includes(process.argv[2] ?? '') ? (process.argv[2] ?? '') : 'other';
  return path.join(folder, `${command}-${key}.code`);
}

function cacheFolder(): string | undefined {
  const { env } = process;
  const home = env['HOME'] ?? env['USERPROFILE'];
  const base =
    env['XDG_CACHE_HOME'] ??
    env['LOCALAPPDATA'] ??
    (home === undefined ? undefined : path.join(home, '.cache'));
  return base === undefined || !path.isAbsolute(base) ? undefined : path.join(base, 'modelyard');
}

/** Only what belongs to the user and what nobody else could have written. */
function readKept(file: string): Buffer | undefined {
  try {
    if (process.getuid !== undefined) {
      for (const one of [path.dirname(file), file]) {
        const { uid, mode } = statSync(one);
        if (uid !== process.getuid() || (mode & 0o022) !== 0) return undefined;
      }
    }
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function keep(file: string, script: Script): void {
  try {
    const folder = path.dirname(file);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const temp = `${file}.${process.pid}`;
    writeFileSync(temp, script.createCachedData(), { mode: 0o600 });
    renameSync(temp, file);
    forgetOld(folder);
  } catch {
    // The next start takes a little longer, that is all.
  }
}

/** Each version of the program, and of Node, has code of its own; what was made longest ago goes. */
function forgetOld(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => name.includes('.code'))
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, at: statSync(file).mtimeMs }))
    .sort((one, other) => other.at - one.at);
  for (const { file } of files.slice(MOST_KEPT)) rmSync(file, { force: true });
}
