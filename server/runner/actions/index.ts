/** Every action, and who does its work. A module of an action is loaded when the first task needs it. */
import type { ActionKind } from '../../model/definition.js';
import type { ActionContext, ActionOutcome } from './action.js';

export type ActionHandler = (context: ActionContext) => Promise<ActionOutcome>;

export const ACTION_HANDLERS: Readonly<Record<ActionKind, () => Promise<ActionHandler>>> = {
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
