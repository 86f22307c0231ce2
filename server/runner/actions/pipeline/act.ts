/** The action `pipeline`: another pipeline, run with params as a part of this run. */
import type { Json } from '../../../definition/definition.js';
import type { RunDocument } from '../../../stores/runs/document.js';
import { madeOfRun } from '../../plan/identity.js';
import type { PipelineCall } from './resolve.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function pipelineAction(context: ActionContext, call: PipelineCall): Promise<ActionOutcome> {
  const outcome = await context.child(call);
  switch (outcome.kind) {
    case 'refused':
      return { ok: false, error: outcome.message };
    case 'waiting':
      return { ok: false, parked: true };
    case 'ended': {
      const { run } = outcome;
      const facts = { values: valuesOf(run), metrics: metricsOf(run), made: madeOfRun(run) };
      if (run.status === 'succeeded') return { ok: true, ...facts, note: `run ${run.id} of ${run.pipeline}` };
      if (run.status === 'cancelled' && context.cancelled()) return { ok: false, cancelled: true, ...facts };
      const failed = run.tasks.find((task) => task.status === 'failed' && task.tolerated !== true);
      const why =
        failed === undefined
          ? ''
          : `: ${failed.id} failed${failed.error === undefined ? '' : `: ${failed.error}`}`;
      return { ok: false, ...facts, error: `run ${run.id} of ${run.pipeline} ${run.status}${why}` };
    }
  }
}

/** `train.model`, and `model` alone where only one task has an output of that name; the run's id as `run`. */
function valuesOf(run: RunDocument): Record<string, string> {
  const all = run.tasks.flatMap((task): [string, string, string][] => [
    ...task.outputs.map(({ name, path }): [string, string, string] => [task.id, name, path]),
    ...Object.entries(task.values ?? {}).map(([name, value]): [string, string, string] => [
      task.id,
      name,
      value,
    ]),
  ]);
  const owners = new Map<string, number>();
  for (const [, name] of all) owners.set(name, (owners.get(name) ?? 0) + 1);
  return {
    ...Object.fromEntries(all.flatMap(([, name, value]) => (owners.get(name) === 1 ? [[name, value]] : []))),
    ...Object.fromEntries(all.map(([task, name, value]) => [`${task}.${name}`, value])),
    run: run.id,
  };
}

/** `train.accuracy`, and `accuracy` alone where only one task has a metric of that key. */
function metricsOf(run: RunDocument): Record<string, Json> {
  const all = run.tasks.flatMap((task) =>
    Object.entries(task.metrics).map(([key, value]): [string, string, Json] => [task.id, key, value]),
  );
  const owners = new Map<string, number>();
  for (const [, key] of all) owners.set(key, (owners.get(key) ?? 0) + 1);
  return {
    ...Object.fromEntries(all.flatMap(([, key, value]) => (owners.get(key) === 1 ? [[key, value]] : []))),
    ...Object.fromEntries(all.map(([task, key, value]) => [`${task}.${key}`, value])),
  };
}
