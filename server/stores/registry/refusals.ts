/** What the registry says where something is not there, or not as it was. */
import { failure } from './outcome.js';
import type { RegisteredModel, RegistryFailure } from './types.js';

export function movedSince(
  name: string,
  alias: string,
  from: string | null,
  { expected }: { readonly expected?: string | null },
): RegistryFailure | undefined {
  if (expected === undefined || expected === from) return undefined;
  const where = (version: string | null): string => (version === null ? 'nowhere' : `to version ${version}`);
  return failure(
    'CONFLICT',
    `${alias} of ${name} points ${where(from)} by now, not ${where(expected)}: somebody has moved it. Look again.`,
  );
}

export function noModel(name: string): RegistryFailure {
  return failure(
    'RESOURCE_DOES_NOT_EXIST',
    `There is no model ${name}. \`modelyard models list\` shows them.`,
  );
}

export function deletedModel(name: string): RegistryFailure {
  return failure('RESOURCE_DOES_NOT_EXIST', `The model ${name} was deleted. Restore it to use it again.`);
}

export function noVersion(model: RegisteredModel, version: string): RegistryFailure {
  const newest = model.nextVersion - 1;
  const has = newest === 0 ? 'it has none yet' : `the newest is ${newest}`;
  return failure('RESOURCE_DOES_NOT_EXIST', `The model ${model.name} has no version ${version}; ${has}.`);
}

export function noAlias(model: RegisteredModel, alias: string): RegistryFailure {
  const names = Object.keys(model.aliases).sort();
  const has = names.length === 0 ? 'it has no aliases yet' : `it has ${names.join(', ')}`;
  return failure(
    'RESOURCE_DOES_NOT_EXIST',
    `The model ${model.name} has no alias ${JSON.stringify(alias)}; ${has}.`,
  );
}
