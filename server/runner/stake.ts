/** What an answer to a question stands for: what it is given on, and what it lets happen. */
import { textForAll, textOfTask } from '../model/definition-changes.js';
import type { Instance } from '../model/graph.js';
import type { Stake } from '../stores/approvals.js';
import { planOf } from './action-plans.js';
import { short } from './identity.js';
import type { Session } from './session.js';
import { ancestorsOf } from './upstream.js';

export function stakeOf(session: Session, instance: Instance): Stake {
  const needs = ancestorsOf(session, instance.id).flatMap((one): [string, string][] => {
    const result = session.result(one);
    return result === undefined ? [] : [[one.id, result.made]];
  });
  const follows = followers(session, instance).map((one): [string, string] => [
    one.task.name,
    short(
      `${textOfTask(one.task)} ${textForAll(session.pipeline)} ${session.calledBy(one.task)} ${placesFor(session, one)}`,
    ),
  ]);
  const { above } = session;
  return {
    needs: { ...above?.needs, ...Object.fromEntries(needs) },
    follows: { ...above?.follows, ...Object.fromEntries(follows) },
  };
}

/** The instance itself, where it does more than ask, and everything behind it. */
/** The same of the task that calls a pipeline, for the questions in it. */
export function stakeAbove(session: Session, task: string): Stake {
  const instance = session.graph.byId.get(task);
  if (instance === undefined) return { needs: {}, follows: {} };
  const { needs, follows } = stakeOf(session, instance);
  const { name } = session.pipeline;
  const within = (record: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [`${name} › ${key}`, value]));
  return { needs: within(needs), follows: within(follows) };
}

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
