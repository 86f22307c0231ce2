/**
 * A login node, through the system's `ssh`: with the user's own configuration, keys and agent, and one connection for everything
 * (ControlMaster). Nobody is asked for anything: who has to type a password opens the connection in a terminal before.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { shellWord } from '../../../../base/shell-word.js';
import { describeError } from '../../../../stores/disk/problem.js';
import { findProgram } from '../../../execute/shells.js';
import {
  type Answer,
  type Call,
  type Door,
  FORGET_SLURM,
  READABLE,
  failed,
  isSlurmVariable,
} from '../client.js';

const COMMAND_MS = 60_000;
/** How long nothing may come over the line while files are copied, in s. */
const SILENT_S = 120;
/** Servers allow ten sessions over one connection. */
const AT_ONCE = 6;
/** How long a connection stays open when nobody uses it, in s. */
const PERSIST_S = 120;
const OPTIONS = ['BatchMode=yes', 'ConnectTimeout=15', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'LogLevel=ERROR']; // prettier-ignore

/** What login shells print before is none of the answer. */
const MARK = 'modelyard-answers';
/** Reads a program from its input, in the environment of a login shell, whose own files must not read it away. */
const LISTEN = `exec bash -c 'exec bash -lc "$0" 3<&0 </dev/null' 'echo ${MARK}; echo ${MARK} >&2; eval "$(cat <&3)"'`;

/** @property code of the program there */
export type Ran =
  | { readonly ok: true; readonly code: number; readonly out: string; readonly err: string }
  | {
      readonly ok: false;
      /** `unclear`: the line is down, and what was asked may have been done. `refused`: it will not work the next time either. */
      readonly why: 'absent' | 'unclear' | 'refused';
      readonly message: string;
    };

interface Ended {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

export class SshConnection implements Door {
  readonly login: string;
  #settings: Promise<Settings> | undefined;
  /** The first one opens the connection, which the others then share. */
  #opening: Promise<unknown> | undefined;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param login as `ssh` takes it: `ada@login.example.org`, or a name of its configuration */
  constructor(login: string) {
    this.login = login;
  }

