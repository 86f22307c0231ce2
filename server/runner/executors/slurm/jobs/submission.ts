/** Hands jobs to Slurm: one as itself, several as the elements of one array; and finds out what became of that. */
import path from 'node:path';
import { delay } from '../../../../base/delay.js';
import { defined } from '../../../../base/defined.js';
import { partitionOf, whyImpossible } from '../../../../definition/known/cluster.js';
import type { SlurmExecutor } from '../../../../definition/definition.js';
import { describeError } from '../../../../stores/disk/problem.js';
import type { Layout } from '../../../../stores/layout.js';
import type { After } from '../../executor.js';
import { type SlurmClient, describeRefusal, isCrowded, isNoArray } from '../client.js';
import { type Site as Found, clusterAt } from '../clusters.js';
import { type BatchPlace, batchFolder, makeBatch } from '../entry.js';
import { submitEnvironment } from '../environment.js';
import type { SlurmJob } from './job.js';
import { isFinal } from './judge.js';
import { type Patience, type Trouble, patiently } from '../ssh/trouble.js';
import { nodeGroups } from '../limits.js';
import { lookUp } from './look-up.js';
import { submitArguments } from './request.js';
import type { RemoteProject } from '../ssh/remote-project.js';
import { arrayScript } from './script.js';

const CROWDED_MS = 10_000;
/** Refusals by a limit, while none of this user's jobs is there that could free it, until it counts as one that stays. */
const ALONE = 6;
/** What it costs to go from one task of a job to the next. */
const SLACK_MS = 60_000;

/** Commands to the controller at the same time. */
const AT_ONCE = 4;
let submitting = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (submitting >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  submitting++;
  try {
    return await work();
  } finally {
    submitting--;
    waiting.shift()?.();
  }
}

/** Jobs that ask for the same. */
export interface Batch {
  /** By number; the jobs of one element are done one after the other. */
  readonly elements: ReadonlyMap<number, readonly Waiting[]>;
  /** Each element waits for the one of the same number in this array; absent: what all of them wait for is the same. */
  readonly corresponding?: string;
  /** How many elements may run at once. */
  readonly throttle?: number;
}

export interface Waiting {
  readonly job: SlurmJob;
  readonly after: After;
}

interface Site {
  readonly layout: Layout;
  readonly settings: SlurmExecutor;
  /** Where the project lies for the jobs. */
  readonly find: () => Promise<Found>;
  /** A name for an array that nobody has had. */
  readonly newName: () => string;
  /** Takes what did not fit, to be submitted later. */
  readonly giveBack: (rest: readonly Waiting[]) => void;
  /** Whether nothing more is taken at the moment: an account's limit is reached. */
  readonly crowded: (is: boolean) => void;
}

/** Gives back what does not fit. */
export async function submit(site: Site, batch: Batch): Promise<void> {
  const rest: Waiting[] = [];
  try {
    const refusal = await submitPart(site, batch, rest);
    // They ask for the same.
    if (refusal !== undefined) for (const { job } of rest) job.refuse(refusal);
    else site.giveBack(rest);
  } finally {
    site.crowded(false);
  }
}

/**
 * @param rest takes what does not fit
 * @returns why nothing that asks for the same can ever be submitted, where that has become known
 */
async function submitPart(site: Site, batch: Batch, rest: Waiting[]): Promise<string | undefined> {
  const all = [...batch.elements.values()].flat();
  const [first] = all;
  if (first === undefined) return undefined;
  const { settings, layout } = site;
  const { spec } = first.job;
  const { client } = clusterAt(settings.login);
  const jobs = all.map(({ job }) => job);
  const wanted = (): readonly SlurmJob[] => jobs.filter((job) => !job.isOver);
  const patience: Patience = {
    waitMs: Math.min(CROWDED_MS, settings.pollMs),
    isWanted: () => wanted().length > 0,
    told: (why) => wanted().forEach((job) => job.queued(`is not in the queue yet: ${why}`)),
  };
  const found = await patiently(site.find, (one) => (one.ok ? undefined : one.trouble), patience);
  if (!found.ok) {
    for (const job of jobs) job.refuse(found.trouble.message);
    return found.trouble.message;
  }
  const { project } = found;
  const groups = await nodeGroups(client, layout);
  const asked = spec.timeoutMs ?? settings.timeMs;
  const why = whyImpossible(groups, settings, spec.resources, asked);
  if (why !== undefined) {
    for (const job of jobs) job.refuse(why);
    return why;
  }
  // Who shares a job has as much time as in one of its own.
  const partition = partitionOf(groups, settings);
  const timeMs = asked ?? (longestOf(batch) > 1 ? partition?.defaultMs : undefined);
  const most = Math.max(1, Math.floor(((partition?.timeMs ?? Infinity) - SLACK_MS) / (timeMs ?? 1)));
  if (longestOf(batch) > most) {
    const elements = [...batch.elements].map(([index, members]) => [index, members.slice(0, most)] as const);
    putBack(
      rest,
      [...batch.elements.values()].flatMap((members) => members.slice(most)),
    );
    return submitPart(site, { ...batch, elements: new Map(elements) }, rest);
  }
  const { name, script, env, options } = write(site, batch, first, timeMs, project);
  const isArray = batch.elements.size > 1;
  const bring = async (): Promise<Trouble | undefined> => project?.bring(wanted());
  const trouble = await patiently(bring, (one) => one, patience);
  if (trouble !== undefined && wanted().length > 0) {
    const refusal = `its files can't be brought to ${settings.login ?? 'the cluster'}: ${trouble.message}`;
    for (const job of jobs) job.refuse(refusal);
    return refusal;
  }
  for (let alone = 0; ;) {
    if (jobs.every((job) => job.isOver)) {
      await client.cancelNamed(name);
      for (const job of jobs) job.withdraw();
      return undefined;
    }
    const answer = await inTurn(() => client.ask('sbatch', options, { env, input: script }));
    if (answer.ok) {
      tell(batch, isArray, answer.text.trim().split(';')[0] ?? '');
      return undefined;
    }
    const { message } = answer;
    const say = (reason: string): void => jobs.forEach((job) => job.queued(reason));
    if (answer.why === 'unclear') {
      say(`the controller does not answer: ${message}`);
      const id = await lookUp(client, name, jobs, settings.pollMs);
      if (id === undefined) continue;
      tell(batch, isArray, id);
      return undefined;
    }
    const crowded = isCrowded(message);
    if (crowded !== false) site.crowded(true);
    if (isArray && (crowded !== false || isNoArray(message))) {
      const elements = [...batch.elements];
      const half = Math.ceil(elements.length / 2);
      putBack(
        rest,
        elements.slice(half).flatMap(([, members]) => members),
      );
      return submitPart(site, { ...batch, elements: new Map(elements.slice(0, half)) }, rest);
    }
    if (crowded === 'maybe') alone = (await hasLiveJobs(client)) ? 0 : alone + 1;
    if (crowded === false || alone >= ALONE) {
      const refusal = describeRefusal(message);
      for (const job of jobs) job.refuse(refusal);
      return crowded === false ? undefined : refusal;
    }
    say(`is not in the queue yet: ${message}`);
    await delay(patience.waitMs);
  }
}

