/** Who does the work of each action. A module of an action is loaded when the first task needs it. */
import type { ActionKind } from '../../definition/definition.js';
import type { Settings, Work } from './plans.js';
import type { ActionContext, ActionOutcome } from './action.js';

type Handler<S> = (context: ActionContext, settings: S) => Promise<ActionOutcome>;

const ACTION_HANDLERS: { readonly [K in ActionKind]: () => Promise<Handler<Settings[K]>> } = {
  run: async () => (await import('./run/act.js')).runAction,
  // A script like others, once it is resolved.
  notebook: async () => (await import('./run/act.js')).runAction,
  check: async () => (await import('./check/act.js')).checkAction,
  materialize: async () => (await import('./materialize/act.js')).materializeAction,
  'training-set': async () => (await import('./training-set/act.js')).trainingSetAction,
  register: async () => (await import('./register/act.js')).registerAction,
  package: async () => (await import('./package/act.js')).packageAction,
  pipeline: async () => (await import('./pipeline/act.js')).pipelineAction,
  deploy: async () => (await import('./deploy/act.js')).deployAction,
  service: async () => (await import('./service/act.js')).serviceAction,
  monitor: async () => (await import('./monitor/act.js')).monitorAction,
  approval: async () => (await import('./approval/act.js')).approvalAction,
};

export async function perform({ kind, settings }: Work, context: ActionContext): Promise<ActionOutcome> {
  // The handler of a kind takes the settings of that kind, which TypeScript can't follow through the union.
  const handle = (await ACTION_HANDLERS[kind]()) as Handler<Settings[ActionKind]>;
  return handle(context, settings);
}
