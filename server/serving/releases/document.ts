/** Reading `release.json`. It is written by `deploy` when everything else of the release is in its place. */
import { isRecord } from '../../base/is-record.js';
import { readDocument } from '../../stores/disk/document.js';
import type { DocumentKind, Loaded } from '../../stores/disk/document.js';
import { releasePlaces } from '../places.js';
import { RELEASE_SCHEMA_VERSION } from '../types.js';
import type { ReleaseDocument } from '../types.js';

export const releaseDocumentKind: DocumentKind<ReleaseDocument> = {
  name: 'release',
  schema: RELEASE_SCHEMA_VERSION,
  migrations: {},
  check(value) {
    for (const key of ['id', 'environment', 'entrypoint', 'createdAt']) {
      if (typeof value[key] !== 'string') return `"${key}" is missing`;
    }
    for (const key of ['package', 'env', 'health']) if (!isRecord(value[key])) return `"${key}" is missing`;
    if (!Array.isArray(value['secrets'])) return '"secrets" is missing';
    if (value['model'] !== undefined && !isRecord(value['model'])) return '"model" is not a map';
    return undefined;
  },
};

/** The manifest of a release. `missing`: there is no such release, or it was never finished. */
export function readRelease(root: string, environment: string, id: string): Loaded<ReleaseDocument> {
  return readDocument(releasePlaces(root, environment, id).document, releaseDocumentKind);
}
