/** What has to hold before a change is made. */
import {
  checkAlias,
  checkModelName,
  checkTagKey,
  checkTagValue,
  isVersionNumber,
} from '../../../definition/names/registry-names.js';
import type { NameCheck } from '../../../definition/names/registry-names.js';
import { isHash } from '../../content/objects.js';
import { failure } from '../outcome.js';
import type { RegisterRequest, RegistryFailure, StoredRequest } from '../types.js';

/** A description stands in the history twice, before and after. */
export const MAX_DESCRIPTION = 50_000;
const MAX_ALIASES = 100;

/** The first thing that is wrong with the names and texts, `undefined` when nothing is. */
export function refusal(...checks: readonly (NameCheck | undefined)[]): RegistryFailure | undefined {
  const bad = checks.find((check) => check?.ok === false);
  return bad?.ok === false ? failure('INVALID_PARAMETER_VALUE', bad.message) : undefined;
}

export function checkVersionNumber(version: string): NameCheck {
  if (isVersionNumber(version)) return { ok: true };
  return { ok: false, message: `${JSON.stringify(version.slice(0, 40))} is not the number of a version.` };
}

export function checkDescription(text: string): NameCheck {
  if (text.length <= MAX_DESCRIPTION) return { ok: true };
  return {
    ok: false,
    message: `The description has ${text.length} characters; at most ${MAX_DESCRIPTION} fit. Keep what is longer in a file.`,
  };
}

export function checkTags(tags: Readonly<Record<string, string>>): NameCheck[] {
  return Object.entries(tags).flatMap(([key, value]) => [checkTagKey(key), checkTagValue(value)]);
}

/** What is wrong with a request to register, before anything is read. */
export function checkRequest(request: RegisterRequest | StoredRequest): RegistryFailure | undefined {
  const { aliases = [], tags = {}, description = '', artifact } = request;
  if (aliases.length > MAX_ALIASES) {
    return failure(
      'INVALID_PARAMETER_VALUE',
      `${aliases.length} aliases at once are too many; at most ${MAX_ALIASES}.`,
    );
  }
  const hash = 'hash' in artifact ? artifact.hash : undefined;
  if (hash !== undefined && !isHash(hash)) {
    return failure('INVALID_PARAMETER_VALUE', `${JSON.stringify(hash)} is not a hash (sha256:…).`);
  }
  return refusal(
    checkModelName(request.name),
    ...aliases.map(checkAlias),
    ...checkTags(tags),
    checkDescription(description),
  );
}
