/** Every action that this version executes. A module of an action is loaded when the first task needs it. */
import type { ActionKind } from '../../model/definition.js';
import type { ActionContext, ActionOutcome } from './action.js';

export type ActionHandler = (context: ActionContext) => Promise<ActionOutcome>;

const BUILT: Readonly<Partial<Record<ActionKind, () => Promise<ActionHandler>>>> = {
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

/** Does the work of the action; `undefined`: this version can't. */
export function actionHandler(kind: ActionKind): (() => Promise<ActionHandler>) | undefined {
  return BUILT[kind];
}

/** The actions that this version executes, for a message: "`run`, `check` and `register`". */
export function builtActions(): string {
  const names = Object.keys(BUILT).map((kind) => `\`${kind}\``);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