function putBack(rest: Waiting[], some: readonly Waiting[]): void {
  for (const { job } of some) job.takeBack();
  rest.push(...some);
}

const longestOf = ({ elements }: Batch): number =>
  Math.max(...[...elements.values()].map((members) => members.length));

/** Whether this user has jobs whose end may make room. What is not answered counts as yes. */
async function hasLiveJobs(client: SlurmClient): Promise<boolean> {
  const list = await client.listJobs();
  return list === undefined || list.some(({ state }) => !isFinal(state));
}

interface Written {
  /** By which Slurm knows it all. */
  readonly name: string;
  readonly script: string;
  /** For `sbatch`, as its words are. */
  readonly env: Readonly<Record<string, string>>;
  readonly options: readonly string[];
}

/** Writes the jobs down. @param timeMs of one of them; absent: the partition's */
function write(
  { settings, newName }: Site,
  batch: Batch,
  first: Waiting,
  timeMs: number | undefined,
  project: RemoteProject | undefined,
): Written {
  const all = [...batch.elements.values()].flat();
  const { spec, entry } = first.job;
  const there = (one: string): string => project?.there(one) ?? one;
  const longest = longestOf(batch);
  const isBatch = all.length > 1;
  const name = isBatch ? newName() : entry.name;
  const views = new Map(
    project === undefined ? [] : all.map(({ job }) => [job, project.environment(job.spec.env)]),
  );
  const { env, own } = submitEnvironment(
    name,
    all.map(({ job }) => views.get(job)?.env ?? job.spec.env),
  );
  const isArray = batch.elements.size > 1;
  const elements = new Map<number, readonly string[]>();
  let script = '';
  let at = 0;
  const together = batchFolder({
    folder: entry.folder,
    ...(isBatch ? { batch: { name, members: [] } } : {}),
  });
  if (isBatch) makeFolderOf(together, all);
  for (const [index, members] of batch.elements) {
    const names = members.map(({ job }) => job.entry.name);
    elements.set(index, names);
    const place: BatchPlace = { name, members: names, ...defined({ index: isArray ? index : undefined }) };
    for (const { job, after } of members) {
      const mine = own[at++];
      if (mine === undefined || job.isOver) continue;
      const { setup } = settings;
      const one = {
        setup,
        own: mine,
        after,
        ...defined({ timeMs, batch: isBatch ? place : undefined, project, path: views.get(job)?.path }),
      };
      script = job.prepare(one) ?? script;
    }
  }
  if (isBatch) script = arrayScript({ base: there(path.dirname(entry.folder)), elements });
  const array = { indices: [...elements.keys()], ...defined({ throttle: batch.throttle }) };
  const options = submitArguments(settings, {
    resources: spec.resources,
    name,
    folder: there(together),
    ...defined({
      // One after the other.
      timeMs: timeMs === undefined || longest === 1 ? timeMs : timeMs * longest + SLACK_MS,
      dependency: dependencyOf(batch, first),
      array: isArray ? array : undefined,
    }),
  });
  return { name, script, env, options };
}

function makeFolderOf(folder: string, all: readonly Waiting[]): void {
  try {
    makeBatch(
      folder,
      all.map(({ job }) => job.entry.name),
    );
  } catch (error) {
    for (const { job } of all) job.refuse(describeError(error));
  }
}

function dependencyOf({ elements, corresponding }: Batch, { after }: Waiting): string | undefined {
  const [index] = elements.keys();
  if (corresponding !== undefined)
    return elements.size > 1 ? `aftercorr:${corresponding}` : `afterok:${corresponding}_${index}`;
  const ids = [...new Set(Object.values(after.jobs))];
  return ids.length === 0 ? undefined : `afterok:${ids.join(':')}`;
}

function tell({ elements }: Batch, isArray: boolean, id: string): void {
  for (const [index, members] of elements)
    for (const { job } of members) job.known(isArray ? `${id}_${index}` : id);
}
