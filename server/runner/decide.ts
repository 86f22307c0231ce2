/** Whether a task has to run, and why, in words. The same for a run and for a plan that only looks. */
import { globOf } from '../model/glob.js';
import { escapeGlob } from '../model/paths.js';
import { alwaysRuns } from './always.js';
import type {
  ArtifactRecord,
  FileRecord,
  FingerprintPart,
  FingerprintRecord,
} from '../stores/run-document.js';
import type { CacheHit } from './cache.js';
import { explainChange, fingerprint } from './fingerprint.js';
import { short } from './identity.js';
import type { ResolvedTask } from './resolve.js';
import type { Session } from './session.js';
import { stakeOf } from './stake.js';
import type { TaskState } from './state.js';
import { producerOf, upstreamMetrics, upstreamParts } from './upstream.js';
import type { ReadInput, TaskInputPath } from './workspace.js';

export type Fingerprinted =
  | { readonly ok: true; readonly fingerprint: FingerprintRecord; readonly inputs: readonly FileRecord[] }
  | {
      readonly ok: false;
      readonly reason: 'missing' | 'unreadable' | 'unknown' | 'features';
      readonly message: string;
    };

/** How a path's content is asked for: read, or only looked up. */
export type Reader = (path: string) => ReadInput | Promise<ReadInput>;

/** Reads the inputs and puts the fingerprint together. To be done when everything that the task depends on has ended. */
export async function fingerprintTask(
  session: Session,
  task: ResolvedTask,
  read: Reader,
): Promise<Fingerprinted> {
  const inputs: FileRecord[] = [];
  for (const input of task.inputs) {
    const paths = session.workspace.pathsOf(input);
    if (paths.length === 0 && !input.optional) return nothingIn(session, input);
    for (const path of paths) {
      const unmade = session.notMade(path);
      if (unmade !== undefined) {
        // What lies there is from another run, and would make the result depend on history.
        if (input.glob) continue;
        return { ok: false, reason: 'missing', message: `${path} was not made: ${unmade} in this run` };
      }
      const found = await read(path);
      if (!found.ok && found.reason === 'missing' && input.optional) continue;
      if (!found.ok) return { ok: false, reason: found.reason, message: found.message };
      inputs.push(...found.records);
    }
  }
  const views = featureParts(session, task);
  if (!views.ok) return views;
  const parts = [
    ...task.parts,
    ...views.parts,
    ...behindVersion(session, task),
    ...behindEffect(session, task),
    ...inputs.map(({ path, hash }) => ({ kind: 'input' as const, name: path, value: hash })),
  ];
  return { ok: true, fingerprint: fingerprint(parts), inputs };
}

function nothingIn(session: Session, { path, glob, exclude }: TaskInputPath): Fingerprinted {
  const rest = exclude.length === 0 ? '' : ' that is not left out';
  const literal = glob && session.workspace.exists(path);
  const hint = literal
    ? `: to mean the file of that very name, write ${escapeGlob(path)}`
    : ' (with `optional: true` it may)';
  return { ok: false, reason: 'missing', message: `${path} matches no file${rest}${hint}` };
}

export type Decision =
  | { readonly kind: 'up-to-date'; readonly state: TaskState; readonly reasons: readonly string[] }
  | { readonly kind: 'restore'; readonly hit: CacheHit; readonly reasons: readonly string[] }
  | { readonly kind: 'run'; readonly reasons: readonly string[] }
  | { readonly kind: 'unknown'; readonly reasons: readonly string[] };

export interface DecideOptions {
  readonly force: boolean;
  /** Neither read from nor write to the cache. */
  readonly noCache: boolean;
  /** How the task ended in the run that is resumed, if it succeeded there. */
  readonly resumed?: { readonly run: string; readonly state: TaskState };
}

/** What a cache entry holds beside the outputs. Written and read here only. */
export interface EntryData {
  readonly artifacts: readonly ArtifactRecord[];
  readonly metrics: TaskState['metrics'];
  readonly checks?: NonNullable<TaskState['checks']>;
}

export async function decide(
  session: Session,
  task: ResolvedTask,
  print: FingerprintRecord,
  read: Reader,
  options: DecideOptions,
): Promise<Decision> {
  // A called pipeline is looked at task by task, by its own run.
  const resumed = task.call === undefined ? options.resumed : undefined;
  if (resumed?.state.fingerprint.hash === print.hash) {
    const { reasons } = await compareOutputs(resumed.state.outputs, read);
    if (
      reasons.length === 0 &&
      drift(session, task, resumed.state).length === 0 &&
      (await staleIn(session, task)).length === 0
    ) {
      return { kind: 'up-to-date', state: resumed.state, reasons: [`it succeeded in run ${resumed.run}`] };
    }
  }
  if (options.force) return { kind: 'run', reasons: ['forced'] };
  const always = alwaysRuns(task.instance);
  if (always !== undefined) return { kind: 'run', reasons: [always] };
  const last = session.states.get(task.id);
  let reasons: readonly string[];
  if (last === undefined) reasons = ['never run'];
  else if (last.fingerprint.hash !== print.hash) {
    reasons = explainChange(last.fingerprint.parts, print.parts);
  } else {
    const compared = await compareOutputs(last.outputs, read);
    if (compared.unknown) return { kind: 'unknown', reasons: compared.reasons };
    reasons = [
      ...(last.stale === undefined ? [] : [last.stale]),
      ...compared.reasons,
      ...drift(session, task, last),
      ...(await staleIn(session, task)),
    ];
    if (reasons.length === 0) return { kind: 'up-to-date', state: last, reasons };
  }
  // What keeps versions, and no cache, knows which versions there are.
  const hit = options.noCache || makesVersion(task) ? undefined : await usableHit(session, task, print, read);
  return hit === undefined ? { kind: 'run', reasons } : { kind: 'restore', hit, reasons };
}

