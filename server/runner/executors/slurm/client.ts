/** The commands of Slurm, as a client that doubts their answers: what went wrong is told apart, and nothing is waited for without an end. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { chunked } from '../../../base/chunked.js';
import { describeError } from '../../../stores/disk/problem.js';
import { findProgram } from '../../execute/shells.js';

/** What changes the commands' behaviour behind the back of whoever calls them; where the cluster is stays. */
const THEIRS = /^(?:SBATCH|SLURM|SLURMD|SQUEUE|SACCT|SCANCEL|SCONTROL|SINFO|SALLOC|SRUN|PMI|PMIX)_/;
const KEPT: ReadonlySet<string> = new Set(['SLURM_CONF', 'SLURM_CLUSTERS']);
/** In bash: unsets them. */
export const FORGET_SLURM = `for one in $(compgen -v | grep -E '${THEIRS.source.replace('?:', '')}'); do case $one in ${[...KEPT].join(' | ')}) ;; *) unset "$one" ;; esac; done`;

/** Makes what the commands say readable. */
export const READABLE = { LC_ALL: 'C', SLURM_TIME_FORMAT: 'standard' } as const;

/** Names of variables that a job would inherit from `sbatch`, although nobody has set them for it. @param env of the job */
export function onlyForSlurm(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(READABLE).filter((name) => env[name] === undefined);
}

/** How long a command may take. A controller that is busy answers after its own time-out of some ten seconds. */
const TIMEOUT_MS = 60_000;

export type Answer =
  | { readonly ok: true; readonly text: string }
  /** `absent`: the command is not installed. `unclear`: it may have done what it was asked. `refused`: it says no. */
  | { readonly ok: false; readonly why: 'absent' | 'unclear' | 'refused'; readonly message: string };

/** Whether a variable is one of Slurm's own, which must not be handed to its commands. */
export function isSlurmVariable(name: string): boolean {
  return THEIRS.test(name) && !KEPT.has(name);
}

function withoutSlurm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSlurmVariable(name)));
}

/** What the controller's trouble looks like, whatever was asked: it may have done it. */
const UNCLEAR =
  /Socket timed out|Unable to contact|Connection (?:refused|reset|timed out)|communication|Zero Bytes|standby|Transport endpoint|Resource temporarily|temporarily unable|try again|Slurm is in maintenance|Protocol authentication error|Insane message|Unexpected message/i;

/** Limits that are free again when other jobs have ended. */
const CROWDED = /(?:Max|Grp)Submit|(?:Max|Grp)Jobs?(?:Per|Limit)|job count limit/i;

/** Slurm's sentence for any limit of an account or a QOS; many versions name the limit beside it: `QOSMaxWallDurationPerJobLimit`. */
const POLICY = /Job violates accounting\/QOS policy/i;
const NAMED = /\b(?:QOS|Assoc)[A-Z][A-Za-z]{2,60}/;

/** Whether the site takes no arrays, or none that are so long. */
export function isNoArray(message: string): boolean {
  return /array/i.test(message);
}

/**
 * Whether a refusal to submit ends when other jobs have ended. `maybe`: a limit of the account or the QOS, and Slurm does not
 * say which.
 */
export function isCrowded(message: string): boolean | 'maybe' {
  if (CROWDED.test(message)) return true;
  return POLICY.test(message) && !NAMED.test(message) && 'maybe';
}

/** A refusal, with the way out where there is one. */
export function describeRefusal(message: string): string {
  if (!POLICY.test(message) && !NAMED.test(message)) return message;
  const asked =
    'ask for less (`timeout`, `resources`), or name another `account`, `qos` or `partition` of the executor';
  return `${message}. A limit of the account or the QOS does not allow the job: ${asked}`;
}

