/**
 * A project whose tasks run on a cluster that is reached over SSH: where it lies there, and, where the two share no files, how
 * files get there and back. Of the copy only what this machine has sent, or has from there, is ever removed.
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chunked } from '../../../../base/chunked.js';
import { delay } from '../../../../base/delay.js';
import { isRecord } from '../../../../base/is-record.js';
import { shellWord } from '../../../../base/shell-word.js';
import type { SlurmExecutor } from '../../../../definition/definition.js';
import { globOf } from '../../../../definition/text/glob.js';
import { writeAtomic } from '../../../../stores/disk/atomic.js';
import { sha256 } from '../../../../stores/content/hash.js';
import type { Layout } from '../../../../stores/layout.js';
import { readPlainText } from '../../../../stores/disk/plain-file.js';
import type { ExecutionResult, ExecutorJob, JobEnvironment, JobMemo } from '../../executor.js';
import { type JobEntry, type RemotePlace, batchFolder } from '../entry.js';
import type { SshConnection } from './connection.js';
import { projectFiles } from './project-files.js';
import { MirroredFolders } from './mirror.js';
import { type Trouble, troubleOf } from './trouble.js';

/** In the copy: whose it is. */
const OWNER = '.modelyard/copy-of';

export type Found =
  { readonly ok: true; readonly place: RemotePlace } | { readonly ok: false; readonly trouble: Trouble };

/**
 * Where a project lies on the other side. It is the same folder where a file that is written here is seen there; else there is
 * a copy.
 */
export async function findPlace(
  connection: SshConnection,
  layout: Layout,
  { remoteDir, workDir }: SlurmExecutor,
): Promise<Found> {
  const { login } = connection;
  const probe = `.probe-${randomBytes(8).toString('hex')}`;
  const refused = (message: string): Found => ({ ok: false, trouble: { passing: false, message } });
  const wanted = remoteDir ?? layout.root;
  mkdirSync(layout.jobs, { recursive: true });
  writeFileSync(path.join(layout.jobs, probe), '');
  const owner = ownerOf(layout);
  const ran = await connection
    .run(
      `d=${shellWord(wanted)}; w=${shellWord(workDir ?? '')}
case $d in '~') d=$HOME ;; '~/'*) d=$HOME/\${d#'~/'} ;; /*) ;; *) d=$HOME/$d ;; esac
case $w in '') w=$d/.modelyard/jobs ;; '~/'*) w=$HOME/\${w#'~/'} ;; /*) ;; *) w=$d/$w ;; esac
if [ -e "$d/.modelyard/jobs/${probe}" ]; then echo shared
${
  remoteDir === undefined
    ? 'else echo absent; exit'
    : `elif [ ! -e "$d/${OWNER}" ] && [ -n "$(ls -A "$d" 2>/dev/null)" ]; then echo foreign; exit
else
  mkdir -p "$d/.modelyard" || exit 1
  [ -e "$d/${OWNER}" ] || echo ${shellWord(owner)} >"$d/${OWNER}" || exit 1
  [ "$(cat "$d/${OWNER}")" = ${shellWord(owner)} ] || { echo other "$(cat "$d/${OWNER}")"; exit; }
  command -v rsync >/dev/null || { echo rsyncless; exit; }
  echo copied`
}
fi
mkdir -p -m 700 "$w" || exit 1
printf '%s\\n' "$d" "$w"
`,
    )
    .finally(() => rmSync(path.join(layout.jobs, probe), { force: true }));
  if (!ran.ok) return { ok: false, trouble: { passing: ran.why === 'unclear', message: ran.message } };
  const [how = '', root = '', jobs = ''] = ran.out.split('\n');
  if (how.startsWith('absent'))
    return refused(`${login} does not see this project at ${layout.root}: say in \`remote-dir\` of the executor where it lies there, or where a copy of it may lie`); // prettier-ignore
  if (how.startsWith('foreign'))
    return refused(`${wanted} on ${login} is not empty, and is not this project: name a new folder in \`remote-dir\``); // prettier-ignore
  if (how.startsWith('other'))
    return refused(`${wanted} on ${login} is the copy of another project (${how.slice(6)}): name another folder in \`remote-dir\`, or remove that one`); // prettier-ignore
  if (how.startsWith('rsyncless'))
    return refused(
      `\`rsync\` is not found on ${login}; over SSH the files of the project are copied with it`,
    );
  if (ran.code !== 0 || root === '' || jobs === '')
    return refused(`${wanted} can't be used on ${login}: ${ran.err.trim()}`);
  const copied = how === 'copied';
  return { ok: true, place: { login, root, jobs, copied, mirrored: copied || workDir !== undefined } };
}

