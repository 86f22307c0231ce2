/** What the subcommands of `modelyard features` share. */
import type { FeaturesDefinition } from '../../../definition/read/analyze.js';
import { Project } from '../../../project/project.js';
import type { Features, FeatureView } from '../../../definition/features.js';
import { didYouMean } from '../../../definition/names/names.js';
import { similar } from '../../../definition/names/similar.js';
import type { Loaded } from '../../../stores/disk/document.js';
import type { FeatureStore } from '../../../features/store.js';
import { CommandError } from '../../command.js';
import { EXIT } from '../../output.js';
import type { ProjectCall, SubcommandOf } from '../../subcommands.js';

/** One call of a subcommand. */
export interface FeaturesCall extends ProjectCall {
  readonly store: FeatureStore;
}

export type FeaturesSubcommand = SubcommandOf<FeaturesCall>;

/** All feature files of the project. */
export function featureDefinitions(root: string): readonly FeaturesDefinition[] {
  return Project.open(root)
    .definitions()
    .filter((definition) => definition.kind === 'features');
}

/** What they say. */
export function featureFiles(root: string): Features[] {
  return featureDefinitions(root).map(({ features }) => features);
}

export function viewsOf(files: readonly Features[]): { readonly file: string; readonly view: FeatureView }[] {
  return files.flatMap((file) => file.views.map((view) => ({ file: file.path, view })));
}

/** Ends the command with 2 where there is no such view. */
export function viewNamed(
  files: readonly Features[],
  name: string,
): { readonly file: string; readonly view: FeatureView } {
  const views = viewsOf(files);
  const found = views.find(({ view }) => view.name === name);
  if (found !== undefined) return found;
  const hint = didYouMean(
    similar(
      name,
      views.map(({ view }) => view.name),
    ),
  );
  throw new CommandError(
    `there is no feature view "${name}".${hint} \`modelyard features list\` shows them`,
    EXIT.usage,
  );
}

/** The value of a document; `undefined` where there is none; what can't be read ends the command with 1. */
export function loadedValue<T>(loaded: Loaded<T>): T | undefined {
  if (loaded.state === 'ok') return loaded.value;
  if (loaded.state === 'missing') return undefined;
  throw new CommandError(loaded.problem.message, EXIT.failed);
}

/** Ctrl+C ends the query; what was current stays so. */
export function onInterrupt(): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  return {
    signal: controller.signal,
    stop: () => {
      process.off('SIGINT', abort);
      process.off('SIGTERM', abort);
    },
  };
}
