/** What `dvc status` says of stages, in its words. */
import { equal } from '../../../definition/dialects/dvc/equal.js';
import type { LockItem } from '../../../definition/dialects/dvc/lock.js';
import type { Mapping } from '../../../definition/dialects/dvc/resolve/values.js';
import { type StageFile, type StageParams, type StageSpec, runsEachTime } from '../../../definition/stage.js';
import { type StageFacts, changedKeys } from '../facts.js';

/** What is not as it was: of a file a word, of a file of params a word or one for each of its keys. */
type Words = string | Readonly<Record<string, string>>;

/** One line of `dvc status --json`. */
export type StageChange =
  | { readonly 'changed deps': Readonly<Record<string, Words>> }
  | { readonly 'changed outs': Readonly<Record<string, string>> }
  | 'always changed'
  | 'changed command';

/** What is not as `dvc.lock` has it, by the words of `dvc status`. @throws what keeps that from being told */
export function stageStatus(facts: StageFacts, stage: StageSpec): readonly StageChange[] {
  const entry = facts.entry(stage);
  const deps: [string, Words][] = [];
  if (!stage.frozen) {
    for (const one of stage.deps) deps.push(...word(facts, one, entry?.deps.get(one.path)));
    for (const one of stage.params) deps.push(...paramWords(facts, one, entry?.params.get(one.path)));
  }
  const outs = stage.outs.flatMap((one): readonly [string, Words][] => {
    const before = entry?.outs.get(one.path);
    const lost = before?.md5 !== undefined && one.cache && !facts.cache.has(before.md5, before.legacy);
    return lost ? [[one.file, 'not in cache']] : word(facts, one, before);
  });
  return [
    ...(deps.length === 0 ? [] : [{ 'changed deps': Object.fromEntries(deps) }]),
    ...(outs.length === 0 ? [] : [{ 'changed outs': Object.fromEntries(outs) as Record<string, string> }]),
    ...(runsEachTime(stage) ? (['always changed'] as const) : []),
    ...(entry === undefined || equal(entry.cmd, stage.cmd) ? [] : (['changed command'] as const)),
  ];
}

function word(facts: StageFacts, file: StageFile, before: LockItem | undefined): [string, string][] {
  const now = facts.now(file, before);
  if (now === undefined) return [[file.file, 'deleted']];
  return now.item.md5 === before?.md5 ? [] : [[file.file, 'modified']];
}

function paramWords(facts: StageFacts, params: StageParams, before: Mapping | undefined): [string, Words][] {
  const read = facts.paramsOf(params);
  if (!read.ok && read.lost) return [[params.file, 'deleted']];
  if (!read.ok) throw new Error(read.problem);
  if (before === undefined) return [[params.file, 'new']];
  const words = changedKeys(params, read.values, before).map(([key, word]) => [key, word] as const);
  return words.length === 0 ? [] : [[params.file, Object.fromEntries(words)]];
}
