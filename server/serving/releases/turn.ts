/**
 * Deployments to an environment come one at a time, also from different processes: each queues with its claim on the id of
 * a release. Of those of the same app that wait only the newest is carried out; those of one run, a matrix say, are all
 * meant.
 */
import { defined } from '../../base/defined.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { holderOf, sleepSync } from '../../stores/disk/file-lock.js';
import {
  type ProcessIdentity,
  isAlive,
  isElsewhere,
  ownIdentity,
  signIn,
} from '../../stores/machine/liveness.js';
import { failure } from '../../stores/registry/outcome.js';
import type { Outcome } from '../../stores/registry/types.js';
import { newRunId } from '../../stores/runs/id.js';
import { delay } from '../../base/delay.js';
import { releaseIds, withEnvironment } from './releases.js';
import { claimFile, claimIds, claimRelease, endClaim } from './unfinished.js';

/** A deployment that wants its turn. */
export interface Candidate {
  /** Absolute, of the project. */
  readonly root: string;
  readonly environment: string;
  /** Same for deployments of which a newer one makes an older one needless. */
  readonly app: string;
  /** For people: `rain-app@3`. */
  readonly what: string;
  /** The run whose deployments are all carried out. */
  readonly run?: string;
  /** Else it fails when another deployment is under way. */
  readonly wait: boolean;
  readonly signal: AbortSignal;
  say(line: string): void;
}

/** What a claim says of a deployment, besides whose it is. Those of older versions say nothing: they are under way. */
interface Claim extends ProcessIdentity {
  readonly app?: string;
  readonly what?: string;
  readonly run?: string;
  readonly state?: 'waiting' | 'works' | 'superseded';
  /** What superseded it. */
  readonly by?: string;
}

type Look = 'turn' | { readonly behind: Claim } | { readonly superseded: string };

const POLL_MS = 100;

/** Order of ids within a millisecond is chance: a later one is waited for, unless ids of the future are there. */
const TRIES = 20;

/**
 * Waits for the turn, and gives the id of the release that is to be made, which is claimed then.
 * @throws the system's errors, and the signal's reason
 */
export async function takeTurn(candidate: Candidate): Promise<Outcome<{ readonly id: string }>> {
  const { root, environment } = candidate;
  const entered = withEnvironment(root, environment, () => enter(candidate));
  if (!entered.ok) return locked(environment);
  const id = entered.value;
  let mine = false;
  try {
    const turn = await waitFor(candidate, id);
    mine = turn.ok;
    return turn.ok ? { ok: true, id } : turn;
  } finally {
    if (!mine) endClaim(root, environment, id);
  }
}

function locked(environment: string): Outcome<never> {
  return failure('UNAVAILABLE', `The releases of ${environment} are locked by another process. Try again.`);
}

async function waitFor(candidate: Candidate, id: string): Promise<Outcome> {
  const { root, environment, what, wait, signal } = candidate;
  let told = '';
  for (;;) {
    signal.throwIfAborted();
    const looked = withEnvironment(root, environment, () => look(candidate, id));
    if (!looked.ok) return locked(environment);
    const now = looked.value;
    if (now === 'turn') return { ok: true };
    if ('superseded' in now) {
      const message = `the deployment of ${what} to ${environment} was superseded by a newer one, of ${now.superseded}, while it waited for its turn`;
      return failure('CONFLICT', message);
    }
    const busy = `a deployment to ${environment}${describe(now.behind)} is under way`;
    if (!wait) return failure('CONFLICT', `${busy}. Wait for it, or deploy without --no-wait.`);
    if (told !== busy) candidate.say(`${busy}: waiting for its end`);
    told = busy;
    await delay(POLL_MS, signal);
  }
}

function describe(claim: Claim): string {
  const of = claim.what === undefined ? '' : ` of ${claim.what}`;
  const where = isElsewhere(claim) ? `on ${claim.host ?? 'another machine'}` : `process ${claim.pid}`;
  return `${of} (${where})`;
}

/** Queues, and supersedes those that wait. Nobody else changes the queue meanwhile. */
function enter({ root, environment, app, what, run }: Candidate): string {
  const others = living(root, environment);
  const last = [...others.map(({ id }) => id), ...releaseIds(root, environment)].sort().at(-1) ?? '';
  let id = newRunId();
  for (let tries = 0; id <= last && tries < TRIES; tries++) {
    sleepSync(0.2);
    id = newRunId();
  }
  for (const { id: other, claim } of others) {
    const needless =
      claim.state === 'waiting' && claim.app === app && (run === undefined || claim.run !== run);
    if (needless) write(root, environment, other, { ...claim, state: 'superseded', by: what });
  }
  claimRelease(root, environment, id, { app, what, ...defined({ run }), state: 'waiting' });
  return id;
}

/** Whose turn it is. Nobody else changes the queue meanwhile. */
function look({ root, environment, what }: Candidate, id: string): Look {
  const own = readClaim(claimFile(root, environment, id));
  if (own?.state === 'superseded') return { superseded: own.by ?? what };
  const ahead = living(root, environment).find(
    ({ id: other, claim: { state = 'works' } }) =>
      other !== id && (state === 'works' || (state === 'waiting' && other < id)),
  );
  if (ahead !== undefined) return { behind: ahead.claim };
  write(root, environment, id, { ...(own ?? { ...ownIdentity(), what }), state: 'works' });
  return 'turn';
}

function write(root: string, environment: string, id: string, claim: Claim): void {
  writeAtomic(claimFile(root, environment, id), JSON.stringify(claim));
}

/** Deployments that queue or are under way, the oldest first. */
function living(root: string, environment: string): { readonly id: string; readonly claim: Claim }[] {
  return claimIds(root, environment)
    .sort()
    .flatMap((id) => {
      const file = claimFile(root, environment, id);
      const claim = readClaim(file);
      return claim !== undefined && isAlive(claim, signIn(file)) ? [{ id, claim }] : [];
    });
}

function readClaim(file: string): Claim | undefined {
  const claim = holderOf(file);
  return typeof claim === 'object' ? claim : undefined;
}
