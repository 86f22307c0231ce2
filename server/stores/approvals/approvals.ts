/**
 * Questions that a run puts to people, and their answers: documents in the run's folder. The run asks, anybody may
 * answer, from any process; answers take numbers one after the other, and a number can be taken only once. So of two
 * answers at the same time one is the first, and the other one is told.
 */
import { sha256 } from '../content/hash.js';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../../definition/definition.js';
import { openDocument, readDocument } from '../disk/document.js';
import type { DocumentKind } from '../disk/document.js';
import { createWhole } from '../disk/file-lock.js';
import { safeFileName } from '../layout.js';
import { describeError, errorCode } from '../disk/problem.js';

export const APPROVAL_SCHEMA_VERSION = 1;

/** What is shown to whoever decides. */
export interface Facts {
  readonly artifacts: readonly { readonly path: string; readonly hash?: string; readonly bytes?: number }[];
  /** `train.accuracy`. */
  readonly metrics: readonly { readonly name: string; readonly value: Json }[];
  readonly comparison?: {
    /** `rain 4`. */
    readonly candidate: string;
    /** `rain 3`; absent: there is nothing to compare with. */
    readonly current?: string;
    readonly rows: readonly {
      readonly metric: string;
      readonly current?: Json;
      readonly candidate?: Json;
      readonly verdict?: 'better' | 'worse';
    }[];
  };
}

/** What an answer stands for besides what is shown: when it changes, the question is asked anew. */
export interface Stake {
  /** What each task that the question depends on has come to, by its id. Opaque. */
  readonly needs: Readonly<Record<string, string>>;
  /** The definitions of the tasks that follow, by their names. Opaque. */
  readonly follows: Readonly<Record<string, string>>;
  /** The content of the files that they read and that no task of the run makes, by path. Absent in questions of older versions. */
  readonly reads?: Readonly<Record<string, string>>;
}

/** What the run asks. */
export interface Question extends Facts {
  /** Absent in questions of older versions. */
  readonly stake?: Stake;
  /** Markdown. */
  readonly prompt: string;
  /** Of a `deploy`: the environment that demands it. */
  readonly environment?: string;
  /** Names of users; empty: anybody. */
  readonly who: readonly string[];
  /** So many different people have to approve. */
  readonly count: number;
  /** Absent: for ever. */
  readonly timeoutMs?: number;
  readonly onTimeout: 'reject' | 'approve' | 'fail';
}

export interface ApprovalRequest extends Question {
  readonly schema: number;
  readonly run: string;
  readonly pipeline: string;
  /** The id of the task in the run. */
  readonly task: string;
  /** UTC, ISO 8601. */
  readonly askedAt: string;
  readonly expiresAt?: string;
  /** Of the question: answers to another one don't count. */
  readonly question: string;
  /** What is different from the question that was asked before, in a few words each. */
  readonly changed?: readonly string[];
}

export interface ApprovalAnswer {
  readonly schema: number;
  /** `timed-out`: nobody answered in time; written by whoever noticed. */
  readonly verdict: 'approved' | 'rejected' | 'timed-out';
  /** The user; of `timed-out` empty. */
  readonly by: string;
  readonly host: string;
  readonly at: string;
  readonly comment?: string;
}

export interface ApprovalState {
  readonly request: ApprovalRequest;
  readonly answers: readonly ApprovalAnswer[];
  /** `expired`: its time is up, and nobody has written that down yet. */
  readonly status: 'waiting' | 'approved' | 'rejected' | 'timed-out' | 'expired';
  /** Approvals that are still missing. */
  readonly missing: number;
}

export interface NewAnswer {
  readonly verdict: 'approved' | 'rejected';
  readonly by: string;
  readonly host: string;
  readonly comment?: string;
}

export type Answered =
  | { readonly ok: true; readonly state: ApprovalState }
  | { readonly ok: false; readonly reason: 'late' | 'refused' | 'unknown'; readonly message: string };

const requestKind: DocumentKind<ApprovalRequest> = {
  name: 'approval',
  schema: APPROVAL_SCHEMA_VERSION,
  migrations: {},
  check: (value) =>
    typeof value['task'] === 'string' && typeof value['prompt'] === 'string' && Array.isArray(value['who'])
      ? undefined
      : 'it does not say what is asked',
};

