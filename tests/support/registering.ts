/** Pipelines that register, and questions to the registry through the command. */
import type { RegisteredModel, VersionDocument, VersionSummary } from '../../server/stores/registry/types.js';
import type { TestProject } from './cli.js';

/** `train` writes a model whose bytes follow from `size`, `evaluate` its accuracy; `register` as given. */
export function registering(register: string, more = ''): string {
  return `
kind: model-build
params:
  size: 3
  accuracy: 0.7
tasks:
  train:
    run: mkdir -p models && seq \${{ params.size }} > models/m.txt && cat data.txt >> models/m.txt
    inputs: [data.txt]
    outputs:
      model: models/m.txt
  evaluate:
    run: echo '{"accuracy":' \${{ params.accuracy }} ', "loss":' \${{ params.size }} '}' > metrics.json
    inputs: [models/m.txt]
    metrics: metrics.json
  register:
    needs: [evaluate]
    register:
      model: rain
      from: \${{ tasks.train.outputs.model }}
${register
  .split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}
${more}`;
}

export const DATA = { 'data.txt': 'some data\n' };

export type ShownVersion = VersionDocument & { readonly aliases: readonly string[]; readonly uri: string };
export type ShownModel = RegisteredModel & { readonly versions: readonly VersionSummary[] };

export async function json<T>(project: TestProject, ...args: string[]): Promise<T> {
  const { stdout } = await project.expect(0, ['models', ...args, '--json']);
  return JSON.parse(stdout) as T;
}

export function version(project: TestProject, reference: string): Promise<ShownVersion> {
  return json<ShownVersion>(project, 'show', reference);
}

export function model(project: TestProject, name = 'rain'): Promise<ShownModel> {
  return json<ShownModel>(project, 'show', name);
}