const ownerOf = ({ root }: Layout): string => {
  // Two machines may have the project at the same path.
  const stat = statSync(root);
  return `${root} ${sha256(`${root} ${stat.ino} ${stat.dev}`).slice(0, 12)}`;
};

export class RemoteProject {
  readonly place: RemotePlace;
  readonly #connection: SshConnection;
  readonly #layout: Layout;
  readonly #mirror: MirroredFolders;
  readonly #known: KnownFiles;
  /** Files are sent by one after the other. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(connection: SshConnection, layout: Layout, place: RemotePlace) {
    this.place = place;
    this.#connection = connection;
    this.#layout = layout;
    this.#mirror = new MirroredFolders(connection, layout.jobs, place.jobs);
    this.#known = new KnownFiles(
      path.join(layout.index, 'copies', `${sha256(`${place.login} ${place.root}`).slice(0, 16)}.json`),
    );
  }

  /** The path there of one here. */
  there(absolute: string): string {
    const { root, jobs } = this.place;
    for (const [here, far] of [
      [this.#layout.jobs, jobs],
      [this.#layout.root, root],
    ] as const) {
      if (absolute === here) return far;
      if (absolute.startsWith(`${here}${path.sep}`))
        return `${far}/${absolute.slice(here.length + 1).replaceAll(path.sep, '/')}`;
    }
    return absolute;
  }

  #isOfProject(absolute: string): boolean {
    const { root, memory } = this.#layout;
    const isIn = (folder: string): boolean => absolute === folder || absolute.startsWith(folder + path.sep);
    return isIn(root) && !isIn(memory);
  }

  /** Nothing of this machine's environment; what leads into the project leads into the one there. */
  environment({ own }: JobEnvironment): { readonly env: JobEnvironment; readonly path?: string } {
    const mapped: Record<string, string> = {};
    let searched: string | undefined;
    for (const [name, value] of Object.entries(own)) {
      if (name === 'PATH') {
        const ours = value.split(path.delimiter).filter((folder) => this.#isOfProject(folder));
        searched = ours.map((folder) => this.there(folder)).join(':');
      } else if (this.#isOfProject(value)) mapped[name] = this.there(value);
      else if (!INTERPRETERS.has(name)) mapped[name] = value;
    }
    const env = { inherited: {}, own: mapped };
    return searched === undefined || searched === '' ? { env } : { env, path: searched };
  }

  /** Whether a path of the copy, or something in it, has come from here, or has been here: if it is gone here it is to go there. */
  knows(file: string): boolean {
    return this.#known.files.some((one) => one === file || one.startsWith(`${file}/`));
  }

  /** Brings there what jobs need that are about to be submitted. */
  bring(
    jobs: readonly { readonly entry: JobEntry; readonly spec: ExecutorJob }[],
  ): Promise<Trouble | undefined> {
    const work = this.#sending.then(() => this.#bring(jobs));
    this.#sending = work.catch(() => undefined);
    return work;
  }

  async #bring(
    jobs: readonly { readonly entry: JobEntry; readonly spec: ExecutorJob }[],
  ): Promise<Trouble | undefined> {
    const { copied, mirrored, jobs: base } = this.place;
    if (!mirrored) return undefined;
    if (copied) {
      const trouble = await this.#bringProject(jobs.map(({ spec }) => spec));
      if (trouble !== undefined) return trouble;
    }
    const folders = new Set(jobs.flatMap(({ entry }) => [entry.folder, batchFolder(entry)]));
    const names = [...folders].map((folder) => path.relative(this.#layout.jobs, folder));
    const more = ['-r', '--exclude=/*/claim.lock', '--exclude=/*/job.json', '--chmod=D700'];
    return troubleOf(await this.#connection.copy(`${this.#layout.jobs}/`, `:${base}/`, nul(names), more)); // prettier-ignore
  }

  async #bringProject(specs: readonly ExecutorJob[]): Promise<Trouble | undefined> {
    const { root: here } = this.#layout;
    const { root } = this.place;
    const isHere = (one: string): boolean =>
      lstatSync(path.join(here, one), { throwIfNoEntry: false }) !== undefined;
    const read = specs.flatMap(({ reads = [] }) => reads);
    const files = [...new Set([...(await projectFiles(here)), ...read])].filter(isHere);
    const gone = this.#known.files.filter((one) => !isHere(one));
    // What a job that failed has left there is nothing that the next one has made.
    const outputs = specs.flatMap(({ memo }) => madeBy(memo).paths).filter((one) => !isHere(one));
    const folders = [
      ...specs.map(({ cwd }) => this.there(cwd)),
      ...specs.flatMap(({ memo }) => {
        const { paths, bases } = madeBy(memo);
        return [...paths.map((one) => path.posix.dirname(`${root}/${one}`)), ...bases.map((one) => `${root}/${one}`)];
      }),
    ]; // prettier-ignore
    const removed = [...new Set([...gone, ...outputs])];
    const program = [
      `cd ${shellWord(root)} || exit 1`,
      ...chunked(removed, AT_ONCE).map(
        (some) => `rm -rf -- ${some.map((one) => shellWord(`./${one}`)).join(' ')}`,
      ),
      ...chunked([...new Set(folders)], AT_ONCE).map(
        (some) => `mkdir -p -- ${some.map(shellWord).join(' ')} || exit 1`,
      ),
    ];
    const ran = await this.#connection.run(`${program.join('\n')}\n`);
    if (!ran.ok) return troubleOf(ran);
    if (ran.code !== 0)
      return { passing: false, message: `${root} on ${this.place.login}: ${ran.err.trim()}` };
    const trouble = await this.#connection.copy(`${here}/`, `:${root}/`, nul(files), ['-r']);
    if (trouble === undefined) this.#known.change(files, gone);
    return troubleOf(trouble);
  }

  /** What jobs write about themselves, and what they print, is as new here as there. @returns whether it is */
  readonly pull = (entries: readonly JobEntry[]): Promise<boolean> => this.#mirror.pull(entries);

  /** Brings what a job has made that has ended; waits where the line is down. @returns how it has ended, with that */
  async take(job: Taking, result: ExecutionResult): Promise<ExecutionResult> {
    for (let pause = TAKE_AGAIN_MS; !job.isOver; pause = Math.min(pause * 2, LONGEST_MS)) {
      const trouble = await this.#fetch(job.entry);
      // Of what has failed it is only good to have.
      if (trouble === undefined || result.exitCode !== 0) break;
      if (!trouble.passing)
        return {
          ...result,
          error: `its outputs can't be brought from ${this.place.login}: ${trouble.message}`,
        };
      job.queued(`has ended; its outputs wait there: ${trouble.message}`);
      await delay(pause);
    }
    return result;
  }

  async #fetch({ memo }: JobEntry): Promise<Trouble | undefined> {
    const { copied, root } = this.place;
    if (!copied) return undefined;
    const { paths, globs, bases } = madeBy(memo);
    const list = (places: readonly string[]): string =>
      places
        .map((one) => `find ${shellWord(`./${one}`)} \\( -type f -o -type l \\) -printf '%p\\0' 2>/dev/null`)
        .join('\n');
    const ran = await this.#connection.run(`cd ${shellWord(root)} || exit 1
for one in ${paths.map(shellWord).join(' ')}; do [ ! -e "$one" ] || printf '%s\\0' "$one"; done
printf '\\0//\\0'
${list(paths)}
printf '\\0//\\0'
${list(bases)}
true
`); // prettier-ignore
    if (!ran.ok) return troubleOf(ran);
    if (ran.code !== 0)
      return { passing: false, message: `${root} on ${this.place.login}: ${ran.err.trim()}` };
    const [whole = '', within = '', matched = ''] = ran.out.split('\0//\0');
    const plain = (text: string): string[] =>
      text.split('\0').flatMap((one) => (one === '' ? [] : path.posix.normalize(one)));
    const found = plain(matched).filter((one) => globs.some((glob) => globOf(glob).matches(one)));
    const wanted = [...new Set([...plain(whole), ...found])];
    if (wanted.length === 0) return undefined;
    const trouble = await this.#connection.copy(`:${root}/`, `${this.#layout.root}/`, nul(wanted), ['-r']);
    if (trouble === undefined) this.#known.change([...plain(within), ...found], []);
    return troubleOf(trouble);
  }

  /** Nobody wants them any more. */
  async cancel(entries: readonly JobEntry[]): Promise<void> {
    if (!this.place.mirrored) return;
    await this.#connection.run(entries.map(({ name }) => `: >${shellWord(`${this.place.jobs}/${name}/cancel`)}\n`).join('')); // prettier-ignore
  }

  /** The folders of jobs whose end was taken, and of what was submitted together, when nobody else is in it. */
  async remove(entries: readonly JobEntry[]): Promise<void> {
    if (!this.place.mirrored || entries.length === 0) return;
    const names = new Set(entries.flatMap(({ name, batch }) => [name, ...(batch === undefined ? [] : [batch.name])])); // prettier-ignore
    const gone = [...names].filter((name) => lstatSync(path.join(this.#layout.jobs, name), { throwIfNoEntry: false }) === undefined); // prettier-ignore
    const program = chunked(gone, AT_ONCE).map(
      (some) => `rm -rf -- ${some.map((one) => shellWord(`./${one}`)).join(' ')}`,
    );
    await this.#connection.run(`cd ${shellWord(this.place.jobs)} || exit 1\n${program.join('\n')}\n`);
  }
}

interface Taking {
  readonly entry: JobEntry;
  /** Nobody wants it any more. */
  readonly isOver: boolean;
  /** Tells people what it waits for. */
  queued(reason: string): void;
}

const TAKE_AGAIN_MS = 2_000;
const LONGEST_MS = 60_000;

const INTERPRETERS: ReadonlySet<string> = new Set(['VIRTUAL_ENV', 'CONDA_PREFIX', 'PYTHONHOME']);

/** Outputs that are one path each, globs, and where these look. */
function madeBy({ outputs, globs = [] }: JobMemo): {
  readonly paths: readonly string[];
  readonly globs: readonly string[];
  readonly bases: readonly string[];
} {
  const bases = globs.map((glob) => globOf(glob).base || '.');
  return { paths: outputs.filter((one) => !bases.includes(one)), globs, bases };
}

const nul = (paths: readonly string[]): string => paths.map((one) => `${one}\0`).join('');

const AT_ONCE = 500;

/** Files of the copy that this machine has sent, or has from there: what of it is gone here has to go there. */
class KnownFiles {
  readonly #file: string;
  readonly #files = new Set<string>();

  constructor(file: string) {
    this.#file = file;
    try {
      const value: unknown = JSON.parse(readPlainText(file));
      const files = isRecord(value) ? value['files'] : undefined;
      if (Array.isArray(files))
        for (const one of files) if (typeof one === 'string' && isWithin(one)) this.#files.add(one);
    } catch {
      // None, or cut off: nothing is removed there.
    }
  }

  get files(): readonly string[] {
    return [...this.#files];
  }

  change(added: readonly string[], gone: readonly string[]): void {
    for (const one of gone) this.#files.delete(one);
    for (const one of added) this.#files.add(one);
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      writeAtomic(this.#file, JSON.stringify({ version: 1, files: this.files }));
    } catch {
      // A full disk hinders no run.
    }
  }
}

function isWithin(one: string): boolean {
  return !path.posix.isAbsolute(one) && !path.posix.normalize(one).startsWith('..');
}
