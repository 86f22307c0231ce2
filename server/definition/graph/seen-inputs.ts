/** Inputs of tasks with `inputs: auto`: what their last execution was seen to read. */
import { isWithin } from '../text/paths.js';
import { OutputIndex } from './output-index.js';
import type { Graph, Instance } from './types.js';

/**
 * Which of the files that tasks were seen to read are inputs, by id. What a task makes itself is none, nor what is made
 * by tasks that wait for it: it would never be done.
 *
 * @param graph without such inputs
 * @param seen relative to the project; of each task that asks for it
 */
export function seenInputs(
  graph: Graph,
  seen: (instance: Instance) => readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const asking = graph.instances.filter(({ task }) => task.autoInputs !== undefined);
  if (asking.length === 0) return found;
  const index = new OutputIndex(graph.instances);
  const added = new Map<string, string[]>();
  const waitsFor = (from: string, to: string): boolean => {
    const reached = new Set<string>();
    const open = [from];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === to) return true;
      if (reached.has(id)) continue;
      reached.add(id);
      open.push(...graph.outgoing(id).map((edge) => edge.to), ...(added.get(id) ?? []));
    }
    return false;
  };
  for (const instance of asking) {
    const inputs = seen(instance).filter((file) => {
      if (makes(instance, file)) return false;
      const makers = index.touching(file).map((one) => one.instance.id);
      if (makers.some((maker) => waitsFor(instance.id, maker))) return false;
      for (const maker of makers) added.set(maker, [...(added.get(maker) ?? []), instance.id]);
      return true;
    });
    found.set(instance.id, inputs);
  }
  return found;
}

function makes({ outputs }: Instance, file: string): boolean {
  return outputs.some(({ path, glob }) => path !== undefined && !glob && isWithin(file, path));
}