const VERDICTS: ReadonlySet<unknown> = new Set(['approved', 'rejected', 'timed-out']);

const answerKind: DocumentKind<ApprovalAnswer> = {
  name: 'answer',
  schema: APPROVAL_SCHEMA_VERSION,
  migrations: {},
  check: (value) =>
    VERDICTS.has(value['verdict']) && typeof value['by'] === 'string' ? undefined : 'it gives no verdict',
};

/** More characters than anybody reads. */
const MAX_COMMENT = 10_000;

/** What decides whether an answer was given to this question. */
export function questionHash(question: Question): string {
  const { prompt, environment, artifacts, metrics, comparison, who, count, stake } = question;
  return sha256(JSON.stringify([prompt, environment, artifacts, metrics, comparison, who, count, stake]));
}

/** In which way a question is another one than that which was asked before. */
export function questionChanges(before: Question, now: Question): string[] {
  const files = (question: Question): Record<string, string> =>
    Object.fromEntries(question.artifacts.map(({ path: file, hash }) => [file, hash ?? '']));
  const metrics = (question: Question): Record<string, string> =>
    Object.fromEntries(question.metrics.map(({ name, value }) => [name, JSON.stringify(value)]));
  const differs = (of: (question: Question) => unknown): boolean =>
    JSON.stringify(of(before)) !== JSON.stringify(of(now));
  return [
    ...(differs(({ prompt }) => prompt) ? ['another prompt'] : []),
    ...differences(files(before), files(now), [
      'is to be looked at too',
      'is not shown any more',
      'is another one',
    ]),
    ...differences(metrics(before), metrics(now), [
      'is shown too',
      'is not shown any more',
      'has another value',
    ]),
    ...(differs(({ comparison }) => comparison) ? ['another comparison'] : []),
    ...(differs(({ who, count }) => [who, count]) ? ['others have to approve'] : []),
    ...differences(before.stake?.needs ?? {}, now.stake?.needs ?? {}, [
      'has to be done before',
      'is not needed any more',
      'was done anew, with another result',
    ]),
    ...differences(before.stake?.follows ?? {}, now.stake?.follows ?? {}, [
      'follows now',
      'does not follow any more',
      'was edited',
    ]),
    ...differences(before.stake?.reads ?? {}, now.stake?.reads ?? {}, [
      'is read by what follows now',
      'is not read by what follows any more',
      'was edited, and what follows reads it',
    ]),
  ];
}

/** @param words for what is new, for what is gone, and for what is another one */
function differences(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  [added, removed, changed]: readonly [string, string, string],
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((name) => {
    const [old, fresh] = [before, now].map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
    if (old === fresh) return [];
    return [`${name} ${old === undefined ? added : fresh === undefined ? removed : changed}`];
  });
}

/** Clocks of machines that share a project differ by less. */
const MOST_SKEW_MS = 60_000;

/** The approvals of one run. */
export class RunApprovals {
  /** Absolute. */
  readonly folder: string;

  /** @param runFolder absolute */
  constructor(runFolder: string) {
    this.folder = path.join(runFolder, 'approvals');
  }

