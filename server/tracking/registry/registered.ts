/** The project's model registry in MLflow's words: what is answered, and how what went wrong is said. */
import { defined } from '../../base/defined.js';
import type {
  Outcome,
  RegisteredModel,
  RegistryError,
  VersionDocument,
  VersionSummary,
} from '../../stores/registry/types.js';
import { versionUri } from '../artifacts.js';
import type { Tracking } from '../tracking.js';
import { WireError, invalid, missing, pairs } from '../wire/wire.js';

/** The registry has no stages: they are a tag of the version. */
export const STAGE_TAG = 'mlflow.stage';
export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;
export type Stage = (typeof STAGES)[number];

/** What MLflow keeps of a version beside what the registry does; in the version's metadata. */
export const SOURCE = 'mlflow.source';
export const RUN_LINK = 'mlflow.run_link';
export const MODEL_ID = 'mlflow.model_id';
export const RUN_ID = 'mlflow.run_id';
/** Of a copy: where the bytes are, when the registry has only their address. */
export const STORAGE = 'mlflow.storage_location';
export const REQUIREMENTS = 'mlflow.requirements';

const CODES: Readonly<Record<RegistryError['code'], ConstructorParameters<typeof WireError>[0]>> = {
  RESOURCE_DOES_NOT_EXIST: 'RESOURCE_DOES_NOT_EXIST',
  RESOURCE_ALREADY_EXISTS: 'RESOURCE_ALREADY_EXISTS',
  INVALID_PARAMETER_VALUE: 'INVALID_PARAMETER_VALUE',
  CONFLICT: 'INVALID_STATE',
  DAMAGED: 'INVALID_STATE',
  UNAVAILABLE: 'TEMPORARILY_UNAVAILABLE',
};

/** The value of an outcome. @throws WireError */
export function valueOf<T extends object>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome;
  throw refusedBy(outcome.error);
}

function refusedBy({ code, message }: RegistryError): WireError {
  return new WireError(CODES[code], message);
}

/** @throws WireError where there is none */
export function modelOf(tracking: Tracking, name: string): RegisteredModel {
  if (name === '') throw invalid('Registered model name cannot be empty.');
  const found = tracking.registry.model(name);
  if (found.ok) return found.model;
  if (found.error.code !== 'RESOURCE_DOES_NOT_EXIST') throw refusedBy(found.error);
  throw missing(`Registered Model with name=${name} not found`);
}

/** A version, by its number. @throws WireError */
export function versionOf(
  tracking: Tracking,
  name: string,
  number: string,
): { readonly version: VersionDocument; readonly aliases: readonly string[] } {
  if (!/^\d{1,15}$/.test(number))
    throw invalid(`Parameter 'version' must be an integer. Got '${number.slice(0, 40)}'.`);
  if (name === '') throw invalid('Registered model name cannot be empty.');
  const found = tracking.registry.version(name, number);
  if (found.ok) return found;
  if (found.error.code !== 'RESOURCE_DOES_NOT_EXIST' && found.error.code !== 'INVALID_PARAMETER_VALUE')
    throw refusedBy(found.error);
  throw missing(`Model Version (name=${name}, version=${number}) not found`);
}

function stageIn(tags: Readonly<Record<string, string>>): Stage {
  return STAGES.find((one) => one === tags[STAGE_TAG]) ?? 'None';
}

/** The name of a stage in any case. @throws WireError */
export function stageOf(word: string): Stage {
  const stage = STAGES.find((one) => one.toLowerCase() === word.toLowerCase());
  if (stage !== undefined) return stage;
  throw invalid(
    `Invalid Model Version stage: ${word.slice(0, 40)}. Value must be one of ${STAGES.join(', ')}.`,
  );
}

export function currentStage(version: VersionDocument | VersionSummary): Stage {
  return stageIn(version.tags);
}

function textIn(version: VersionDocument, key: string): string | undefined {
  const value = version.metadata[key];
  return typeof value === 'string' ? value : undefined;
}

/** What the version was made of, as its maker said it; of one that no client has made, where clients get it. */
export function sourceOf(version: VersionDocument): string {
  return textIn(version, SOURCE) ?? versionUri(version.name, version.version);
}

export function runOf(version: VersionDocument): string | undefined {
  return textIn(version, RUN_ID) ?? version.run?.id;
}

/** Where a client finds the files. */
export function downloadUri(version: VersionDocument): string {
  const address = textIn(version, STORAGE) ?? sourceOf(version);
  return isElsewhere(address) ? address : versionUri(version.name, version.version);
}

/** Whether the registry has only the address of the bytes. */
export function isElsewhere(source: string): boolean {
  return !/^(?:models|runs|mlflow-artifacts):/i.test(source);
}

export function versionAnswer(version: VersionDocument, aliases: readonly string[]): object {
  const tags = Object.entries(version.tags).filter(([key]) => key !== STAGE_TAG);
  return {
    name: version.name,
    version: version.version,
    creation_timestamp: Date.parse(version.createdAt),
    last_updated_timestamp: Date.parse(version.updatedAt),
    user_id: version.createdBy,
    current_stage: currentStage(version),
    description: version.description,
    source: sourceOf(version),
    run_id: runOf(version) ?? '',
    run_link: textIn(version, RUN_LINK) ?? '',
    status: version.status,
    ...defined({ status_message: version.statusMessage, model_id: textIn(version, MODEL_ID) }),
    ...(tags.length === 0 ? {} : { tags: pairs(tags) }),
    ...(aliases.length === 0 ? {} : { aliases }),
  };
}

/** The newest version of each stage, of those stages where some are named. */
export function latestVersions(
  tracking: Tracking,
  name: string,
  stages?: readonly Stage[],
): readonly object[] {
  const found = new Map<Stage, string>();
  for (const summary of valueOf(tracking.registry.versions(name, { limit: Infinity })).versions) {
    const stage = currentStage(summary);
    if (!found.has(stage) && (stages === undefined || stages.includes(stage)))
      found.set(stage, summary.version);
  }
  return [...found.values()].map((number) => {
    const { version, aliases } = versionOf(tracking, name, number);
    return versionAnswer(version, aliases);
  });
}

export function modelAnswer(tracking: Tracking, model: RegisteredModel): object {
  const latest = latestVersions(tracking, model.name);
  const tags = Object.entries(model.tags);
  const aliases = Object.entries(model.aliases);
  return {
    name: model.name,
    creation_timestamp: Date.parse(model.createdAt),
    last_updated_timestamp: Date.parse(model.updatedAt),
    description: model.description,
    ...(latest.length === 0 ? {} : { latest_versions: latest }),
    ...(tags.length === 0 ? {} : { tags: pairs(tags) }),
    ...(aliases.length === 0 ? {} : { aliases: aliases.map(([alias, version]) => ({ alias, version })) }),
  };
}
