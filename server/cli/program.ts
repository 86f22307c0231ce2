/**
 * What the `modelyard` command does. Each command is a module that is evaluated only when it is asked for: starting a run must
 * not cost what checking a definition costs.
 */
import type { Commands } from './command.js';
import { perform } from './perform.js';

/** All of them, in the order of the help. */
export const COMMANDS: Commands = {
  lint: async () => (await import('./commands/lint.js')).lint,
  plan: async () => (await import('./commands/plan.js')).plan,
  run: async () => (await import('./commands/run.js')).run,
  inputs: async () => (await import('./commands/inputs.js')).inputs,
  status: async () => (await import('./commands/status.js')).status,
  runs: async () => (await import('./commands/runs.js')).runs,
  approve: async () => (await import('./commands/approve.js')).approve,
  reject: async () => (await import('./commands/approve.js')).reject,
  approvals: async () => (await import('./commands/approvals.js')).approvals,
  features: async () => (await import('./commands/features.js')).features,
  models: async () => (await import('./commands/models.js')).models,
  service: async () => (await import('./commands/service.js')).service,
  packages: async () => (await import('./commands/packages.js')).packages,
  deploy: async () => (await import('./commands/deploy.js')).deploy,
  releases: async () => (await import('./commands/releases.js')).releases,
  tracking: async () => (await import('./commands/tracking.js')).tracking,
  dvc: async () => (await import('./commands/dvc.js')).dvc,
  graph: async () => (await import('./commands/graph.js')).graph,
  trash: async () => (await import('./commands/trash.js')).trash,
  gc: async () => (await import('./commands/gc.js')).gc,
  trust: async () => (await import('./commands/trust.js')).trust,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
  lsp: async () => (await import('./commands/lsp.js')).lsp,
  schema: async () => (await import('./commands/schema.js')).schema,
  completion: async () => (await import('./commands/completion.js')).completionOf(() => COMMANDS),
  version: async () => (await import('./commands/version.js')).version,
};

/** Runs the command that the arguments name and sets the exit code. Never rejects. */
export async function main(): Promise<void> {
  await perform(COMMANDS);
}