  #of(task: string): string {
    return path.join(this.folder, safeFileName(task, sha256));
  }

  /** Where answers to a question come in; for watchers. */
  watchPath(task: string): string {
    return this.#of(task);
  }

  /**
   * Asks, or goes on with a question that was asked before: its answers, and the time since, count. Another question of
   * the same task is put aside with its answers.
   *
   * @param earlier what was asked in the run that this one resumes: what is different is told
   */
  ask(
    head: { readonly run: string; readonly pipeline: string; readonly task: string },
    question: Question,
    now = new Date(),
    earlier?: ApprovalRequest,
  ): ApprovalState {
    const hash = questionHash(question);
    const folder = this.#of(head.task);
    const known = this.read(head.task, now);
    if (known?.request.question === hash) return this.#inTime(known, now);
    const before = known?.request ?? earlier;
    const changed = before === undefined || before.question === hash ? [] : questionChanges(before, question);
    if (existsSync(folder)) renameSync(folder, freePlace(folder, now));
    mkdirSync(folder, { recursive: true });
    const request: ApprovalRequest = {
      schema: APPROVAL_SCHEMA_VERSION,
      ...head,
      ...question,
      ...timesOf(question.timeoutMs, now),
      question: hash,
      ...(changed.length === 0 ? {} : { changed }),
    };
    const { low, adapter } = openDocument(path.join(folder, 'request.json'), requestKind, request);
    adapter.durable = true;
    low.write();
    return stateOf(request, [], now);
  }

  /** What was asked by a clock that was ahead gets its time from when that is noticed, not from then. */
  #inTime(state: ApprovalState, now: Date): ApprovalState {
    const { request, answers, status } = state;
    const { timeoutMs, askedAt } = request;
    const ahead = Date.parse(askedAt) - now.getTime() > MOST_SKEW_MS;
    if (status !== 'waiting' || timeoutMs === undefined || !ahead) return state;
    const corrected = { ...request, ...timesOf(timeoutMs, now) };
    const { low, adapter } = openDocument(
      path.join(this.#of(request.task), 'request.json'),
      requestKind,
      corrected,
    );
    adapter.durable = true;
    low.write();
    return stateOf(corrected, answers, now);
  }

  /** Takes over what was asked and answered in a run that this one goes on from. */
  adopt(task: string, from: RunApprovals, question: Question, run: string, now = new Date()): void {
    const known = from.read(task, now);
    if (known?.request.question !== questionHash(question) || this.read(task, now) !== undefined) return;
    if (known.status === 'rejected' || known.status === 'timed-out' || known.status === 'expired') return;
    const folder = this.#of(task);
    mkdirSync(folder, { recursive: true });
    const request = { ...known.request, run };
    openDocument(path.join(folder, 'request.json'), requestKind, request).low.write();
    known.answers.forEach((answer, index) => this.#take(task, index + 1, answer));
  }

  /** Ids of the tasks that ask or have asked. */
  tasks(): readonly string[] {
    let names: string[];
    try {
      names = readdirSync(this.folder);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
    return names
      .filter((name) => !/~\d{10,}$/.test(name))
      .flatMap((name) => {
        const read = readDocument(path.join(this.folder, name, 'request.json'), requestKind);
        return read.state === 'ok' ? [read.value.task] : [];
      })
      .sort();
  }

  /** `undefined`: the task asks nothing. */
  read(task: string, now = new Date()): ApprovalState | undefined {
    const request = readDocument(path.join(this.#of(task), 'request.json'), requestKind);
    if (request.state !== 'ok') return undefined;
    const answers: ApprovalAnswer[] = [];
    for (;;) {
      const read = readDocument(this.#answerFile(task, answers.length + 1), answerKind);
      if (read.state !== 'ok') break;
      answers.push(read.value);
    }
    return stateOf(request.value, answers, now);
  }

  #answerFile(task: string, number: number): string {
    return path.join(this.#of(task), `${number}.json`);
  }

  /** `false`: somebody else has that number. */
  #take(task: string, number: number, answer: ApprovalAnswer): boolean {
    return createWhole(this.#answerFile(task, number), JSON.stringify(answer));
  }

  /** Answers a question. What does not count is told why: `late` when it was decided before. */
  answer(task: string, given: NewAnswer, now = new Date()): Answered {
    const { by, host, verdict, comment } = given;
    if (comment !== undefined && comment.length > MAX_COMMENT) {
      return refused(`A comment may have ${MAX_COMMENT} characters; this one has ${comment.length}.`);
    }
    for (;;) {
      const state = this.read(task, now);
      if (state === undefined) {
        return {
          ok: false,
          reason: 'unknown',
          message: `Task ${task} of this run is not waiting for an approval.`,
        };
      }
      const why = whyNot(state, by, verdict);
      if (why !== undefined) return why;
      const answer: ApprovalAnswer = {
        schema: APPROVAL_SCHEMA_VERSION,
        verdict,
        by,
        host,
        at: now.toISOString(),
        ...(comment === undefined || comment === '' ? {} : { comment }),
      };
      try {
        const number = state.answers.length + 1;
        // A broken answer does not count, and must not keep its number.
        readDocument(this.#answerFile(task, number), answerKind, { setAside: true });
        if (!this.#take(task, number, answer)) continue;
      } catch (error) {
        return refused(`Can't write the answer: ${describeError(error)}.`);
      }
      return { ok: true, state: stateOf(state.request, [...state.answers, answer], now) };
    }
  }

  /** Writes down that the time is up, unless an answer came first. Gives how it stands then. */
  expire(task: string, now = new Date()): ApprovalState | undefined {
    for (;;) {
      const state = this.read(task, now);
      if (state?.status !== 'expired') return state === undefined ? undefined : this.#inTime(state, now);
      const answer: ApprovalAnswer = {
        schema: APPROVAL_SCHEMA_VERSION,
        verdict: 'timed-out',
        by: '',
        host: '',
        at: now.toISOString(),
      };
      if (this.#take(task, state.answers.length + 1, answer)) {
        return stateOf(state.request, [...state.answers, answer], now);
      }
    }
  }
}

function timesOf(timeoutMs: number | undefined, now: Date): Pick<ApprovalRequest, 'askedAt' | 'expiresAt'> {
  const expires =
    timeoutMs === undefined ? {} : { expiresAt: new Date(now.getTime() + timeoutMs).toISOString() };
  return { askedAt: now.toISOString(), ...expires };
}

function refused(message: string): Answered {
  return { ok: false, reason: 'refused', message };
}

/** What a decided question says to whoever comes second. */
export function lateWords(state: ApprovalState): string | undefined {
  const why = state.status === 'waiting' ? undefined : whyNot(state, '', 'approved');
  return why?.ok === false ? why.message : undefined;
}

function whyNot(state: ApprovalState, by: string, verdict: NewAnswer['verdict']): Answered | undefined {
  const { request, answers, status } = state;
  const { task, who } = request;
  if (status === 'waiting') {
    if (who.length > 0 && !who.includes(by)) {
      return refused(`${by} may not answer ${task}: ${who.join(', ')} may.`);
    }
    const before = answers.find((answer) => answer.by === by);
    // Until enough have approved, whoever has may think better of it.
    if (before === undefined || verdict === 'rejected') return undefined;
    return refused(
      `${by} has ${before.verdict} ${task} already, at ${before.at}; ${state.missing} more ${state.missing === 1 ? 'person has' : 'people have'} to.`,
    );
  }
  if (status === 'expired' || status === 'timed-out') {
    return {
      ok: false,
      reason: 'late',
      message: `The time to answer ${task} ended at ${request.expiresAt ?? ''}, which ${MEANS[request.onTimeout]}.`,
    };
  }
  const last = answers.findLast((answer) => answer.verdict === status);
  const comment = last?.comment === undefined ? '' : `: ${JSON.stringify(last.comment)}`;
  return {
    ok: false,
    reason: 'late',
    message: `${task} was ${status} before by ${last?.by ?? 'somebody'} at ${last?.at ?? ''}${comment}.`,
  };
}

/** What it means that nobody has answered in time. */
export const MEANS: Readonly<Record<Question['onTimeout'], string>> = {
  reject: 'rejects',
  approve: 'approves',
  fail: 'fails the task',
};

/** One rejection rejects; so many different people have to approve. */
function stateOf(request: ApprovalRequest, answers: readonly ApprovalAnswer[], now: Date): ApprovalState {
  const approved = new Set<string>();
  let status: ApprovalState['status'] | undefined;
  for (const answer of answers) {
    if (answer.verdict === 'approved') approved.add(answer.by);
    if (answer.verdict === 'approved' ? approved.size >= request.count : true) {
      status ??= answer.verdict;
    }
  }
  const missing = Math.max(0, request.count - approved.size);
  if (status === undefined) {
    const expired = request.expiresAt !== undefined && request.expiresAt <= now.toISOString();
    status = expired ? 'expired' : 'waiting';
  }
  return { request, answers, status, missing };
}

/** Where an earlier question of a task goes. Clocks go back, and two are asked in one tick. */
function freePlace(folder: string, now: Date): string {
  let at = now.getTime();
  while (existsSync(`${folder}~${at}`)) at++;
  return `${folder}~${at}`;
}
