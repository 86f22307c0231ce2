/** What an answer to a question stands for: what it is given on, and what it lets happen. */
import { textForAll, textOfTask } from '../../definition/definition-changes.js';
import { globOf } from '../../definition/text/glob.js';
import type { Instance, ResolvedPath } from '../../definition/graph/graph.js';
import { isWithin } from '../../definition/text/paths.js';
import type { Stake } from '../../stores/approvals/approvals.js';
import { planOf } from '../actions/plans.js';
import { short } from '../plan/identity.js';
import type { Session } from '../session.js';
import { ancestorsOf } from '../plan/upstream.js';
import type { ExcludedPath, ReadInput, Reader } from '../resolve/workspace.js';

/** @param read reads the files of what follows */
export async function stakeOf(session: Session, instance: Instance, read: Reader): Promise<Stake> {
  const needs = ancestorsOf(session, instance.id).flatMap((one): [string, string][] => {
    const result = session.result(one);
    return result === undefined ? [] : [[one.id, result.made]];
  });
  const following = followers(session, instance);
  const follows = following.map((one): [string, string] => [
    one.task.name,
    short(
      [
        textOfTask(one.task),
        textForAll(session.pipeline),
        ...session.calledBy(one).map(({ text }) => text),
        placesFor(session, one),
      ].join(' '),
    ),
  ]);
  const { above } = session;
  return {
    needs: { ...above?.needs, ...Object.fromEntries(needs) },
    follows: { ...above?.follows, ...Object.fromEntries(follows) },
    reads: { ...above?.reads, ...(await filesOf(session, following, read)) },
  };
}

/** The same of the task that calls a pipeline, for the questions in it. */
export async function stakeAbove(session: Session, task: string): Promise<Stake> {
  const instance = session.graph.byId.get(task);
  if (instance === undefined) return { needs: {}, follows: {} };
  const read = (file: string): Promise<ReadInput> => session.workspace.read(file);
  const { needs, follows, ...rest } = await stakeOf(session, instance, read);
  const { name } = session.pipeline;
  const within = (record: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [`${name} › ${key}`, value]));
  return { needs: within(needs), follows: within(follows), ...rest };
}

/**
 * Hashes of what instances read, and the pipelines that they call, and no task of the run makes, by path. What can't be read
 * is nothing yet.
 */
async function filesOf(
  session: Session,
  instances: readonly Instance[],
  read: Reader,
): Promise<Record<string, string>> {
  const { workspace, graph } = session;
  const withBelow = (own: readonly Instance[]): readonly Instance[] => [
    ...own,
    ...own.flatMap((one) => session.calledBy(one).flatMap((called) => called.graph.instances)),
  ];
  const made = withBelow(graph.instances)
    .flatMap(({ outputs }) => outputs)
    .flatMap(({ path, glob }) => (path === undefined ? [] : [{ path, glob }]));
  const isMade = (file: string): boolean =>
    made.some(({ path, glob }) => (glob ? globOf(path).matches(file) : isWithin(file, path) || isWithin(path, file))); // prettier-ignore
  const known = ({ path, glob }: ResolvedPath): ExcludedPath[] =>
    path === undefined ? [] : [{ path, glob }];
  const files = withBelow(instances).flatMap(({ inputs }) =>
    inputs.flatMap((input) =>
      known(input)
        .filter(({ path }) => workspace.check(path, 'input').ok)
        .flatMap((one) => workspace.pathsOf({ ...one, exclude: input.exclude.flatMap(known) })),
    ),
  );
  const hashes: Record<string, string> = {};
  for (const file of [...new Set(files)].sort()) {
    if (isMade(file)) continue;
    const found = await read(file);
    if (found.ok) hashes[file] = found.records[0]?.hash ?? '';
  }
  return hashes;
}

/** The instance itself, where it does more than ask, and everything behind it. */
function followers(session: Session, instance: Instance): readonly Instance[] {
  const found = new Set<string>();
  const left = [instance.id];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const { to } of session.graph.outgoing(at)) {
      if (found.has(to)) continue;
      found.add(to);
      left.push(to);
    }
  }
  const { action } = instance.task;
  const asksOnly = action !== undefined && planOf(action).worker === 'people';
  const own = asksOnly ? [] : [instance];
  return [...own, ...session.graph.instances.filter(({ id }) => found.has(id))];
}

/** What the settings of the project say counts where something is deployed or served. */
function placesFor({ places: { environments, targets, shell } }: Session, { task }: Instance): string {
  const counts = task.action !== undefined && planOf(task.action).places === true;
  return counts ? JSON.stringify([environments, targets]) : (shell ?? '');
}
