/** Writing the model registry as MLflow's file store keeps it: `models/<name>/version-<number>`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { VersionDocument } from '../../stores/registry/types.js';
import { filesAt, writeOut } from '../artifacts.js';
import {
  MODEL_ID,
  STAGE_TAG,
  currentStage,
  downloadUri,
  isElsewhere,
  runOf,
  valueOf,
} from '../registry/registered.js';
import { EXPORTED } from '../import/foreign.js';
import type { Tracking } from '../tracking.js';
import { writeMeta, writeTexts } from './store-files.js';

interface RegistryExport {
  /** Of all registered models. */
  readonly folder: string;
  readonly make: (target: string, what: string, fill: (part: string) => Promise<void>) => Promise<boolean>;
  /** The id that a run of a client has there. */
  readonly idOfRun: (id: string) => string | undefined;
}

/** @returns how many versions were written */
export async function exportRegistered(tracking: Tracking, to: RegistryExport): Promise<number> {
  let written = 0;
  for (const { name } of tracking.registry.models().models) {
    const { model } = valueOf(tracking.registry.model(name));
    const folder = path.join(to.folder, name);
    await to.make(folder, `the registered model ${name}`, async (part) => {
      await writeMeta(part, {
        creation_timestamp: Date.parse(model.createdAt),
        description: model.description,
        last_updated_timestamp: Date.parse(model.updatedAt),
        name,
      });
      await writeTexts(path.join(part, 'tags'), Object.entries(model.tags));
      await writeTexts(path.join(part, 'aliases'), Object.entries(model.aliases));
    });
    if (!existsSync(folder)) continue;
    const { versions } = valueOf(tracking.registry.versions(name, { limit: Infinity }));
    for (const { version } of versions.toReversed()) {
      const { version: document } = valueOf(tracking.registry.version(name, version));
      if (await exportVersion(tracking, document, folder, to)) written += 1;
    }
  }
  return written;
}

function exportVersion(
  tracking: Tracking,
  version: VersionDocument,
  folder: string,
  to: RegistryExport,
): Promise<boolean> {
  const { name, version: number, tags } = version;
  const target = path.join(folder, `version-${number}`);
  return to.make(target, `version ${number} of ${name}`, async (part) => {
    const address = downloadUri(version);
    const run = runOf(version);
    const model = version.metadata[MODEL_ID];
    const place = isElsewhere(address) ? address : pathToFileURL(path.join(target, 'artifacts')).href;
    await writeMeta(part, {
      creation_timestamp: Date.parse(version.createdAt),
      current_stage: currentStage(version),
      description: version.description,
      last_updated_timestamp: Date.parse(version.updatedAt),
      model_id: typeof model === 'string' ? model : null,
      name,
      run_id: run === undefined ? null : (to.idOfRun(run) ?? null),
      run_link: null,
      source: place,
      status: version.status,
      status_message: version.statusMessage ?? null,
      storage_location: place,
      user_id: version.createdBy,
      version: Number(number),
    });
    const told = Object.entries(tags).filter(([key]) => key !== STAGE_TAG && key !== EXPORTED);
    const same = [EXPORTED, `${number} ${version.artifact.hash}`] as const;
    await writeTexts(path.join(part, 'tags'), [...told, same]);
    if (!isElsewhere(address))
      await writeOut(
        tracking,
        { ...filesAt(tracking, `registered/${name}/${number}`), single: false },
        path.join(part, 'artifacts'),
      );
  });
}
