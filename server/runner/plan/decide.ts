/** Whether a task has to run, and why, in words. The same for a run and for a plan that only looks. */
import { plural } from '../../base/format.js';
import { globOf } from '../../definition/text/glob.js';
import { escapeGlob } from '../../definition/text/paths.js';
import { planOf } from '../actions/plans.js';
import { alwaysRuns } from './always.js';
import type {
  ArtifactRecord,
  FileRecord,
  FingerprintPart,
  FingerprintRecord,
} from '../../stores/runs/document.js';
import type { CacheHit } from '../cache/cache.js';
import { adopted, explainChange, fingerprint, recounted } from './fingerprint.js';
import { short } from './identity.js';
import type { ResolvedTask } from '../resolve/resolve.js';
import type { Session } from '../session.js';
import { stakeOf } from '../people/stake.js';
import type { TaskState } from './state.js';
import { upstreamParts } from './upstream.js';
import type { Reader, TaskInputPath } from '../resolve/workspace.js';

/** What a task is known by, and the content that it was made of. */
export interface Printed {
  readonly fingerprint: FingerprintRecord;
  readonly inputs: readonly FileRecord[];
}

export type Fingerprinted =
  | ({ readonly ok: true } & Printed)
  | {
      readonly ok: false;
      readonly reason: 'missing' | 'unreadable' | 'unknown' | 'features';
      readonly message: string;
    };

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
        if (input.glob || input.optional) continue;
        return { ok: false, reason: 'missing', message: `${path} was not made: ${unmade} in this run` };
      }
      const found = await read(path);
      if (!found.ok && found.reason === 'missing' && input.optional) continue;
      if (!found.ok) return { ok: false, reason: found.reason, message: found.message };
      inputs.push(...found.records);
    }
  }
  // Whoever names them, they are the same files, so that they come in one order.
  if (task.instance.task.autoInputs !== undefined) inputs.sort((a, b) => (a.path < b.path ? -1 : 1));
  const { work } = task;
  const late = work === undefined ? undefined : planOf(work).late?.(session, task.id, work.settings);
  if (late?.ok === false) return late;
  const parts = [
    ...task.parts,
    ...(late?.parts ?? []),
    ...(await behindEffect(session, task, read)),
    ...(await inputParts(session, task, inputs)),
  ];
  return { ok: true, fingerprint: fingerprint(parts), inputs };
}

async function inputParts(
  { pythonCode }: Session,
  { code, work }: ResolvedTask,
  inputs: readonly FileRecord[],
): Promise<FingerprintPart[]> {
  const parts: FingerprintPart[] = [];
  for (const input of inputs) {
    const isNotebook = work?.kind === 'notebook' && work.settings.notebook === input.path;
    const value = isNotebook
      ? await pythonCode.ofNotebook(input, code)
      : code === 'syntax'
        ? await pythonCode.valueOf(input)
        : input.hash;
    parts.push({ kind: 'input', name: input.path, value });
  }
  return parts;
}

function nothingIn(session: Session, { path, glob, exclude }: TaskInputPath): Fingerprinted {
  const rest = exclude.length === 0 ? '' : ' that is not left out';
  const literal = glob && session.workspace.exists(path);
  const hint = literal
    ? `: to mean the file of that very name, write ${escapeGlob(path)}`
    : ' (with `optional: true` it may)';
  return { ok: false, reason: 'missing', message: `${path} matches no file${rest}${hint}` };
}

/** `print`: what the task is known by from now on. */
export type Decision =
  | {
      readonly kind: 'up-to-date';
      readonly state: TaskState;
      readonly print: FingerprintRecord;
      readonly reasons: readonly string[];
    }
  | {
      readonly kind: 'restore';
      readonly hit: CacheHit;
      readonly print: FingerprintRecord;
      readonly reasons: readonly string[];
    }
  | { readonly kind: 'run'; readonly reasons: readonly string[] }
  | { readonly kind: 'unknown'; readonly reasons: readonly string[] };

export interface DecideOptions {
  readonly force: boolean;
  /** Neither read from nor write to the cache. */
  readonly noCache: boolean;
  /** How the task ended in the run that is resumed, if it succeeded there. */
  readonly resumed?: { readonly run: string; readonly state: TaskState };
}

