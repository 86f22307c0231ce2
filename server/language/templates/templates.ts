/**
 * New pipelines, with the files that they need beside them. They chain: a model build registers a model, an app build makes a package,
 * a deployment puts both into service. Each runs as it is, on any machine with `python3` and nothing else, so that the first thing a
 * person sees is a run that works; comments say what to put in the place of the stand-ins. They lint clean, which a test holds.
 */
import { defined } from '../../base/defined.js';
import { toValidName } from '../../definition/names/names.js';
import type { Project } from '../../project/project.js';
import type { NewFile, NewPipeline, PipelineKind } from '../../protocol/index.js';
import { madeModels } from '../../rules/shared/model-makers.js';
import { madeServing } from '../../rules/shared/serving-names.js';
import { APP_FILES, appBuild } from './app-build.js';
import { deployment, type ModelPart, type Part } from './deployment.js';
import { modelBuild } from './model-build.js';

/** The environment that a project gets which has none. */
const ENVIRONMENT = 'staging';
const ENVIRONMENTS = `
# Where apps are deployed to.
environments:
  ${ENVIRONMENT}: { description: For us to look at. }
`;

/**
 * A new pipeline of a kind. The name is made one that is allowed; the file is named after it.
 *
 * @param folder of the new file, relative to the project; empty: the project's own
 */
export function newPipeline(
  kind: PipelineKind,
  wanted: string,
  project: Project | undefined,
  folder: string,
): NewPipeline {
  const name = toValidName(wanted.trim()) ?? 'pipeline';
  const file = (own: string, text: string): NewFile => ({
    path: pathIn(folder, `${own}.pipeline.yaml`),
    text,
  });
  if (kind === 'model-build') return { files: [file(name, modelBuild(name, name))] };
  const app = (own: string): readonly NewFile[] => {
    const sources = `app/${own}`;
    const files = Object.entries(APP_FILES).map(([part, text]) => ({ path: `${sources}/${part}`, text }));
    return [file(own, appBuild(own, sources)), ...files];
  };
  if (kind === 'app-build') return { files: app(name) };

  const known = knownIn(project);
  const model = known.model ?? { name, alias: 'candidate', pipeline: `${name}-model` };
  const packaged = known.app ?? { name: `${name}-app`, pipeline: `${name}-app` };
  const environment = known.environment ?? ENVIRONMENT;
  return {
    files: [
      file(name, deployment(name, { app: packaged, model, environment })),
      ...(known.model === undefined ? [file(model.pipeline, modelBuild(model.pipeline, model.name))] : []),
      ...(known.app === undefined ? app(packaged.name) : []),
    ],
    ...(known.environment === undefined ? { settings: ENVIRONMENTS } : {}),
  };
}

/** What there is already to be deployed, and where to. */
function knownIn(project: Project | undefined): {
  readonly model?: ModelPart;
  readonly app?: Part;
  readonly environment?: string;
} {
  const definitions = project?.definitions() ?? [];
  const pipelineAt = (path: string): string | undefined => {
    const found = definitions.find((definition) => definition.path === path);
    return found?.kind === 'pipeline' ? found.pipeline.name : undefined;
  };
  const [model] = [...madeModels(definitions).byName].flatMap(([name, { aliases, registrations }]) => {
    const pipeline = pipelineAt(registrations[0]?.path ?? '');
    const alias = aliases.has('candidate') ? 'candidate' : [...aliases][0];
    return pipeline === undefined ? [] : [{ name, pipeline, ...defined({ alias }) }];
  });
  const [app] = [...madeServing(definitions).packages.byName].flatMap(([name, [maker]]) =>
    maker === undefined ? [] : [{ name, pipeline: maker.definition.pipeline.name }],
  );
  const environment = project?.settings.environments[0]?.name;
  return defined({ model, app, environment });
}

function pathIn(folder: string, file: string): string {
  return folder === '' ? file : `${folder}/${file}`;
}
