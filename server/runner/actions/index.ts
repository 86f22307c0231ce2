/** Who does the work of each action. A module of an action is loaded when the first task needs it. */
import type { ActionKind } from '../../model/definition.js';
import type { Settings, Work } from '../action-plans.js';
import type { ActionContext, ActionOutcome } from './action.js';

type Handler<S> = (context: ActionContext, settings: S) => Promise<ActionOutcome>;

const ACTION_HANDLERS: { readonly [K in ActionKind]: () => Promise<Handler<Settings[K]>> } = {
  run: async () => (await import('./run.js')).runAction,
  check: async () => (await import('./check.js')).checkAction,
  materialize: async () => (await import('./materialize.js')).materializeAction,
  'training-set': async () => (await import('./training-set.js')).trainingSetAction,
  register: async () => (await import('./register.js')).registerAction,
  package: async () => (await import('./package.js')).packageAction,
  pipeline: async () => (await import('./pipeline.js')).pipelineAction,
  deploy: async () => (await import('./deploy.js')).deployAction,
  service: async () => (await import('./service.js')).serviceAction,
  monitor: async () => (await import('./monitor.js')).monitorAction,
  approval: async () => (await import('./approval.js')).approvalAction,
};

export async function perform({ kind, settings }: Work, context: ActionContext): Promise<ActionOutcome> {
  // The handler of a kind takes the settings of that kind, which TypeScript can't follow through the union.
  const handle = (await ACTION_HANDLERS[kind]()) as Handler<Settings[ActionKind]>;
  return handle(context, settings);
}