export async function decide(
  session: Session,
  task: ResolvedTask,
  printed: Printed,
  read: Reader,
  options: DecideOptions,
): Promise<Decision> {
  const print = printed.fingerprint;
  // A called pipeline is looked at task by task, by its own run.
  const resumed = workerOf(task) === 'run' ? undefined : options.resumed;
  const again = resumed === undefined ? undefined : sameResult(resumed.state, printed);
  if (resumed !== undefined && again !== undefined) {
    const { reasons } = await compareOutputs(resumed.state.outputs, read);
    if (reasons.length === 0 && (await staleIn(session, task, resumed.state)).length === 0) {
      const why = [`it succeeded in run ${resumed.run}`];
      return { kind: 'up-to-date', state: resumed.state, print: again, reasons: why };
    }
  }
  if (options.force) return { kind: 'run', reasons: ['forced'] };
  const always = alwaysRuns(task.instance);
  if (always !== undefined) return { kind: 'run', reasons: [always] };
  const last = session.states.get(task.id);
  const same = last === undefined ? undefined : sameResult(last, printed);
  let reasons: readonly string[];
  if (last === undefined) reasons = ['never run'];
  else if (same === undefined) {
    reasons = explainChange(last.fingerprint.parts, print.parts);
  } else {
    const compared = await compareOutputs(last.outputs, read);
    if (compared.unknown) return { kind: 'unknown', reasons: compared.reasons };
    reasons = [
      ...(last.stale === undefined ? [] : [last.stale]),
      ...compared.reasons,
      ...(await staleIn(session, task, last)),
    ];
    if (reasons.length === 0) {
      return {
        kind: 'up-to-date',
        state: last,
        print: same,
        reasons: onlyLayout(last.inputs, printed.inputs),
      };
    }
  }
  // What keeps versions, and no cache, knows which versions there are. What was never seen to read anything is known by nothing.
  const isNew = last === undefined && task.instance.task.autoInputs !== undefined;
  if (options.noCache || isNew || makesVersion(task)) return { kind: 'run', reasons };
  for (const known of same === undefined || same.hash === print.hash ? [print] : [print, same]) {
    const hit = await usableHit(session, task, known, read);
    if (hit !== undefined) return { kind: 'restore', hit, print: known, reasons };
  }
  return { kind: 'run', reasons };
}

/** What a result is known by that is the one which the task would come to now. */
function sameResult(known: TaskState, now: Printed): FingerprintRecord | undefined {
  return known.fingerprint.hash === now.fingerprint.hash
    ? now.fingerprint
    : (adopted(known.fingerprint, now.fingerprint) ?? recounted(known, now));
}

/** So many files are told by name. */
const MOST_TOLD = 3;

/** What is not as it was in inputs that count as unchanged, in words. */
function onlyLayout(before: readonly FileRecord[], now: readonly FileRecord[]): string[] {
  const old = new Map(before.map(({ path, hash }) => [path, hash]));
  const changed = now.filter(({ path, hash }) => (old.get(path) ?? hash) !== hash).map(({ path }) => path);
  const isNotebook = (path: string): boolean => path.endsWith('.ipynb');
  return [
    ...only(
      'comments or layout',
      changed.filter((path) => !isNotebook(path)),
    ),
    ...only('outputs or text around the code', changed.filter(isNotebook)),
  ];
}

function only(what: string, files: readonly string[]): string[] {
  if (files.length === 0) return [];
  const more = files.length - MOST_TOLD;
  const told = files.slice(0, MOST_TOLD).join(', ') + (more > 0 ? ` and ${plural(more, 'more file')}` : '');
  return [`only ${what} changed in ${told}`];
}

/** Whether the registry, the packages or the feature store, and no cache, know what the task has made. */
export function makesVersion({ work }: ResolvedTask): boolean {
  return work !== undefined && planOf(work).done === 'store';
}

/** Why a task does nothing. */
export function nothingToDo({ work }: ResolvedTask): string | undefined {
  return work === undefined ? undefined : planOf(work).refused?.(work.settings);
}

function workerOf({ work }: ResolvedTask): string | undefined {
  return work === undefined ? undefined : planOf(work).worker;
}

/** In which way a store is not as the task left it. */
async function staleIn(
  session: Session,
  { work }: ResolvedTask,
  state: TaskState,
): Promise<readonly string[]> {
  return (work === undefined ? undefined : await planOf(work).stale?.(session, work.settings, state)) ?? [];
}

/**
 * What tells of an effect that it is done is that it was done for what there is now: everything that it depends on counts,
 * whether it looks at it or not.
 */
async function behindEffect(
  session: Session,
  { id, instance, work }: ResolvedTask,
  read: Reader,
): Promise<FingerprintPart[]> {
  if (alwaysRuns(instance) === undefined) return [];
  const asks = work !== undefined && planOf(work).asks?.(work.settings) === true;
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
            value: short(JSON.stringify(await stakeOf(session, instance, read))),
          },
        ]
      : []),
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
  const { artifacts } = hit.entry.data;
  // An entry fills what the task declares, whoever has written it.
  if (![...kept, ...artifacts.map((artifact) => artifact.path)].every((file) => declares(task, file)))
    return undefined;
  const others = artifacts.filter((artifact) => !kept.has(artifact.path));
  return (await compareOutputs(others, read)).reasons.length === 0 ? hit : undefined;
}