/** Whether the registry, the packages or the feature store, and no cache, know what the task has made. */
export function makesVersion(task: ResolvedTask): boolean {
  return task.register !== undefined || task.package !== undefined || task.materialize !== undefined;
}

/** In which way the feature store is not as a materialize task left it. */
async function staleIn(session: Session, task: ResolvedTask): Promise<readonly string[]> {
  if (task.materialize === undefined) return [];
  const { staleViews } = await import('./actions/materialize.js');
  return staleViews(session, task.materialize);
}

/** In which way the registry or the packages are not as the task left them. */
function drift(session: Session, task: ResolvedTask, state: TaskState): readonly string[] {
  if (task.package !== undefined) {
    const { name } = task.package.settings;
    const version = state.values?.['version'] ?? '';
    const found = session.packages.version(name, version);
    return found.ok && found.version.hash === state.values?.['hash']
      ? []
      : [found.ok ? `${name} ${version} has other content` : found.error.message];
  }
  return task.register === undefined ? [] : (session.models?.drift(task.register, state.values) ?? []);
}

/** The versions of the views that a training set takes its features from. */
function featureParts(
  session: Session,
  task: ResolvedTask,
): { readonly ok: true; readonly parts: FingerprintPart[] } | Extract<Fingerprinted, { ok: false }> {
  if (task.trainingSet === undefined || session.features === undefined) return { ok: true, parts: [] };
  const chosen = session.features.choose(task.id, task.trainingSet);
  if (chosen.ok) return { ok: true, parts: session.features.versionParts(chosen.value) };
  return { ok: false, reason: 'features', message: chosen.message };
}

/**
 * What tells of an effect that it is done is that it was done for what there is now: everything that it depends on counts,
 * whether it looks at it or not.
 */
function behindEffect(session: Session, { id, instance, approval, deploy }: ResolvedTask): FingerprintPart[] {
  if (alwaysRuns(instance) === undefined) return [];
  const asks = deploy?.environment.approval !== undefined || approval !== undefined;
  return [
    ...upstreamParts(session, id).map(([from, made]) => ({
      kind: 'upstream' as const,
      name: `tasks.${from}`,
      value: made,
    })),
    ...(asks
      ? [
          {
            kind: 'approval' as const,
            name: 'what it stands for',
            value: short(JSON.stringify(stakeOf(session, instance))),
          },
        ]
      : []),
  ];
}

/** A version is made of more than bytes: where they come from, and the metrics that it must keep to. */
function behindVersion(session: Session, task: ResolvedTask): FingerprintPart[] {
  if (task.register === undefined) return [];
  const { path, thresholds } = task.register;
  const producer = producerOf(session, path);
  const made = producer === undefined ? undefined : session.result(producer)?.fingerprint;
  const metrics = thresholds.length === 0 ? {} : upstreamMetrics(session, task.id, producer);
  return [
    ...(producer === undefined || made === undefined
      ? []
      : [{ kind: 'upstream' as const, name: `tasks.${producer.id}.fingerprint`, value: made }]),
    ...thresholds.map(({ metric }) => ({
      kind: 'upstream' as const,
      name: `metric ${metric}`,
      value: JSON.stringify(Object.hasOwn(metrics, metric) ? metrics[metric] : null),
    })),
  ];
}

/** In which way outputs are not what they were. */
async function compareOutputs(
  outputs: readonly ArtifactRecord[],
  read: Reader,
): Promise<{ reasons: string[]; unknown: boolean }> {
  const reasons: string[] = [];
  let unknown = false;
  for (const output of outputs) {
    const now = await read(output.path);
    if (now.ok) {
      if (now.records[0]?.hash !== output.hash) reasons.push(`output ${output.path} was changed`);
    } else if (now.reason === 'unknown') {
      unknown = true;
      reasons.push(now.message);
    } else reasons.push(`output ${output.path} is missing`);
  }
  return { reasons, unknown };
}

/** Whether a path is an output of the task. */
export function declares(task: ResolvedTask, file: string): boolean {
  return task.outputs.some((output) =>
    output.glob ? globOf(output.path).matches(file) : output.path === file,
  );
}

/** A hit serves when it has every output, or those that are not kept in the cache still lie where they were. */
async function usableHit(
  session: Session,
  task: ResolvedTask,
  print: FingerprintRecord,
  read: Reader,
): Promise<CacheHit | undefined> {
  const hit = session.cache.lookup(print.hash);
  if (hit === undefined) return undefined;
  const kept = new Set(hit.entry.outputs.map((output) => output.path));
  if (
    !task.outputs.every((output) => output.glob || output.optional || kept.has(output.path) || !output.cache)
  )
    return undefined;
  const { artifacts } = hit.entry.data as unknown as EntryData;
  // An entry fills what the task declares, whoever has written it.
  if (![...kept, ...artifacts.map((artifact) => artifact.path)].every((file) => declares(task, file)))
    return undefined;
  const others = artifacts.filter((artifact) => !kept.has(artifact.path));
  return (await compareOutputs(others, read)).reasons.length === 0 ? hit : undefined;
}
