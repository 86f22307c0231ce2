/** What the references to registered models in a file mean now. */
import { usableModel, versionOf } from '../../definition/known/models.js';
import type { KnownModel, KnownVersion } from '../../definition/known/models.js';
import { modelMentions } from '../../definition/mentions/models.js';
import type { ModelMention, Word } from '../../definition/mentions/models.js';
import { parseSelector } from '../../definition/names/registry-names.js';
import { madeModels } from '../../rules/shared/model-makers.js';
import type { DefinitionTarget, IdeContext, VersionPlace } from '../types.js';

/** The reference that touches an offset, with what is asked of the version. */
export function mentionAt(context: IdeContext, offset: number): ModelMention | undefined {
  if (context.definition.kind !== 'pipeline') return undefined;
  return modelMentions(context.definition).find(({ span, members }) => {
    const end = Math.max(span.end, ...(members ?? []).map((step) => step.span.end));
    return span.start <= offset && offset <= end;
  });
}

export interface Meant {
  readonly model: KnownModel;
  readonly selector: Word;
  readonly version: KnownVersion;
}

/** The version that a reference means now; `undefined` where none is, or none can be told. */
export function versionMeant(context: IdeContext, mention: ModelMention): Meant | undefined {
  const { models } = context.project;
  const { selector } = mention;
  if (models === undefined || mention.model === undefined || selector === undefined) return undefined;
  const model = usableModel(models, mention.model);
  const parsed = parseSelector(selector.text);
  if (model === undefined || !parsed.ok) return undefined;
  const number = versionOf(model, parsed.selector);
  if (number === undefined) return undefined;
  const version = model.recent.find((one) => one.version === number) ?? models.version(model.name, number);
  return version === undefined ? undefined : { model, selector, version };
}

/** The page that a jump from an offset opens: of the version that is named, or of the newest of the model. */
export function versionAt(
  context: IdeContext,
  offset: number,
): (VersionPlace & { readonly origin: ModelMention['span'] }) | undefined {
  const mention = mentionAt(context, offset);
  if (mention === undefined || offset > mention.span.end) return undefined;
  const { span: origin } = mention;
  const meant = versionMeant(context, mention);
  if (meant !== undefined) return { model: meant.model.name, version: meant.version.version, origin };
  const model = usableModel(context.project.models, mention.model ?? '');
  if (model === undefined || mention.selector !== undefined) return undefined;
  const newest = versionOf(model, { kind: 'latest' });
  return newest === undefined ? undefined : { model: model.name, version: newest, origin };
}

/** The tasks that register what is named at an offset: the one that made the version, or all that make the model. */
export function registrationsAt(context: IdeContext, offset: number): DefinitionTarget[] {
  const mention = mentionAt(context, offset);
  if (mention?.model === undefined || offset > mention.span.end) return [];
  const { span: origin } = mention;
  const run = versionMeant(context, mention)?.version.run;
  const made = madeModels(context.project.definitions()).byName.get(mention.model)?.registrations ?? [];
  const places = made.map(({ path, task, span, whole }) => ({
    path,
    task,
    target: { path, span, whole, origin },
  }));
  const pipelines = context.project.pipelinesByName.get(run?.pipeline ?? '') ?? [];
  // A task of a matrix has its cell behind the name.
  const task = run?.task?.replace(/@.*$/s, '');
  const maker = places.filter((one) => one.task === task && pipelines.some(({ path }) => path === one.path));
  return (maker.length > 0 ? maker : places).map(({ target }) => target);
}