  async user(): Promise<string> {
    return (await this.#configured()).user;
  }

  /** Runs a program of bash there. Never rejects. @param program what is secret in it stands on no command line */
  async run(program: string): Promise<Ran> {
    const ssh = findProgram('ssh', process.env);
    if (ssh === undefined)
      return { ok: false, why: 'absent', message: '`ssh` is not found in the PATH of this machine' };
    const { options } = await this.#configured();
    const ask = (): Promise<Ended> =>
      execute(ssh, ['-T', '-x', ...options, '--', this.login, LISTEN], program, COMMAND_MS);
    const { code, out, err } = await this.#inTurn(ask);
    const [said, told] = [after(out), after(err)];
    if (said !== undefined && told !== undefined && code !== undefined && code !== 255)
      return { ok: true, code, out: said, err: told };
    if (said !== undefined)
      return { ok: false, why: 'unclear', message: `the connection to ${this.login} broke off` };
    return { ok: false, ...this.#describe(err) };
  }

  async ask(program: string, args: readonly string[], { env = {}, input }: Call = {}): Promise<Answer> {
    const lines = [
      // What the cluster sets for people who type is not meant for us.
      FORGET_SLURM,
      ...Object.entries({ ...READABLE, ...env })
        .filter(([name]) => !isSlurmVariable(name) || name in READABLE)
        .map(([name, value]) => `export ${name}=${shellWord(value)}`),
    ];
    const end = `MODELYARD_${createHash('sha256').update(input ?? '').digest('hex').slice(0, 16)}`; // prettier-ignore
    const call = [program, ...args.map(shellWord)].join(' ');
    lines.push(input === undefined ? `${call} </dev/null` : `${call} <<'${end}'\n${input}\n${end}`);
    const ran = await this.run(`${lines.join('\n')}\n`);
    if (!ran.ok) return ran;
    if (ran.code === 0) return { ok: true, text: ran.out };
    if (ran.code === 127 && ran.err.includes('command not found')) {
      const message = `\`${program}\` is not found on ${this.login}, in the PATH of a login shell: it is no login node of a Slurm cluster`;
      return { ok: false, why: 'absent', message };
    }
    return failed(program, ran.err, ran.code);
  }

  /**
   * Copies files, either way. Never rejects.
   * @param from, to one begins with `:` and lies there
   * @param paths relative to `from`, a NUL after each
   * @returns what went wrong
   */
  async copy(
    from: string,
    to: string,
    paths: string,
    more: readonly string[] = [],
  ): Promise<Exclude<Ran, { readonly ok: true }> | undefined> {
    const rsync = findProgram('rsync', process.env);
    const way = `over SSH the files of the project are copied with it (or let both see them: \`remote-dir\`)`;
    if (rsync === undefined)
      return {
        ok: false,
        why: 'absent',
        message: `\`rsync\` is not found in the PATH of this machine; ${way}`,
      };
    const { options } = await this.#configured();
    // rsync takes this apart at spaces, and knows double quotes.
    const shell = ['ssh', '-T', '-x', ...options].map((word) => (/\s/.test(word) ? `"${word}"` : word));
    const place = (one: string): string => (one.startsWith(':') ? `${this.login}${one}` : one);
    const args = ['-s', '-rlpt', '--copy-unsafe-links', `--timeout=${SILENT_S}`, '-0', '--files-from=-', ...more, '-e', shell.join(' '), '--', place(from), place(to)]; // prettier-ignore
    const { code, err } = await this.#inTurn(() => execute(rsync, args, paths));
    if (code === 0) return undefined;
    if (/command not found|rsync: not found/i.test(err))
      return { ok: false, why: 'absent', message: `\`rsync\` is not found on ${this.login}; ${way}` };
    if (/protocol version mismatch|is your shell clean/i.test(err)) {
      const message = `the start files of the shell on ${this.login} (.bashrc) print something, which rsync takes for its answer: let them print only where \`$-\` has an \`i\``;
      return { ok: false, why: 'refused', message };
    }
    const words = lastLines(err);
    if (code === 255 || code === undefined) return { ok: false, ...this.#describe(err) };
    const isLine = code === 12 || code === 30 || code === 35 || code === 20;
    // Another task of the run has made room for its outputs since the files were listed: the next list is without them.
    const isGone = code === 24 || (code === 23 && /link_stat .* failed: No such file/.test(err));
    return {
      ok: false,
      why: isLine || isGone ? 'unclear' : 'refused',
      message: `rsync ended with ${code}: ${words}`,
    };
  }

  #describe(err: string): { readonly why: 'unclear' | 'refused'; readonly message: string } {
    const { login } = this;
    const words = lastLines(err);
    for (const [pattern, why, text] of TROUBLES)
      if (pattern.test(err)) return { why, message: `${text.replaceAll('HOST', login)} (${words})` };
    if (words === '') return { why: 'unclear', message: `${login} says nothing` };
    return { why: 'refused', message: `${login} does not answer as a shell would: ${words}` };
  }

  #configured(): Promise<Settings> {
    return (this.#settings ??= settingsOf(this.login));
  }

  async #inTurn(work: () => Promise<Ended>): Promise<Ended> {
    if (this.#opening === undefined) {
      const first = work();
      this.#opening = first;
      const ended = await first;
      // Whoever comes next opens it.
      if (ended.code === 255 || ended.code === undefined) this.#opening = undefined;
      return ended;
    }
    await this.#opening;
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}

const TROUBLES: readonly (readonly [RegExp, 'unclear' | 'refused', string])[] = [
  [/Could not resolve hostname/i, 'refused', 'the host of HOST is not known: `login` is what you would give to `ssh`'],
  [/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i, 'refused', 'the key of the host is not the one that is known: run `ssh HOST` in a terminal and look at what it says'],
  [/Permission denied|Too many authentication failures|no mutual signature|passphrase/i, 'refused', 'HOST accepts no key of yours: `ssh HOST` has to work without a password (`ssh-copy-id HOST`, `ssh-add`); where one has to be typed, open a connection in a terminal first and share it (`ControlMaster` in ~/.ssh/config)'],
  [/Bad configuration option|Bad owner or permissions|no such identity/i, 'refused', 'the configuration of ssh has a mistake'],
  [/Connection (?:refused|timed out|reset|closed)|No route to host|Network is (?:unreachable|down)|timed out|Broken pipe|kex_exchange|not responding|Operation timed out|Temporary failure/i, 'unclear', 'HOST can’t be reached'],
]; // prettier-ignore

interface Settings {
  readonly user: string;
  /** Of `ssh`. */
  readonly options: readonly string[];
}

/** What the configuration makes of a login. The user's own way to share connections is left as it is. */
async function settingsOf(login: string): Promise<Settings> {
  const ssh = findProgram('ssh', process.env) ?? 'ssh';
  const { out } = await execute(ssh, ['-G', '--', login], '', COMMAND_MS);
  const valueOf = (key: string): string | undefined =>
    out
      .split('\n')
      .find((line) => line.startsWith(`${key} `))
      ?.slice(key.length + 1);
  const options = [...OPTIONS];
  const shares = valueOf('controlpath') ?? 'none';
  const folder = shares === 'none' ? socketFolder() : undefined;
  if (folder !== undefined)
    options.push('ControlMaster=auto', `ControlPersist=${PERSIST_S}`, `ControlPath=${folder}/%C`);
  return { user: valueOf('user') ?? os.userInfo().username, options: options.flatMap((one) => ['-o', one]) };
}

/** For sockets: private, and of a short path, which systems bound. Absent: there are none, and each command connects anew. */
function socketFolder(): string | undefined {
  if (process.platform === 'win32') return undefined;
  const own = process.env['XDG_RUNTIME_DIR'];
  const folder = own === undefined || own === '' ? path.join(os.homedir(), '.cache') : own;
  const sockets = path.join(folder, 'modelyard-ssh');
  try {
    mkdirSync(sockets, { recursive: true, mode: 0o700 });
  } catch {
    return undefined;
  }
  // A hash of 40 characters and a suffix while it is made.
  return Buffer.byteLength(sockets) + 60 > LONGEST_SOCKET ? undefined : sockets;
}

const LONGEST_SOCKET = 104;

function execute(program: string, args: readonly string[], input: string, timeout?: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      killSignal: 'SIGKILL',
      ...(timeout === undefined ? {} : { timeout }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const end = (code: number | undefined, more = ''): void =>
      resolve({ code, out: Buffer.concat(out).toString(), err: `${Buffer.concat(err).toString()}${more}` });
    child.once('error', (error) => end(undefined, describeError(error)));
    child.once('exit', (code) => {
      // The process that keeps the connection open may hold the output, too.
      const ended = (): void => end(code ?? undefined, code === null ? 'timed out' : '');
      const late = setTimeout(ended, HELD_MS);
      child.once('close', () => {
        clearTimeout(late);
        ended();
      });
    });
  });
}

const HELD_MS = 2_000;

function after(text: string): string | undefined {
  const at = text.indexOf(`${MARK}\n`);
  return at < 0 ? undefined : text.slice(at + MARK.length + 1);
}

const lastLines = (text: string): string => text.trim().split(/\r?\n/).slice(-2).join('; ');
