/** Taking in the registered models of another MLflow store, after its runs: each version once. */
import { createHash } from 'node:crypto';
import { describeError } from '../../stores/disk/problem.js';
import { createVersion } from '../registry/register.js';
import { STAGES, STAGE_TAG, valueOf } from '../registry/registered.js';
import type { Tracking } from '../tracking.js';
import { EXPORTED, type ForeignRegistered, type ForeignVersion, IMPORTED } from './foreign.js';
import { putFiles } from './put-files.js';

/**
 * @param runs ids of runs here by those that they had there
 * @param problems gets what can't be taken in, and why
 * @returns how many versions were taken in
 */
export async function importRegistered(
  tracking: Tracking,
  models: readonly ForeignRegistered[],
  runs: ReadonlyMap<string, string>,
  problems: string[],
): Promise<number> {
  let taken = 0;
  for (const model of models) {
    try {
      taken += await takeIn(tracking, model, runs, problems);
    } catch (error) {
      problems.push(`the registered model ${model.name}: ${describeError(error)}`);
    }
  }
  return taken;
}

async function takeIn(
  tracking: Tracking,
  { name, description, tags, aliases, versions }: ForeignRegistered,
  runs: ReadonlyMap<string, string>,
  problems: string[],
): Promise<number> {
  const { registry } = tracking;
  const there = registry.model(name);
  if (!there.ok) valueOf(registry.createModel(name, { description, tags }));
  const numbers = new Map<string, string>();
  let taken = 0;
  for (const foreign of versions) {
    const same = exportedFrom(tracking, name, foreign);
    if (same !== undefined) {
      numbers.set(foreign.version, same);
      continue;
    }
    const told = Object.fromEntries(Object.entries(foreign.tags).filter(([key]) => key !== EXPORTED));
    try {
      const artifacts = foreign.files?.();
      const files =
        artifacts === undefined ? undefined : await putFiles(tracking, name, () => artifacts, problems);
      const { version, created } = createVersion(tracking, {
        name,
        ...sourceHere(foreign, runs),
        runLink: undefined,
        model: undefined,
        description: foreign.description,
        tags: { ...told, ...stageTag(foreign), [IMPORTED]: foreign.version },
        fingerprint: fingerprintOf(name, foreign),
        ...(files === undefined ? {} : { files: new Map(Object.entries(files)) }),
      });
      numbers.set(foreign.version, version.version);
      if (created) taken += 1;
    } catch (error) {
      problems.push(`version ${foreign.version} of ${name}: ${describeError(error)}`);
    }
  }
  const known = registry.model(name);
  for (const [alias, number] of Object.entries(aliases)) {
    const version = numbers.get(number);
    // Where it points here it was set by somebody.
    if (version === undefined || (known.ok && Object.hasOwn(known.model.aliases, alias))) continue;
    const set = registry.setAlias(name, alias, version);
    if (!set.ok) problems.push(`the alias ${alias} of ${name}: ${set.error.message}`);
  }
  return taken;
}

/** The version here that it was exported from. */
function exportedFrom({ registry }: Tracking, name: string, { tags }: ForeignVersion): string | undefined {
  const [number = '', hash] = (tags[EXPORTED] ?? '').split(' ');
  const found = /^\d{1,15}$/.test(number) ? registry.version(name, number) : undefined;
  return found?.ok === true && found.version.artifact.hash === hash ? number : undefined;
}

/** The same version of the same store gives the same: so it is found again. */
function fingerprintOf(name: string, { version, created, source }: ForeignVersion): string {
  const text = JSON.stringify([name, version, created, source]);
  return `mlflow-import:${createHash('sha256').update(text).digest('hex')}`;
}

function stageTag({ stage }: ForeignVersion): Readonly<Record<string, string>> {
  return stage !== undefined && stage !== 'None' && STAGES.some((one) => one === stage)
    ? { [STAGE_TAG]: stage }
    : {};
}

/** What it was made of, by the names that it has here. */
function sourceHere(
  { source, run }: ForeignVersion,
  runs: ReadonlyMap<string, string>,
): { readonly source: string; readonly run: string | undefined } {
  const id = run === undefined ? undefined : runs.get(run);
  const logged = /\/models\/(m-[\w-]{1,60})\/artifacts\/?$/.exec(source)?.[1];
  if (logged !== undefined) return { source: `models:/${logged}`, run: id };
  const named = /^runs:\/{1,3}([^/]+)\/(.*)$/s.exec(source);
  const [owner, inner] =
    named === null ? [run, pathAfter(source, `/${run ?? ''}/artifacts/`)] : [named[1], named[2]];
  const here = owner === undefined ? undefined : runs.get(owner);
  return here === undefined || inner === undefined
    ? { source, run: id }
    : { source: `runs:/${here}/${inner}`, run: here };
}

function pathAfter(text: string, part: string): string | undefined {
  const at = text.indexOf(part);
  return at === -1 ? undefined : text.slice(at + part.length);
}
