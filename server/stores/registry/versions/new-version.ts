/** The document of a version, from what was asked for and what was taken in. */
import { defined } from '../../../base/defined.js';
import { guessFramework, signatureOf } from './artifacts.js';
import { FOLDER_MIME, mimeOf } from '../../disk/mime.js';
import type { StoredArtifact } from './objects.js';
import { REGISTRY_SCHEMA_VERSION } from '../types.js';
import type { StoredRequest, VersionArtifact, VersionDocument } from '../types.js';

function artifactOf(request: StoredRequest, stored: StoredArtifact): VersionArtifact {
  const { artifact } = request;
  const { hash, bytes, files, executables } = stored;
  // Looked at where it came from: a folder's object is only its listing.
  const told = artifact.file === undefined ? undefined : guessFramework(artifact.file, artifact.path);
  const framework = artifact.framework ?? told;
  return {
    hash,
    bytes,
    ...defined({ files, executables }),
    path: artifact.path,
    kind: artifact.kind ?? 'model',
    mime: artifact.mime ?? (stored.kind === 'folder' ? FOLDER_MIME : mimeOf(artifact.path)),
    ...defined({ framework }),
  };
}

export function newVersion(
  request: StoredRequest,
  stored: StoredArtifact,
  made: { readonly number: string; readonly at: string; readonly who: string },
): VersionDocument {
  const { run, features, git, fingerprint, artifact } = request;
  const signature =
    request.signature ?? (artifact.file === undefined ? undefined : signatureOf(artifact.file));
  return {
    schema: REGISTRY_SCHEMA_VERSION,
    name: request.name,
    version: made.number,
    status: 'READY',
    createdAt: made.at,
    updatedAt: made.at,
    createdBy: made.who,
    ...defined({ run }),
    artifact: artifactOf(request, stored),
    params: request.params ?? {},
    metrics: request.metrics ?? {},
    inputs: (request.inputs ?? []).map(({ path, hash }) => ({ path, hash })),
    ...defined({ features, git, signature, fingerprint }),
    description: request.description ?? '',
    tags: request.tags ?? {},
    metadata: request.metadata ?? {},
  };
}