export interface Call {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Where the commands of Slurm are. */
export interface Door {
  /** By which the cluster knows whose jobs are meant: a name or a number. */
  user(): Promise<string>;
  /** Never rejects. */
  ask(program: string, args: readonly string[], call?: Call): Promise<Answer>;
}

/** On this machine. */
const HERE: Door = {
  user: () => Promise.resolve(String(process.getuid?.() ?? '')),
  ask: askHere,
};

function askHere(program: string, args: readonly string[], { env, input }: Call = {}): Promise<Answer> {
  const file = findProgram(program, process.env);
  if (file === undefined) {
    const message = `\`${program}\` is not found in the PATH: this machine is no login node of a Slurm cluster (\`login: user@host\` of the executor leads to one over SSH)`;
    return Promise.resolve({ ok: false, why: 'absent', message });
  }
  return new Promise((resolve) => {
    let child: ChildProcessWithoutNullStreams;
    try {
      child = spawn(file, args, {
        env: {
          ...withoutSlurm(env ?? process.env),
          ...READABLE,
          LC_ALL: env?.['LC_ALL'] ?? READABLE.LC_ALL,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
    } catch (error) {
      // The system takes no variable that is so long, or that holds a NUL.
      const message = `\`${program}\` can't be started: ${describeError(error)}`;
      resolve({ ok: false, why: 'refused', message });
      return;
    }
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', (error) => resolve({ ok: false, why: 'refused', message: error.message }));
    child.once('close', (code, signal) => {
      resolve(code === 0 ? { ok: true, text: said.out } : failed(program, said.err, code ?? signal));
    });
  });
}

/** What a command that has failed is about. @param how its exit code, or the signal that ended it */
export function failed(program: string, err: string, how: number | string | null): Answer {
  const words = err.replace(/^\w{1,40}: (?:error: )?(?:Batch job submission failed: )?/gm, '').trim();
  const message = words === '' ? `\`${program}\` ended with ${how ?? 'nothing'}` : words;
  const isUnclear = typeof how === 'string' || UNCLEAR.test(words);
  return { ok: false, why: isUnclear ? 'unclear' : 'refused', message };
}

/** A job as `squeue` or `sacct` lists it. */
export interface Listed {
  /** `12`, or `12_3` of an element of an array. */
  readonly id: string;
  readonly name: string;
  /** In capitals: `PENDING`, `RUNNING`, `COMPLETED`, … */
  readonly state: string;
  /** Why it waits. */
  readonly reason: string;
  readonly node: string;
}

/** The commands of one cluster, for this process. */
export class SlurmClient {
  readonly #door: Door;
  /** The last list that was asked for. */
  #last:
    | { readonly at: number; readonly list: Promise<readonly Listed[] | undefined>; ended: boolean }
    | undefined;
  #forgotten: Forgotten[] = [];
  /** Why it has not answered the last time. */
  trouble = '';

  constructor(door: Door) {
    this.#door = door;
  }

  /** Never rejects. */
  ask(program: string, args: readonly string[], call?: Call): Promise<Answer> {
    return this.#door.ask(program, args, call);
  }

  /**
   * All jobs of this user that the controller still knows; `undefined`: it has not answered, which is no news.
   * @param ageMs how old the answer may be, if it is there; absent: it is asked for now
   */
  listJobs(ageMs?: number): Promise<readonly Listed[] | undefined> {
    const last = this.#last;
    if (ageMs !== undefined && last !== undefined && (!last.ended || Date.now() - last.at < ageMs))
      return last.list;
    const asked = { at: Date.now(), list: this.#askForJobs(), ended: false };
    this.#last = asked;
    void asked.list.then(() => (asked.ended = true));
    return asked.list;
  }

  async #askForJobs(): Promise<readonly Listed[] | undefined> {
    const user = await this.#door.user();
    const answer = await this.ask('squeue', ['-h', '-r', '-t', 'all', '-u', user, '-o', '%i|%T|%r|%N|%j']);
    if (!answer.ok) {
      this.trouble = answer.message;
      return undefined;
    }
    return answer.text.split('\n').flatMap((line): Listed[] => {
      const [id = '', state = '', reason = '', node = '', ...name] = line.split('|');
      return id === '' ? [] : [{ id, state, reason, node, name: name.join('|') }];
    });
  }

  /** How many jobs come before one, by the numbers of jobs and arrays; only of its partition, everybody's. */
  async placesInQueue(): Promise<ReadonlyMap<string, number>> {
    // In its own order: by partition, and in each of them the highest priority first.
    const answer = await this.ask('squeue', ['-h', '-t', 'PENDING', '-S', 'P,-p', '-o', '%P|%F']);
    const places = new Map<string, number>();
    const counts = new Map<string, number>();
    for (const line of answer.ok ? answer.text.split('\n') : []) {
      const [partition = '', id = ''] = line.split('|');
      if (id === '' || places.has(id)) continue;
      const before = counts.get(partition) ?? 0;
      places.set(id, before);
      counts.set(partition, before + 1);
    }
    return places;
  }

  /** How a job ended that the controller has forgotten, where the site keeps accounts. Many are asked for at once. */
  accountedState(id: string, name: string, since: Date): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#forgotten.length === 0)
        setTimeout(() => {
          const all = this.#forgotten;
          this.#forgotten = [];
          void this.#askAccounts(all);
        }, GATHER_MS);
      this.#forgotten.push({ id, name, since, resolve });
    });
  }

  async #askAccounts(all: readonly Forgotten[]): Promise<void> {
    for (const some of chunked(all, IDS_AT_ONCE)) {
      const ids = some.map(({ id }) => id).join(',');
      // A record that somebody else has changed may have any time.
      const times = some.map(({ since }) => startOf(since)).filter(Number.isFinite);
      const begin = times.length === 0 ? [] : ['-S', new Date(Math.min(...times)).toISOString().slice(0, 19)];
      const format = 'JobID,State,JobName';
      const answer = await this.ask('sacct', ['-n', '-X', '-P', '-j', ids, ...begin, '-o', format]);
      // Ids are used again where the controller has lost its state.
      const states = new Map<string, string>();
      for (const line of answer.ok ? answer.text.split('\n') : []) {
        const [id = '', state = '', ...name] = line.split('|');
        const key = `${id} ${name.join('|')}`;
        if (!states.has(key)) states.set(key, state.split(' ')[0] ?? '');
      }
      for (const { id, name, resolve } of some) resolve(states.get(`${id} ${name}`));
    }
  }

  /** Never says that a job has ended: only the queue does. */
  async cancelJobs(ids: readonly string[]): Promise<void> {
    for (const some of chunked(ids, IDS_AT_ONCE)) await this.ask('scancel', some);
  }

  /** Cancels whatever bears a name, also what the client has not heard of. */
  async cancelNamed(name: string): Promise<void> {
    await this.ask('scancel', ['-u', await this.#door.user(), `--name=${name}`]);
  }
}

/** More ids than fit on any command line are asked for in turn. */
const IDS_AT_ONCE = 200;
/** Jobs that go in that time are asked for in one go. */
const GATHER_MS = 30;

/** A job that the controller does not know any more. */
interface Forgotten {
  readonly id: string;
  readonly name: string;
  /** When it was submitted. */
  readonly since: Date;
  readonly resolve: (state: string | undefined) => void;
}

/** As `sacct` takes it, on the clock of this place, with an hour for clocks that differ. */
const startOf = (since: Date): number => since.getTime() - 3_600_000 - since.getTimezoneOffset() * 60_000;

/** Of this machine. */
export const slurmHere = new SlurmClient(HERE);
