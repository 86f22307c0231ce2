/** Where things of the registry lie, and how a model's name becomes the name of a folder. */
import path from 'node:path';
import { checkModelName } from '../../definition/names/registry-names.js';
import { folderIn, layoutOf } from '../layout.js';

/** Names that are devices on Windows, and those of our own folders beside the models. */
const RESERVED = /^(?:(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|(?:objects|folders|tmp)$)/;

/**
 * The folder of a model. Names differ by case, many file systems don't: a capital letter becomes `+` and the small one,
 * a space `+_`; in front of a name that a system or we ourselves use in another way stands `++`. The name has been
 * checked (`checkModelName`): it holds neither `+` nor anything else that would have to be encoded.
 */
export function folderOfModel(name: string): string {
  const encoded = name.replace(/[A-Z ]/g, (char) => (char === ' ' ? '+_' : `+${char.toLowerCase()}`));
  return RESERVED.test(encoded) ? `++${encoded}` : encoded;
}

/** The model whose folder this is, `undefined` for a folder of something else. */
export function modelOfFolder(folder: string): string | undefined {
  if (!/^(?:\+\+)?(?:[a-z0-9_.-]|\+[a-z_])+$/.test(folder)) return undefined;
  const name = folder
    .replace(/^\+\+/, '')
    .replace(/\+([a-z_])/g, (_, char: string) => (char === '_' ? ' ' : char.toUpperCase()));
  return checkModelName(name).ok && folderOfModel(name) === folder ? name : undefined;
}

/** Absolute paths of the registry of one project. */
export interface RegistryPlaces {
  /** Of the project. */
  readonly root: string;
  /** `.modelyard/models` */
  readonly models: string;
  /** Bytes of artifacts by their hash. */
  readonly objects: string;
  /** Artifacts that are folders, laid out to be read; made from the objects. */
  readonly folders: string;
  readonly temp: string;
  /** Held while an object that exists is claimed or freed. */
  readonly objectsLock: string;
}

export function registryPlaces(root: string): RegistryPlaces {
  const models = folderIn(layoutOf(root).memory, 'models');
  return {
    root,
    models,
    objects: path.join(models, 'objects'),
    folders: path.join(models, 'folders'),
    temp: path.join(models, 'tmp'),
    objectsLock: path.join(models, 'tmp', 'objects.lock'),
  };
}

/** Absolute paths of one model. */
export interface ModelPlaces {
  readonly folder: string;
  readonly journal: string;
  readonly document: string;
  readonly versions: string;
  readonly identities: string;
  readonly imports: string;
  readonly lock: string;
}

export function modelPlaces(folder: string): ModelPlaces {
  return {
    folder,
    journal: path.join(folder, 'history.ndjson'),
    document: path.join(folder, 'model.json'),
    versions: path.join(folder, 'versions'),
    identities: path.join(folder, 'identities'),
    imports: path.join(folder, 'imports'),
    lock: path.join(folder, 'lock'),
  };
}
