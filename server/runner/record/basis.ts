/** What a run writes down of itself when it begins. */
import { defined } from '../../base/defined.js';
import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import type { Pipeline } from '../../definition/definition.js';
import type { RunBasis } from '../../stores/runs/basis.js';
import type { RunHeader } from '../../stores/runs/document.js';
import type { Called } from '../calls/called.js';
import type { RunOptions } from '../run-options.js';

/** Params of secrets aside, everything that decides what the run does. */
export function basisOf(
  options: RunOptions,
  features: readonly FeaturesDefinition[],
  called: Called,
  versions: RunBasis['versions'] | undefined,
  trigger: RunHeader['trigger'],
): Omit<RunBasis, 'schema'> {
  const { pipeline, texts, params, only, from, to, whole, all, glob, force, noCache, keepGoing, jobs } =
    options;
  const { noRunCache, noCommit, allowMissing } = options;
  const others = [...called].map(([, loaded]) => loaded.texts);
  return {
    path: pipeline.path,
    files: Object.assign(
      {},
      ...others,
      texts,
      Object.fromEntries(features.map(({ path, tree }) => [path, tree.text])),
    ) as Record<string, string>,
    pipelines: Object.fromEntries([...called].map(([name, loaded]) => [name, loaded.pipeline.path])),
    params,
    selection: defined({ only, from, to, whole, all, glob }),
    flags: { force, noCache, keepGoing, ...defined({ jobs, noRunCache, noCommit, allowMissing }) },
    versions: versions ?? { packages: {}, models: {} },
    trigger,
  };
}

/** Whether a pipeline names versions; nobody else pays for reading them. */
export function namesVersions({ tasks, expressions }: Pipeline): boolean {
  return (
    tasks.some(({ action }) => action?.kind === 'deploy' || action?.kind === 'approval') ||
    [...expressions, ...tasks.flatMap((task) => task.expressions)].some(({ part }) =>
      /\b(models|packages)\b/.test(part.source),
    )
  );
}
