/**
 * What the `modelyard` command does. Each command is a module that is evaluated only when it is asked for: starting a run must
 * not cost what checking a definition costs.
 */
import type { Commands } from './command.js';
import { perform } from './perform.js';

/** All of them, in the order of the help. */
export const COMMANDS: Commands = {
  lint: async () => (await import('./commands/pipelines/lint.js')).lint,
  plan: async () => (await import('./commands/pipelines/plan.js')).plan,
  run: async () => (await import('./commands/pipelines/run.js')).run,
  inputs: async () => (await import('./commands/pipelines/inputs.js')).inputs,
  status: async () => (await import('./commands/pipelines/status.js')).status,
  runs: async () => (await import('./commands/runs/runs.js')).runs,
  approve: async () => (await import('./commands/deployment/approve.js')).approve,
  reject: async () => (await import('./commands/deployment/approve.js')).reject,
  approvals: async () => (await import('./commands/deployment/approvals.js')).approvals,
  features: async () => (await import('./commands/features/features.js')).features,
  models: async () => (await import('./commands/models/models.js')).models,
  service: async () => (await import('./commands/services/service.js')).service,
  packages: async () => (await import('./commands/deployment/packages.js')).packages,
  deploy: async () => (await import('./commands/deployment/deploy.js')).deploy,
  releases: async () => (await import('./commands/deployment/releases.js')).releases,
  tracking: async () => (await import('./commands/tracking.js')).tracking,
  dvc: async () => (await import('./commands/pipelines/dvc.js')).dvc,
  graph: async () => (await import('./commands/pipelines/graph.js')).graph,
  trash: async () => (await import('./commands/project/trash.js')).trash,
  gc: async () => (await import('./commands/project/gc.js')).gc,
  trust: async () => (await import('./commands/project/trust.js')).trust,
  doctor: async () => (await import('./commands/project/doctor.js')).doctor,
  lsp: async () => (await import('./commands/lsp.js')).lsp,
  schema: async () => (await import('./commands/schema.js')).schema,
  completion: async () => (await import('./commands/completion.js')).completionOf(() => COMMANDS),
  version: async () => (await import('./commands/version.js')).version,
};

/** Runs the command that the arguments name and sets the exit code. Never rejects. */
export async function main(): Promise<void> {
  await perform(COMMANDS);
}
